package macro_test

import (
	"strings"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/macro"
)

const (
	whoseNumber = "{order_id} (the advertiser's) or {conversion_id} (ours)?"
	whoseMoney  = "{payout} (what the affiliate earns) or {amount} (of the sale)?"
	whoseGuest  = "{aff_click_id} (the affiliate's click) or {customer_id} (the advertiser's customer)?"
)

// TestOtherSystemsMacrosAreTranslated goes through what people bring along from
// other systems, each in its own signs.
func TestOtherSystemsMacrosAreTranslated(t *testing.T) {
	tests := []struct {
		system  string
		written string // what stands in the place of a value
		says    string
	}{
		{"CAKE", "#s2#", "{sub2}"},
		{"CAKE", "#reqid#", clickRefusal},
		{"CAKE", "#affid#", "{affiliate_id}"},
		{"CAKE", "#oid#", "{offer_id}"},
		{"CAKE", "#campid#", "{offer_id}"},
		{"CAKE", "#leadid#", "{conversion_id}"},
		{"CAKE", "#price#", whoseMoney},
		{"CAKE", "#utcunixtime#", "{conversion_time}"},
		{"CAKE", "#sourceip#", "{ip}"},
		{"Voluum", "{clickid}", clickRefusal},
		{"Voluum", "{clickId}", clickRefusal},
		{"Voluum", "{externalid}", whoseGuest},
		{"Voluum", "{campaign.id}", "{offer_id}"},
		{"Voluum", "{var1}", "{sub1}"},
		{"Voluum", "{txid}", whoseNumber},
		{"Voluum", "{conversion.revenue}", "{revenue}"},
		{"Voluum", "{countrycode}", "{country}"},
		{"Binom", "{cnv_id}", clickRefusal},
		{"Binom", "{uclick}", clickRefusal},
		{"Binom", "{cnv_status}", "{status}"},
		{"Binom", "{cnv_currency}", "{currency}"},
		{"Binom", "{t3}", "{sub3}"},
		{"Keitaro", "{subid}", clickRefusal},
		{"Keitaro", "{sub_id_3}", "{sub3}"},
		{"Keitaro", "$subid", clickRefusal},
		{"Keitaro", "{external_id}", whoseGuest},
		{"Keitaro", "{offer.name}", "{offer_name}"},
		{"RedTrack", "{clickid}", clickRefusal},
		{"RedTrack", "{sub_1}", "{sub1}"},
		{"RedTrack", "{ref_id}", "{source}"},
		{"ClickFlare", "{cf_click_id}", clickRefusal},
		{"ClickFlare", "{var:source}", "no such macro"},
		{"BeMob", "{payoutAmount}", "{payout}"},
		{"BeMob", "{countryCode}", "{country}"},
		{"PeerClick", "{param7}", "{sub7}"},
		{"FunnelFlux", "[hit]", clickRefusal},
		{"FunnelFlux", "[clickid]", clickRefusal},
		{"FunnelFlux", "{c4}", "{sub4}"},
		{"TUNE", "{aff_sub}", "{sub1}"},
		{"TUNE", "{aff_sub4}", "{sub4}"},
		{"TUNE", "{sale_amount}", "{amount}"},
		{"TUNE", "{ran}", "{random}"},
		{"TUNE", "{promo_code}", "{coupon}"},
		{"Everflow", "{payout_amount}", "{payout}"},
		{"Everflow", "{event_name}", "{goal_name}"},
		{"Everflow", "{aid}", "{affiliate_id}"},
		{"Everflow", "{source_id}", "{source}"},
		{"Affise", "{offerid}", "{offer_id}"},
		{"Affise", "{pid}", "{affiliate_id}"},
		{"Affise", "{sum}", whoseMoney},
		{"Affise", "{order_sum}", "{amount}"},
		{"Affise", "{uagent}", "{user_agent}"},
		{"Affise", "{geo}", "{country}"},
		{"Affise", "{custom_field2}", "{adv2}"},
		{"Affise", "{sub25}", "free values are {sub1} to {sub10}"},
		{"Impact", "{irclickid}", clickRefusal},
		{"Impact", "{SubId2}", "{sub2}"},
		{"Impact", "{MediaPartnerId}", "{affiliate_id}"},
		{"Impact", "{ActionId}", "{conversion_id}"},
		{"Impact", "{DeltaPayout}", "{payout}"},
		{"Trackier", "{p1}", clickRefusal},
		{"Trackier", "{p2}", "{sub2}"},
		{"Trackier", "{txn_id}", whoseNumber},
		{"Scaleo", "{sub_id1}", "{sub1}"},
		{"Scaleo", "{aff_param2}", "{sub2}"},
		{"Offer18", "{tid}", clickRefusal},
		{"Offer18", "{event}", "{goal_name}"},
		{"Admitad", "{{subid}}", clickRefusal},
		{"Admitad", "[[[subid]]]", clickRefusal},
		{"Awin", "!!!clickref!!!", clickRefusal},
		{"Outbrain", "{{ob_click_id}}", clickRefusal},
		{"PropellerAds", "${SUBID}", clickRefusal},
		{"Google Ad Manager", "%%CACHEBUSTER%%", "{random}"},
		{"Campaign Manager", "[timestamp]", "{timestamp}"},
		{"TikTok", "__CLICKID__", clickRefusal},
		{"TikTok", "__CAMPAIGN_ID__", "{offer_id}"},
		{"Mailchimp", "*|EMAIL|*", "{email_sha256}"},
		{"AppsFlyer", "(clickid)", clickRefusal},
		{"a program", "$$payout$$", "{payout}"},
		{"a program", ":order_id", "{order_id}"},
		{"a program", "{$payout}", "{payout}"},
		{"a program", "{%payout%}", "{payout}"},
		{"a document", "<click_id>", clickRefusal},
		{"a document", "<payout>", "{payout}"},
		{"a slip of the pen", "{clikid}", clickRefusal},
	}
	for _, tt := range tests {
		t.Run(tt.system+" "+tt.written, func(t *testing.T) {
			for name, place := range map[string]struct {
				text string
				as   macro.Encoding
			}{
				"a URL":  {"https://t.example/pb?x=" + tt.written + "&p={payout}", macro.URL},
				"a path": {"https://t.example/" + tt.written + "/{payout}", macro.URL},
				"a form": {"x=" + tt.written + "&p={payout}", macro.Form},
				"JSON":   {`{"x":"` + tt.written + `","p":"{payout}"}`, macro.JSON},
			} {
				_, err := macro.Parse(place.text, place.as, macro.NetworkPostback)
				if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), tt.says) || len(fault.All(err)) != 1 {
					t.Errorf("in %s Parse(%q) = %v; want one Invalid fault that says %q", name, place.text, err, tt.says)
				}
			}
		})
	}
}

// TestWhatATrackerLeavesOpen is the postback that Voluum hands out, as it is.
func TestWhatATrackerLeavesOpen(t *testing.T) {
	_, err := macro.Parse("https://v.example/postback?cid=REPLACE&payout=OPTIONAL&txid=OPTIONAL&x=REPLACE", macro.URL, macro.AffiliatePostback)
	for _, want := range []string{
		"REPLACE stands where a macro belongs: write " + clickRefusal,
		"OPTIONAL stands where a macro belongs: write {payout}",
		"OPTIONAL stands where a macro belongs: write " + whoseNumber,
		"put one in its place, or take it out",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Parse() = %v\nwant it to say %q", err, want)
		}
	}
}

// TestSuggestionsThatMayNotStandThere are not made.
func TestSuggestionsThatMayNotStandThere(t *testing.T) {
	for written, use := range map[string]macro.Use{
		"{revenue_amount}": macro.AffiliatePostback, "#rev#": macro.AffiliatePostback,
		"{ip_address}": macro.AffiliatePostback, "{commission}": macro.AdvertiserPostback, "{leadid}": macro.OfferURL,
	} {
		_, err := macro.Parse("https://t.example/?x="+written, macro.URL, use)
		if err == nil || !strings.Contains(err.Error(), "cannot stand in "+use.String()) {
			t.Errorf("in %s Parse(%s) = %v; want it to say that it cannot stand there", use, written, err)
		}
	}
}

// TestWordsInOrdinaryTextAreLeftAlone are those that look like others' macros.
func TestWordsInOrdinaryTextAreLeftAlone(t *testing.T) {
	for text, as := range map[string]macro.Encoding{
		"https://t.example/?price=$5&q=US$&n=$natural":                   macro.URL,
		"https://t.example/?at=10:30&urn=:x&v=a:b":                       macro.URL,
		"https://t.example/(top)/?f=(new)&g=f(payout)":                   macro.URL,
		"https://t.example/?d=__proto&e=a__b__c&f=____":                  macro.URL,
		"https://t.example/?a=REPLACEMENT&b=NOTOPTIONAL&c=OPTIONAL-1":    macro.URL,
		"https://t.example/?a=100%25&b=%2a%7C":                           macro.URL,
		"https://t.example/!!!/*|/?x[]=1&y[[a]]=2":                       macro.URL,
		`{"note":"pay $payout to (clickid) by :date or [cid]", "n":[1]}`: macro.JSON,
		"a=$1&b=(c)&c=__d": macro.Form,
		"Bearer $ecret:x":  macro.Header,
	} {
		if _, err := macro.Parse(text, as, macro.NetworkPostback); err != nil {
			t.Errorf("Parse(%q) = %v; want it left alone", text, err)
		}
	}
}

func TestNeedClick(t *testing.T) {
	tests := []struct {
		url string
		ok  bool
	}{
		{"https://t.example/?c={aff_click_id}", true},
		{"https://t.example/?c={sub10}", true},
		{"https://t.example/{transaction_id}", true},
		{"https://t.example/?c={conversion_id}&t={click_time}", false},
		{"https://t.example/?p={payout}&s={source}&a={adv1}", false},
		{"https://t.example/", false},
	}
	for _, tt := range tests {
		tmpl, err := macro.Parse(tt.url, macro.URL, macro.AffiliatePostback)
		if err != nil {
			t.Fatal(err)
		}
		err = macro.NeedClick(tmpl.Names(), "Voluum")
		if (err == nil) != tt.ok || err != nil && (fault.Of(err) != fault.Invalid || !strings.HasPrefix(err.Error(), "Voluum cannot tell which click")) {
			t.Errorf("NeedClick(%s) = %v, want ok %v", tt.url, err, tt.ok)
		}
	}
}
