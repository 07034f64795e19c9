package edge_test

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/fault"
	"waybill/internal/param"
	"waybill/internal/serve/edge"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// TestDraft: a draft is what would be written down, and nothing is.
func TestDraft(t *testing.T) {
	w := newWorld(t, nil)
	claim := edge.Claim{
		Channel: signal.Import, AdvertiserID: 3, Method: http.MethodPost, Path: "/api/v1/imports/conversions", Index: 7,
		Parameters: json.RawMessage(`{"tid":"` + w.transaction() + `","order_id":"A-1","email":"ann@shop.example"}`),
	}
	draft := w.edge.Draft(claim)
	if n := len(w.journal.records); n != 0 {
		t.Fatalf("a draft left %d records", n)
	}
	w.edge.Submit(t.Context(), claim)
	kept := w.signal()
	if draft.ID == kept.ID || draft.ID.IsZero() {
		t.Errorf("the draft's ID %s is the record's", draft.ID)
	}
	draft.ID, draft.ReceivedAt = kept.ID, kept.ReceivedAt
	one, other := string(draft.Append(nil)), string(kept.Append(nil))
	if one != other {
		t.Errorf("draft %+v, want %+v", draft, kept)
	}
	if kept.Channel != signal.Import || kept.Value(param.OrderID) != "A-1" || strings.Contains(other, "ann@") {
		t.Errorf("recorded %+v, want an import without the e-mail", kept)
	}
}

// TestTestClick: a test click is a click like any other, but for its mark, and
// whether the offer is open.
func TestTestClick(t *testing.T) {
	from := netip.MustParseAddr("192.0.2.1")
	t.Run("is written down before it is told of", func(t *testing.T) {
		w := newWorld(t, nil)
		id, url, err := w.edge.TestClick(t.Context(), edge.TestVisit{OfferID: mainOffer, AffiliateID: blog, From: from, UserAgent: chrome})
		if err != nil {
			t.Fatal(err)
		}
		if len(w.journal.records) != 1 || w.journal.records[0].id != id {
			t.Fatalf("%d records, want the click's", len(w.journal.records))
		}
		c, err := click.Read(id, w.journal.records[0].record)
		if err != nil {
			t.Fatal(err)
		}
		if !id.Test() || !c.Test || c.TurnedAway != click.Sent || c.OfferID != mainOffer || c.AffiliateID != blog || c.IP != from || c.UserAgent != chrome {
			t.Errorf("recorded %+v, want a test click", c)
		}
		if !strings.HasPrefix(url, "https://shop.example/l?wb="+id.String()+"&aff=7") || c.Location != url {
			t.Errorf("it leads to %s, recorded as %s", url, c.Location)
		}
	})
	t.Run("of an offer whose advertiser is paused", func(t *testing.T) {
		w := newWorld(t, nil)
		if id, _, err := w.edge.TestClick(t.Context(), edge.TestVisit{OfferID: closedOffer}); err != nil || id.TurnedAway() {
			t.Errorf("TestClick() = %s, %v; want a click that was sent on", id, err)
		}
	})
	for _, tt := range []struct {
		name  string
		offer int64
		down  bool
		want  fault.Kind
	}{
		{name: "of no offer", offer: 99, want: fault.NotFound},
		{name: "of an offer whose URL is broken", offer: brokenOffer, want: fault.Invalid},
		{name: "that cannot be written down", offer: mainOffer, down: true, want: fault.Unavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			if tt.down {
				w.journal.fail = func(int) bool { return true }
			}
			id, url, err := w.edge.TestClick(t.Context(), edge.TestVisit{OfferID: tt.offer})
			if fault.Of(err) != tt.want || id != (txid.ID{}) || url != "" || len(w.journal.records) != 0 {
				t.Errorf("TestClick() = %s %s, %v; want %s and no record", id, url, err, tt.want)
			}
			next := w.mint.Begin(time.Now(), txid.Subject{Kind: txid.Click})
			next.Done()
			if w.mint.Low() <= next.ID.Tick() {
				t.Error("a ticket is still open")
			}
		})
	}
}

// TestTestKeys: what a test key reports is a test, whatever it says.
func TestTestKeys(t *testing.T) {
	w := newWorld(t, func(s *catalog.Source) {
		withKeys(s)
		s.Keys[0].Test = true
	})
	for name, report := range map[string]func(){
		"through the API": func() {
			w.edge.Submit(t.Context(), edge.Claim{
				AdvertiserID: 3, Test: true, Method: http.MethodPost, Parameters: json.RawMessage(`{"tid":"` + w.transaction() + `","test":"0"}`),
			})
		},
		"from a page": func() {
			w.post("/sdk/conversion", `{"transaction_id":"`+w.transaction()+`","key":"`+shopKey+`"}`, fromElsewhere, "Content-Type: application/json")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w.journal.records = nil
			report()
			if s := w.signal(); !s.Test || !s.ID.Test() || s.Auth != signal.OK {
				t.Errorf("recorded %+v, want a test that is believed", s)
			}
		})
	}
}
