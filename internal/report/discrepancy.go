package report

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"waybill/internal/fact"
)

// Discrepancy asks how the two channels of an offer differ: what the visitor's
// browser reported, by pixel or SDK, and what the advertiser's server did, by
// postback, import or API.
type Discrepancy struct {
	scope
	around scope // with the time in which the other channel's word may lie
}

// DiscrepancyLag is how far the two sightings of one conversion may lie apart to
// be seen as such. A conversion belongs to the day of its first one.
const DiscrepancyLag = 7 * 24 * time.Hour

// DiscrepancyAnswer compares the channels by day and offer.
type DiscrepancyAnswer struct {
	Rows     []DiscrepancyRow
	Total    DiscrepancyRow
	Browsers []BrowserLoss // of conversions that a server reported; most of them first
	// OneChannel are the offers whose conversions came by one channel alone. They
	// are in no row: nothing is missing that was ever there.
	OneChannel []int64
	From, To   time.Time
	Zone       string
	AsOf       time.Time
	Notes      []string
}

// DiscrepancyRow is one day of one offer, or all of them.
type DiscrepancyRow struct {
	Day          string // of the first sighting, in the query's zone; "" in the total
	OfferID      int64
	Both         int64
	OnlyPixel    int64
	OnlyPostback int64

	PixelFirst int64 // of Both: the browser's word came first
	OtherDay   int64 // of Both: the two came on different days of the zone

	AmountsEqual  int64 // of Both: both said the same amount
	AmountsDiffer int64
	AmountMissing int64 // of Both: one of them said none
	Difference    int64 // what servers said beyond browsers, where both said one, in micro-units

	LagMedian, LagP90 *time.Duration // between the two sightings; nil without any

	PixelLoss    Loss // of what the postback reported, what the pixel did not
	PostbackLoss Loss // the other way round
	Causes       []Cause
}

// BrowserLoss is how much of what a server reported the pixel lost in one family
// of browsers.
type BrowserLoss struct {
	Browser string
	Loss
}

// Missing says why a channel's word is not there, as far as it can be known.
type Missing string

// The causes.
const (
	NoCookie  Missing = "no_cookie" // the pixel came for the order, without a transaction ID
	Late      Missing = "late"      // it came when the window was over
	Rejected  Missing = "rejected"  // it came and was rejected; the code says why
	Recent    Missing = "recent"    // the conversion is so young that it may still come
	NeverCame Missing = "never_came"
)

// recent is how long the second channel's word is waited for.
const recent = time.Hour

// Cause counts the conversions that one channel did not report for one reason.
type Cause struct {
	Channel     string // whose word is missing: pixel or postback
	Why         Missing
	Code        string // of the verdict, where it was rejected
	Conversions int64
}

// ParseDiscrepancy reads from, to, tz, filter and test. Filters are those on
// offer, advertiser, affiliate and goal.
func ParseDiscrepancy(values url.Values, now time.Time, viewer Viewer) (*Discrepancy, error) {
	p := parser{values: values, viewer: viewer, now: now}
	d := &Discrepancy{scope: p.scope()}
	p.only("from", "to", "tz", "filter", "test")
	p.parseFilters(&d.scope, nil)
	d.settleTest(p.flag("test"), nil)
	for _, f := range d.filters {
		if !slices.Contains([]string{"offer", "advertiser", "affiliate", "goal"}, f.name) {
			p.fail("query.filter", "%s tells nothing of both channels: filter by offer, advertiser, affiliate or goal", f.name)
		}
	}
	if err := errors.Join(p.errs...); err != nil {
		return nil, err
	}
	d.around = d.scope
	d.around.from, d.around.to = d.from.Add(-DiscrepancyLag), d.to.Add(DiscrepancyLag)
	return d, nil
}

// Answer compares the channels.
func (d *Discrepancy) Answer(ctx context.Context, r Reader) (DiscrepancyAnswer, error) {
	a := DiscrepancyAnswer{
		Rows: []DiscrepancyRow{}, Browsers: []BrowserLoss{}, OneChannel: []int64{},
		From: d.from, To: d.to, Zone: d.loc.String(), AsOf: r.AsOf(),
		Notes: append([]string{
			"pixel is what came by pixel or SDK, postback what came by postback, import or API",
			"a conversion stands on the day of its first sighting; the other is looked for 7 days before and after",
			"intervals hold 95 of 100 such counts (Wilson)",
		}, d.notes(nil)...),
	}
	orphans, err := d.orphans(ctx, r)
	if err != nil {
		return DiscrepancyAnswer{}, err
	}
	c := comparison{Discrepancy: d, asOf: a.AsOf, orphans: orphans, rows: map[dayOffer]*tally{}, browsers: map[int64]map[string]*Loss{}}
	if err := d.sightings(ctx, r, c.add); err != nil {
		return DiscrepancyAnswer{}, err
	}
	if err := c.endTransaction(); err != nil {
		return DiscrepancyAnswer{}, err
	}
	return a, c.answer(&a)
}

// Channels that only a browser's word comes through, and those of servers. What
// comes through the API to correct or pay a conversion is nobody's report of it.
const (
	isBrowser = "channel IN ('pixel', 'sdk')"
	isServer  = "channel IN ('postback', 'import', 'api')"
	isReport  = "correction = FALSE"
)

// maxOrphans bounds the orders that are kept of pixels without a transaction ID.
const maxOrphans = 200_000

// orphans gives the orders that a browser reported without a transaction ID that
// could be read.
func (d *Discrepancy) orphans(ctx context.Context, r Reader) (map[string]bool, error) {
	from := sourceOf(fact.Signals, false)
	open := d.around // such a signal is of no offer that is known
	open.filters = nil
	w := &writer{scope: &open}
	inner := w.facts(from, []item{col("order_id")}, isBrowser, "status = 'rejected'",
		"code IN ('transaction_id_missing', 'transaction_id_invalid', 'macro_unexpanded')", "order_id <> ''")
	if w.err != nil {
		return nil, w.err
	}
	all := map[string]bool{}
	s := Statement{SQL: "SELECT DISTINCT order_id FROM (" + inner + ") AS f LIMIT " + strconv.Itoa(maxOrphans), Args: w.args, Columns: []Column{{Name: "order_id", Text: true}}}
	err := r.Rows(ctx, s, func(row Row) error {
		all[row[0].Text] = true
		return nil
	})
	return all, err
}

// sighting is one signal that was counted, or was rejected.
type sighting struct {
	transaction, conversion string
	ms, offer               int64
	pixel, rejected         bool
	code, amount            string
	order, browser          string
}

// sightings hands over the signals of both channels, those of a transaction
// together and in it those of a conversion, in order of time.
func (d *Discrepancy) sightings(ctx context.Context, r Reader, each func(*sighting) error) error {
	from, conversions := sourceOf(fact.Signals, false), sourceOf(fact.Conversions, false)
	w := &writer{scope: &d.around}
	signals := w.facts(from, []item{
		col("transaction_id"), col("conversion_id"), col("ms"), col("offer"),
		{as: "pixel", expression: "CASE WHEN " + isBrowser + " THEN 1 ELSE 0 END", columns: []string{"channel"}},
		{as: "rejected", expression: "CASE WHEN status = 'rejected' THEN 1 ELSE 0 END", columns: []string{"status"}},
		col("code"), col("amount_sent"), col("order_id"),
	}, "("+isBrowser+" OR "+isServer+")", isReport, "(transaction_id <> '' OR conversion_id <> '')")
	browsers := w.facts(conversions, []item{col("conversion_id"), {as: "browser", expression: asText("browser"), columns: []string{"browser"}}})
	if w.err != nil {
		return w.err
	}
	sql := "SELECT s.transaction_id, s.conversion_id, s.ms, s.offer, s.pixel, s.rejected, s.code, s.amount_sent, s.order_id, coalesce(b.browser, '') FROM (" +
		signals + ") AS s LEFT JOIN (SELECT conversion_id, max(browser) AS browser FROM (" + browsers + ") AS c GROUP BY c.conversion_id) AS b" +
		" ON b.conversion_id = s.conversion_id ORDER BY s.transaction_id, s.conversion_id, s.ms, s.pixel"
	statement := Statement{SQL: sql, Args: w.args, Columns: []Column{
		{Name: "transaction_id", Text: true},
		{Name: "conversion_id", Text: true},
		{Name: "ms"},
		{Name: "offer"},
		{Name: "pixel"},
		{Name: "rejected"},
		{Name: "code", Text: true},
		{Name: "amount_sent", Text: true},
		{Name: "order_id", Text: true},
		{Name: "browser", Text: true},
	}}
	return r.Rows(ctx, statement, func(row Row) error {
		return each(&sighting{
			transaction: row[0].Text, conversion: row[1].Text, ms: row[2].Number, offer: row[3].Number,
			pixel: row[4].Number != 0, rejected: row[5].Number != 0,
			code: row[6].Text, amount: row[7].Text, order: row[8].Text, browser: row[9].Text,
		})
	})
}
