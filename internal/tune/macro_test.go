package tune_test

import (
	"strings"
	"testing"

	"waybill/internal/macro"
	"waybill/internal/tune"
)

func TestTranslate(t *testing.T) {
	tests := []struct {
		name  string
		in    tune.Place
		text  string
		want  string
		notes int
		fails string // what each fault names
	}{
		{
			name: "an offer URL as TUNE's help has it", in: tune.InOfferURL,
			text: "https://shop.example/landing?offerid={offer_id}&trans={transaction_id}&googleaid={google_aid}",
			want: "https://shop.example/landing?offerid={offer_id}&trans={transaction_id}&googleaid={gaid}", notes: 1,
		},
		{
			name: "free values", in: tune.InOfferURL,
			text: "https://shop.example/?a={aff_sub}&b={aff_sub2}&e={aff_sub5}&u={aff_unique1}&z={aff_unique5}&s={source}",
			want: "https://shop.example/?a={sub1}&b={sub2}&e={sub5}&u={sub6}&z={sub10}&s={source}",
		},
		{
			name: "times of a click", in: tune.InOfferURL,
			text: "https://shop.example/?d={date}&t={time}&dt={datetime}",
			want: "https://shop.example/?d={date}&t={click_time|15:04:05}&dt={click_time|2006-01-02 15:04:05}", notes: 3,
		},
		{
			name: "a partner's postback as TUNE's help has it", in: tune.InPostback,
			text: "http://partner.example/conversion?sid={aff_click_id}&sale={sale_amount}&aff_google_aid={google_aid}&dt={datetime}&d={date}",
			want: "http://partner.example/conversion?sid={aff_click_id}&sale={amount}&aff_google_aid={gaid}" +
				"&dt={conversion_time|2006-01-02 15:04:05}&d={conversion_time|2006-01-02}", notes: 2,
		},
		{
			name: "the network's postback", in: tune.InPostback,
			text: "https://net.example/?g={goal_id}&c={currency}&p={payout}&r={ran}&a={adv_sub}&a2={adv_sub2}&u={adv_unique1}&cc={country_code}&ip={session_ip}",
			want: "https://net.example/?g={goal_id}&c={currency}&p={payout}&r={random}&a={adv1}&a2={adv2}&u={adv6}&cc={country}&ip={ip}", notes: 3,
		},
		{
			name: "a macro in capitals", in: tune.InOfferURL, text: "https://shop.example/?a={AFF_SUB}",
			want: "https://shop.example/?a={sub1}",
		},
		{
			name: "a note is made once", in: tune.InPostback, text: "https://net.example/?a={ran}&b={ran}",
			want: "https://net.example/?a={random}&b={random}", notes: 1,
		},
		{
			name: "macros without a counterpart are all named", in: tune.InOfferURL,
			text: "https://shop.example/?x={file_name}&y={offer_ref}&z={aff_sub}", fails: "{file_name} {offer_ref}",
		},
		{
			name: "what neither system knows stays", in: tune.InOfferURL, text: "https://shop.example/?x={nonsense}&y={{aff_sub}}",
			want: "https://shop.example/?x={nonsense}&y={{sub1}}",
		},
		{name: "a brace that never closes", in: tune.InOfferURL, text: "https://shop.example/?x={aff_sub", want: "https://shop.example/?x={aff_sub"},
		{name: "Waybill's own macros stay", in: tune.InPostback, text: "https://x.example/?x={sub1|sha256}&y={conversion_time}", want: "https://x.example/?x={sub1|sha256}&y={conversion_time}"},
		{name: "nothing", in: tune.InPostback},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, notes, err := tune.Translate(tt.text, tt.in)
			if tt.fails != "" {
				for name := range strings.FieldsSeq(tt.fails) {
					if err == nil || !strings.Contains(err.Error(), name) {
						t.Errorf("Translate() fails with %v, which does not name %s", err, name)
					}
				}
				return
			}
			if err != nil || got != tt.want || len(notes) != tt.notes {
				t.Errorf("Translate() = %q, %q, %v; want %q and %d notes", got, notes, err, tt.want, tt.notes)
			}
		})
	}
}

// TestTranslateKnowsEveryMacro holds that what Translate writes can be parsed
// where it stands.
func TestTranslateKnowsEveryMacro(t *testing.T) {
	click := []string{
		"offer_id", "affiliate_id", "advertiser_id", "transaction_id", "aff_sub", "aff_sub2", "aff_sub3", "aff_sub4", "aff_sub5",
		"aff_unique1", "aff_unique5", "aff_click_id", "source", "offer_url_id", "offer_file_id", "country_code", "date", "time",
		"datetime", "ip", "ran", "google_aid", "ios_ifa", "ios_ifv", "device_os", "user_agent", "offer_name", "promo_code",
	}
	for _, name := range click {
		parses(t, name, tune.InOfferURL, macro.OfferURL)
	}
	conversion := append(click, "goal_id", "goal_name", "goal_ref", "adv_sub", "adv_sub5", "adv_unique1", "adv_unique5", "payout", "revenue",
		"sale_amount", "amount", "currency", "status", "conversion_unique_id", "user_id", "session_ip", "tune_event_id")
	for _, name := range conversion {
		parses(t, name, tune.InPostback, macro.NetworkPostback)
	}
}

func parses(t *testing.T, name string, in tune.Place, use macro.Use) {
	t.Helper()
	text, _, err := tune.Translate("https://x.example/?x={"+name+"}", in)
	if err != nil {
		t.Errorf("{%s}: %v", name, err)
		return
	}
	if _, err := macro.Parse(text, macro.URL, use); err != nil {
		t.Errorf("{%s} becomes %q: %v", name, text, err)
	}
}

// FuzzTranslate holds that a translation is final: what came out is Waybill's,
// and only braces are touched.
func FuzzTranslate(f *testing.F) {
	for _, seed := range []string{"https://x.example/?a={aff_sub}&b={ran}", "{{aff_sub}}", "{aff_sub", "}{ip}{", "{date}{DATETIME}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, _, err := tune.Translate(text, tune.InOfferURL)
		if err != nil {
			return
		}
		again, _, err := tune.Translate(got, tune.InOfferURL)
		if err != nil || again != got {
			t.Errorf("%q becomes %q, and that %q (%v)", text, got, again, err)
		}
		if !strings.Contains(text, "{") && got != text {
			t.Errorf("%q has no macro and becomes %q", text, got)
		}
	})
}
