package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/param"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
	"waybill/internal/work/settle"
)

// Nodes, Signals and Identity make records a journal as settle reads it. Nothing is swept
// here.
func (records) Nodes(context.Context) ([]uint16, error) { return nil, nil }

func (records) Signals(context.Context, uint16, txid.Tick, txid.Tick, func(txid.ID, []byte) error) error {
	return nil
}

func (records) Identity(context.Context, []byte, func(txid.ID) error) error { return nil }

// replayer judges again on the world's ledger, by the rules themselves.
func (w *world) replayer() *settle.Replayer {
	s := settle.New(w.journal, w.db, func() *catalog.Catalog { return w.present },
		func(uint16) txid.Tick { return math.MaxUint64 }, slog.New(slog.DiscardHandler))
	return &settle.Replayer{Settler: s, Ledger: w.db}
}

// reject writes a signal down that was rejected, some time before noon.
func (w *world) reject(t *testing.T, ago time.Duration, code signal.Code, change func(*signal.Signal)) string {
	t.Helper()
	mint := txid.NewMint(w.present.Ring(), 1, 0)
	ticket := mint.Begin(noon.Add(-ago), txid.Subject{Kind: txid.Signal, Offer: 1, Affiliate: 1})
	ticket.Done()
	s := signal.Signal{
		ID: ticket.ID, ReceivedAt: noon.Add(-ago), Channel: signal.Postback, Method: "GET", Path: "/postback", Auth: signal.OK, Click: w.click,
	}
	change(&s)
	w.journal[s.ID] = s.Append(nil)
	v := signal.Verdict{
		SignalID: s.ID.String(), Status: signal.Rejected, Code: code, TransactionID: w.click.String(), OfferID: 1,
		Channel: s.Channel, SettledAt: noon.Add(-ago), Message: "rejected",
	}
	must[signal.Verdict](t)(w.db.Settle(t.Context(), settlement.Case{SignalID: v.SignalID, Refusal: &v}))
	return v.SignalID
}

func TestReplayOfOneSignal(t *testing.T) {
	w := newWorld(t)
	const path = "signals/REFUSED/replay"
	w.passes(t, asNetwork, path, `{"dry_run":true}`, 200, `"before":"currency_invalid","changed":true`, `"status":"updated"`)
	w.passes(t, asAdvertiser1, path, `{"dry_run":true,"trust":true}`, 422, "is for the network alone")
	if got := w.do(t, asNetwork, "GET", "signals/REFUSED", ""); !strings.Contains(got.text, `"code":"currency_invalid"`) || strings.Contains(got.text, "earlier_verdicts") {
		t.Errorf("after a dry run the signal is %s", got.text)
	}
	w.passes(t, asAdvertiser1, path, "", 200, `"changed":true`, `"code":"updated"`, `"conversion_id":"CONVERSION"`)
	w.passes(t, asNetwork, path, "", 409, "it is not rejected")
	w.passes(t, asNetwork, "signals/SIGNAL/replay", "", 409, "it is not rejected")

	for as, want := range map[string][]string{
		asNetwork:     {`"by":"key `, `"code":"currency_invalid"`, `"code":"updated"`},
		asAdvertiser1: {`"code":"currency_invalid"`, `"replaced_at":"2026-11-22T12:00:00Z"`},
		asAffiliate1:  {`"code":"currency_invalid"`, `"replaced_at"`},
	} {
		got := w.do(t, as, "GET", "signals/REFUSED", "")
		earlier, _ := got.body["earlier_verdicts"].([]any)
		if len(earlier) != 1 {
			t.Fatalf("as %s: %s; want one earlier verdict", as, got.text)
		}
		text, err := json.Marshal(earlier)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range want {
			if !strings.Contains(string(text)+got.text, part) {
				t.Errorf("as %s: %s; want %s", as, got.text, part)
			}
		}
		if as != asNetwork && (strings.Contains(got.text, `"by"`) || strings.Contains(got.text, `"rule"`)) {
			t.Errorf("as %s it tells who did it, or by what rule: %s", as, got.text)
		}
	}
	trace := w.do(t, asNetwork, "GET", "trace/CLICK", "").text
	first, second := strings.Index(trace, "The verdict was rejected (currency_invalid)"), strings.Index(trace, "and the verdict was updated (updated)")
	if first < 0 || second < first || !strings.Contains(trace, "It was judged again for key ") {
		t.Errorf("the trace does not tell of both verdicts in order: %s", trace)
	}
}

// passes sends a POST and looks at the answer.
func (w *world) passes(t *testing.T, as, path, body string, status int, parts ...string) {
	t.Helper()
	got := w.do(t, as, "POST", path, body)
	if got.status != status {
		t.Errorf("POST %s %s as %s = %d %s; want %d", path, body, as, got.status, got.text, status)
	}
	for _, part := range parts {
		if !strings.Contains(got.text, w.fill(part)) {
			t.Errorf("POST %s %s as %s = %s; want %s in it", path, body, as, got.text, w.fill(part))
		}
	}
}

func TestReplayOfManySignals(t *testing.T) {
	w := newWorld(t)
	for n := range 7 {
		w.reject(t, time.Duration(60-n)*time.Minute, signal.TokenInvalid, func(s *signal.Signal) {
			s.Auth = signal.TokenInvalid
			s.Params = []signal.Param{{Name: param.OrderID, Value: []string{"A-1", "B-7"}[n%2]}}
		})
	}
	tests := []struct {
		name, body string
		status     int
		want       string
	}{
		{name: "asks for dry_run", body: `{"from":"2026-11-22T00:00:00Z"}`, status: 422, want: "dry_run"},
		{name: "asks for from", body: `{"dry_run":true}`, status: 422, want: "from"},
		{name: "knows no other fields", body: `{"from":"2026-11-22T00:00:00Z","dry_run":true,"codes":"x"}`, status: 422, want: "codes"},
		{name: "has a limit", body: `{"from":"2026-11-22T00:00:00Z","dry_run":true,"limit":10001}`, status: 422, want: "10000"},
		{name: "without trust a wrong token stays one", body: `"code":"token_invalid","dry_run":true`, status: 200, want: `"looked":7,"accepted":0,"updated":0,"duplicate":0,"rejected":7,"skipped":0,"next_cursor":""`},
		{name: "a dry run counts in what it has foreseen", body: `"code":"token_invalid","dry_run":true,"trust":true`, status: 200, want: `"looked":7,"accepted":0,"updated":0,"duplicate":7,"rejected":0`},
		{name: "sifted by order", body: `"order_id":"B-7","dry_run":true,"trust":true`, status: 200, want: `"looked":3,`},
		{name: "sifted by affiliate", body: `"affiliate_id":2,"dry_run":true`, status: 200, want: `"looked":0,`},
		{name: "another code", body: `"code":"currency_invalid","dry_run":true`, status: 200, want: `"looked":1,`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.HasPrefix(tt.body, "{") {
				tt.body = `{"from":"2026-11-22T00:00:00Z",` + tt.body + "}"
			}
			got := w.do(t, asNetwork, "POST", "signals/replay", tt.body)
			if got.status != tt.status || !strings.Contains(got.text, tt.want) {
				t.Errorf("%d %s; want %d with %s", got.status, got.text, tt.status, tt.want)
			}
		})
	}

	// In pieces, and once each: the cursor leads behind what was met.
	var ids []string
	cursor, calls := "", 0
	for {
		calls++
		got := w.do(t, asNetwork, "POST", "signals/replay", `{"from":"2026-11-22T00:00:00Z","code":"token_invalid","dry_run":false,"trust":true,"limit":3,"cursor":"`+cursor+`"}`)
		lines := strings.Split(strings.TrimSpace(got.text), "\n")
		for _, line := range lines[:len(lines)-1] {
			var r replayedRecord
			if err := json.Unmarshal([]byte(line), &r); err != nil || !r.Changed {
				t.Fatalf("line %s (%v); want a verdict that changed", line, err)
			}
			ids = append(ids, r.SignalID)
		}
		var last replaySummary
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
			t.Fatal(err)
		}
		if cursor = last.Summary.Next; cursor == "" || calls > 9 {
			break
		}
	}
	if len(ids) != 7 || !slices.IsSorted(ids) || calls != 3 {
		t.Errorf("%d signals in %d calls: %v; want 7 in the order of receipt in 3", len(ids), calls, ids)
	}
	w.passes(t, asNetwork, "signals/replay", `{"from":"2026-11-22T00:00:00Z","code":"token_invalid","dry_run":false,"trust":true}`, 200, `"looked":0`)
}

// timed is a connection that knows until when its server reads.
type timed struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (c *timed) SetReadDeadline(t time.Time) error {
	c.until = t
	return nil
}

// TestLongWorkIsNotGivenUp: a server gives a request up when the time to read it is
// over, read or not, so that time is lifted from work that takes long.
func TestLongWorkIsNotGivenUp(t *testing.T) {
	w, _ := newImportWorld(t)
	c := &timed{ResponseRecorder: httptest.NewRecorder()}
	judged := 0
	look := func() {
		judged++
		if !c.until.IsZero() {
			t.Errorf("it would be given up at %v", c.until)
		}
	}
	w.Replay = func(signal.Replay) func(context.Context, []txid.ID) ([]signal.Replayed, error) {
		return func(_ context.Context, ids []txid.ID) ([]signal.Replayed, error) {
			look()
			return make([]signal.Replayed, len(ids)), nil
		}
	}
	w.Rehearse = func() func(context.Context, Hit) (signal.Verdict, error) {
		return func(context.Context, Hit) (signal.Verdict, error) {
			look()
			return signal.Verdict{}, nil
		}
	}
	for _, one := range []struct{ path, media, body string }{
		{"signals/replay", "application/json", `{"from":"2026-11-22T00:00:00Z","dry_run":true}`},
		{"imports/conversions?dry_run=true", asCSV, "tid,order_id\nT1,A\n"},
	} {
		c.until = time.Now().Add(time.Second)
		r := httptest.NewRequest(http.MethodPost, "/api/v1/"+one.path, strings.NewReader(one.body))
		r.Header.Set("Authorization", "Bearer "+w.keys[asNetwork])
		r.Header.Set("Content-Type", one.media)
		w.handler.ServeHTTP(c, r)
	}
	if judged != 2 {
		t.Errorf("%d were judged, want 2: %s", judged, c.Body)
	}
}
