package report

import (
	"cmp"
	"math"
	"slices"
	"time"

	"waybill/internal/fault"
	"waybill/internal/money"
)

// Places of the channels in what is kept of both.
const (
	byPixel = iota
	byPostback
)

// seen is what both channels said of one conversion.
type seen struct {
	conversion string
	offer      int64
	order      string
	browser    string
	first      [2]int64  // when, in Unix milliseconds; 0 for never
	amount     [2]string // the first that was said
}

func (s *seen) both() bool { return s.first[byPixel] != 0 && s.first[byPostback] != 0 }

// at is the first sighting.
func (s *seen) at() int64 {
	if s.first[byPixel] == 0 || s.first[byPostback] != 0 && s.first[byPostback] < s.first[byPixel] {
		return s.first[byPostback]
	}
	return s.first[byPixel]
}

type dayOffer struct {
	day   string
	offer int64
}

// tally is a row in the making.
type tally struct {
	DiscrepancyRow
	lags   []int64
	causes map[Cause]int64 // keyed without its count
}

// comparison puts sightings together. They come in the order of sightings.
type comparison struct {
	*Discrepancy
	asOf     time.Time
	orphans  map[string]bool
	rows     map[dayOffer]*tally
	browsers map[int64]map[string]*Loss // by offer
	kept     int

	transaction string
	open        []seen    // its conversions
	rejected    [2]string // the first code by which each channel was rejected
}

// maxCompared bounds the conversions of one answer: each leaves its lag.
const maxCompared = 10_000_000

func (c *comparison) add(s *sighting) error {
	if s.transaction != c.transaction || s.transaction == "" && len(c.open) > 0 && c.open[0].conversion != s.conversion {
		if err := c.endTransaction(); err != nil {
			return err
		}
		c.transaction = s.transaction
	}
	channel := byPostback
	if s.pixel {
		channel = byPixel
	}
	if s.rejected {
		if c.rejected[channel] == "" {
			c.rejected[channel] = s.code
		}
		return nil
	}
	if s.conversion == "" {
		return nil
	}
	last := len(c.open) - 1
	if last < 0 || c.open[last].conversion != s.conversion {
		if c.kept++; c.kept > maxCompared {
			return fault.New(fault.Limited, "there are more than %d conversions to compare; ask for a shorter range, or filter by offer", maxCompared)
		}
		c.open = append(c.open, seen{conversion: s.conversion, offer: s.offer, browser: s.browser})
		last++
	}
	one := &c.open[last]
	one.order = cmp.Or(one.order, s.order)
	one.amount[channel] = cmp.Or(one.amount[channel], s.amount)
	if one.first[channel] == 0 {
		one.first[channel] = s.ms
	}
	return nil
}

// endTransaction counts the conversions of the transaction that is over.
func (c *comparison) endTransaction() error {
	for i := range c.open {
		if err := c.count(&c.open[i]); err != nil {
			return err
		}
	}
	c.open, c.rejected = c.open[:0], [2]string{}
	return nil
}

func (c *comparison) count(s *seen) error {
	at := time.UnixMilli(s.at()).In(c.loc)
	if at.Before(c.from) || !at.Before(c.to) {
		return nil
	}
	key := dayOffer{at.Format(time.DateOnly), s.offer}
	t := c.rows[key]
	if t == nil {
		t = &tally{DiscrepancyRow: DiscrepancyRow{Day: key.day, OfferID: key.offer}, causes: map[Cause]int64{}}
		c.rows[key] = t
	}
	if s.first[byPostback] != 0 {
		c.countBrowser(s)
	}
	switch {
	case s.both():
		return t.both(s, c.loc)
	case s.first[byPixel] != 0:
		t.OnlyPixel++
		t.causes[c.cause(s, byPostback, "postback")]++
	default:
		t.OnlyPostback++
		t.causes[c.cause(s, byPixel, "pixel")]++
	}
	return nil
}

func (c *comparison) countBrowser(s *seen) {
	if c.browsers[s.offer] == nil {
		c.browsers[s.offer] = map[string]*Loss{}
	}
	loss := c.browsers[s.offer][s.browser]
	if loss == nil {
		loss = new(Loss)
		c.browsers[s.offer][s.browser] = loss
	}
	loss.Of++
	if s.first[byPixel] == 0 {
		loss.Missed++
	}
}

// cause says why a channel's word is missing.
func (c *comparison) cause(s *seen, channel int, name string) Cause {
	code := c.rejected[channel]
	switch {
	case code == "click_expired":
		return Cause{Channel: name, Why: Late, Code: code}
	case code != "":
		return Cause{Channel: name, Why: Rejected, Code: code}
	case channel == byPixel && s.order != "" && c.orphans[s.order]:
		return Cause{Channel: name, Why: NoCookie}
	case c.asOf.Sub(time.UnixMilli(s.at())) < recent:
		return Cause{Channel: name, Why: Recent}
	default:
		return Cause{Channel: name, Why: NeverCame}
	}
}

// both counts a conversion that both channels have seen.
func (t *tally) both(s *seen, loc *time.Location) error {
	t.Both++
	lag := s.first[byPostback] - s.first[byPixel]
	if lag > 0 {
		t.PixelFirst++
	}
	if day(s.first[byPixel], loc) != day(s.first[byPostback], loc) {
		t.OtherDay++
	}
	t.lags = append(t.lags, max(lag, -lag))
	pixel, knowsPixel := sum(s.amount[byPixel])
	postback, knowsPostback := sum(s.amount[byPostback])
	switch {
	case !knowsPixel && !knowsPostback:
	case !knowsPixel || !knowsPostback:
		t.AmountMissing++
	case pixel == postback:
		t.AmountsEqual++
	default:
		t.AmountsDiffer++
		return t.add(postback, -pixel)
	}
	return nil
}

// add adds to the difference of amounts.
func (t *tally) add(units ...int64) error {
	for _, n := range units {
		var err error
		if t.Difference, err = money.Add(t.Difference, n); err != nil {
			return tooLarge("the differences of amounts")
		}
	}
	return nil
}

func day(ms int64, loc *time.Location) string {
	return time.UnixMilli(ms).In(loc).Format(time.DateOnly)
}

// sum reads an amount as it came.
func sum(text string) (int64, bool) {
	if text == "" {
		return 0, false
	}
	p, err := money.Parse(text)
	return p.Units, err == nil
}

// answer turns the tallies into rows, in order of day and offer.
func (c *comparison) answer(a *DiscrepancyAnswer) error {
	a.OneChannel = c.oneChannel()
	total := tally{causes: map[Cause]int64{}}
	for key, t := range c.rows {
		if slices.Contains(a.OneChannel, key.offer) {
			continue
		}
		if err := total.merge(t); err != nil {
			return err
		}
		a.Rows = append(a.Rows, t.row())
	}
	slices.SortFunc(a.Rows, func(x, y DiscrepancyRow) int {
		return cmp.Or(cmp.Compare(x.Day, y.Day), cmp.Compare(x.OfferID, y.OfferID))
	})
	a.Total = total.row()
	a.Browsers = c.byBrowser(a.OneChannel)
	return nil
}

// oneChannel gives the offers of which one channel has seen nothing.
func (c *comparison) oneChannel() []int64 {
	channels := map[int64]*[2]int64{}
	for key, t := range c.rows {
		if channels[key.offer] == nil {
			channels[key.offer] = new([2]int64)
		}
		channels[key.offer][byPixel] += t.Both + t.OnlyPixel
		channels[key.offer][byPostback] += t.Both + t.OnlyPostback
	}
	all := []int64{}
	for offer, n := range channels {
		if n[byPixel] == 0 || n[byPostback] == 0 {
			all = append(all, offer)
		}
	}
	slices.Sort(all)
	return all
}

// byBrowser gives what the pixel lost in each family, of all offers but some.
func (c *comparison) byBrowser(without []int64) []BrowserLoss {
	sums := map[string]Loss{}
	for offer, families := range c.browsers {
		if slices.Contains(without, offer) {
			continue
		}
		for name, loss := range families {
			sum := sums[name]
			sum.Missed, sum.Of = sum.Missed+loss.Missed, sum.Of+loss.Of
			sums[name] = sum
		}
	}
	all := make([]BrowserLoss, 0, len(sums))
	for name, loss := range sums {
		all = append(all, BrowserLoss{Browser: name, Loss: loss})
	}
	slices.SortFunc(all, func(x, y BrowserLoss) int {
		return cmp.Or(cmp.Compare(y.Of, x.Of), cmp.Compare(x.Browser, y.Browser))
	})
	return all
}

// merge adds another row's counts.
func (t *tally) merge(o *tally) error {
	t.Both += o.Both
	t.OnlyPixel += o.OnlyPixel
	t.OnlyPostback += o.OnlyPostback
	t.PixelFirst += o.PixelFirst
	t.OtherDay += o.OtherDay
	t.AmountsEqual += o.AmountsEqual
	t.AmountsDiffer += o.AmountsDiffer
	t.AmountMissing += o.AmountMissing
	t.lags = append(t.lags, o.lags...)
	for c, n := range o.causes {
		t.causes[c] += n
	}
	return t.add(o.Difference)
}

// row gives the finished row.
func (t *tally) row() DiscrepancyRow {
	r := t.DiscrepancyRow
	slices.Sort(t.lags)
	r.LagMedian, r.LagP90 = rankOf(t.lags, (len(t.lags)+1)/2), rankOf(t.lags, len(t.lags)-len(t.lags)/10)
	r.PixelLoss = Loss{Missed: r.OnlyPostback, Of: r.Both + r.OnlyPostback}
	r.PostbackLoss = Loss{Missed: r.OnlyPixel, Of: r.Both + r.OnlyPixel}
	r.Causes = make([]Cause, 0, len(t.causes))
	for c, n := range t.causes {
		c.Conversions = n
		r.Causes = append(r.Causes, c)
	}
	slices.SortFunc(r.Causes, func(x, y Cause) int {
		return cmp.Or(cmp.Compare(y.Conversions, x.Conversions), cmp.Compare(x.Channel, y.Channel), cmp.Compare(x.Why, y.Why), cmp.Compare(x.Code, y.Code))
	})
	return r
}

// rankOf gives what stands at a place, from 1, of what is in order.
func rankOf(ordered []int64, place int) *time.Duration {
	if len(ordered) == 0 {
		return nil
	}
	d := time.Duration(ordered[place-1]) * time.Millisecond
	return &d
}

// Loss is how much of what one channel reported the other did not.
type Loss struct{ Missed, Of int64 }

// Rate gives the share that was missed, and the bounds between which the true
// one lies with a confidence of 95 %: the Wilson score interval (E. B. Wilson,
// Probable inference, the law of succession, and statistical inference, 1927).
// It is false when there was nothing to miss.
func (l Loss) Rate() (rate, low, high float64, ok bool) {
	if l.Of <= 0 {
		return 0, 0, 0, false
	}
	const z = 1.959963984540054 // of the normal distribution, at 97.5 %
	n, p := float64(l.Of), float64(l.Missed)/float64(l.Of)
	scale := 1 + z*z/n
	middle := (p + z*z/(2*n)) / scale
	half := z / scale * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return p, max(0, middle-half), min(1, middle+half), true
}
