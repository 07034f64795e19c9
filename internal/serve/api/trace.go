package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/chain"
	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/ledger"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// The stores that steps of a trace come from.
const (
	fromJournal = "journal"
	fromLedger  = "ledger"
)

// step is one thing that happened to a transaction.
type step struct {
	At     time.Time `json:"at"`
	Store  string    `json:"store" enum:"journal,ledger" doc:"Where it is written down."`
	Kind   string    `json:"kind" enum:"click,impression,sent,turned_away,signal,verdict,conversion,pixel,entry,delivery,attempt"`
	ID     string    `json:"id,omitempty" doc:"Of the record, where it has one of its own."`
	Text   string    `json:"text" doc:"What happened, in words."`
	Record any       `json:"record,omitempty" doc:"The record, as far as the caller may see it."`
}

// traceRecord is everything about one ID, in order of time.
type traceRecord struct {
	TransactionID string     `json:"transaction_id"`
	Test          bool       `json:"test"`
	Hops          chain.Part `json:"hops" doc:"This installation's part in a chain of trackers: the IDs that its neighbours know the visitor by, and where the conversion went on to."`
	Steps         []step     `json:"steps"`
}

func (a *API) registerTrace(h huma.API, s *schemas) {
	type traceIn struct {
		caller
		ID string `path:"transaction_id" doc:"The transaction ID."`
	}
	handle(h, route{
		method: http.MethodGet, path: prefix + "/trace/{transaction_id}", id: "get-trace", tag: "Records",
		summary: "Everything about one transaction", out: schemaOf[traceRecord](s),
		roles: []account.Role{account.Advertiser, account.Affiliate},
		text: "The click, where the visitor was sent, every signal that named it with its verdict, the conversions, entries, " +
			"owed postbacks and attempts, in order of time, each with the store it comes from. " +
			"`hops` tells where the ID came from and where it went: laid beside those of the trackers before and behind, it shows at which one an ID was lost.",
	}, func(ctx context.Context, in *traceIn) (*answer, error) { return a.trace(ctx, in.who(), in.ID) })
}

func (a *API) trace(ctx context.Context, who account.Principal, text string) (*answer, error) {
	found, err := a.traceOf(ctx, who, text)
	if err != nil {
		return nil, err
	}
	return &answer{Body: found}, nil
}

// traceOf gives everything about an ID, as the caller sees it.
func (a *API) traceOf(ctx context.Context, who account.Principal, text string) (traceRecord, error) {
	id, err := parseID("transaction_id", text)
	if err != nil {
		return traceRecord{}, err
	}
	missing := fault.New(fault.NotFound, "nothing is known of transaction %s", id)
	advertiserID, affiliateID, err := a.parties(id.String())
	if !who.IsNetwork() && (err != nil || !who.Owns(advertiserID, affiliateID)) {
		return traceRecord{}, missing
	}
	if err != nil {
		return traceRecord{}, fault.Within("path.transaction_id", err)
	}
	t := tracer{api: a, who: who, part: newPart(id)}
	if err := t.collect(ctx, id); err != nil {
		return traceRecord{}, err
	}
	if len(t.steps) == 0 {
		return traceRecord{}, missing
	}
	slices.SortStableFunc(t.steps, func(one, other step) int { return one.At.Compare(other.At) })
	return traceRecord{TransactionID: id.String(), Test: id.Test(), Hops: t.part, Steps: t.steps}, nil
}

// tracer puts a trace together. Steps are added in the order of cause and
// effect, which decides between those of the same instant.
type tracer struct {
	api   *API
	who   account.Principal
	part  chain.Part
	steps []step
}

func (t *tracer) collect(ctx context.Context, id txid.ID) error {
	if err := t.click(ctx, id); err != nil {
		return err
	}
	all, err := t.api.Trace.Trace(ctx, id.String())
	if err != nil {
		return err
	}
	if err := t.signals(ctx, &all); err != nil {
		return err
	}
	for _, c := range all.Conversions {
		if err := t.conversion(c); err != nil {
			return err
		}
	}
	for _, e := range all.Entries {
		if err := t.entry(e); err != nil {
			return err
		}
	}
	return t.deliveries(ctx, all.Deliveries, all.Attempts)
}

// signals adds all signals with the verdicts on them, and for the network those
// that named the transaction and credited another.
func (t *tracer) signals(ctx context.Context, all *Trace) error {
	for _, v := range all.Verdicts {
		if !t.api.seesSignal(t.who, &v) {
			continue
		}
		r, err := t.read(ctx, v)
		if err != nil {
			return err
		}
		t.heard(&r)
		if err := t.signal(r, v, earlierOn(v, all.Earlier)); err != nil {
			return err
		}
	}
	if !t.who.IsNetwork() { // whose it was instead is nobody else's business
		return nil
	}
	for _, v := range all.Passed {
		r, err := t.read(ctx, v)
		if err != nil {
			return err
		}
		if err := t.signal(r, v, nil); err != nil {
			return err
		}
	}
	return nil
}

// add adds a step whose record the caller sees its part of.
func (t *tracer) add(s step, k kind, record any) error {
	o, err := view(t.who.Role, k, record)
	if err != nil {
		return err
	}
	if len(o) > 0 {
		s.Record = o
	}
	s.At = s.At.UTC()
	t.steps = append(t.steps, s)
	return nil
}

// click adds the click and where it led. An advertiser is told only that there
// was one.
func (t *tracer) click(ctx context.Context, id txid.ID) error {
	if id.Kind() != txid.Click && id.Kind() != txid.Impression {
		return nil
	}
	c, err := t.api.readClick(ctx, id)
	if fault.Of(err) == fault.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	t.visited(&c)
	if id.Kind() == txid.Impression {
		return t.add(step{
			At: c.At, Store: fromJournal, Kind: "impression", ID: id.String(),
			Text: fmt.Sprintf("A visitor saw affiliate %d's tag of offer %d.", c.AffiliateID, c.OfferID),
		}, kindClick, showClick(c))
	}
	err = t.add(step{
		At: c.At, Store: fromJournal, Kind: "click", ID: id.String(),
		Text: fmt.Sprintf("A visitor followed affiliate %d's link to offer %d.", c.AffiliateID, c.OfferID),
	}, kindClick, showClick(c))
	if err != nil {
		return err
	}
	t.steps = append(t.steps, t.way(c))
	return nil
}

// way says where a visitor went.
func (t *tracer) way(c click.Click) step {
	s := step{At: c.At.UTC(), Store: fromJournal, Kind: "sent", ID: c.ID.String(), Text: "The visitor was sent to the offer."}
	if c.TurnedAway != click.Sent {
		s.Kind, s.Text = "turned_away", "The visitor was not sent to the offer: "+string(c.TurnedAway)+"."
	}
	if t.who.IsNetwork() && c.Location != "" {
		s.Record = map[string]string{"url": c.Location}
	}
	return s
}

// read gives the signal that a verdict is on, as far as it is known.
func (t *tracer) read(ctx context.Context, v signal.Verdict) (signalRecord, error) {
	id, err := txid.Parse(v.SignalID)
	if err != nil {
		return signalRecord{}, fmt.Errorf("read the ID of signal %s: %w", v.SignalID, err)
	}
	record, err := t.api.Journal.Get(ctx, id)
	if fault.Of(err) == fault.NotFound {
		return showLost(v), nil
	}
	if err != nil {
		return signalRecord{}, err
	}
	g, err := signal.Read(id, record)
	return showSignal(g, v), err
}

// signal adds a signal as it came and the verdict on it.
func (t *tracer) signal(r signalRecord, v signal.Verdict, earlier []signal.Earlier) error {
	s := step{
		At: r.ReceivedAt, Store: fromJournal, Kind: "signal", ID: r.ID,
		Text: fmt.Sprintf("A signal came on the channel %s.", r.Channel),
	}
	if r.PayoutID != 0 && t.who.Role != account.Advertiser {
		s.Text = fmt.Sprintf("Paid by payout %d.", r.PayoutID)
	}
	if r.RecordGone {
		s.Store, s.Text = fromLedger, fmt.Sprintf("A signal came on the channel %s. Its record is gone.", r.Channel)
	}
	if err := t.add(s, kindSignal, r); err != nil {
		return err
	}
	text := "The verdict was"
	for _, e := range earlier {
		if !t.api.seesSignal(t.who, &e.Verdict) {
			continue
		}
		if err := t.verdict(e.Verdict, text, r.ReceivedAt); err != nil {
			return err
		}
		text = "It was judged again, and the verdict was"
		if t.who.IsNetwork() {
			text = "It was judged again for " + e.By + ", and the verdict was"
		}
	}
	return t.verdict(v, text, r.ReceivedAt)
}

// verdict adds a verdict on a signal.
func (t *tracer) verdict(v signal.Verdict, text string, received time.Time) error {
	return t.add(step{
		At: later(v.SettledAt, received), Store: fromLedger, Kind: "verdict", ID: v.SignalID,
		Text: fmt.Sprintf("%s %s (%s).", text, v.Status, v.Code),
	}, kindVerdict, showVerdict(v))
}

// earlierOn gives the earlier verdicts on a verdict's signal.
func earlierOn(v signal.Verdict, all []signal.Earlier) []signal.Earlier {
	var of []signal.Earlier
	for _, e := range all {
		if e.SignalID == v.SignalID {
			of = append(of, e)
		}
	}
	return of
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func (t *tracer) conversion(c conversion.Conversion) error {
	if !t.who.Owns(c.AdvertiserID, c.AffiliateID) {
		return nil
	}
	t.remembered(&c)
	err := t.add(step{
		At: c.CreatedAt, Store: fromLedger, Kind: "conversion", ID: c.ID,
		Text: fmt.Sprintf("A conversion of goal %s was made; it is %s now.", c.GoalCode, c.Status) + superseded(&c),
	}, kindConversion, c)
	t.pixels(&c)
	return err
}

// superseded says why a conversion is rejected that nobody has rejected.
func superseded(c *conversion.Conversion) string {
	if !c.Superseded() {
		return ""
	}
	return " Only a browser had reported it, and a server that proved who it is named another click for its order."
}

func (t *tracer) entry(e ledger.Entry) error {
	if !ownsAccount(t.who, e.Account) {
		return nil
	}
	return t.add(step{
		At: e.At, Store: fromLedger, Kind: "entry", ID: e.ConversionID,
		Text: fmt.Sprintf("%s was booked to the %s (%s).", e.Amount, e.Account.Party, e.Account.Book),
	}, kindEntry, e)
}

func (t *tracer) deliveries(ctx context.Context, all []delivery.Owed, attempts []delivery.Attempt) error {
	mine := map[string]bool{}
	for _, d := range all {
		ok, err := t.api.ownsDelivery(ctx, t.who, d)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		mine[d.ID] = true
		t.onward(&d, attempts)
		if err := t.api.disclose(ctx, &d); err != nil {
			return err
		}
		err = t.add(step{
			At: d.CreatedAt, Store: fromLedger, Kind: "delivery", ID: d.ID,
			Text: fmt.Sprintf("A postback about %s is owed to subscription %d; it is %s now.", d.Event, d.SubscriptionID, d.State),
		}, kindDelivery, d)
		if err != nil {
			return err
		}
	}
	for _, one := range attempts {
		if !mine[one.DeliveryID] {
			continue
		}
		t.steps = append(t.steps, step{
			At: one.At.UTC(), Store: fromLedger, Kind: "attempt", ID: one.DeliveryID,
			Text: attemptText(one), Record: showAttempt(one),
		})
	}
	return nil
}

func attemptText(one delivery.Attempt) string {
	if one.Error == "" {
		return fmt.Sprintf("Attempt %d delivered it (HTTP %d).", one.Number, one.Status)
	}
	if one.Status != 0 {
		return fmt.Sprintf("Attempt %d failed: %s (HTTP %d).", one.Number, one.Error, one.Status)
	}
	return fmt.Sprintf("Attempt %d failed: %s.", one.Number, one.Error)
}
