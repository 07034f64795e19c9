package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// replayOneOptions is what POST /signals/{id}/replay takes.
type replayOneOptions struct {
	DryRun bool `json:"dry_run,omitempty" doc:"Only say what would come of it."`
	Trust  bool `json:"trust,omitempty" doc:"The network vouches for the sender: a missing or wrong token or signature, and an address that is not allowed, count for nothing. Noted with the old verdict."`
}

// replayOptions is what POST /signals/replay takes.
type replayOptions struct {
	From          *time.Time `json:"from" doc:"Received at this time or later. Has to be said."`
	Until         *time.Time `json:"until,omitempty" doc:"Received before this time; now when left out."`
	OfferID       int64      `json:"offer_id,omitempty" doc:"Only those for this offer."`
	AffiliateID   int64      `json:"affiliate_id,omitempty" doc:"Only those that named a click of this affiliate."`
	AdvertiserID  int64      `json:"advertiser_id,omitempty" doc:"Only those for offers of this advertiser."`
	Channel       string     `json:"channel,omitempty" enum:"postback,pixel,sdk,api,import" doc:"Only those that came by this channel."`
	Code          string     `json:"code,omitempty" doc:"Only those that were rejected by this code."`
	TransactionID string     `json:"transaction_id,omitempty" doc:"Only those that named this click."`
	OrderID       string     `json:"order_id,omitempty" doc:"Only those with this order."`
	IP            string     `json:"ip,omitempty" doc:"Only those from this address or block."`
	Q             string     `json:"q,omitempty" maxLength:"500" doc:"Only those in which all of these words stand; see the list of signals."`
	Test          bool       `json:"test,omitempty" doc:"Test signals instead of real ones."`
	DryRun        *bool      `json:"dry_run" doc:"true: only say what would come of them. Has to be said."`
	Trust         bool       `json:"trust,omitempty" doc:"As for a single one."`
	Limit         int        `json:"limit,omitempty" doc:"How many at most: 10,000 when left out, which is the most."`
	Cursor        string     `json:"cursor,omitempty" doc:"next_cursor of the summary before, to go on behind it."`
}

// replayedRecord is what came of one signal.
type replayedRecord struct {
	SignalID   string         `json:"request_id"`
	ReceivedAt time.Time      `json:"received_at"`
	Before     signal.Code    `json:"before" doc:"The code that it was rejected by."`
	Changed    bool           `json:"changed" doc:"Its verdict is another one now, or would be."`
	Skipped    string         `json:"skipped,omitempty" doc:"Why it was not judged."`
	Verdict    signal.Verdict `json:"verdict" doc:"As it is now, or would be."`
}

// replaySummary is the last line of a replay.
type replaySummary struct {
	Summary replayCounts `json:"summary"`
}

type replayCounts struct {
	DryRun    bool   `json:"dry_run"`
	Looked    int    `json:"looked" doc:"Signals that were met."`
	Accepted  int    `json:"accepted"`
	Updated   int    `json:"updated"`
	Duplicate int    `json:"duplicate"`
	Rejected  int    `json:"rejected" doc:"By another code, or by the same."`
	Skipped   int    `json:"skipped"`
	Next      string `json:"next_cursor" doc:"Goes into cursor to go on; empty at the end."`
}

func (a *API) registerReplay(h huma.API, s *schemas) {
	type oneIn struct {
		caller
		ID      string `path:"id" doc:"The request_id of the answer that the sender got."`
		RawBody []byte
	}
	type manyIn struct {
		caller
		RawBody []byte
	}
	const kept = " Windows, addresses and cap periods are judged as of receipt, terms and statuses as of now. Only what is rejected is judged, " +
		"under a lock, so that it counts once whoever asks; the old verdict is kept and shown with the signal and in the trace."
	line := schemaOf[replayedRecord](s)
	handle(h, route{
		method: http.MethodPost, path: prefix + "/signals/{id}/replay", id: "replay-signal", tag: "Records", right: account.Read,
		summary: "Judge a rejected signal again", roles: []account.Role{account.Advertiser},
		in: schemaOf[replayOneOptions](s), bodyOptional: true, example: `{"dry_run":true}`, out: line,
		text: "After what it was rejected for was mended." + kept + " One that is not rejected is a conflict.",
	}, func(ctx context.Context, in *oneIn) (*answer, error) {
		return a.replayOne(ctx, in.x, in.ID, in.RawBody)
	})
	handleWritten(h, route{
		method: http.MethodPost, path: prefix + "/signals/replay", id: "replay-signals", tag: "Records", right: account.Read,
		summary: "Judge rejected signals again", in: schemaOf[replayOptions](s),
		example: `{"from":"2026-11-01T00:00:00Z","offer_id":1,"code":"goal_unknown","dry_run":true}`, out: line,
		text: "Those that fit, in the order of their receipt, up to 10,000 a request." + kept +
			"\n\nAnswered row by row as application/x-ndjson: a line for each signal, and behind the last one a summary " +
			"with `next_cursor`. Where an answer breaks off, the same request goes on: what was judged is not rejected any more.",
	}, func(ctx context.Context, in *manyIn) (*answer, error) {
		return nil, a.replayMany(ctx, in.x, in.RawBody)
	})
	post := h.OpenAPI().Paths[prefix+"/signals/replay"].Post
	post.Responses["200"].Content = map[string]*huma.MediaType{
		"application/x-ndjson": {Schema: &huma.Schema{OneOf: []*huma.Schema{line, schemaOf[replaySummary](s)}}},
	}
}

func (a *API) replayOne(ctx context.Context, x *exchange, text string, body []byte) (*answer, error) {
	var o replayOneOptions
	if len(body) > 0 {
		if err := merge(&o, replayOneOptions{}, body); err != nil {
			return nil, err
		}
	}
	if o.Trust && !x.who.IsNetwork() {
		return nil, fault.At("trust", "is for the network alone")
	}
	if err := x.trial(o.DryRun); err != nil {
		return nil, err
	}
	id, err := a.mySignal(ctx, x.who, text)
	if err != nil {
		return nil, err
	}
	all, err := a.Replay(signal.Replay{By: x.who.Actor(), Trust: o.Trust, DryRun: o.DryRun})(ctx, []txid.ID{id})
	if err != nil {
		return nil, err
	}
	if why := all[0].Skipped; why != "" {
		return nil, fault.New(fault.Conflict, "signal %s is not judged again: %s", id, why)
	}
	return &answer{Body: showReplayed(all[0])}, nil
}

// mySignal gives the ID of a signal that is the caller's to see.
func (a *API) mySignal(ctx context.Context, who account.Principal, text string) (txid.ID, error) {
	id, err := parseID("id", text)
	if err != nil {
		return id, err
	}
	missing := fault.New(fault.NotFound, "there is no signal %s", text)
	if id.Kind() != txid.Signal {
		return id, missing
	}
	v, err := a.Verdicts.Verdict(ctx, id.String())
	if fault.Of(err) == fault.NotFound || err == nil && !a.seesSignal(who, &v) {
		return id, missing
	}
	return id, err
}

func showReplayed(r signal.Replayed) replayedRecord {
	return replayedRecord{
		SignalID: r.SignalID, ReceivedAt: receivedAt(signal.Verdict{SignalID: r.SignalID}), Before: r.Before.Code,
		Changed: r.After.Status != r.Before.Status || r.After.Code != r.Before.Code, Skipped: r.Skipped, Verdict: r.After,
	}
}

const (
	mostReplayed   = 10_000
	replayedAtOnce = 256
	mostSifted     = 200_000 // how many a request looks at to find those that fit
)

// read reads the options, and all that is wrong with them.
func (o *replayOptions) read(body []byte) error {
	if err := merge(o, replayOptions{}, body); err != nil {
		return err
	}
	switch {
	case o.DryRun == nil:
		return fault.At("dry_run", "has to be said: true to see what would come of it, false to do it")
	case o.From == nil:
		return fault.At("from", "has to be said: from when on signals are judged again")
	case o.Limit < 0 || o.Limit > mostReplayed:
		return fault.At("limit", "is not a number from 1 to %d", mostReplayed)
	case o.Limit == 0:
		o.Limit = mostReplayed
	}
	return nil
}

// filter gives what the ledger looks for by itself.
func (o *replayOptions) filter() VerdictFilter {
	f := VerdictFilter{
		TransactionID: o.TransactionID, Code: signal.Code(o.Code), OfferID: o.OfferID, Channel: signal.Channel(o.Channel),
		Test: o.Test, From: *o.From, Limit: replayedAtOnce, Cursor: o.Cursor,
	}
	if o.Until != nil {
		f.Until = *o.Until
	}
	return f
}

// replayRun is one replay of many signals.
type replayRun struct {
	*API
	sieve  *sieve
	judge  func(ctx context.Context, ids []txid.ID) ([]signal.Replayed, error)
	out    chunked
	left   int
	counts replayCounts
}

func (a *API) replayMany(ctx context.Context, x *exchange, body []byte) error {
	var o replayOptions
	if err := o.read(body); err != nil {
		return err
	}
	if err := x.trial(*o.DryRun); err != nil {
		return err
	}
	s, err := a.sieve(&signalsIn{
		caller: caller{x}, Q: o.Q, OrderID: o.OrderID, AffiliateID: o.AffiliateID, AdvertiserID: o.AdvertiserID, IP: o.IP,
	})
	if err != nil {
		return err
	}
	run := &replayRun{
		API: a, sieve: s, left: o.Limit, counts: replayCounts{DryRun: *o.DryRun},
		judge: a.Replay(signal.Replay{By: x.who.Actor(), Trust: o.Trust, DryRun: *o.DryRun}),
		out:   chunked{x: x, sent: time.Now(), head: ndjsonHead("replay")},
	}
	unhurried(x)
	return run.out.end(run.all(ctx, o.filter()))
}

// ndjsonHead sets the header of an answer line by line.
func ndjsonHead(name string) func(http.Header) {
	return func(h http.Header) {
		h.Set("Content-Type", "application/x-ndjson")
		h.Set("Content-Disposition", `attachment; filename="`+name+`.ndjson"`)
	}
}

// all judges page after page.
func (r *replayRun) all(ctx context.Context, f VerdictFilter) error {
	for looked := 0; ; {
		list, next, err := r.Verdicts.Rejected(ctx, f)
		if err != nil {
			return err
		}
		ids, behind, err := r.pick(ctx, list, next)
		if err != nil {
			return err
		}
		if err := r.some(ctx, ids); err != nil {
			return err
		}
		f.Cursor, r.counts.Next = behind, behind
		if looked += len(list); behind == "" || r.left == 0 || looked >= mostSifted {
			return r.out.line(replaySummary{r.counts})
		}
	}
}

// pick gives the signals of a list that fit, as many as are still wanted, and the
// cursor of what follows them: next, if all of the list was looked at.
func (r *replayRun) pick(ctx context.Context, list []signal.Verdict, next string) (ids []txid.ID, behind string, err error) {
	for _, v := range list {
		if len(ids) == r.left {
			return ids, behind, nil
		}
		behind = v.SignalID
		fits, err := r.sieve.takes(ctx, v)
		if err != nil {
			return nil, "", err
		}
		if !fits {
			continue
		}
		id, err := txid.Parse(v.SignalID)
		if err != nil {
			return nil, "", err
		}
		ids = append(ids, id)
	}
	return ids, next, nil
}

// some judges a page.
func (r *replayRun) some(ctx context.Context, ids []txid.ID) error {
	if len(ids) == 0 {
		return ctx.Err()
	}
	all, err := r.judge(ctx, ids)
	if err != nil {
		return err
	}
	r.left -= len(ids)
	for _, one := range all {
		r.counts.add(one)
		if err := r.out.line(showReplayed(one)); err != nil {
			return err
		}
	}
	return nil
}

func (c *replayCounts) add(r signal.Replayed) {
	c.Looked++
	if r.Skipped != "" {
		c.Skipped++
		return
	}
	switch r.After.Status {
	case signal.Accepted:
		c.Accepted++
	case signal.Updated:
		c.Updated++
	case signal.Duplicate:
		c.Duplicate++
	case signal.Rejected, signal.Queued:
		c.Rejected++
	}
}

// line adds a line of JSON to the answer.
func (c *chunked) line(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.buf = append(append(c.buf, text...), '\n')
	return c.row()
}

// end sends what is left of the answer. What goes wrong once a part is sent cuts
// the connection, so that nobody takes that part for the whole.
func (c *chunked) end(err error) error {
	if err == nil {
		err = c.flush()
	}
	if err == nil || !c.begun {
		return err
	}
	c.x.broken, c.x.again, c.x.cause = true, true, err
	if problemOf(err).Status == statusGone {
		c.x.status, c.x.cause = statusGone, nil
	}
	return nil
}
