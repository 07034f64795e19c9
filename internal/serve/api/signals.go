package api

import (
	"context"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// signalRecord is a signal as the API shows it: as it came, with its verdict.
type signalRecord struct {
	ID            string                 `json:"id"`
	ReceivedAt    time.Time              `json:"received_at"`
	Channel       string                 `json:"channel"`
	Test          bool                   `json:"test"`
	TransactionID string                 `json:"transaction_id,omitempty" doc:"The first ID sent that is one."`
	Verdict       verdictRecord          `json:"verdict"`
	Method        string                 `json:"method,omitempty"`
	Path          string                 `json:"path,omitempty"`
	Raw           string                 `json:"raw,omitempty" doc:"What was sent, without secrets."`
	IP            string                 `json:"ip,omitempty"`
	UserAgent     string                 `json:"user_agent,omitempty"`
	Referrer      string                 `json:"referrer,omitempty"`
	Auth          string                 `json:"auth,omitempty" doc:"ok, or why the sender is not believed."`
	Malformed     string                 `json:"malformed,omitempty" doc:"What about its form is wrong."`
	Index         int                    `json:"index" doc:"Its place in an array."`
	Parameters    map[string]string      `json:"parameters,omitempty" doc:"What it says, by canonical names."`
	Extra         map[string]string      `json:"extra,omitempty" doc:"Parameters that Waybill does not know."`
	PayoutID      int64                  `json:"payout_id,omitempty" doc:"The payout that pays the conversion by it. Not for advertisers."`
	Note          string                 `json:"note,omitempty" doc:"What was said of it by whoever made or changed the conversion through the API."`
	Marks         []string               `json:"marks,omitempty" doc:"What was mended on the way."`
	RecordGone    bool                   `json:"record_gone,omitempty" doc:"Only the verdict is left of it."`
	Earlier       []earlierVerdictRecord `json:"earlier_verdicts,omitempty" doc:"Those that were replaced when it was judged again, the first one first. An affiliate sees those on its own clicks."`
	SentBy        int64                  `json:"-"` // the advertiser whose key it came with
}

// earlierVerdictRecord is a verdict that another has taken the place of.
type earlierVerdictRecord struct {
	verdictRecord
	ReplacedAt time.Time `json:"replaced_at"`
	By         string    `json:"by,omitempty" doc:"Who had it judged again."`
	Trusted    bool      `json:"trusted,omitempty" doc:"Whoever had it judged again vouched for its sender."`
}

// verdictRecord is a verdict as the API shows it: what the sender was told, and
// for whom it is, what decided.
type verdictRecord struct {
	signal.Verdict
	Rule       string              `json:"rule,omitempty" doc:"The rule that decided."`
	OfferID    int64               `json:"offer_id,omitempty"`
	GoalID     int64               `json:"goal_id,omitempty"`
	Channel    string              `json:"channel,omitempty"`
	Received   time.Time           `json:"received_at"`
	SettledAt  *time.Time          `json:"settled_at,omitempty"`
	Candidates []signal.Considered `json:"candidates,omitempty" doc:"What the signal's identifiers led to, in the order in which they were considered, and why each but the winner lost; empty where its own transaction ID was all there was. For the network alone."`
}

func showVerdict(v signal.Verdict) verdictRecord {
	r := verdictRecord{
		Verdict: v, Rule: v.Rule, OfferID: v.OfferID, GoalID: v.GoalID, Channel: string(v.Channel), Received: receivedAt(v),
		Candidates: v.Candidates,
	}
	if !v.SettledAt.IsZero() {
		at := v.SettledAt.UTC()
		r.SettledAt = &at
	}
	return r
}

// showEarlier shows an earlier verdict. Partners see of it what they see of any.
func showEarlier(who account.Principal, e signal.Earlier) earlierVerdictRecord {
	r := earlierVerdictRecord{verdictRecord: showVerdict(e.Verdict), ReplacedAt: e.ReplacedAt.UTC(), By: e.By, Trusted: e.Trusted}
	if !who.IsNetwork() {
		r.By, r.Trusted, r.Rule, r.GoalID, r.Channel, r.Candidates = "", false, "", 0, "", nil
	}
	return r
}

func showSignal(g signal.Signal, v signal.Verdict) signalRecord {
	r := signalRecord{
		ID: g.ID.String(), ReceivedAt: g.ReceivedAt, Channel: string(g.Channel), Test: g.Test || v.Test,
		TransactionID: v.TransactionID, // of whose it is; the one it named may be another's, and stands among the parameters
		Verdict:       showVerdict(v), Method: g.Method, Path: g.Path, Raw: g.Raw,
		UserAgent: g.UserAgent, Referrer: g.Referrer, Auth: string(g.Auth), Malformed: g.Malformed, Index: g.Index,
		Marks: g.Marks, PayoutID: g.PayoutID, SentBy: g.SentBy,
	}
	if g.IP.IsValid() {
		r.IP = g.IP.String()
	}
	if len(g.Params) > 0 {
		r.Parameters = make(map[string]string, len(g.Params))
	}
	for _, p := range g.Params {
		r.Parameters[p.Name.String()] = p.Value
	}
	if len(g.Extra) > 0 {
		r.Extra = make(map[string]string, len(g.Extra))
	}
	for _, e := range g.Extra {
		r.Extra[e.Name] = e.Value
	}
	if g.Channel == signal.API { // what a postback has by that name was not meant for others
		r.Note = r.Extra["note"]
	}
	return r
}

// showLost is a signal whose record is gone, or was never on this node.
func showLost(v signal.Verdict) signalRecord {
	return signalRecord{
		ID: v.SignalID, Channel: string(v.Channel), Test: v.Test, TransactionID: v.TransactionID,
		Verdict: showVerdict(v), RecordGone: true, ReceivedAt: receivedAt(v),
	}
}

// receivedAt gives the time that a verdict's signal was received, which its ID
// tells.
func receivedAt(v signal.Verdict) time.Time {
	id, err := txid.Parse(v.SignalID)
	if err != nil {
		return v.SettledAt.UTC()
	}
	return id.Time()
}

func (a *API) signal(ctx context.Context, who account.Principal, text string) (*answer, error) {
	missing := fault.New(fault.NotFound, "there is no signal %s", text)
	id, err := parseID("id", text)
	if err != nil {
		return nil, err
	}
	if id.Kind() != txid.Signal {
		return nil, missing
	}
	r, err := a.readSignal(ctx, who, id)
	if fault.Of(err) == fault.NotFound || err == nil && !a.seesRecord(who, &r) {
		return nil, missing
	}
	if err != nil {
		return nil, err
	}
	o, err := view(who.Role, kindSignal, r)
	return &answer{Body: o}, err
}

// readSignal puts together what the journal and the ledger know of a signal.
// Either may know nothing: a record grows old, a verdict is still to come.
func (a *API) readSignal(ctx context.Context, who account.Principal, id txid.ID) (signalRecord, error) {
	r, err := a.presentSignal(ctx, id)
	if err != nil {
		return r, err
	}
	earlier, err := a.Verdicts.EarlierVerdicts(ctx, id.String())
	for _, e := range earlier {
		if a.seesSignal(who, &e.Verdict) {
			r.Earlier = append(r.Earlier, showEarlier(who, e))
		}
	}
	return r, err
}

// presentSignal is readSignal without the earlier verdicts.
func (a *API) presentSignal(ctx context.Context, id txid.ID) (signalRecord, error) {
	v, noVerdict := a.Verdicts.Verdict(ctx, id.String())
	if noVerdict != nil && fault.Of(noVerdict) != fault.NotFound {
		return signalRecord{}, noVerdict
	}
	record, err := a.Journal.Get(ctx, id)
	switch {
	case fault.Of(err) == fault.NotFound && noVerdict == nil:
		return showLost(v), nil
	case err != nil:
		return signalRecord{}, err
	}
	g, err := signal.Read(id, record)
	if err != nil {
		return signalRecord{}, err
	}
	if noVerdict != nil {
		v = queued(g)
	}
	return showSignal(g, v), nil
}

// queued is what is known of a signal before its verdict.
func queued(g signal.Signal) signal.Verdict {
	v := signal.Verdict{
		Status: signal.Queued, Code: signal.CodeQueued, SignalID: g.ID.String(), Test: g.Test, Channel: g.Channel,
		Message: "It is written down and will be judged as soon as possible.",
	}
	if !g.Click.IsZero() {
		v.TransactionID = g.Click.String()
	}
	return v
}

// seesSignal reports whether a signal, by the verdict on it, is the caller's to
// see: an affiliate's, when it names a click of the affiliate; an advertiser's, when
// it is for an offer of the advertiser, and no other advertiser has sent it.
func (a *API) seesSignal(who account.Principal, v *signal.Verdict) bool {
	if who.IsNetwork() {
		return true
	}
	advertiserID, affiliateID, err := a.parties(v.TransactionID)
	if err != nil && v.OfferID == 0 {
		return false
	}
	if v.OfferID != 0 {
		advertiserID = a.advertiserOf(v.OfferID)
	}
	if who.Role == account.Advertiser && sentByAnother(v.Code) {
		return false
	}
	return who.Owns(advertiserID, affiliateID)
}

// seesRecord is seesSignal for a signal whose record is there: what an advertiser
// has sent with its key is its to see, also when it names no offer.
func (a *API) seesRecord(who account.Principal, r *signalRecord) bool {
	sent := who.Role == account.Advertiser && r.SentBy != 0 && r.SentBy == who.AdvertiserID
	return sent && r.Verdict.OfferID == 0 || a.seesSignal(who, &r.Verdict.Verdict)
}

// sentByAnother reports whether the key that a signal was sent with is of another
// advertiser than its offer: to that one the offer is as good as none.
func sentByAnother(c signal.Code) bool { return c == signal.OfferUnknown }

// parties tells from a transaction ID alone whose it is.
func (a *API) parties(transactionID string) (advertiserID, affiliateID int64, err error) {
	id, err := txid.Parse(transactionID)
	if err != nil {
		return 0, 0, err
	}
	parts, err := a.Catalog().Ring().Open(id)
	if err != nil {
		return 0, 0, err
	}
	return a.advertiserOf(parts.Offer), parts.Affiliate, nil
}

func (a *API) advertiserOf(offerID int64) int64 {
	o, ok := a.Catalog().Offer(offerID)
	if !ok {
		return 0
	}
	return o.AdvertiserID
}
