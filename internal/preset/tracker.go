package preset

import (
	"waybill/internal/conversion"
	"waybill/internal/delivery"
)

// lifeCycle are the events of a receiver that follows a conversion through its
// statuses.
func lifeCycle() []conversion.Event {
	return []conversion.Event{
		conversion.EventCreated, conversion.EventApproved, conversion.EventRejected, conversion.EventReversed,
	}
}

// onApproval makes s hear of a conversion once it is approved, which may be at
// its creation: for receivers that cannot change what they were told.
func onApproval(s delivery.Subscription) delivery.Subscription {
	s.On = []conversion.Event{conversion.EventCreated, conversion.EventApproved}
	s.Statuses = []conversion.Status{conversion.Approved}
	return s
}

// inStatuses makes s hear of a conversion's whole life, in the receiver's words.
// What is on hold is pending to it, and what is paid is approved.
func inStatuses(s delivery.Subscription, pending, approved, rejected string) delivery.Subscription {
	s.On = lifeCycle()
	s.StatusWords = map[string]string{
		string(conversion.Pending): pending, string(conversion.Hold): pending,
		string(conversion.Approved): approved, string(conversion.Paid): approved,
		string(conversion.Rejected): rejected,
	}
	return s
}

// byURL is a subscription of a URL.
func byURL(name, url string) delivery.Subscription {
	s := delivery.Default()
	s.Name, s.URL = name, url
	return s
}

// The fields that templates share.

func hostField(example string) Field {
	return Field{Name: "domain", Kind: FieldHost, Doc: "the receiver's tracking domain", Example: example}
}

func clickIDField() Field {
	return Field{Name: "click_id", Kind: FieldClickID, Default: "{aff_click_id}", Doc: "the macro in which the receiver's click ID comes with a click"}
}

func eventField(doc, example string) Field {
	return Field{Name: "event", Kind: FieldText, Open: true, Doc: doc, Example: example}
}

func trackers() []Preset {
	return []Preset{
		voluum(), binom(), binomEvent(), keitaro(), redtrack(),
		clickflare(), bemob(), funnelflux(),
	}
}

func voluum() Preset {
	return Preset{
		Key: "voluum", Name: "Voluum", Kind: kindTracker, For: forAffiliate,
		Fields: []Field{
			hostField("track.example.com"), clickIDField(),
			eventField("the event type (et) of the account's custom conversions; case matters", "{goal}"),
		},
		Subscription: onApproval(byURL("Voluum",
			"https://<domain>/postback?cid=<click_id>&payout={payout}&currency={currency}&txid={conversion_id}&et=<event>")),
		Notes: []string{
			"Voluum counts a click ID and txid once and cannot change what it counted, so it hears of a conversion when it is approved.",
			"txid is the conversion's ID: further goals of a click count as conversions of their own.",
			"The payout is taken where the offer's payout is set to Auto.",
			"A rejection is not sent. Voluum takes corrections by its conversion upload, with a negative payout.",
			"How Voluum answers a postback it does not count is not described: look at its conversions report once.",
		},
		Source: "Voluum documentation: Parameters in Postback URLs, https://doc.voluum.com/article/parameters-in-postback-urls; Upselling, https://doc.voluum.com/en/upselling.html; Custom Conversions, https://doc.voluum.com/en/tracking_offers_custom_conversions.html",
	}
}

func binomPathField() Field {
	return Field{Name: "path", Kind: FieldPath, Default: "click.php", Example: "click", Doc: "the file that takes clicks: click.php in Binom 1, click in Binom 2; with its folder, if there is one"}
}

func binom() Preset {
	return Preset{
		Key: "binom", Name: "Binom", Kind: kindTracker, For: forAffiliate,
		Fields: []Field{hostField("track.example.com"), binomPathField(), clickIDField()},
		Subscription: inStatuses(byURL("Binom",
			"https://<domain>/<path>?cnv_id=<click_id>&payout={payout}&cnv_currency={currency}&cnv_status={status}"), "lead", "sale", "reject"),
		Notes: []string{
			"Binom keeps any word in cnv_status. These are lead, sale and reject; enter the same words in its Status-payout relation, reject with 0, so that a rejection takes the payout back.",
			"With Upsell switched on in the offer, a repeated postback adds its payout: leave it off, or hear of conversion.approved alone.",
			"Binom has one conversion a click: scope this postback to one goal, and send further goals with the template binom_event.",
			"The payout is taken where the offer's payout is set to Auto.",
			"How Binom answers a postback it does not count is not described.",
		},
		Source: "Binom documentation: Postback, https://docs.binom.org/postback-url.php; Payout tracking, https://docs.binom.org/payout-tracking-v2.php; Affiliate Networks (Status payouts), https://docs.binom.org/affiliate-networks.php",
	}
}

func binomEvent() Preset {
	return Preset{
		Key: "binom_event", Name: "Binom: a further goal", Kind: kindTracker, For: forAffiliate,
		Fields: []Field{
			hostField("track.example.com"), binomPathField(), clickIDField(),
			{Name: "number", Kind: FieldNumber, Example: "1", Doc: "which of Binom's events it is, 1 to 30"},
			{Name: "value", Kind: FieldText, Default: "1", Doc: "what the event becomes, such as 1 or {payout}"},
		},
		Subscription: onApproval(byURL("Binom event", "https://<domain>/<path>?cnv_id=<click_id>&event<number>=<value>")),
		Notes: []string{
			"Set goal to the one that this is about, or every conversion is sent as this event.",
			"An event leaves payout and status of the click's conversion as they are.",
		},
		Source: "Binom documentation: Payout tracking (events 1 to 30), https://docs.binom.org/payout-tracking-v2.php; Manual conversions update, https://docs.binom.org/update-conv.php",
	}
}

func keitaro() Preset {
	s := inStatuses(byURL("Keitaro",
		"https://<domain>/<key>/postback?subid=<click_id>&tid={conversion_id}&status={status}&payout={payout}&currency={currency}&return=OK"),
		"lead", "sale", "rejected")
	s.SuccessContains = "OK"
	return Preset{
		Key: "keitaro", Name: "Keitaro", Kind: kindTracker, For: forAffiliate,
		Fields: []Field{
			hostField("track.example.com"),
			{Name: "key", Kind: FieldPath, Example: "e89bcbe", Doc: "the postback key: the part of the path before /postback in Maintenance, Postback URL"},
			clickIDField(),
		},
		Subscription: s,
		Notes: []string{
			"lead is pending or on hold, sale is approved, rejected is rejected or reversed. Keitaro moves lead to sale or rejected, and sale to rejected; back from rejected it does not.",
			"tid is the conversion's ID. A further goal of a click counts where the offer allows rebills, once it is approved.",
			"Keitaro is asked to answer OK. It answers before it looks for the subid: what it did not count stands in Maintenance, Logs, Received postbacks.",
			"The key stands in the path, and so in the address shown with each attempt.",
		},
		Source: "Keitaro documentation: Postback, https://docs.keitaro.io/en/conversions/postback.html; Postback troubleshooting, https://docs.keitaro.io/en/conversions-and-postback/postback-troubleshooting.html",
	}
}

func redtrack() Preset {
	return Preset{
		Key: "redtrack", Name: "RedTrack", Kind: kindTracker, For: forAffiliate,
		Fields: []Field{
			hostField("trk.example.com"), clickIDField(),
			eventField("the conversion type (type) as it is written in Tools, Conversion tracking; case matters", "Purchase"),
		},
		Subscription: inStatuses(byURL("RedTrack",
			"https://<domain>/postback?clickid=<click_id>&sum={payout}&status={status}&type=<event>&rdtk_event_id={conversion_id}"),
			"pending", "approved", "declined"),
		Notes: []string{
			"Set the offer source's duplicate postback mode to “Edit conversion with new data”. With “Create new conversion”, each change of status would count once more: then set on to conversion.created and conversion.approved, and statuses to approved.",
			"For traffic channels with an API integration RedTrack passes on types, not statuses: fill event with the type.",
			"Several goals of a click need a type each, or they edit one another.",
			"sum is in the currency of the offer source: RedTrack describes no parameter for it.",
			"How RedTrack answers a postback it does not count is not described.",
		},
		Source: "RedTrack knowledge base: Conversion types and statuses, https://help.redtrack.io/knowledgebase/kb/conversion-tracking/tracking-event-types/; Conditional postback, https://help.redtrack.io/knowledgebase/kb/tracker-setup-for-affiliates/advanced-tracking-tracker-setup-for-advertisers/conditional-postback/; Adding Affiliate Networks (sum), https://redtrack.zendesk.com/hc/en-us/articles/207082019-Step-2-Adding-Affiliate-Networks",
	}
}

func clickflare() Preset {
	return Preset{
		Key: "clickflare", Name: "ClickFlare", Kind: kindTracker, For: forAffiliate,
		Fields: []Field{
			hostField("track.example.com"), clickIDField(),
			eventField("the conversion type (ct) of the account", "sale"),
		},
		Subscription: onApproval(byURL("ClickFlare",
			"https://<domain>/cf/cv?click_id=<click_id>&payout={payout}&txid={conversion_id}&ct=<event>")),
		Notes: []string{
			"txid tells conversions of a click apart. ClickFlare describes no change of one that it has, so it hears of a conversion when it is approved.",
			"Older descriptions have /cf/postback with cid instead of /cf/cv with click_id; both are said to work. ct is described for /cf/cv, and by third parties alone.",
			"payout is in the currency that is set for the offer: a parameter for it is not described.",
			"ClickFlare bills postbacks that it passes on as events.",
			"How ClickFlare answers a postback it does not count is not described.",
		},
		Source: "ClickFlare help: Parameters in Postback URLs, https://help.clickflare.io/en/tracking/click-flare-parameters-in-postback-urls; S2S Postback URLs, https://help.clickflare.io/en/settings/s2s-postback-ur-ls; of ct, TagadaPay: ClickFlare, https://docs.tagada.io/developer-tools/tracking/clickflare",
	}
}

func bemob() Preset {
	return Preset{
		Key: "bemob", Name: "BeMob", Kind: kindTracker, For: forAffiliate,
		Fields: []Field{hostField("xxxxx.bemobtrcks.com"), clickIDField()},
		Subscription: inStatuses(byURL("BeMob",
			"https://<domain>/postback?cid=<click_id>&payout={payout}&txid={conversion_id}&status={status}"), "new", "approved", "declined"),
		Notes: []string{
			"In BeMob's affiliate network, tick “Use conversion statuses” and enter new, approved and declined in the fields New, Approved and Declined.",
			"A reversal is sent as declined too; the field Chargeback stays empty.",
			"Several goals of a click: tick “Accept double postbacks”, txid tells them apart.",
			"A parameter for the currency is not described.",
			"How BeMob answers a postback it does not count is not described.",
		},
		Source: "BeMob documentation: Postback Statuses, https://help.bemob.com/docs/using-postback-statuses; Postback settings of affiliate network, https://docs.bemob.com/en/postback-settings-of-affiliate-network; Setting Up Affiliate Network Manually, https://help.bemob.com/docs/creating-affiliate-network-manually",
	}
}

func funnelflux() Preset {
	return Preset{
		Key: "funnelflux", Name: "FunnelFlux Pro", Kind: kindTracker, For: forAffiliate,
		Fields: []Field{hostField("track.example.com"), clickIDField()},
		Subscription: onApproval(byURL("FunnelFlux Pro",
			"https://<domain>/pb/?hit=<click_id>&tx={conversion_id}&rev={payout}")),
		Notes: []string{
			"hit is the ID of a hit on a lander or offer; each node of a funnel has its own.",
			"tx tells conversions of a hit apart. A change by postback is not described, so it hears of a conversion when it is approved; a reversed one is deleted in Update Conversions, with a payout of -1.",
			"Parameters for a currency and an event are not described.",
			"How FunnelFlux answers a postback it does not count is not described.",
		},
		Source: "FunnelFlux Pro help: Tracking conversions, https://help.funnelflux.pro/en/article/tracking-conversions-1vtfnp5/; Updating conversion data, https://help.funnelflux.pro/en/article/28-updating-conversion-data",
	}
}
