package offer

import (
	"errors"
	"strings"
	"time"

	"waybill/internal/fault"
	"waybill/internal/money"
)

// Cap bounds what an offer counts in a period.
type Cap struct {
	Metric       string       `json:"metric" enum:"conversions,payout,revenue" doc:"What is bounded: how many conversions, or what they pay or earn."`
	Period       string       `json:"period" enum:"day,week,month,total" doc:"Weeks begin on Monday."`
	Limit        money.Micros `json:"limit" doc:"A number of conversions, or an amount in the offer's currency; a decimal string."`
	Goal         string       `json:"goal,omitempty" doc:"Only conversions of this goal; left open: all."`
	PerAffiliate bool         `json:"per_affiliate,omitempty" doc:"Each affiliate has the limit to itself."`
	OnReached    string       `json:"on_reached,omitempty" enum:"reject,pending" default:"reject" doc:"What becomes of a conversion beyond the limit; pending ones wait for a person and use nothing of the cap."`
	TimeZone     string       `json:"tz,omitempty" doc:"IANA zone in which the period begins; UTC when left open."`
}

// What a cap bounds.
const (
	CapConversions = "conversions"
	CapPayout      = "payout"
	CapRevenue     = "revenue"
)

// Validate reports every field that is wrong. Whether the goal exists is for
// the ledger to say.
func (c *Cap) Validate() error {
	errs := []error{
		oneOf("metric", c.Metric, CapConversions, CapPayout, CapRevenue),
		oneOf("period", c.Period, "day", "week", "month", "total"),
	}
	if c.OnReached != "" {
		errs = append(errs, oneOf("on_reached", c.OnReached, "reject", "pending"))
	}
	switch {
	case c.Limit <= 0:
		errs = append(errs, fault.At("limit", "must be more than zero; to take nothing at all, pause the offer"))
	case c.Metric == CapConversions && c.Limit%money.Unit != 0:
		errs = append(errs, fault.At("limit", "%s is not a whole number of conversions", c.Limit))
	}
	if c.Goal != "" {
		errs = append(errs, validCode("goal", c.Goal))
	}
	if _, err := zone(c.TimeZone); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Max gives the limit as it is counted: conversions, or micro-units.
func (c *Cap) Max() int64 {
	if c.Metric == CapConversions {
		return int64(c.Limit / money.Unit)
	}
	return int64(c.Limit)
}

// Counts reports whether conversions of a goal use the cap.
func (c *Cap) Counts(goal string) bool {
	return c.Goal == "" || strings.EqualFold(c.Goal, goal)
}

// Pends reports whether what goes beyond the limit waits for a person, and is
// not refused.
func (c *Cap) Pends() bool { return c.OnReached == "pending" }

// PeriodAt gives the period that at lies in, and when it ends; the zero time if
// it never does. Equal keys mean the same period: "day 2026-11-22", "week
// 2026-11-16" by its Monday, "month 2026-11", "total", with the zone behind it
// unless that is UTC.
func (c *Cap) PeriodAt(at time.Time) (key string, ends time.Time) {
	loc, err := zone(c.TimeZone)
	if err != nil { // the cap was saved where the zone is known, so it is a short-coming of this machine
		loc = time.UTC
	}
	at = at.In(loc)
	year, month, day := at.Date()
	switch c.Period {
	case "day":
		key, ends = at.Format("day 2006-01-02"), midnight(year, month, day+1, loc)
	case "week":
		day -= (int(at.Weekday()) + 6) % 7 // back to Monday
		key = time.Date(year, month, day, 12, 0, 0, 0, time.UTC).Format("week 2006-01-02")
		ends = midnight(year, month, day+7, loc)
	case "month":
		key, ends = at.Format("month 2006-01"), midnight(year, month+1, 1, loc)
	default:
		return "total", time.Time{}
	}
	if c.TimeZone != "" && loc != time.UTC {
		key += " " + c.TimeZone
	}
	return key, ends
}

// midnight gives the first instant of a day. Where the clocks are changed at
// midnight the day begins at another hour, or its first hour comes twice.
func midnight(year int, month time.Month, day int, loc *time.Location) time.Time {
	first := time.Date(year, month, day, 0, 0, 0, 0, loc)
	today := time.Date(year, month, day, 12, 0, 0, 0, loc).Day()
	if first.Day() != today {
		_, first = first.ZoneBounds() // 0:00 does not exist: the change of clocks begins the day
	}
	if last := first.Add(-time.Nanosecond); last.Day() == today { // it came before, by the clocks as they were
		first = time.Date(year, month, day, 0, 0, 0, 0, fixed(last))
	}
	return first.UTC()
}

// fixed gives a zone that keeps the offset in force at t.
func fixed(t time.Time) *time.Location {
	name, offset := t.Zone()
	return time.FixedZone(name, offset)
}

func zone(name string) (*time.Location, error) {
	if name == "" || name == "UTC" {
		return time.UTC, nil
	}
	if name == "Local" {
		return nil, fault.At("tz", "Local is another zone on each machine; name one, such as Europe/Berlin")
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fault.At("tz", "%.64q is not a time zone; use a name such as Europe/Berlin", name)
	}
	return loc, nil
}
