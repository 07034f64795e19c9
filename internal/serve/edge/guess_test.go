package edge_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/catalog"
	"waybill/internal/serve/edge"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// Each source may send two guesses in these tests, and no more for a long time.
const guesses = 2

// TestGuessesAreHeldBack sends a request more often than a source may guess.
func TestGuessesAreHeldBack(t *testing.T) {
	byAddress := func(s *catalog.Source) {
		s.Advertisers[0].IPAllow = []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}
	}
	accepted := &signal.Verdict{Status: signal.Accepted, Code: signal.OK}
	duplicate := &signal.Verdict{Status: signal.Duplicate, Code: signal.CodeDuplicate}
	tests := []struct {
		name   string
		change func(*catalog.Source)
		answer *signal.Verdict
		target string
		held   bool
	}{
		{name: "without an ID", target: "/postback?amount=1", held: true},
		{name: "with an ID that is not ours", target: "/postback?tid=nonsense", held: true},
		{name: "by a pixel", target: "/pixel.gif?tid=nonsense", held: true},
		{name: "by an iframe", target: "/pixel?tid=nonsense", held: true},
		{name: "at tokens, for an offer", target: "/postback?offer_id=5&token=wrong", held: true},
		{name: "at offers", target: "/postback?offer_id=99&tid=nonsense", held: true},
		{name: "of an unproven sender, as long as they fail", target: "/postback?offer_id=5&coupon=MAY", held: true},
		{name: "of a sender who is not judged yet", target: "/postback?offer_id=5&coupon=MAY", answer: &signal.Verdict{Status: signal.Queued, Code: signal.CodeQueued}, held: true},
		{name: "that meet what was counted before", target: "/pixel.gif?offer_id=5&order_id=A-1", answer: duplicate, held: true},
		{name: "that count are none", target: "/postback?offer_id=5&coupon=MAY", answer: accepted},
		{name: "with a valid ID are none", target: "/postback?tid=TID"},
		{name: "with the ID of a conversion of ours are none", target: "/postback?conversion_id=CONVERSION"},
		{name: "with an ID that is no conversion's", target: "/postback?conversion_id=TID", held: true},
		{name: "with a valid ID and a wrong goal are none", target: "/postback?tid=TID&goal=none"},
		{name: "with a valid ID and a wrong token are none", target: "/postback?tid=TID&token=wrong"},
		{name: "with the right token are none", target: "/postback?offer_id=5&tid=nonsense&token=" + token},
		{name: "with a signature are none", target: "/postback?" + advertiser.SignQuery(secret, "offer_id=5&tid=nonsense", time.Now())},
		{name: "from a listed address are none", change: byAddress, target: "/postback?offer_id=5&tid=nonsense"},
		{name: "from a listed address, but for another offer, are", change: byAddress, target: "/postback?offer_id=99&tid=nonsense", held: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.change)
			w.edge.Throttle, w.settler.answer = edge.NewThrottle(0.01, guesses), tt.answer
			target := strings.NewReplacer("TID", w.transaction(), "CONVERSION", w.conversion()).Replace(tt.target)
			for range guesses {
				if rec := w.get(target); rec.Code == http.StatusTooManyRequests {
					t.Fatalf("held back too early: %v", rec.Header())
				}
			}
			rec := w.get(target)
			if held := rec.Code == http.StatusTooManyRequests; held != tt.held {
				t.Errorf("answered with %d, want held back = %t", rec.Code, tt.held)
			}
			kept := guesses + 1
			if tt.held {
				kept = guesses
				wantHeldBack(t, w, rec, target)
			}
			if got := len(w.signals()); got != kept {
				t.Errorf("%d hits are kept, want %d", got, kept)
			}
		})
	}
}

// conversion makes the ID of a conversion of the main offer.
func (w *world) conversion() string {
	w.Helper()
	ticket := w.mint.Begin(time.Now(), txid.Subject{Kind: txid.Signal, Offer: mainOffer, Affiliate: blog})
	ticket.Done()
	id, err := w.catalog.Ring().Derive(ticket.ID, txid.Conversion)
	if err != nil {
		w.Fatal(err)
	}
	return id.String()
}

// wantHeldBack checks the answer to a hit that was one too many.
func wantHeldBack(t *testing.T, w *world, rec *httptest.ResponseRecorder, target string) {
	t.Helper()
	if got := rec.Header().Get("Retry-After"); got != "100" {
		t.Errorf("Retry-After = %q, want 100", got)
	}
	if w.count("waybill_signals_total", "rate_limited") != 1 {
		t.Error("it is not counted")
	}
	if !strings.HasPrefix(target, "/postback") {
		if got := rec.Header().Get("Waybill-Verdict"); got != "rate_limited" {
			t.Errorf("Waybill-Verdict = %q, want rate_limited", got)
		}
		return
	}
	var got answer
	read(t, rec, &got)
	if got.Status != "rejected" || got.Code != "rate_limited" || !strings.Contains(got.Message, "100 s") {
		t.Errorf("answered %+v", got)
	}
}

// Systems that take no refusal for an answer are told this one all the same.
func TestHeldBackIsNeverSuccess(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) { s.Advertisers[0].Strict = false })
	w.edge.Throttle = edge.NewThrottle(0.01, 1)
	w.get("/postback?offer_id=5")
	if rec := w.get("/postback?offer_id=5"); rec.Code != http.StatusTooManyRequests {
		t.Errorf("answered with %d, want 429", rec.Code)
	}
}

func TestGuessesInAnArray(t *testing.T) {
	tests := []struct {
		name  string
		array string
		want  int
		https []int
	}{
		{name: "are answered one by one", array: `[{"tid":"x"},{"tid":"x"},{"tid":"x"},{"tid":"TID"}]`, want: http.StatusOK, https: []int{400, 400, 429, 200}},
		{name: "are held back as a whole when none was kept", array: `[{"tid":"x"},{"tid":"x"}]`, want: http.StatusTooManyRequests, https: []int{429, 429}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.edge.Throttle = edge.NewThrottle(0.01, guesses)
			if tt.want != http.StatusOK {
				w.get("/postback?tid=x")
				w.get("/postback?tid=x")
			}
			rec := w.post("/postback", strings.ReplaceAll(tt.array, "TID", w.transaction()), asJSON)
			var got struct{ Data []answer }
			read(t, rec, &got)
			if rec.Code != tt.want || (rec.Header().Get("Retry-After") != "") != (tt.want != http.StatusOK) {
				t.Errorf("answered with %d, %v; want %d", rec.Code, rec.Header(), tt.want)
			}
			for i, want := range tt.https {
				if len(got.Data) != len(tt.https) || got.Data[i].HTTP != want {
					t.Fatalf("answered %+v, want %v", got.Data, tt.https)
				}
			}
		})
	}
}

// Behind a proxy each client is a source of its own, and nobody can pass for
// another by a header of his own making.
func TestGuessesBehindAProxy(t *testing.T) {
	tests := []struct {
		name    string
		proxies edge.Proxies
		want    int
	}{
		{name: "a trusted proxy's clients are told apart", proxies: edge.Proxies{netip.MustParsePrefix("203.0.113.9/32")}, want: http.StatusBadRequest},
		{name: "a stranger's header is not believed", want: http.StatusTooManyRequests},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.edge.Throttle, w.edge.Proxies = edge.NewThrottle(0.01, 1), tt.proxies
			w.get("/postback?tid=x", "X-Forwarded-For: 198.51.100.1")
			if rec := w.get("/postback?tid=x", "X-Forwarded-For: 198.51.100.2"); rec.Code != tt.want {
				t.Errorf("the second client is answered with %d, want %d", rec.Code, tt.want)
			}
		})
	}
}

func TestTheAPIIsNotHeldBack(t *testing.T) {
	w := newWorld(t, nil)
	w.edge.Throttle = edge.NewThrottle(0.01, 1)
	for range 3 {
		if v := w.edge.Submit(t.Context(), edge.Claim{Method: http.MethodPost, Parameters: []byte(`{"transaction_id":"x"}`)}); v.Code != signal.TransactionIDInvalid {
			t.Errorf("Submit() = %s, want %s", v.Code, signal.TransactionIDInvalid)
		}
	}
}

// TestRejectionsAreBounded sends hits with a valid ID of ours by one who has
// proved nothing.
func TestRejectionsAreBounded(t *testing.T) {
	const most = 5
	rejected := &signal.Verdict{Status: signal.Rejected, Code: signal.GoalUnknown}
	tests := []struct {
		name   string
		answer *signal.Verdict
		target string
		held   bool
	}{
		{name: "rejected ones", answer: rejected, target: "/postback?tid=TID&goal=none", held: true},
		{name: "rejected ones by a pixel", answer: rejected, target: "/pixel.gif?tid=TID", held: true},
		{name: "accepted ones", answer: &signal.Verdict{Status: signal.Accepted, Code: signal.OK}, target: "/postback?tid=TID"},
		{name: "repeated ones", answer: &signal.Verdict{Status: signal.Duplicate, Code: signal.CodeDuplicate}, target: "/postback?tid=TID"},
		{name: "queued ones", answer: &signal.Verdict{Status: signal.Queued, Code: signal.CodeQueued}, target: "/postback?tid=TID"},
		{name: "rejected ones with the right token", answer: rejected, target: "/postback?tid=TID&goal=none&token=" + token},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.edge.Throttle, w.edge.Rejections, w.settler.answer = edge.NewThrottle(0.01, 1), edge.NewThrottle(0.01, most), tt.answer
			target := strings.ReplaceAll(tt.target, "TID", w.transaction())
			for range most {
				if rec := w.get(target); rec.Code == http.StatusTooManyRequests {
					t.Fatal("held back too early")
				}
			}
			if rec := w.get(target); (rec.Code == http.StatusTooManyRequests) != tt.held {
				t.Errorf("answered with %d, want held back = %t", rec.Code, tt.held)
			}
		})
	}
}
