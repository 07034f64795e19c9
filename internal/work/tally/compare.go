package tally

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/fact"
	"waybill/internal/money"
	"waybill/internal/report"
	"waybill/internal/txid"
)

// Compared is a warehouse that is compared with what it was made of.
type Compared interface {
	Positions(ctx context.Context) ([]fact.Position, error)
	View(ctx context.Context, f func(report.Reader) error) error
}

// Comparing says what is compared.
type Comparing struct {
	Sources
	Warehouse Compared
	// Since gives the time from which on a table and what it is made of are both
	// whole: neither has dropped anything since. nil: from the beginning.
	Since func(table string) time.Time
}

func (c *Comparing) since(table string) time.Time {
	if c.Since == nil {
		return time.Time{}
	}
	return c.Since(table)
}

// Compare says in words where a warehouse differs from what it was made of: its
// conversions from those of the ledger, number and sums for each offer, currency
// and status, test traffic apart; its clicks and impressions from the journal's,
// their number for each node and day. What has not been shipped yet is no
// difference, so it may run beside everything else.
func Compare(ctx context.Context, c Comparing, differs func(text string)) error {
	if err := c.conversions(ctx, differs); err != nil {
		return fmt.Errorf("compare the conversions: %w", err)
	}
	positions, err := c.Warehouse.Positions(ctx)
	if err != nil {
		return err
	}
	for _, k := range []txid.Kind{txid.Click, txid.Impression} {
		if err := c.visits(ctx, k, positions, differs); err != nil {
			return fmt.Errorf("compare the %ss: %w", k, err)
		}
	}
	return nil
}

// book is what conversions are added up for.
type book struct {
	offer    int64
	test     bool
	status   string
	currency string
}

// sums are what they add up to.
type sums struct{ count, amount, payout, revenue int64 }

func (b *book) String() string {
	text := fmt.Sprintf("offer %d, %s, %s", b.offer, b.currency, b.status)
	if b.test {
		text += ", test"
	}
	return text
}

func (s sums) in(currency string) string {
	said := func(units int64) string {
		return money.Amount{Units: units, Currency: money.Currency(currency)}.String()
	}
	return fmt.Sprintf("%d conversions, amount %s, payout %s, revenue %s", s.count, said(s.amount), said(s.payout), said(s.revenue))
}

func (s *sums) add(sign, amount, payout, revenue int64) {
	s.count, s.amount, s.payout, s.revenue = s.count+sign, s.amount+amount, s.payout+payout, s.revenue+revenue
}

// books are all of them.
type books map[book]sums

func (b books) add(at book, count, amount, payout, revenue int64) {
	s := b[at]
	s.add(count, amount, payout, revenue)
	b[at] = s
}

// conversions compares the sums of conversions. What the ledger has changed
// since the warehouse was read is added to what the warehouse has.
func (c *Comparing) conversions(ctx context.Context, differs func(string)) error {
	stored, kept, since := books{}, books{}, c.since(fact.Conversions)
	last, err := c.stored(ctx, since, stored)
	if err != nil {
		return err
	}
	err = c.Ledger.ConversionSums(ctx, since, last, func(count int64, v conversion.Conversion) {
		kept.add(book{v.OfferID, v.Test, string(v.Status), cmp.Or(string(v.Amount.Currency), string(v.Payout.Currency))},
			count, v.Amount.Units, v.Payout.Units, v.Revenue.Units)
	}, func(facts []fact.Conversion) {
		for i := range facts {
			if f := &facts[i]; !f.At.Before(since) {
				sign := int64(f.Sign)
				stored.add(book{f.OfferID, f.Test, f.Status, f.Currency}, sign, sign*f.Amount, sign*f.Payout, sign*f.Revenue)
			}
		}
	})
	if err != nil {
		return err
	}
	all := maps.Clone(kept)
	maps.Copy(all, stored)
	for _, at := range slices.SortedFunc(maps.Keys(all), compareBooks) {
		if k, s := kept[at], stored[at]; k != s {
			differs(fmt.Sprintf("%s: the ledger has %s; the warehouse %s", at.String(), k.in(at.currency), s.in(at.currency)))
		}
	}
	return nil
}

func compareBooks(a, b book) int {
	return cmp.Or(cmp.Compare(a.offer, b.offer), cmp.Compare(a.currency, b.currency),
		cmp.Compare(a.status, b.status), cmp.Compare(fmt.Sprint(a.test), fmt.Sprint(b.test)))
}

// stored adds up the warehouse's conversions, and gives the last change that
// they come from. Those behind it that are shipped, too, said nothing new.
func (c *Comparing) stored(ctx context.Context, since time.Time, into books) (last int64, err error) {
	const read = `
		SELECT offer, traffic, status, currency, CAST(SUM(sign) AS BIGINT), CAST(SUM(sign * amount) AS BIGINT),
			CAST(SUM(sign * payout) AS BIGINT), CAST(SUM(sign * revenue) AS BIGINT)
		FROM conversion WHERE ms >= $1
		GROUP BY offer, traffic, status, currency`
	sums := report.Statement{SQL: read, Args: []any{fact.Milli(since)}, Columns: []report.Column{
		{Name: "offer"},
		{Name: "traffic"},
		{Name: "status", Text: true},
		{Name: "currency", Text: true},
		{Name: "count"},
		{Name: "amount"},
		{Name: "payout"},
		{Name: "revenue"},
	}}
	newest := report.Statement{
		SQL:     `SELECT CAST(COALESCE(MAX(change_id), 0) AS BIGINT) FROM conversion`,
		Columns: []report.Column{{Name: "change_id"}},
	}
	err = c.Warehouse.View(ctx, func(r report.Reader) error {
		err := r.Rows(ctx, newest, func(row report.Row) error {
			last = row[0].Number
			return nil
		})
		if err != nil {
			return err
		}
		return r.Rows(ctx, sums, func(row report.Row) error {
			at := book{row[0].Number, row[1].Number&fact.TrafficTest != 0, row[2].Text, row[3].Text}
			into.add(at, row[4].Number, row[5].Number, row[6].Number, row[7].Number)
			return nil
		})
	})
	return last, err
}
