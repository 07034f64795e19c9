// Package partner knows the measurement partners of the app trade: services
// that an app's maker trusts to say which click an install came from. Waybill
// sends the visitor to the partner's link with the transaction ID and the device
// IDs, and the partner calls Waybill's postback URL when the app is opened or
// something is done in it.
//
// For each it holds the two templates: the link, to be an offer's
// destination_url, in which Waybill fills in its macros, and the postbacks, to
// be entered at the partner's, who fills in its own. They follow what the
// partners publish, which is named with each; a word in capitals is the
// advertiser's to replace. A link holds no secret, since visitors see it.
package partner

import "net/url"

// Measurement is one measurement partner.
type Measurement struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Link    string   `json:"link" doc:"For the offer's destination_url. Words in capitals are to be replaced."`
	Install string   `json:"install_postback" doc:"What the partner is to call when the app is first opened. What it fills in is in its own notation."`
	Event   string   `json:"event_postback" doc:"What the partner is to call for what is done in the app: the partner's name of the event is the goal's code."`
	Replace []Word   `json:"replace" doc:"The words in capitals, and what to put in their place."`
	Notes   []string `json:"notes" doc:"Where the templates are entered, and what to see to."`
	Sources []string `json:"sources" doc:"The partner's own description, and others' where it leaves something open."`
}

// Word is what an advertiser puts in the place of a word in capitals.
type Word struct {
	Word    string `json:"word"`
	Meaning string `json:"meaning"`
}

// Values is what the postbacks of one offer are filled in with.
type Values struct {
	URL   string // where Waybill answers, without a slash at its end
	Token string // the proof that goes along; empty for none
	Goal  string // of the install; empty for the default goal
}

// claims is what a partner's notation calls the parts of a postback.
type claims struct{ click, gaid, idfa, event, amount, currency, hit string }

// postbacks writes a partner's two postbacks.
func (v Values) postbacks(c claims) (install, event string) {
	device := pair("gaid", c.gaid) + pair("idfa", c.idfa) + pair("hit_id", c.hit)
	base := v.URL + "/postback?transaction_id=" + c.click
	proof := pair("token", url.QueryEscape(v.Token))
	install = base + pair("goal", url.QueryEscape(v.Goal)) + device + proof
	event = base + pair("goal", c.event) + pair("amount", c.amount) + pair("currency", c.currency) + device + proof
	return install, event
}

func pair(name, value string) string {
	if value == "" {
		return ""
	}
	return "&" + name + "=" + value
}

// Measurements gives the templates of every partner, by name.
func Measurements(v Values) []Measurement {
	return []Measurement{v.adjust(), v.appsFlyer(), v.branch(), v.kochava(), v.singular()}
}

func (v Values) adjust() Measurement {
	m := Measurement{
		ID: "adjust", Name: "Adjust",
		Link: "https://app.adjust.com/LINK_TOKEN?campaign={offer_id}&adgroup={affiliate_id}&creative={sub1}" +
			"&label={transaction_id}&gps_adid={gaid}&idfa={idfa}",
		Replace: []Word{{"LINK_TOKEN", "the token of the link that was made for this network in Adjust's Campaign Lab"}},
		Notes: []string{
			"The advertiser enters the postbacks as callbacks of the app: install, and one for each event. For an event goal, event_name is the event's name in Adjust.",
			"Adjust can also take callbacks from the link itself (install_callback, event_callback_TOKEN). Visitors see such a link: then leave the token out and list Adjust's addresses in ip_allow.",
			"On branded and universal links each parameter's name begins with adj_.",
		},
		Sources: []string{
			"https://help.adjust.com/en/article/link-parameters", "https://help.adjust.com/en/article/callback-structure-partner",
			"https://help.adjust.com/en/article/install-callbacks", "https://help.adjust.com/en/article/event-callbacks",
		},
	}
	m.Install, m.Event = v.postbacks(claims{
		click: "{label}", gaid: "{gps_adid}", idfa: "{idfa}", event: "{event_name}", amount: "{revenue_float}", currency: "{currency}",
	})
	return m
}

func (v Values) appsFlyer() Measurement {
	m := Measurement{
		ID: "appsflyer", Name: "AppsFlyer",
		Link: "https://app.appsflyer.com/APP_ID?pid=MEDIA_SOURCE&c={offer_id}&af_siteid={affiliate_id}&af_sub_siteid={sub1}" +
			"&clickid={transaction_id}&advertising_id={gaid}&idfa={idfa}",
		Replace: []Word{
			{"APP_ID", "the app's ID at AppsFlyer: the package name on Android, id and a number on iOS"},
			{"MEDIA_SOURCE", "the name under which AppsFlyer integrates this network, such as network_int"},
		},
		Notes: []string{
			"AppsFlyer itself enters an integrated partner's postbacks: send it both, for install and for in-app events.",
			"The same parameters go behind a OneLink template: https://SUBDOMAIN.onelink.me/TEMPLATE?pid=…",
		},
		Sources: []string{
			"https://support.appsflyer.com/hc/en-us/articles/207447163-Attribution-link-structure-and-parameters",
			"https://support.appsflyer.com/hc/en-us/articles/207273946-Postback-macros-for-ad-networks",
		},
	}
	m.Install, m.Event = v.postbacks(claims{
		click: "(clickid)", gaid: "(advertiserId)", idfa: "(idfa)", event: "(event-name)", amount: "(monetary)", currency: "(currency)",
	})
	return m
}

func (v Values) branch() Measurement {
	m := Measurement{
		ID: "branch", Name: "Branch",
		Link: "https://SUBDOMAIN.app.link/LINK?%243p=PARTNER_ID&~click_id={transaction_id}&~campaign_id={offer_id}" +
			"&~secondary_publisher={affiliate_id}&%24aaid={gaid}&%24idfa={idfa}",
		Replace: []Word{
			{"SUBDOMAIN", "the app's own subdomain at Branch"},
			{"LINK", "the ad link's name"},
			{"PARTNER_ID", "the name under which Branch integrates this network, such as a_network"},
		},
		Notes: []string{
			"The postbacks are entered in Branch under Ads, Partner Management. For an event goal, name is Branch's name of the event, such as PURCHASE.",
			"Amounts come in US dollars: the offer's currency must be USD.",
		},
		Sources: []string{
			"https://help.branch.io/developer-hub/postback-macros-functions", "https://help.branch.io/using-branch/docs/branch-universal-ads-advanced",
			"https://docs.swaarm.com/en/articles/5247011-branch-integration-with-swaarm",
		},
	}
	m.Install, m.Event = v.postbacks(claims{
		click: "${(last_attributed_touch_data.~click_id)!}", gaid: "${(user_data.aaid)!}", idfa: "${(user_data.idfa)!}",
		event: "${(name)!}", amount: "${(event_data.revenue_in_usd)!}", currency: "USD", hit: "${(id)!}",
	})
	return m
}

func (v Values) kochava() Measurement {
	m := Measurement{
		ID: "kochava", Name: "Kochava",
		Link: "https://control.kochava.com/v1/cpi/click?campaign_id=CAMPAIGN_ID&network_id=NETWORK_ID&site_id={affiliate_id}" +
			"&sub_site_id={sub1}&click_id={transaction_id}&adid={gaid}&idfa={idfa}",
		Replace: []Word{
			{"CAMPAIGN_ID", "the tracker's campaign at Kochava"},
			{"NETWORK_ID", "this network's number at Kochava"},
		},
		Notes: []string{
			"Kochava enters an integrated partner's postbacks; an advertiser can also enter them as custom postbacks under Partner Configuration. There, choose to send what is attributed to this network alone.",
		},
		Sources: []string{
			"https://support.kochava.com/articles/campaign-management/630-create-a-custom-postback/",
			"https://help-center.affise.com/en/articles/6636367-affise-kochava", "https://knowledgebase.offer18.com/network/mobile-attribution-integration/kochava",
		},
	}
	m.Install, m.Event = v.postbacks(claims{click: "{click_id}", gaid: "{adid}", idfa: "{idfa}", event: "{event_name}", amount: "{revenue}"})
	return m
}

func (v Values) singular() Measurement {
	m := Measurement{
		ID: "singular", Name: "Singular",
		Link: "https://SUBDOMAIN.sng.link/LINK?cl={transaction_id}&pcid={offer_id}&psid={affiliate_id}&aifa={gaid}&idfa={idfa}",
		Replace: []Word{
			{"SUBDOMAIN", "the app's own subdomain at Singular"},
			{"LINK", "the tracking link's path, with what stands behind its question mark added at the end"},
			{"NETWORK_NAME", "in the postbacks: the name under which Singular integrates this network"},
		},
		Notes: []string{
			"Singular itself enters an integrated partner's postbacks: send it both.",
			"For an event goal, EVTNAME is the event's name in the app.",
		},
		Sources: []string{
			"https://support.singular.net/hc/en-us/articles/360018879491-Tracking-Link-Parameters",
			"https://support.singular.net/hc/en-us/articles/115004063323-Postback-Macros-and-Passthrough-Parameters",
		},
	}
	m.Install, m.Event = v.postbacks(claims{click: "{cl?NETWORK_NAME}", gaid: "{AIFA}", idfa: "{IDFA}", event: "{EVTNAME}", amount: "{AMOUNT}"})
	return m
}
