package report

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"waybill/internal/fact"
	"waybill/internal/money"
)

// CohortDays is how many days a cohort is followed.
const CohortDays = 30

// Cohort asks what became of each day's clicks.
type Cohort struct{ scope }

// CohortAnswer has a row for each day of clicks.
type CohortAnswer struct {
	Rows     []CohortRow
	Currency string // "" where there is no money, or money in several
	From, To time.Time
	Zone     string
	AsOf     time.Time
	Notes    []string
}

// CohortRow is one day of clicks. Its counts and sums are those of the metrics
// of the same name, of conversions whose click was on that day.
type CohortRow struct {
	Day         string
	Clicks      int64
	Conversions [CohortDays + 1]int64 // by whole days of 24 hours since the click
	Later       int64                 // after more than CohortDays
	Payout      *Cell                 // nil where the viewer may not see it
	Revenue     *Cell
}

// ParseCohort reads from, to, tz, filter, currency and test.
func ParseCohort(values url.Values, now time.Time, viewer Viewer) (*Cohort, error) {
	p := parser{values: values, viewer: viewer, now: now}
	c := &Cohort{scope: p.scope()}
	p.only("from", "to", "tz", "filter", "currency", "test")
	p.parseFilters(&c.scope, nil)
	p.parseMoney(&c.scope, nil)
	c.settleTest(p.flag("test"), nil)
	c.byClick = true
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	return c, nil
}

// cohortDay gathers one day.
type cohortDay struct {
	CohortRow
	sums map[string]int64 // of payout and revenue
}

// isClicked is the condition of conversions that a click led to, or none that is
// known; not a view.
const isClicked = "view_through = FALSE"

// Answer reads the cohorts.
func (c *Cohort) Answer(ctx context.Context, r Reader) (CohortAnswer, error) {
	clicks, conversions := sourceOf(fact.Clicks, true), sourceOf(fact.Conversions, true)
	a := CohortAnswer{
		Rows: []CohortRow{}, From: c.from, To: c.to, Zone: c.loc.String(), AsOf: r.AsOf(),
		Notes: append([]string{"view-through conversions are left out: no click led to them"}, c.notes([]source{clicks, conversions})...),
	}
	days := map[int64]*cohortDay{}
	if c.covers(clicks) {
		if err := c.addClicks(ctx, r, clicks, days); err != nil {
			return CohortAnswer{}, err
		}
	}
	columns := c.moneyColumns(conversions)
	if c.money != "" {
		a.Notes = append(a.Notes, inOneCurrency(string(c.money)))
	}
	if c.covers(conversions) {
		if err := c.addConversions(ctx, r, conversions, columns, days); err != nil {
			return CohortAnswer{}, err
		}
	}
	found, err := c.currencies(ctx, r, columns)
	if err != nil {
		return CohortAnswer{}, err
	}
	if len(found) > 1 {
		a.Notes = append(a.Notes, "there is no money, since it is in several currencies: choose one, such as currency="+found[len(found)-1])
	} else if len(found) == 1 {
		a.Currency = found[0]
	}
	for _, day := range inOrder(days) {
		if days[day].empty() {
			continue
		}
		a.Rows = append(a.Rows, days[day].row(c.zone.label(daily, day), columns, a.Currency, len(found) > 1))
	}
	return a, nil
}

// moneyColumns names what the viewer may see of payout and revenue.
func (c *Cohort) moneyColumns(from source) []string {
	return slices.DeleteFunc([]string{"payout", "revenue"}, func(name string) bool { return !c.viewer.reads(from, name) })
}

func inOrder(days map[int64]*cohortDay) []int64 {
	var all []int64
	for day := range days {
		all = append(all, day)
	}
	slices.Sort(all)
	return all
}

func dayOf(days map[int64]*cohortDay, key int64) *cohortDay {
	if days[key] == nil {
		days[key] = &cohortDay{sums: map[string]int64{}}
	}
	return days[key]
}

func (c *Cohort) dayItem(from source) item {
	return item{as: "day", expression: c.zone.bucket(daily, from.clock(), false), columns: []string{from.quarter()}}
}

func (c *Cohort) addClicks(ctx context.Context, r Reader, from source, days map[int64]*cohortDay) error {
	from.counted = true
	w := &writer{scope: &c.scope}
	sql := "SELECT CAST(day AS BIGINT), count(*) FROM (" + w.facts(from, []item{c.dayItem(from)}, c.test.net()) + ") AS f GROUP BY f.day"
	if w.err != nil {
		return w.err
	}
	s := Statement{SQL: sql, Args: w.args, Columns: []Column{{Name: "day"}, {Name: "clicks"}}}
	return r.Rows(ctx, s, func(row Row) error {
		dayOf(days, row[0].Number).Clicks = row[1].Number
		return nil
	})
}

func (c *Cohort) addConversions(ctx context.Context, r Reader, from source, columns []string, days map[int64]*cohortDay) error {
	w := &writer{scope: &c.scope}
	items := []item{c.dayItem(from), delayed(), col("sign"), col("status"), col(dimCurrency)}
	result := []Column{{Name: "day"}, {Name: "age"}, {Name: "conversions"}}
	var sums []string
	for _, name := range columns {
		items, result = append(items, col(name)), append(result, Column{Name: name})
		sums = append(sums, bounded("sum("+findMeasure(name).of(c.money).adds("", c.test)+")"))
	}
	const milli = 24 * 60 * 60 * 1000
	age := "delay - delay % " + strconv.Itoa(milli)
	inner := w.facts(from, items, isCounted, isClicked)
	sql := "SELECT CAST(day AS BIGINT), " + age + ", " + commas([]string{"CAST(sum(sign) AS BIGINT)"}, sums) +
		" FROM (" + inner + ") AS f GROUP BY f.day, " + age
	if w.err != nil {
		return w.err
	}
	return r.Rows(ctx, Statement{SQL: sql, Args: w.args, Columns: result}, func(row Row) error {
		day := dayOf(days, row[0].Number)
		if age := row[1].Number / milli; age <= CohortDays {
			day.Conversions[age] += row[2].Number
		} else {
			day.Later += row[2].Number
		}
		for i, name := range columns {
			var err error
			if day.sums[name], err = money.Add(day.sums[name], row[3+i].Number); err != nil || row[3+i].Null {
				return tooLarge(name)
			}
		}
		return nil
	})
}

// empty reports whether all that was on the day was taken back.
func (d *cohortDay) empty() bool {
	return d.Clicks == 0 && d.Later == 0 && d.Conversions == [CohortDays + 1]int64{}
}

func (d *cohortDay) row(label string, columns []string, currency string, mixed bool) CohortRow {
	d.Day = label
	for _, name := range columns {
		cell := amount(d.sums[name], money.Currency(currency))
		if mixed {
			cell = null(Money)
		}
		if name == "payout" {
			d.Payout = &cell
		} else {
			d.Revenue = &cell
		}
	}
	return d.CohortRow
}
