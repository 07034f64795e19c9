package reconcile

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"waybill/internal/fault"
	"waybill/internal/money"
)

// Summary is what came out, in numbers.
type Summary struct {
	From          string   `json:"from" doc:"The first day of the period, by the list's clock."`
	To            string   `json:"to" doc:"The last day of the period."`
	TZ            string   `json:"tz" doc:"The zone that the list's clock was taken to be in."`
	Side          Side     `json:"side"`
	OfferID       int64    `json:"offer_id,omitempty"`
	AdvertiserID  int64    `json:"advertiser_id,omitempty"`
	AffiliateID   int64    `json:"affiliate_id,omitempty"`
	Lines         int      `json:"lines" doc:"Lines of the list within the period."`
	Outside       int      `json:"lines_outside_period" doc:"Lines outside the period, which count nowhere else."`
	Conversions   int      `json:"conversions" doc:"Ours within the period."`
	Matched       int      `json:"matched"`
	AmountDiffers int      `json:"amount_differs"`
	StatusDiffers int      `json:"status_differs"`
	MissingHere   int      `json:"missing_here"`
	MissingThere  int      `json:"missing_there"`
	Duplicate     int      `json:"duplicate_in_list"`
	Likely        int      `json:"likely" doc:"Lines missing here that look like a conversion missing there. They are not matched."`
	Reasons       []Count  `json:"reasons" doc:"The classes by reason."`
	Totals        []Total  `json:"totals" doc:"The sums on both sides, and what makes up their difference."`
	Days          []Day    `json:"days" doc:"Lines and conversions by day."`
	Clock         *Shift   `json:"clock,omitempty" doc:"Another clock by which the list agrees with ours."`
	Factors       []Factor `json:"factors,omitempty" doc:"Factors between their amounts and ours that explain many differences."`
}

// Count is how often a reason occurs in a class.
type Count struct {
	Class  Class  `json:"class"`
	Reason Reason `json:"reason"`
	Count  int    `json:"count"`
}

// Total is a sum on both sides. What was rejected counts for nothing.
type Total struct {
	Measure    string    `json:"measure"`
	Currency   string    `json:"currency"`
	Theirs     string    `json:"theirs"`
	Ours       string    `json:"ours"`
	Difference string    `json:"difference" doc:"Theirs less ours."`
	Parts      []Portion `json:"parts" doc:"The classes; their differences add up to the difference."`
}

// Portion is a class's part of a total.
type Portion struct {
	Class      Class  `json:"class"`
	Theirs     string `json:"theirs"`
	Ours       string `json:"ours"`
	Difference string `json:"difference"`
}

// Day is one day on both sides.
type Day struct {
	Day    string `json:"day"`
	Theirs int    `json:"theirs"`
	Ours   int    `json:"ours"`
}

// Factor is a factor that explains many differences.
type Factor struct {
	Measure  string `json:"measure"`
	Currency string `json:"currency"`
	Factor   string `json:"factor" doc:"Theirs divided by ours."`
	Lines    int    `json:"lines" doc:"Lines that it explains."`
	Of       int    `json:"of" doc:"Lines that differ."`
	Message  string `json:"message"`
}

// Result sums the match up. The error is an Invalid fault when the sums do not
// fit.
func (m *Match) Result() (Summary, error) {
	m.explain()
	s := Summary{
		From: m.From.In(m.Zone).Format(time.DateOnly), To: m.Until.Add(-1).In(m.Zone).Format(time.DateOnly), TZ: m.Zone.String(),
		Side: m.Side, OfferID: m.OfferID, AdvertiserID: m.Party.AdvertiserID, AffiliateID: m.Party.AffiliateID, Clock: m.shift,
	}
	counts := map[Count]int{}
	for i := range m.lines {
		t := &m.lines[i]
		if t.outside {
			s.Outside++
			continue
		}
		s.Lines++
		*s.class(t.class)++
		counts[Count{Class: t.class, Reason: t.reason}]++
		if t.class == MissingHere && m.guessed(t) {
			s.Likely++
		}
	}
	for i := range m.ours {
		if o := &m.ours[i]; o.counts {
			s.Conversions++
			if o.mate < 0 {
				s.MissingThere++
				counts[Count{Class: MissingThere, Reason: o.reason}]++
			}
		}
	}
	for c, n := range counts {
		c.Count = n
		s.Reasons = append(s.Reasons, c)
	}
	slices.SortFunc(s.Reasons, func(a, b Count) int {
		return cmp.Or(cmp.Compare(rank(a.Class), rank(b.Class)), cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	s.Days, s.Factors = m.days(), m.sayFactors()
	var err error
	s.Totals, err = m.totals()
	return s, err
}

// guessed reports whether a line is marked as likely.
func (m *Match) guessed(t *theirs) bool {
	return t.near == nearByCut || t.near == nearByLetter || t.near == nearByMoneyAndTime
}

func rank(c Class) int { return slices.Index(Classes(), c) }

func (s *Summary) class(c Class) *int {
	switch c {
	case Matched:
		return &s.Matched
	case AmountDiffers:
		return &s.AmountDiffers
	case StatusDiffers:
		return &s.StatusDiffers
	case MissingThere:
		return &s.MissingThere
	case Duplicate:
		return &s.Duplicate
	case MissingHere:
	}
	return &s.MissingHere
}

// sums are a measure's and currency's, by class.
type sums [6]struct{ theirs, ours int64 }

type sumKey struct {
	measure  Measure
	currency money.Currency
}

// sheet collects sums, and the first that does not fit.
type sheet struct {
	all map[sumKey]*sums
	err error
}

func (s *sheet) add(measure Measure, currency money.Currency, c Class, theirs, ours int64) {
	k := sumKey{measure, currency}
	if s.all[k] == nil {
		s.all[k] = new(sums)
	}
	part := &s.all[k][rank(c)]
	var err1, err2 error
	part.theirs, err1 = money.Add(part.theirs, theirs)
	part.ours, err2 = money.Add(part.ours, ours)
	s.err = cmp.Or(s.err, err1, err2)
}

// totals adds up each measure that the list has. Every line and conversion goes
// into one class, so the classes add up to the whole.
func (m *Match) totals() ([]Total, error) {
	sheet := sheet{all: map[sumKey]*sums{}}
	for _, measure := range m.Side.Measures() {
		if !m.compares(measure) {
			continue
		}
		m.addUp(&sheet, measure)
	}
	var totals []Total
	for k, by := range sheet.all {
		t, err := k.total(by)
		sheet.err = cmp.Or(sheet.err, err)
		totals = append(totals, t)
	}
	if sheet.err != nil {
		return nil, fault.New(fault.Invalid, "the sums of the list are too large")
	}
	slices.SortFunc(totals, func(a, b Total) int {
		return cmp.Or(cmp.Compare(a.Measure, b.Measure), cmp.Compare(a.Currency, b.Currency))
	})
	return totals, nil
}

func (m *Match) addUp(s *sheet, measure Measure) {
	for i := range m.lines {
		l, t := &m.list.Lines[i], &m.lines[i]
		if t.outside {
			continue
		}
		var mate *ours
		if t.mate >= 0 {
			mate = &m.ours[t.mate]
			s.add(measure, mate.Money[measure].Currency, t.class, 0, mate.worth(measure))
		}
		s.add(measure, m.currencyOf(l, mate, measure), t.class, l.worth(measure), 0)
	}
	for i := range m.ours {
		if o := &m.ours[i]; o.counts && o.mate < 0 {
			s.add(measure, o.Money[measure].Currency, MissingThere, 0, o.worth(measure))
		}
	}
}

func (k sumKey) total(by *sums) (Total, error) {
	t := Total{Measure: k.measure.String(), Currency: string(k.currency)}
	var theirs, ours int64
	var err1, err2 error
	for i, c := range Classes() {
		part := by[i]
		if theirs, err1 = money.Add(theirs, part.theirs); err1 != nil {
			return t, err1
		}
		if ours, err2 = money.Add(ours, part.ours); err2 != nil {
			return t, err2
		}
		apart, err := less(part.theirs, part.ours)
		if err != nil {
			return t, err
		}
		if part.theirs != 0 || part.ours != 0 {
			t.Parts = append(t.Parts, Portion{
				Class: c, Theirs: money.Decimal(part.theirs, k.currency), Ours: money.Decimal(part.ours, k.currency),
				Difference: money.Decimal(apart, k.currency),
			})
		}
	}
	apart, err := less(theirs, ours)
	t.Theirs, t.Ours, t.Difference = money.Decimal(theirs, k.currency), money.Decimal(ours, k.currency), money.Decimal(apart, k.currency)
	return t, err
}

func less(a, b int64) (int64, error) {
	n, err := money.Neg(b)
	if err != nil {
		return 0, err
	}
	return money.Add(a, n)
}

// days counts both sides by day of the list's clock.
func (m *Match) days() []Day {
	all := map[string]*Day{}
	day := func(t time.Time) *Day {
		name := t.In(m.Zone).Format(time.DateOnly)
		if all[name] == nil {
			all[name] = &Day{Day: name}
		}
		return all[name]
	}
	for i := range m.lines {
		if at := m.list.Lines[i].At; !at.IsZero() && !m.lines[i].outside {
			day(at).Theirs++
		}
	}
	for i := range m.ours {
		if m.ours[i].counts {
			day(m.ours[i].OccurredAt).Ours++
		}
	}
	days := make([]Day, 0, len(all))
	for _, d := range all {
		days = append(days, *d)
	}
	slices.SortFunc(days, func(a, b Day) int { return cmp.Compare(a.Day, b.Day) })
	return days
}

func (m *Match) sayFactors() []Factor {
	var all []Factor
	for _, f := range m.factors {
		ratio := money.Percent(f.ratio * 100).String()
		all = append(all, Factor{
			Measure: f.measure.String(), Currency: string(f.currency), Factor: ratio, Lines: f.lines, Of: f.of, Message: f.text(ratio),
		})
	}
	return all
}

// text says what a factor may mean.
func (f factor) text(ratio string) string {
	said := fmt.Sprintf("%d of %d amounts that differ are ours times %s", f.lines, f.of, ratio)
	for _, t := range taxes() {
		if f.ratio == ratioUnit+t*100 {
			return fmt.Sprintf("%s: theirs look like amounts with %d%% tax, ours without it", said, t)
		}
		if absolute(f.ratio*(100+t)-ratioUnit*100) <= 100 {
			return fmt.Sprintf("%s: theirs look like amounts without %d%% tax, ours with it", said, t)
		}
	}
	return said + ": a tax, a fee or a rate of exchange"
}
