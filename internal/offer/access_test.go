package offer_test

import (
	"strings"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/offer"
)

func TestValidateWhatAffiliatesAreShown(t *testing.T) {
	t.Parallel()
	tests := []offerTest{
		{"takes an offer that names no access, as older ones do", func(o *offer.Offer) { o.Access = "" }, ""},
		{"takes an offer on request", func(o *offer.Offer) { o.Access = offer.OnRequest }, ""},
		{"takes a private offer", func(o *offer.Offer) { o.Access = offer.Private }, ""},
		{"refuses an access that is none", func(o *offer.Offer) { o.Access = "closed" }, "access"},
		{"takes a description with lines", func(o *offer.Offer) { o.Description = "Kettles.\n\n\tNo brand bidding." }, ""},
		{"takes a description of 5000 characters", func(o *offer.Offer) { o.Description = strings.Repeat("é", 5000) }, ""},
		{"refuses a longer one", func(o *offer.Offer) { o.Description = strings.Repeat("é", 5001) }, "description"},
		{"refuses a description that moves a terminal's cursor", func(o *offer.Offer) { o.Description = "a\x1b[2Jb" }, "description"},
		{"takes a category", func(o *offer.Offer) { o.Category = "Home & garden" }, ""},
		{"refuses a category with lines", func(o *offer.Offer) { o.Category = "Home\ngarden" }, "category"},
		{"refuses a category that is too long", func(o *offer.Offer) { o.Category = strings.Repeat("x", 101) }, "category"},
		{"takes a preview", func(o *offer.Offer) { o.PreviewURL = "https://shop.example/spring?a=b#c" }, ""},
		{"refuses a preview that would run a script", func(o *offer.Offer) { o.PreviewURL = "javascript:alert(1)" }, "preview_url"},
		{"refuses a preview without a scheme", func(o *offer.Offer) { o.PreviewURL = "shop.example/spring" }, "preview_url"},
		{"refuses a preview without a host", func(o *offer.Offer) { o.PreviewURL = "https:///spring" }, "preview_url"},
		{"refuses a preview with a password", func(o *offer.Offer) { o.PreviewURL = "https://a:b@shop.example/" }, "preview_url"},
		{"refuses a preview that is too long", func(o *offer.Offer) { o.PreviewURL = "https://shop.example/" + strings.Repeat("x", 2048) }, "preview_url"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := usual()
			tt.change(&o)
			if err := o.Validate(retention); fields(t, err) != tt.fields {
				t.Errorf("Validate() = %v; want faults at %q", err, tt.fields)
			}
		})
	}
}

func TestValidDecision(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		standing offer.Standing
		note     string
		fields   string
	}{
		{"approves", offer.Approved, "", ""},
		{"refuses, and says why", offer.Rejected, "No incentives, please.", ""},
		{"takes a decision back", offer.Requested, "", ""},
		{"has nothing to say then", offer.Requested, "Oh.", "note"},
		{"refuses a standing that is none", "none", "", "status"},
		{"needs a decision", "", strings.Repeat("x", 1001), "status note"},
	}
	for _, tt := range tests {
		if err := offer.ValidDecision(tt.standing, tt.note); fields(t, err) != tt.fields {
			t.Errorf("%s: ValidDecision() = %v; want faults at %q", tt.name, err, tt.fields)
		}
	}
}

func TestEverybody(t *testing.T) {
	t.Parallel()
	for access, want := range map[offer.Access]bool{"": true, offer.Open: true, offer.OnRequest: false, offer.Private: false, "closed": false} {
		if got := access.Everybody(); got != want {
			t.Errorf("%q.Everybody() = %t, want %t", access, got, want)
		}
	}
}

func TestAskAndDecide(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	pair := offer.Permission{OfferID: 5, AffiliateID: 7}
	standing := func(s offer.Standing) offer.Permission { p := pair; p.Standing = s; return p }
	waiting := offer.Application{Permission: standing(offer.Requested), Note: "please", At: noon}
	refused := offer.Application{Permission: standing(offer.Rejected), Note: "please", DecisionNote: "no", At: noon, DecidedAt: noon.Add(time.Hour)}
	ask := func(note string) func(*offer.Application) error {
		return func(a *offer.Application) error { return a.Ask(note, noon.Add(2*time.Hour)) }
	}
	decide := func(s offer.Standing, note string) func(*offer.Application) error {
		return func(a *offer.Application) error { a.Decide(s, note, noon.Add(2*time.Hour)); return nil }
	}
	takeBack := func(a *offer.Application) error { return a.TakeBack() }
	tests := []struct {
		name   string
		before offer.Application
		do     func(*offer.Application) error
		want   offer.Application
		fails  bool
	}{
		{
			name: "one that never asked asks", before: offer.Application{Permission: pair}, do: ask("please"),
			want: offer.Application{Permission: standing(offer.Requested), Note: "please", At: noon.Add(2 * time.Hour)},
		},
		{
			name: "one that waits says more, and keeps its place", before: waiting, do: ask("I have a newsletter"),
			want: offer.Application{Permission: standing(offer.Requested), Note: "I have a newsletter", At: noon},
		},
		{name: "one that was refused is not heard again", before: refused, do: ask("please!"), want: refused, fails: true},
		{
			name: "one that was approved stays so", before: offer.Application{Permission: standing(offer.Approved), At: noon}, do: ask("please"),
			want: offer.Application{Permission: standing(offer.Approved), At: noon},
		},
		{
			name: "one that waits is approved", before: waiting, do: decide(offer.Approved, "welcome"),
			want: offer.Application{Permission: standing(offer.Approved), Note: "please", DecisionNote: "welcome", At: noon, DecidedAt: noon.Add(2 * time.Hour)},
		},
		{name: "the same decision again changes nothing", before: refused, do: decide(offer.Rejected, "no"), want: refused},
		{
			name: "one that was refused is approved after all", before: refused, do: decide(offer.Approved, ""),
			want: offer.Application{Permission: standing(offer.Approved), Note: "please", At: noon, DecidedAt: noon.Add(2 * time.Hour)},
		},
		{
			name: "one that never asked is approved", before: offer.Application{Permission: pair}, do: decide(offer.Approved, ""),
			want: offer.Application{Permission: standing(offer.Approved), At: noon.Add(2 * time.Hour), DecidedAt: noon.Add(2 * time.Hour)},
		},
		{name: "one that was refused waits again", before: refused, do: takeBack, want: waiting},
		{name: "one that waits goes on waiting", before: waiting, do: takeBack, want: waiting},
		{name: "where nothing was decided nothing is taken back", before: offer.Application{Permission: pair}, do: takeBack, want: offer.Application{Permission: pair}, fails: true},
	}
	for _, tt := range tests {
		got := tt.before
		if err := tt.do(&got); (err != nil) != tt.fails || tt.fails && fault.Of(err) != fault.Conflict {
			t.Errorf("%s: error %v, want a conflict: %t", tt.name, err, tt.fails)
		}
		if got != tt.want {
			t.Errorf("%s:\n got %+v\nwant %+v", tt.name, got, tt.want)
		}
	}
}
