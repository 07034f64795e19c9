package warehousetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/account"
	"waybill/internal/fact"
	"waybill/internal/money"
	"waybill/internal/report"
)

// Delays holds the histogram of the time from click to conversion, and the
// cohorts of days, against counts done by hand.
func Delays(t *testing.T, open func(t *testing.T) Warehouse) {
	network := report.Viewer{Role: account.Network}
	affiliate := report.Viewer{Role: account.Affiliate, AffiliateID: 2}
	delays(t, open, []string{"USD"}, []*asked{
		{viewer: network},
		{viewer: affiliate},
		{viewer: report.Viewer{Role: account.Advertiser, AdvertiserID: 1}, conditions: []condition{{name: "country", op: "=", values: []string{"DE"}}}},
		{viewer: network, conditions: []condition{{name: "offer", op: "=", values: []string{"99"}}}},
		{viewer: network, onlyTest: true},
	})
	delays(t, open, []string{"USD", "USD", "EUR"}, []*asked{
		{viewer: network, currency: "USD"},
		{viewer: network, currency: "EUR"},
		{viewer: affiliate, currency: "EUR"},
	})
}

// delays asks about facts with money in some currencies.
func delays(t *testing.T, open func(t *testing.T) Warehouse, currencies []string, all []*asked) {
	w := opened(t, open)
	b := reported(5, currencies)
	mustAppend(t, w, b)
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		a.loc, a.from, a.to = loc, "2026-10-01", "2026-11-02"
		t.Run(fmt.Sprint(a.viewer.Role, " ", a.parameters()["filter"], a.onlyTest, " ", a.currency), func(t *testing.T) {
			err := w.View(within(t), func(r report.Reader) error {
				a.checkDelay(t, r, b.Conversions)
				a.checkCohort(t, r, b)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// only keeps the parameters that a histogram or a list of cohorts has.
func (a *asked) only() (values map[string][]string) {
	values = a.parameters()
	for _, name := range strings.Fields("dimensions metrics sort limit other compare") {
		delete(values, name)
	}
	return values
}

// net gives the conversions that hold, as the query chooses them.
func (a *asked) net(all []fact.Conversion) []fact.Conversion {
	var net []fact.Conversion
	for i := range all {
		c := all[i]
		h := ofConversion(&c)
		if c.Status == "rejected" || len(a.choose([]happening{h}, a.in)) == 0 {
			continue
		}
		if c.Sign < 0 {
			net = slices.DeleteFunc(net, func(have fact.Conversion) bool { return have.ID == c.ID })
			continue
		}
		net = append(net, c)
	}
	return net
}

func (a *asked) checkDelay(t *testing.T, r report.Reader, all []fact.Conversion) {
	d, err := report.ParseDelay(a.only(), now(), a.viewer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := d.Answer(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	delays, unknown := a.ofCurrency().delays(all)
	if got.Conversions != int64(len(delays)) || got.Unknown != unknown {
		t.Errorf("%d conversions and %d without a click's time, want %d and %d", got.Conversions, got.Unknown, len(delays), unknown)
	}
	for _, b := range got.Buckets {
		within := slices.DeleteFunc(slices.Clone(delays), func(d time.Duration) bool { return d < b.From || d >= b.To && b.To != 0 })
		if b.Conversions != int64(len(within)) {
			t.Errorf("%d conversions from %s to %s, want %d", b.Conversions, b.From, b.To, len(within))
		}
	}
	checkRank(t, "median", got.Median, delays, (len(delays)+1)/2)
	checkRank(t, "90th percentile", got.P90, delays, (len(delays)*9+9)/10)
}

// ofCurrency chooses the conversions of the currency, as is done where they are
// counted without money.
func (a *asked) ofCurrency() *asked {
	b := *a
	if a.currency != "" {
		b.conditions = append(slices.Clone(a.conditions), condition{name: "currency", op: "=", values: []string{a.currency}})
	}
	return &b
}

// delays gives the time from click to conversion of each, in order, and how many
// have none.
func (a *asked) delays(all []fact.Conversion) (delays []time.Duration, unknown int64) {
	for _, c := range a.net(all) {
		if c.ClickAt.IsZero() {
			unknown++
			continue
		}
		delays = append(delays, max(0, c.At.Sub(c.ClickAt)))
	}
	slices.Sort(delays)
	return delays, unknown
}

func checkRank(t *testing.T, what string, got *time.Duration, delays []time.Duration, place int) {
	switch {
	case len(delays) == 0 && got == nil:
	case len(delays) == 0 || got == nil || *got != delays[place-1]:
		t.Errorf("the %s of %d delays is %v, want the %d. of %v", what, len(delays), got, place, delays)
	}
}

// cohort is a day of clicks, counted by hand.
type cohort struct {
	report.CohortRow
	payout, revenue int64
}

func (a *asked) cohorts(b fact.Batch) map[string]*cohort {
	days := map[string]*cohort{}
	of := func(at time.Time) *cohort {
		day := at.In(a.loc).Format(time.DateOnly)
		if days[day] == nil {
			days[day] = &cohort{}
		}
		return days[day]
	}
	for i := range b.Clicks {
		h := ofVisit(fact.Clicks, &b.Clicks[i])
		if chosen := a.choose([]happening{h}, a.in); len(chosen) > 0 && h.adds["clicks"] > 0 {
			of(h.at).Clicks++
		}
	}
	byClick := *a
	byClick.byClick = true
	clicked := slices.DeleteFunc(byClick.net(b.Conversions), func(c fact.Conversion) bool { return c.ViewThrough })
	for _, c := range clicked {
		to := of(c.ClickAt)
		if age := max(0, c.At.Sub(c.ClickAt)) / (24 * time.Hour); age <= report.CohortDays {
			to.Conversions[age]++
		} else {
			to.Later++
		}
		if paid := a.currency == "" || c.Currency == a.currency; paid && (c.Status == "approved" || c.Status == "paid") {
			to.payout += c.Payout
			to.revenue += c.Revenue
		}
	}
	return days
}

func (a *asked) checkCohort(t *testing.T, r report.Reader, b fact.Batch) {
	c, err := report.ParseCohort(a.only(), now(), a.viewer)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Answer(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	days := a.cohorts(b)
	if len(got.Rows) != len(days) {
		t.Errorf("%d cohorts, want %d", len(got.Rows), len(days))
	}
	for _, g := range got.Rows {
		want := days[g.Day]
		if want == nil || g.Clicks != want.Clicks || g.Conversions != want.Conversions || g.Later != want.Later {
			t.Errorf("cohort %+v, want %+v", g, want)
			continue
		}
		a.checkEarned(t, g, "payout", g.Payout, want.payout, a.viewer.Role != account.Advertiser)
		a.checkEarned(t, g, "revenue", g.Revenue, want.revenue, a.viewer.Role != account.Affiliate)
	}
}

func (a *asked) checkEarned(t *testing.T, g report.CohortRow, what string, got *report.Cell, units int64, seen bool) {
	if (got != nil) != seen {
		t.Errorf("an %s sees %s: %v, want %v", a.viewer.Role, what, got != nil, seen)
	} else if want := money.Decimal(units, money.Currency(cmp.Or(a.currency, "USD"))); seen && got.Text != want {
		t.Errorf("%s of %s is %s, want %s", what, g.Day, got.Text, want)
	}
}
