package reconcile

import (
	"cmp"
	"fmt"
	"time"

	"waybill/internal/fault"
)

// decideNumbers settles whether 1.234 and 1,234 are more than a thousand or
// little more than one. Told, it is so; else the column's other amounts say it;
// else a dot is a decimal point, as everywhere, and a comma must be told.
func (r *reader) decideNumbers() {
	by := r.Reading.Decimal
	switch {
	case by != "":
	case r.points > 0 && r.commas > 0:
		r.Unsure = cmp.Or(r.Unsure, fault.At("query.decimal",
			"%d amounts have a decimal point and %d a decimal comma; say which it is: point or comma", r.points, r.commas))
	case r.commas > 0:
		by = Comma
	case r.points > 0:
		by = Point
	}
	r.List.Decimal = by
	if len(r.doubts) == 0 {
		return
	}
	if by != "" {
		r.Notes = append(r.Notes, fmt.Sprintf("%d amounts such as 1.234 or 1,234 were read with a decimal %s.", len(r.doubts), by))
	}
	for _, d := range r.doubts {
		n := &r.Lines[d.line].money[d.measure]
		if by == "" && d.sign == Comma {
			r.Unsure = cmp.Or(r.Unsure, fault.At("query.decimal",
				"the amount in line %d could be a thousand times another, and no other amount tells which; say what parts the decimals: point or comma",
				r.Lines[d.line].Number))
			continue
		}
		if cmp.Or(by, Point) == d.sign { // it was read as that of thousands
			n.units /= 1000
		}
	}
	r.doubts = nil
}

// decideDates settles whether 03/04/2026 is in March or in April: told, by a
// date in the column that fits only one way, or because one way lies ahead of
// now.
func (r *reader) decideDates() {
	var v vote
	for i := range r.Lines {
		if s := r.Lines[i].stamp; s.set && s.form == inDoubt {
			v.add(s, r.Now)
		}
	}
	if v.dates == 0 {
		return
	}
	order, why := r.Reading.Order, "as was said"
	switch {
	case order != "":
	case v.dayFirst > 0 && v.monthFirst > 0:
		r.Unsure = cmp.Or(r.Unsure, fault.At("query.date_order",
			"%d dates fit only with the day first, %d only with the month first; say which it is: dmy or mdy", v.dayFirst, v.monthFirst))
	case v.dayFirst > 0:
		order, why = DayFirst, fmt.Sprintf("since %d of %d dates fit only so", v.dayFirst, v.dates)
	case v.monthFirst > 0:
		order, why = MonthFirst, fmt.Sprintf("since %d of %d dates fit only so", v.monthFirst, v.dates)
	case v.same == v.dates:
		order, why = DayFirst, "and no date differs the other way"
	case v.ahead[0] > 0 && v.ahead[1] == 0:
		order, why = MonthFirst, fmt.Sprintf("since %d dates would lie ahead the other way", v.ahead[0])
	case v.ahead[1] > 0 && v.ahead[0] == 0:
		order, why = DayFirst, fmt.Sprintf("since %d dates would lie ahead the other way", v.ahead[1])
	default:
		r.Unsure = cmp.Or(r.Unsure, fault.At("query.date_order",
			"every date could have its day or its month first; say which it is: dmy or mdy"))
	}
	r.List.Order = order
	first := map[DateOrder]string{DayFirst: "day", MonthFirst: "month"}[order]
	if first != "" {
		r.Notes = append(r.Notes, fmt.Sprintf("Dates were read with the %s first, %s.", first, why))
		r.dropImpossible()
	}
}

// dropImpossible notes dates that the order does not fit.
func (r *reader) dropImpossible() {
	for i := range r.Lines {
		s := &r.Lines[i].stamp
		if s.set && s.form == inDoubt && !s.resolve(r.List.Order).valid() {
			r.problem(cells{number: r.Lines[i].Number}, FieldTime, "the date does not fit the order %s", r.List.Order)
			*s = stamp{}
		}
	}
}

// vote is what the dates of a column say about their order.
type vote struct {
	dates, dayFirst, monthFirst, same int
	ahead                             [2]int // with the day first, with the month first
}

func (v *vote) add(s stamp, now time.Time) {
	v.dates++
	switch {
	case s.a > 12:
		v.dayFirst++
	case s.b > 12:
		v.monthFirst++
	case s.a == s.b:
		v.same++
	}
	limit := now.Add(24 * time.Hour)
	for i, o := range [...]DateOrder{DayFirst, MonthFirst} {
		if t := s.resolve(o); !now.IsZero() && t.valid() && t.wall(time.UTC).After(limit) {
			v.ahead[i]++
		}
	}
}
