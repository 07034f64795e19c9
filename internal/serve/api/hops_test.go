package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/account"
	"waybill/internal/chain"
	"waybill/internal/conversion"
	"waybill/internal/signal"
)

// TestHopsOfATrace holds to the whole what each role is told of a transaction's
// neighbours: the network all, the affiliate nothing of the advertiser's side,
// the advertiser nothing of the affiliate's.
func TestHopsOfATrace(t *testing.T) {
	w := newWorld(t)
	tid := w.click.String()
	heard := func(id signal.Verdict) chain.Heard {
		return chain.Heard{SignalID: id.SignalID, Channel: "postback", Status: id.Status, Code: id.Code, ConversionID: id.ConversionID}
	}
	hits := []chain.Heard{
		heard(signal.Verdict{SignalID: w.signal.String(), Status: signal.Accepted, Code: signal.OK, ConversionID: w.conversion.ID}),
		heard(signal.Verdict{SignalID: w.refused.String(), Status: signal.Rejected, Code: signal.CurrencyInvalid}),
	}
	delivered := chain.Onward{
		DeliveryID: w.delivery, SubscriptionID: 1, Event: "conversion.created", State: "delivered", Host: "tracker.example.com",
		Parameter: "cid", ID: "aff-77", URL: "https://tracker.example.com/?cid=aff-77", Attempts: 1, Status: 200,
	}
	waits := chain.Onward{SubscriptionID: 2, Event: "conversion.created", State: "waiting"}
	tests := []struct {
		as   string
		want chain.Part
	}{
		{as: asNetwork, want: chain.Part{
			ID: tid, Before: chain.Before{AffiliateID: 1, ID: "aff-77"}, Heard: hits, Onward: []chain.Onward{delivered, waits},
			Next: chain.Next{Host: "shop.example.com", URL: "https://shop.example.com/?tid=" + tid, Parameter: "tid", ID: tid},
		}},
		{as: asAffiliate1, want: chain.Part{ID: tid, Before: chain.Before{AffiliateID: 1, ID: "aff-77"}, Heard: hits, Onward: []chain.Onward{delivered}}},
		{as: asAdvertiser1, want: chain.Part{ID: tid, Before: chain.Before{AffiliateID: 1}, Next: chain.Next{Parameter: "tid", ID: tid}, Heard: hits, Onward: []chain.Onward{}}},
	}
	for _, tt := range tests {
		t.Run(tt.as, func(t *testing.T) {
			got := w.do(t, tt.as, "GET", "trace/CLICK", "")
			var trace struct {
				Hops chain.Part `json:"hops"`
			}
			if err := json.Unmarshal([]byte(got.text), &trace); err != nil {
				t.Fatal(err, got.text)
			}
			for i := range trace.Hops.Heard {
				if trace.Hops.Heard[i].At.IsZero() {
					t.Errorf("hit %d came at no time", i)
				}
				trace.Hops.Heard[i].At = tt.want.Heard[i].At
			}
			for i, o := range trace.Hops.Onward {
				if o.SubscriptionID == 2 {
					trace.Hops.Onward[i].DeliveryID = ""
				}
			}
			if d := cmp.Diff(tt.want, trace.Hops); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestHopsWithoutTheClicksRecord goes by what the conversion has kept of it.
func TestHopsWithoutTheClicksRecord(t *testing.T) {
	w := newWorld(t)
	delete(w.journal, w.click)
	got := w.do(t, asNetwork, "GET", "trace/CLICK", "")
	if want := `"before":{"affiliate_id":1,"id":"aff-77"}`; !strings.Contains(got.text, want) {
		t.Errorf("the trace %s lacks %s", got.text, want)
	}
}

func TestATraceTellsOfPixels(t *testing.T) {
	w := newWorld(t)
	c := w.conversion
	c.Memory.Pixels = []int64{1, 99}
	for _, role := range []account.Role{account.Network, account.Affiliate, account.Advertiser} {
		tr := tracer{api: w.API, who: account.Principal{Role: role, AffiliateID: 1, AdvertiserID: 1}}
		tr.pixels(&c)
		var got []string
		for _, s := range tr.steps {
			got = append(got, s.Kind+" "+s.Text)
		}
		want := []string{
			"pixel The page that reported it was given pixel 1 to load (get from https://tracker.example.com). Whether the browser did, nobody can know.",
			"pixel The page that reported it was given pixel 99 to load (an image or a frame). Whether the browser did, nobody can know.",
		}
		if role == account.Advertiser {
			want = nil
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("to the %s (-want +got):\n%s", role, d)
		}
	}
}

// lately are an offer's latest conversions.
type lately struct {
	rest     Conversions
	channels []string
	err      error
}

func (l lately) Conversion(ctx context.Context, id string) (conversion.Conversion, error) {
	return l.rest.Conversion(ctx, id)
}

func (l lately) Conversions(_ context.Context, f ConversionFilter) ([]conversion.Conversion, string, error) {
	if f.OfferID != 1 || f.Limit == 0 || noon.Sub(f.From).Hours() != 30*24 {
		return nil, "", fmt.Errorf("asked for %+v", f)
	}
	var all []conversion.Conversion
	for _, c := range l.channels {
		all = append(all, conversion.Conversion{Channel: c})
	}
	return all, "", l.err
}

// servers are the channels of conversions that servers have told.
func servers(n int) []string { return slices.Repeat([]string{"postback"}, n) }

// TestPixelsThatCannotFire: whoever saves a pixel that cannot fire is told, and so
// is whoever asks for the offer's links.
func TestPixelsThatCannotFire(t *testing.T) {
	tests := []struct {
		name     string
		channels string // of the offer; all when open
		lately   lately
		scope    string // of the pixel; offer 1 when open
		change   string // of the pixel
		want     []string
		link     string
	}{
		{name: "none is warned of that fired lately", lately: lately{channels: append(servers(20), "pixel")}},
		{name: "nor of a new offer", lately: lately{channels: servers(9)}},
		{name: "nor where nobody knows", lately: lately{channels: servers(20), err: errors.New("the ledger is slow")}},
		{
			name: "an offer that hears servers alone", channels: `["postback","api"]`,
			want: []string{"format Browser pixels cannot fire for this offer: its conversions come by server postbacks and the API alone"},
			link: "cannot fire for this offer: its conversions come by server postbacks and the API alone",
		},
		{
			name: "an offer that hears the SDK", channels: `["sdk"]`,
			want: []string{"format Browser pixels cannot fire for this offer: its conversions come by the browser SDK alone"},
			link: "come by the browser SDK alone",
		},
		{
			name: "an offer whose server is always first", lately: lately{channels: append(servers(10), "sdk")},
			want: []string{"format Browser pixels would not have fired of late: none of this offer's latest conversions (11, of the last 30 days)"},
			link: "would not have fired of late",
		},
		{
			name: "some of all offers", channels: `["postback"]`, scope: "0",
			want: []string{"format Browser pixels cannot fire for 1 of 2 offers"}, link: "cannot fire",
		},
		{name: "later events", change: `"on":["conversion.approved"]`, want: []string{"on a pixel fires when a conversion is made"}},
		{name: "a delay", change: `"delay":"1h"`, want: []string{"delay is not used"}},
		{name: "plain http", change: `"url":"http://p.example.com/?c={aff_click_id}"`, want: []string{"url http is readable", "url is left out of pages that are shown by https"}},
		{name: "the payout", change: `"url":"https://p.example.com/?c={aff_click_id}&p={payout}"`, want: []string{"url {payout} can be read by the visitor"}},
		{name: "a postback of another format", channels: `["postback"]`, change: `"format":"get"`, link: "cannot fire"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.lately.rest = w.Conversions
			w.Conversions = tt.lately
			if tt.channels != "" {
				must[reply](t)(w.do(t, asNetwork, "PATCH", "offers/1", `{"channels":`+tt.channels+`}`), nil)
			}
			scope := tt.scope
			if scope == "" {
				scope = "1"
			}
			body := fmt.Sprintf(`{"format":"image","offer_id":%s,"url":"https://p.example.com/?c={aff_click_id}"}`, scope)
			if tt.change != "" {
				body = overlay(t, body, "{"+tt.change+"}")
			}
			got := w.do(t, asAffiliate1, "POST", "postbacks", body)
			if got.status != 201 {
				t.Fatalf("saved with %d %s", got.status, got.text)
			}
			warnings, _ := got.body["warnings"].([]any)
			if len(warnings) != len(tt.want) {
				t.Fatalf("warned of %v, want %q", warnings, tt.want)
			}
			for i, one := range warnings {
				v, _ := one.(map[string]any)
				if text := fmt.Sprint(v["field"], " ", v["message"]); !strings.HasPrefix(text, tt.want[i]) {
					t.Errorf("warned of %q, want %q", text, tt.want[i])
				}
			}
			for _, as := range []string{asAffiliate1, asNetwork, asAdvertiser1} {
				links := w.do(t, as, "GET", "offers/1/links?affiliate_id=1", "")
				text, _ := links.body["browser_pixels"].(string)
				if want := tt.link; as == asAdvertiser1 && text != "" || as != asAdvertiser1 && (want == "" && text != "" || !strings.Contains(text, want)) {
					t.Errorf("the links say %q to the %s, want %q", text, as, want)
				}
			}
		})
	}
}

// overlay puts the fields of one JSON object over those of another.
func overlay(t *testing.T, object, over string) string {
	t.Helper()
	all := map[string]any{}
	for _, text := range []string{object, over} {
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			t.Fatal(err)
		}
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
