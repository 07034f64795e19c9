package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/advertiser"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/span"
)

func TestMergeFollowsMergePatch(t *testing.T) {
	stored := func() offer.Offer {
		o := offer.Default()
		o.ID, o.AdvertiserID, o.Name = 7, 1, "Old"
		o.Payout = offer.Price{Type: offer.CPA, Amount: 4 * money.Unit}
		o.ClickWindow = span.Days(7)
		o.Caps = []offer.Cap{{Metric: "conversions", Period: "day", Limit: 5 * money.Unit}}
		o.Targeting.Countries = []string{"US"}
		return o
	}
	tests := []struct {
		name string
		body string
		want func(*offer.Offer)
	}{
		{"nothing changes nothing", `{}`, func(*offer.Offer) {}},
		{"a field alone changes", `{"name":"New"}`, func(o *offer.Offer) { o.Name = "New" }},
		{"an object is merged field by field", `{"payout":{"amount":"4.50"}}`, func(o *offer.Offer) {
			o.Payout.Amount = 4_500_000
		}},
		{"null puts a field back to its default", `{"click_window":null}`, func(o *offer.Offer) { o.ClickWindow = span.Days(30) }},
		{"null within an object puts it back too", `{"targeting":{"countries":null}}`, func(o *offer.Offer) {
			o.Targeting.Countries = nil
		}},
		{"a list is replaced whole", `{"caps":[{"metric":"payout","period":"month","limit":"100"}]}`, func(o *offer.Offer) {
			o.Caps = []offer.Cap{{Metric: "payout", Period: "month", Limit: 100 * money.Unit}}
		}},
		{"days are a span", `{"click_window":"14d"}`, func(o *offer.Offer) { o.ClickWindow = span.Days(14) }},
		{"a time ends up in UTC", `{"starts_at":"2026-11-22T12:00:00+02:00"}`, func(o *offer.Offer) {
			o.StartsAt = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, want := stored(), stored()
			tt.want(&want)

			if err := merge(&got, offer.Default(), []byte(tt.body)); err != nil {
				t.Fatalf("merge(%s) = %v; want no error", tt.body, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("merge(%s) (-want +got):\n%s", tt.body, diff)
			}
		})
	}
}

func TestMergeOntoMapsAndPointers(t *testing.T) {
	t.Run("a map loses what is null and keeps the rest", func(t *testing.T) {
		stored := map[string]string{"ok": "approved", "bad": "rejected"}
		a := advertiser.Advertiser{StatusWords: stored}
		body := `{"status_words":{"bad":null,"open":"pending"}}`
		if err := merge(&a, advertiser.Default(), []byte(body)); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"ok": "approved", "open": "pending"}
		if diff := cmp.Diff(want, a.StatusWords); diff != "" {
			t.Errorf("status_words (-want +got):\n%s", diff)
		}
		if len(stored) != 2 {
			t.Errorf("the stored map was changed: %v", stored)
		}
	})
	t.Run("what a pointer leads to is merged on a copy", func(t *testing.T) {
		shared := &offer.Price{Type: offer.CPA, Amount: money.Unit}
		g := offer.Goal{Payout: shared}
		if err := merge(&g, offer.NewGoal(1), []byte(`{"payout":{"amount":"2"},"revenue":{"type":"cpa","amount":"3"}}`)); err != nil {
			t.Fatal(err)
		}
		if *g.Payout != (offer.Price{Type: offer.CPA, Amount: 2 * money.Unit}) || g.Revenue.Amount != 3*money.Unit {
			t.Errorf("payout %v, revenue %v; want cpa 2 and cpa 3", g.Payout, g.Revenue)
		}
		if shared.Amount != money.Unit {
			t.Errorf("the shared price became %v", shared.Amount)
		}
	})
	t.Run("null takes a pointer away", func(t *testing.T) {
		g := offer.Goal{Payout: &offer.Price{Type: offer.CPA}}
		if err := merge(&g, offer.NewGoal(1), []byte(`{"payout":null}`)); err != nil || g.Payout != nil {
			t.Errorf("payout = %v, %v; want none", g.Payout, err)
		}
	})
	t.Run("what says nothing keeps the default", func(t *testing.T) {
		a := advertiser.Default()
		if err := merge(&a, advertiser.Default(), []byte(`{"name":"x"}`)); err != nil || !a.Strict {
			t.Errorf("strict = %v, %v; want true", a.Strict, err)
		}
	})
}

func TestMergeNamesEveryWrongField(t *testing.T) {
	tests := []struct {
		name string
		body string
		want []string
	}{
		{"unknown, with what was meant", `{"destination":"x","nmae":"y"}`, []string{
			"destination: is not a field", "nmae: is not a field; did you mean name?",
		}},
		{"unknown inside", `{"payout":{"amout":"1"}}`, []string{"payout.amout: is not a field; did you mean amount?"}},
		{"read-only", `{"id":4}`, []string{"id: is set by Waybill and cannot be changed"}},
		{"part of answers", `{"created_at":"2026-11-22T10:00:00Z"}`, []string{"created_at: is set by Waybill and cannot be changed"}},
		{"of other types", `{"name":7,"caps":{},"payout":[],"advertiser_id":"1"}`, []string{
			"advertiser_id: must be a whole number", "name: must be a string", "payout: must be an object", "caps: must be a list",
		}},
		{"in a list", `{"caps":[{"limit":"1"},{"limit":"x"},null]}`, []string{
			"caps[1].limit: ", "caps[2]: must not be null",
		}},
		{"a number with a fraction", `{"advertiser_id":1.5}`, []string{"advertiser_id: must be a whole number"}},
		{"money as a number", `{"payout":{"type":"cpa","amount":4}}`, []string{`payout.amount: write the amount as a string: "12.50"`}},
		{"a span that is none", `{"click_window":"soon"}`, []string{`click_window: "soon" is not a span of time`}},
		{"a time that is none", `{"starts_at":"tomorrow"}`, []string{`starts_at: must be a time by RFC 3339`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := offer.Default()
			var got []string
			for _, f := range fault.All(merge(&o, offer.Default(), []byte(tt.body), given()...)) {
				got = append(got, f.Field+": "+f.Text)
			}
			matches := func(got, want string) bool { return strings.HasPrefix(got, want) }
			if !slices.EqualFunc(got, tt.want, matches) {
				t.Errorf("merge(%s) finds\n%q\nwant\n%q", tt.body, got, tt.want)
			}
		})
	}
}

func TestMergeRefusesWhatIsNoObject(t *testing.T) {
	for _, body := range []string{``, `{`, `[]`, `"x"`, `null`, `{"name":"x"} {}`, `{'name':1}`, "\xff"} {
		var s delivery.Subscription
		p, ok := errors.AsType[*problem](merge(&s, delivery.Default(), []byte(body)))
		if !ok || p.Status != http.StatusBadRequest {
			t.Errorf("merge(%q) = %v; want a problem with status 400", body, p)
		}
	}
}

func TestSuggest(t *testing.T) {
	names := []string{"advertiser_id", "name", "status", "url", "on"}
	tests := []struct{ text, want string }{
		{"nmae", "name"}, {"Status", "status"}, {"advertiserid", "advertiser_id"}, {"ul", "url"}, {"no", ""}, {"colour", ""}, {"", ""},
	}
	for _, tt := range tests {
		if got := fault.Nearest(tt.text, names); got != tt.want {
			t.Errorf("Nearest(%q) = %q; want %q", tt.text, got, tt.want)
		}
	}
}

// FuzzMerge looks for bodies that break the reader, and for changes by a body
// that is refused as no JSON.
func FuzzMerge(f *testing.F) {
	for _, seed := range []string{
		`{"name":"x","payout":{"type":"cpa","amount":"1"}}`, `{"caps":[{"limit":"5"},null]}`, `{"targeting":null}`, `[`, `{"id":1}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		o := offer.Default()
		err := merge(&o, offer.Default(), body)
		if o.ID != 0 {
			t.Errorf("merge(%q) set the ID", body)
		}
		if _, refused := errors.AsType[*problem](err); refused {
			if diff := cmp.Diff(offer.Default(), o); diff != "" {
				t.Errorf("merge(%q) was refused and changed something:\n%s", body, diff)
			}
		}
	})
}

// TestURLsStayReadable: an & in an answer is an &, not six letters.
func TestURLsStayReadable(t *testing.T) {
	o, err := objectOf(map[string]string{"url": "https://t.example/?a={x}&b=<c>"})
	if err != nil {
		t.Fatal(err)
	}
	if o, err = o.with("more", []string{"&"}); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(o); err != nil {
		t.Fatal(err)
	}
	const want = `{"url":"https://t.example/?a={x}&b=<c>","more":["&"]}`
	if got := strings.TrimSpace(text.String()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
