package preset

import (
	"net/http"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
)

// amountField is what a network is told that it earned.
func amountField() Field {
	return Field{Name: "amount", Kind: FieldText, Default: "{payout}", Example: "{amount}", Doc: "which sum it is told: {payout}, what it earns, or {amount}, the sale"}
}

func networks() []Preset {
	return []Preset{
		tune(), tuneGoal(), everflow(), everflowReversal(), affise(),
		cake(), cakeAPI(),
	}
}

// tuneTaken are the beginnings of answers by which TUNE says that it has a
// conversion, now or since an attempt whose answer was lost.
const tuneTaken = "success=true|Duplicate conversion"

const tuneSource = "TUNE help: Receiving Conversions via Postback URL, https://support.tune.com/hc/en-us/articles/4413247665431-Receiving-Conversions-via-Postback-URL; Customizing a Conversion URL, https://support.tune.com/hc/en-us/articles/1500005236742-Customizing-a-Conversion-URL; Conversion status codes, https://developers.tune.com/network-docs/conversion-status-codes"

func tuneTokenField() Field {
	return Field{Name: "security_token", Kind: FieldSecret, Open: true, Doc: "the advertiser security token, where the network asks for one"}
}

func tuneNotes(first string) []string {
	return []string{
		first,
		"A transaction ID counts once a goal; a repetition is refused as a duplicate, and taken here for the answer to an attempt that arrived. Changes are not taken by postback, so it hears of a conversion when it is approved.",
		"TUNE answers 200 to everything and says in the body what came of it: success=false is a failure.",
		"amount is the sale in TUNE's words. With a revenue of 100 % of the sale, it is what was earned here.",
		"A parameter for the currency is not described. conversion_unique_id is described by third parties (Tealium, RudderStack); the status codes speak of duplicates by it.",
	}
}

func tune() Preset {
	s := onApproval(byURL("TUNE",
		"https://<domain>/aff_lsr?offer_id=<offer_id>&transaction_id=<click_id>&amount=<amount>&adv_sub={order_id}&conversion_unique_id={conversion_id}&security_token=<security_token>"))
	s.SuccessContains = tuneTaken
	return Preset{
		Key: "tune", Name: "TUNE (HasOffers)", Kind: kindNetwork, For: forAffiliate,
		Fields: []Field{
			hostField("examplenetwork.go2cloud.org"),
			{Name: "offer_id", Kind: FieldNumber, Open: true, Example: "26", Doc: "the offer there; left open, TUNE knows it by the transaction ID"},
			clickIDField(), amountField(), tuneTokenField(),
		},
		Subscription: s,
		Notes:        tuneNotes("For a network on TUNE whose offer leads here: its offer URL carries aff_click_id={transaction_id}."),
		Source:       tuneSource,
	}
}

func tuneGoal() Preset {
	s := onApproval(byURL("TUNE goal",
		"https://<domain>/aff_goal?a=lsr&goal_id=<goal_id>&transaction_id=<click_id>&amount=<amount>&adv_sub={order_id}&conversion_unique_id={conversion_id}&security_token=<security_token>"))
	s.SuccessContains = tuneTaken
	return Preset{
		Key: "tune_goal", Name: "TUNE (HasOffers): a goal", Kind: kindNetwork, For: forAffiliate,
		Fields: []Field{
			hostField("examplenetwork.go2cloud.org"),
			{Name: "goal_id", Kind: FieldNumber, Example: "17", Doc: "the goal's number there"},
			clickIDField(), amountField(), tuneTokenField(),
		},
		Subscription: s,
		Notes:        tuneNotes("Set goal to the one that this is about, or every conversion is sent as this goal."),
		Source:       tuneSource + "; of aff_goal, public client code, since its page is not public",
	}
}

const everflowSource = "Everflow helpdesk: Accessing & Editing S2S Postback URLs, https://helpdesk.everflow.io/customer/accessing-editing-s2s-postback-urls; Advertiser Postback Report, https://helpdesk.everflow.io/customer/advertiser-postback-report"

func everflowTokenField() Field {
	return Field{Name: "verification_token", Kind: FieldSecret, Open: true, Doc: "the advertiser's verification token, where the network asks for one"}
}

func everflow() Preset {
	return Preset{
		Key: "everflow", Name: "Everflow", Kind: kindNetwork, For: forAffiliate,
		Fields: []Field{
			hostField("www.eftrackall.com"),
			{Name: "nid", Kind: FieldNumber, Example: "417", Doc: "the network ID, which stands in its postback URL"},
			clickIDField(), amountField(),
			eventField("the advertiser event ID (adv_event_id) of an event; left open, it is the base conversion", "deposit"),
			everflowTokenField(),
		},
		Subscription: onApproval(byURL("Everflow",
			"https://<domain>/?nid=<nid>&transaction_id=<click_id>&amount=<amount>&order_id={conversion_id}&adv1={order_id}&adv_event_id=<event>&verification_token=<verification_token>")),
		Notes: []string{
			"For a network on Everflow whose offer leads here: its offer URL carries aff_click_id={transaction_id}.",
			"A transaction ID has one base conversion: scope this postback to a goal, and make one more with event filled for each further goal.",
			"order_id is our conversion's ID, by which the template everflow_reversal takes a conversion back; the shop's order number is in adv1.",
			"Everflow answers 200 to everything: what it refused stands in its Advertiser Postback report alone.",
			"amount is the sale in Everflow's words, in the offer's currency. With a revenue of 100 % of the sale, it is what was earned here.",
		},
		Source: everflowSource + "; of events, Getting Started: Advertiser Server Postbacks, https://helpdesk.everflow.io/en/articles/6279436-getting-started-advertiser-server-postbacks",
	}
}

func everflowReversal() Preset {
	s := byURL("Everflow reversal", "https://<domain>/reversal?order_id={conversion_id}&verification_token=<verification_token>")
	s.On = []conversion.Event{conversion.EventReversed}
	return Preset{
		Key: "everflow_reversal", Name: "Everflow: reversals", Kind: kindNetwork, For: forAffiliate,
		Fields:       []Field{hostField("www.eftrackall.com"), everflowTokenField()},
		Subscription: s,
		Notes: []string{
			"Goes with the template everflow, which sends our conversion's ID as order_id.",
			"It hears of what was approved and then rejected; Everflow never heard of the rest.",
			"Everflow answers 200 to everything.",
		},
		Source: "Everflow helpdesk: Reversal Postback Setup, https://helpdesk.everflow.io/customer/reversal-postback-setup-for-processing-canceled-transactions",
	}
}

func affise() Preset {
	s := inStatuses(byURL("Affise",
		"https://<domain>/postback?clickid=<click_id>&action_id={conversion_id}&sum={payout}&status={status}&goal=<event>&custom_field1={order_id}&secure=<secure>"),
		"2", "1", "3")
	s.On = []conversion.Event{conversion.EventCreated, conversion.EventApproved, conversion.EventRejected}
	s.FailureContains = `"status":2`
	return Preset{
		Key: "affise", Name: "Affise", Kind: kindNetwork, For: forAffiliate,
		Fields: []Field{
			hostField("offers-examplenetwork.affise.com"), clickIDField(),
			eventField("the goal there; its case does not matter", "{goal}"),
			{Name: "secure", Kind: FieldSecret, Open: true, Doc: "the secure postback code, where the network has set one"},
		},
		Subscription: s,
		Notes: []string{
			"For a network on Affise whose offer leads here: its tracking URL carries aff_click_id={clickid}.",
			"Statuses are numbers: 1 approved, 2 pending, 3 declined, 5 hold. What is on hold here is sent as 2, since Affise approves a hold by itself after some days.",
			"Affise changes what is pending there, and nothing else: a reversal of an approved conversion is not taken, and not sent. Tell it by hand.",
			"Today's Affise answers 200 and status 1 to everything and judges later: what it refused stands in its Server Postbacks. Older ones answer 200 and status 2 for a refusal, which is a failure here.",
			"sum is the network's revenue, in the offer's currency: a parameter for it is not described.",
		},
		Source: "Affise help center: Postback URL parameters, https://help-center.affise.com/en/articles/6475468-affise-postback-url-parameters; Server postback errors, https://help-center.affise.com/en/articles/6476587-server-postback-errors; How to change a conversion's status, https://affise.zendesk.com/hc/en-us/articles/213899985-How-to-Change-Conversion-s-Status-",
	}
}

func cake() Preset {
	s := onApproval(byURL("CAKE", "https://<domain>/p.ashx?o=<offer_id>&e=<event_id>&f=pb&r=<click_id>&t={conversion_id}&p={payout}"))
	s.SuccessContains = "SUCCESS"
	return Preset{
		Key: "cake", Name: "CAKE", Kind: kindNetwork, For: forAffiliate,
		Fields: []Field{
			hostField("example.cakemarketing.com"),
			{Name: "offer_id", Kind: FieldNumber, Example: "690", Doc: "the offer there (o)"},
			{Name: "event_id", Kind: FieldNumber, Open: true, Example: "216", Doc: "the event there (e); for each further goal a postback of its own"},
			clickIDField(),
		},
		Subscription: s,
		Notes: []string{
			"For a network on CAKE whose offer leads here: its offer link carries aff_click_id=#reqid#. The request ID is of a visitor's session, not of a click.",
			"p is the network's revenue and overrides what its campaign says. A parameter for the currency is not described.",
			"CAKE answers with a small XML document; SUCCESS in it is looked for. How it words a refusal is not described.",
			"A change by this postback is not described, so it hears of a conversion when it is approved.",
		},
		Source: "CAKE support: Understanding the CAKE Conversion Pixel, https://support.getcake.com/support/solutions/articles/5000546124-conversion-pixel-variables; How to Implement Server-to-Server Tracking, https://support.getcake.com/support/solutions/articles/5000546059-how-do-i-implement-server-to-server-tracking-; of the path p.ashx and the answer, public client code",
	}
}

func cakeAPI() Preset {
	s := onApproval(byURL("CAKE API",
		"https://<domain>/api/2/conversion.json?api_key=<api_key>&click_id=<click_id>&offer_id=<offer_id>&revenue={payout}&order_id={order_id}&unique_id={conversion_id}"))
	s.SuccessContains = "Success"
	return Preset{
		Key: "cake_api", Name: "CAKE: conversion.json", Kind: kindNetwork, For: forAffiliate,
		Fields: []Field{
			hostField("example.cakemarketing.com"),
			{Name: "offer_id", Kind: FieldNumber, Example: "12345", Doc: "the offer there"},
			clickIDField(),
			{Name: "api_key", Kind: FieldSecret, Doc: "an API key of the network: Setup, System Access, API Keys"},
		},
		Subscription: s,
		Notes: []string{
			"For networks whose offer shows a postback URL with /api/2/conversion.json. A key of their whole API is needed: prefer the template cake where both work.",
			"unique_id is our conversion's ID, by which CAKE tells a repetition.",
			"CAKE answers with JSON; request_status must be Success. How it words a refusal is not described.",
		},
		Source: "CAKE support: How to Record and Update Conversions via the CAKE API, https://support.getcake.com/support/solutions/articles/13000118801-how-to-record-and-update-conversions-via-the-cake-api; Setting up postback URLs, https://support.getcake.com/support/solutions/articles/13000118786-setting-up-postback-urls-and-pixel-tracking-in-cake",
	}
}

func own() []Preset {
	return []Preset{waybill(), plain(), plainJSON()}
}

// waybill tells the next installation of a chain.
func waybill() Preset {
	s := inStatuses(byURL("Waybill",
		"https://<domain>/postback?transaction_id=<click_id>&order_id={conversion_id}&amount=<amount>&currency={currency}&status={status}&goal=<event>&adv1={order_id}&test={test}&token=<token>"),
		"pending", "approved", "rejected")
	s.On = append(lifeCycle(), conversion.EventUpdated)
	s.FailureContains = `"status":"rejected"`
	return Preset{
		Key: "waybill", Name: "Another Waybill", Kind: kindNetwork, For: forAffiliate,
		Fields: []Field{
			hostField("go.example.com"), clickIDField(), amountField(),
			eventField("the goal's code there; left open, it is default", "{goal}"),
			{Name: "token", Kind: FieldSecret, Open: true, Doc: "the token of the advertiser that we are there"},
		},
		Subscription: s,
		Notes: []string{
			"For a network that runs Waybill and sends its visitors here: its destination_url carries aff_click_id={transaction_id}.",
			"order_id is our conversion's ID, so that changes of status and amount find their conversion; the shop's order number is in adv1.",
			"amount is what the network earns here: there, set the offer's revenue to 100 % (cps) for equal books.",
			"Goals that are counted more than once for a click need dedupe per_order there.",
			"Test conversions are passed on as tests.",
			"With postback_auth signature there: put the advertiser's sig_secret into secret, leave token open, and end the URL with &ts={timestamp}&sig={sig}.",
		},
		Source: "Waybill: Postbacks, integrate-postback.md",
	}
}

func plain() Preset {
	s := byURL("Postback",
		"<url>?click_id=<click_id>&conversion_id={conversion_id}&status={status}&goal={goal}&payout={payout}&currency={currency}&order_id={order_id}&time={conversion_time}")
	s.On = lifeCycle()
	return Preset{
		Key: "plain", Name: "Any system, by a URL", Kind: kindOwn, For: forAffiliate,
		Fields: []Field{
			{Name: "url", Kind: FieldURL, Example: "https://tracker.example.com/pb", Doc: "where it goes; what it holds already stays"},
			clickIDField(),
		},
		Subscription: s,
		Notes: []string{
			"Names of parameters are free: change them in url.",
			"Answer 2xx when you have written it down, and anything else when not: then it comes again.",
			"It may come twice. conversion_id and status together tell a repetition.",
		},
		Source: "Waybill: Macros, macros.md",
	}
}

func plainJSON() Preset {
	s := byURL("Postback (JSON)", "<url>")
	s.Format, s.Method = delivery.JSON, http.MethodPost
	s.On = lifeCycle()
	s.Body = `{"click_id":"<click_id>","conversion_id":"{conversion_id}","status":"{status}","goal":"{goal}","payout":"{payout}","currency":"{currency}","order_id":"{order_id}","time":"{conversion_time|rfc3339}"}`
	return Preset{
		Key: "plain_json", Name: "Any system, by JSON", Kind: kindOwn, For: forAffiliate,
		Fields: []Field{
			{Name: "url", Kind: FieldURL, Example: "https://tracker.example.com/pb", Doc: "where it goes"},
			clickIDField(),
		},
		Subscription: s,
		Notes: []string{
			"Names of members are free: change them in body.",
			"For a signed payload with a fixed form, use the format webhook.",
			"Answer 2xx when you have written it down, and anything else when not: then it comes again.",
			"It may come twice. conversion_id and status together tell a repetition.",
		},
		Source: "Waybill: Macros, macros.md",
	}
}
