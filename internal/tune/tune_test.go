package tune_test

import (
	"strings"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/tune"
)

func TestMappingCheck(t *testing.T) {
	tests := []struct {
		name    string
		mapping tune.Mapping
		tuneID  string
		wrong   string // the field
	}{
		{name: "an offer", mapping: tune.Mapping{Kind: "Offer ", TuneID: " 0026", WaybillID: 5}, tuneID: "26"},
		{name: "a removal", mapping: tune.Mapping{Kind: "goal", TuneID: "17"}, tuneID: "17"},
		{name: "a landing page", mapping: tune.Mapping{Kind: "offer_url", TuneID: "2", WaybillID: 5, URL: "https://shop.example/two"}, tuneID: "2"},
		{name: "a landing page's removal needs no URL", mapping: tune.Mapping{Kind: "offer_url", TuneID: "2"}, tuneID: "2"},
		{name: "a strange kind", mapping: tune.Mapping{Kind: "campaign", TuneID: "1", WaybillID: 1}, wrong: "kind"},
		{name: "no number of TUNE's", mapping: tune.Mapping{Kind: "offer", TuneID: "SH1ES", WaybillID: 1}, wrong: "tune_id"},
		{name: "zero is nobody's number", mapping: tune.Mapping{Kind: "offer", TuneID: "000", WaybillID: 1}, wrong: "tune_id"},
		{name: "a number too long", mapping: tune.Mapping{Kind: "offer", TuneID: strings.Repeat("9", 19), WaybillID: 1}, wrong: "tune_id"},
		{name: "a negative number here", mapping: tune.Mapping{Kind: "offer", TuneID: "1", WaybillID: -1}, wrong: "waybill_id"},
		{name: "a URL where none belongs", mapping: tune.Mapping{Kind: "offer", TuneID: "1", WaybillID: 1, URL: "https://shop.example/"}, wrong: "url"},
		{name: "a landing page without its URL", mapping: tune.Mapping{Kind: "offer_url", TuneID: "1", WaybillID: 1}, wrong: "url"},
		{name: "a landing page that no browser would take", mapping: tune.Mapping{Kind: "offer_url", TuneID: "1", WaybillID: 1, URL: "javascript:alert(1)"}, wrong: "url"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := tt.mapping
			err := m.Check()
			if tt.wrong == "" {
				if err != nil || m.TuneID != tt.tuneID {
					t.Fatalf("Check() = %v, tune_id %q; want %q", err, m.TuneID, tt.tuneID)
				}
				return
			}
			all := fault.All(err)
			if len(all) != 1 || all[0].Field != tt.wrong || all[0].Kind != fault.Invalid {
				t.Fatalf("Check() = %v, want one fault at %s", err, tt.wrong)
			}
		})
	}
}

func TestResolve(t *testing.T) {
	list := []tune.Mapping{
		{Kind: tune.Offer, TuneID: "26", WaybillID: 5},
		{Kind: tune.Offer, TuneID: "26", WaybillID: 6}, // later
		{Kind: tune.Goal, TuneID: "26", WaybillID: 80},
	}
	tests := []struct {
		name   string
		ids    *tune.IDs
		kind   tune.Kind
		number string
		want   int64 // 0 for none
	}{
		{"an imported number, the latest word on it", tune.NewIDs(list, tune.ByKind), tune.Offer, "26", 6},
		{"the same number of another kind", tune.NewIDs(list, tune.ByKind), tune.Goal, "26", 80},
		{"zeros before a number", tune.NewIDs(list, tune.ByKind), tune.Offer, " 0026 ", 6},
		{"a strange number of a kind that was imported", tune.NewIDs(list, tune.ByKind), tune.Offer, "5", 0},
		{"a number of a kind that was not", tune.NewIDs(list, tune.ByKind), tune.Affiliate, "2002", 2002},
		{"a strange number where they are taken as they are", tune.NewIDs(list, tune.Identity), tune.Offer, "5", 5},
		{"an imported number where others are taken as they are", tune.NewIDs(list, tune.Identity), tune.Offer, "26", 6},
		{"any number where strange ones are refused", tune.NewIDs(nil, tune.Refuse), tune.Affiliate, "2002", 0},
		{"nothing was ever imported", nil, tune.Offer, "26", 26},
		{"not a number", nil, tune.Offer, "26x", 0},
		{"zero", nil, tune.Offer, "0", 0},
		{"no number at all", nil, tune.Offer, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := tt.ids.Resolve(tt.kind, tt.number)
			if got != tt.want || ok != (tt.want != 0) {
				t.Errorf("Resolve(%s, %q) = %d, %t; want %d", tt.kind, tt.number, got, ok, tt.want)
			}
		})
	}
}

func TestLate(t *testing.T) {
	known := tune.NewIDs([]tune.Mapping{{Kind: tune.Goal, TuneID: "17", WaybillID: 51}}, tune.ByKind)
	tests := []struct {
		name, text string
		want       int64
		was, known bool
	}{
		{"a number that is known by now", tune.Strange("17"), 51, true, true},
		{"one that still is not", tune.Strange("18"), 0, true, false},
		{"one that says that it was written", tune.Strange(tune.Strange("17")), 0, true, false},
		{"a number of Waybill's", "51", 0, false, false},
		{"a code", "deposit", 0, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if n, was, is := known.Late(tune.Goal, tt.text); n != tt.want || was != tt.was || is != tt.known {
				t.Errorf("Late(%q) = %d, %t, %t; want %d, %t, %t", tt.text, n, was, is, tt.want, tt.was, tt.known)
			}
		})
	}
}

func TestResolveAllocations(t *testing.T) {
	ids := tune.NewIDs([]tune.Mapping{{Kind: tune.Offer, TuneID: "26", WaybillID: 5}}, tune.ByKind)
	if got := testing.AllocsPerRun(100, func() { ids.Resolve(tune.Offer, "0026") }); got > 0 {
		t.Errorf("a look-up makes %v allocations, want none", got)
	}
}

func TestRules(t *testing.T) {
	for rule, known := range map[tune.Rule]bool{"": true, "identity": true, "refuse": true, "guess": false} {
		if err := rule.Validate(); (err == nil) != known {
			t.Errorf("Rule(%q).Validate() = %v", rule, err)
		}
	}
}

func TestIsTransactionID(t *testing.T) {
	for text, want := range map[string]bool{
		"1027c887059b47bc69c699f45466b9":   true, // as in TUNE's help
		"1027C887059B47BC69C699F45466B9":   true,
		" 1026fd3bd1b5f32bc6af6f0d319500 ": true,
		"10214043256817052076618466":       true, // as in its older help
		"1027c887059b47b":                  false,
		"9927c887059b47bc69c699f45466b9":   false,
		"1027c887059b47bc69c699f45466bz":   false,
		"06g9kq4r2tn5e1x8h3m7v0a2b4c6d8f0": false,
		"":                                 false,
	} {
		if got := tune.IsTransactionID(text); got != want {
			t.Errorf("IsTransactionID(%q) = %t, want %t", text, got, want)
		}
	}
}

func TestAgainst(t *testing.T) {
	five := tune.Mapping{Kind: tune.Offer, TuneID: "26", WaybillID: 5}
	six, none := five, five
	six.WaybillID, none.WaybillID = 6, 0
	tests := []struct {
		name string
		m    tune.Mapping
		was  *tune.Mapping
		want tune.Outcome
	}{
		{"a new number", five, nil, tune.Added},
		{"the same again", five, &five, tune.Unchanged},
		{"another meaning", six, &five, tune.Replaced},
		{"taken away", none, &five, tune.Removed},
		{"nothing to take away", none, nil, tune.Unchanged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.m.Against(tt.was); got != tt.want {
				t.Errorf("Against() = %s, want %s", got, tt.want)
			}
		})
	}
}
