package preset

import (
	"waybill/internal/conversion"
	"waybill/internal/delivery"
)

func adServers() []Preset { return []Preset{revive(), openx()} }

func deliveryPathField() Field {
	return Field{Name: "path", Kind: FieldPath, Default: "www/delivery", Example: "delivery", Doc: "where the delivery scripts are, as in the tracker's invocation code"}
}

func trackerIDField() Field {
	return Field{Name: "tracker_id", Kind: FieldNumber, Example: "12", Doc: "the conversion tracker's number (trackerid)"}
}

func revive() Preset {
	s := byURL("Revive", "https://<domain>/<path>/ti.php?trackerid=<tracker_id>&cb={random}&<value_variable>={payout}&<order_variable>={order_id}")
	s.Format = delivery.Image
	s.On = []conversion.Event{conversion.EventCreated}
	return Preset{
		Key: "revive", Name: "Revive Adserver, OpenX Source", Kind: kindAdServer, For: forAffiliate,
		Fields: []Field{
			hostField("ads.example.com"), deliveryPathField(), trackerIDField(),
			{Name: "value_variable", Kind: FieldName, Open: true, Example: "value", Doc: "the tracker's variable for the basket value"},
			{Name: "order_variable", Kind: FieldName, Open: true, Example: "order_id", Doc: "the tracker's variable for the order, best set as the unique one"},
		},
		Subscription: s,
		Notes: []string{
			"Revive finds the banner that a conversion belongs to by cookies in the visitor's browser. No server can tell it of one: this is a browser pixel, and fires only when the conversion comes through Waybill's iframe pixel.",
			"Statuses, later changes and a currency are unknown to it.",
			"A variable is kept under the name it has in the tracker; names that the tracker does not have are passed over.",
			"The answer is the same image, whether it counted or not.",
		},
		Source: "Revive Adserver source code: www/delivery_dev/ti.php and lib/max/Delivery/tracker.php, log.php, https://github.com/revive-adserver/revive-adserver; that only browsers are counted: issue 164, https://github.com/revive-adserver/revive-adserver/issues/164",
	}
}

func openx() Preset {
	return Preset{
		Key: "openx", Name: "Ad servers built on OpenX, by click ID", Kind: kindAdServer, For: forAffiliate,
		Fields: []Field{
			hostField("ads.example.com"), deliveryPathField(), trackerIDField(),
			{Name: "click_parameter", Kind: FieldName, Default: "sid", Doc: "the parameter that takes the click ID"},
			clickIDField(),
		},
		Subscription: onApproval(byURL("Ad server", "https://<domain>/<path>/ti.php?trackerid=<tracker_id>&<click_parameter>=<click_id>&cb={random}")),
		Notes: []string{
			"For networks whose ad server was built on OpenX and learned to take a click ID in the beacon's URL, as Ad4Game's did. Ask the network whether its own did, and for the parameter; Revive itself does not.",
			"Payout, currency and statuses are not described.",
			"The answer is the same image, whether it counted or not.",
		},
		Source: "Branch: ad partner A4G (Ad4Game), postback https://ads.ad4game.com/www/delivery/ti.php?trackerid={trackerid}&sid={servertracking}",
	}
}
