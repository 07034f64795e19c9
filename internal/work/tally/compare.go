package tally

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

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

// said writes a book.
func said(b fact.Book) string {
	text := fmt.Sprintf("offer %d, %s, %s", b.OfferID, b.Currency, b.Status)
	if b.Test {
		text += ", test"
	}
	return text
}

// saidSums writes what it comes to.
func saidSums(s fact.Sums) string {
	return fmt.Sprintf("%d conversions, amount %s, payout %s, revenue %s", s.Count, s.Amount, s.Payout, s.Revenue)
}

// books are what conversions come to.
type books map[fact.Book]fact.Sums

func (b books) add(of fact.Book, s fact.Sums) { b[of] = b[of].Add(s) }

// conversions compares the sums of conversions. What the ledger has changed
// since the warehouse was read is added to what the warehouse has.
func (c *Comparing) conversions(ctx context.Context, differs func(string)) error {
	stored, kept, since := books{}, books{}, c.since(fact.Conversions)
	last, err := c.stored(ctx, since, stored)
	if err != nil {
		return err
	}
	err = c.Ledger.ConversionSums(ctx, since, last, kept.add, func(facts []fact.Conversion) {
		for i := range facts {
			if f := &facts[i]; !f.At.Before(since) {
				stored.add(f.Sums())
			}
		}
	})
	if err != nil {
		return err
	}
	all := maps.Clone(kept)
	maps.Copy(all, stored)
	for _, at := range slices.SortedFunc(maps.Keys(all), compareBooks) {
		if k, s := kept[at], stored[at]; !k.Equal(s) {
			differs(fmt.Sprintf("%s: the ledger has %s; the warehouse %s", said(at), saidSums(k), saidSums(s)))
		}
	}
	return nil
}

func compareBooks(a, b fact.Book) int {
	return cmp.Or(cmp.Compare(a.OfferID, b.OfferID), cmp.Compare(a.Currency, b.Currency),
		cmp.Compare(a.Status, b.Status), cmp.Compare(fmt.Sprint(a.Test), fmt.Sprint(b.Test)))
}

// stored adds up the warehouse's conversions, and gives the last change that
// they come from. Those behind it that are shipped, too, said nothing new.
func (c *Comparing) stored(ctx context.Context, since time.Time, into books) (last int64, err error) {
	columns := []report.Column{{Name: "offer"}, {Name: "traffic"}, {Name: "status", Text: true}, {Name: "currency", Text: true}, {Name: "count"}}
	read := "SELECT offer, traffic, status, currency, CAST(SUM(sign) AS BIGINT)"
	for _, name := range [...]string{"amount", "payout", "revenue"} {
		// Whole units and the rest apart, for money.Total; no amount is negative.
		read += fmt.Sprintf(", CAST(SUM(sign * (%[1]s // %[2]d)) AS BIGINT), CAST(SUM(sign * (%[1]s %% %[2]d)) AS BIGINT)", name, money.Unit)
		columns = append(columns, report.Column{Name: name}, report.Column{Name: name + " beyond"})
	}
	read += " FROM conversion WHERE ms >= $1 GROUP BY offer, traffic, status, currency"
	sums := report.Statement{SQL: read, Args: []any{fact.Milli(since)}, Columns: columns}
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
			of := fact.Book{OfferID: row[0].Number, Test: row[1].Number&fact.TrafficTest != 0, Status: row[2].Text, Currency: row[3].Text}
			total := func(at int) money.Sum {
				return money.Total(row[at].Number, row[at+1].Number, money.Currency(of.Currency))
			}
			into.add(of, fact.Sums{Count: row[4].Number, Amount: total(5), Payout: total(7), Revenue: total(9)})
			return nil
		})
	})
	return last, err
}
