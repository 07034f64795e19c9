package reconcile

import (
	"cmp"
	"math"
	"slices"

	"waybill/internal/money"
)

// currencies are those of our conversions, to know what an amount is in that
// names none.
type currencies map[money.Currency]int

func (m *Match) learnCurrencies() {
	for _, measure := range m.Side.Measures() {
		m.currencies[measure] = currencies{}
		for i := range m.ours {
			if m.ours[i].counts {
				m.currencies[measure][m.ours[i].Money[measure].Currency]++
			}
		}
	}
}

// currencyOf gives the currency of a line's amounts: what it says, else that of
// its conversion, else the one that ours are in, if there is only one.
func (m *Match) currencyOf(l *Line, o *ours, measure Measure) money.Currency {
	switch {
	case l.Currency != "":
		return l.Currency
	case o != nil:
		return o.Money[measure].Currency
	case len(m.currencies[measure]) == 1:
		for c := range m.currencies[measure] {
			return c
		}
	}
	return ""
}

// compares reports whether the list has a column for a measure.
func (m *Match) compares(measure Measure) bool {
	return slices.ContainsFunc(m.list.Columns, func(c Column) bool { return string(c.Field) == measure.String() })
}

// difference is how a pair's money differs in one measure.
type difference struct {
	differs  bool
	reason   Reason
	theirs   money.Amount
	ours     money.Amount
	percents int64 // of ours, in hundredths; 0 when it cannot be told
}

func (m *Match) difference(l *Line, o *ours, measure Measure) difference {
	if !m.compares(measure) {
		return difference{}
	}
	value, said := l.Value(measure)
	d := difference{
		theirs: money.Amount{Units: value, Currency: m.currencyOf(l, o, measure)},
		ours:   o.Money[measure],
	}
	if o.worth(measure) == 0 && !said {
		return d
	}
	d.differs = d.theirs != d.ours && (value != 0 || d.ours.Units != 0)
	if !d.differs {
		return d
	}
	apart := absolute(value - d.ours.Units)
	if d.ours.Units != 0 && said {
		d.percents = int64(math.Round(float64(value-d.ours.Units) / float64(d.ours.Units) * 1e4))
	}
	_, fits := m.factorOf(measure, d)
	switch {
	case !said:
		d.reason = AmountUnsaid
	case d.theirs.Currency != d.ours.Currency:
		d.reason = CurrencyDiffers
	case measure == Amount && !o.AmountKnown:
		d.reason = AmountUnknown
	case apart <= coin(d.ours.Currency):
		d.reason = Rounding
	case fits:
		d.reason = ConstantFactor
	case o.Version > 1:
		d.reason = ChangedHere
	default:
		d.reason = AmountOtherwise
	}
	return d
}

// coin is the smallest one of a currency, in micro-units.
func coin(c money.Currency) int64 {
	units := int64(money.Unit)
	for range c.Digits() {
		units /= 10
	}
	return units
}

func absolute(n int64) int64 {
	if n < 0 {
		return -n
	}
	return n
}

// factor is a ratio that many lines have to ours: what they list with taxes, or
// at another rate. It is kept in ten-thousandths.
type factor struct {
	measure  Measure
	currency money.Currency
	ratio    int64
	lines    int // that it explains
	of       int // that differ
}

const (
	ratioUnit   = 10_000
	leastFactor = 5 // lines that must agree on a factor
)

// taxes are the usual rates, in percent: a list with or without one of them
// differs by it.
func taxes() []int64 {
	return []int64{5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 27}
}

// findFactors looks for a factor that explains most of the differences of one
// measure and currency.
func (m *Match) findFactors() {
	pairs := map[sumKey][]difference{}
	for i := range m.lines {
		if m.lines[i].mate < 0 {
			continue
		}
		l, o := &m.list.Lines[i], &m.ours[m.lines[i].mate]
		for _, measure := range m.Side.Measures() {
			if d := m.difference(l, o, measure); d.hasRatio() {
				k := sumKey{measure, d.ours.Currency}
				pairs[k] = append(pairs[k], d)
			}
		}
	}
	for k, all := range pairs {
		best := bestFactor(factor{measure: k.measure, currency: k.currency, of: len(all)}, all)
		if best.lines >= leastFactor && best.lines*10 >= len(all)*6 {
			m.factors = append(m.factors, best)
		}
	}
	slices.SortFunc(m.factors, func(a, b factor) int {
		return cmp.Or(cmp.Compare(a.measure, b.measure), cmp.Compare(a.currency, b.currency))
	})
}

// hasRatio reports whether a difference may be a factor's.
func (d difference) hasRatio() bool {
	return d.differs && d.theirs.Units > 0 && d.ours.Units > 0 && d.theirs.Currency == d.ours.Currency && d.reason != Rounding
}

// bestFactor gives the ratio that explains most of the differences.
func bestFactor(best factor, all []difference) factor {
	if len(all) < leastFactor {
		return best
	}
	ratios := map[int64]int{}
	for _, d := range all {
		ratios[ratioOf(d)]++
	}
	for _, ratio := range candidates(ratios) {
		f := best
		f.ratio, f.lines = ratio, 0
		for _, d := range all {
			if f.fits(d) {
				f.lines++
			}
		}
		if f.lines > best.lines {
			best = f
		}
	}
	return best
}

func ratioOf(d difference) int64 {
	return int64(math.Round(float64(d.theirs.Units) / float64(d.ours.Units) * ratioUnit))
}

// candidates gives the ratios worth trying: those of taxes, and the commonest.
func candidates(seen map[int64]int) []int64 {
	var all []int64
	for _, t := range taxes() {
		all = append(all, ratioUnit+t*100, int64(math.Round(ratioUnit*100/float64(100+t))))
	}
	const tried = 10
	common := make([]int64, 0, len(seen))
	for ratio := range seen {
		common = append(common, ratio)
	}
	slices.SortFunc(common, func(a, b int64) int { return cmp.Or(cmp.Compare(seen[b], seen[a]), cmp.Compare(a, b)) })
	return append(all, common[:min(tried, len(common))]...)
}

// fits reports whether a factor gives theirs from ours, to the smallest coin and
// what the factor's own rounding leaves.
func (f factor) fits(d difference) bool {
	want := float64(d.ours.Units) * float64(f.ratio) / ratioUnit
	slack := float64(coin(f.currency)) + float64(d.ours.Units)/ratioUnit/2
	return math.Abs(want-float64(d.theirs.Units)) <= slack
}

func (m *Match) factorOf(measure Measure, d difference) (factor, bool) {
	for _, f := range m.factors {
		if f.measure == measure && f.currency == d.ours.Currency && f.currency == d.theirs.Currency && f.fits(d) {
			return f, true
		}
	}
	return factor{}, false
}
