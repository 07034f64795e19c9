package receivertest

import (
	"net/http"
	"net/url"
)

// KeitaroKey is the postback key of the Keitaro there is.
const KeitaroKey = "e89bcbe"

func trackers() map[string]product {
	return map[string]product{
		"voluum":     {endpoints: map[string]endpoint{"/postback": voluum()}, answer: inStatus},
		"binom":      {endpoints: map[string]endpoint{"/click.php": binom(), "/click": binom()}, answer: inStatus},
		"keitaro":    {endpoints: map[string]endpoint{"/" + KeitaroKey + "/postback": keitaro()}, answer: asToldTo},
		"redtrack":   {endpoints: map[string]endpoint{"/postback": redtrack()}, answer: inStatus},
		"clickflare": {endpoints: map[string]endpoint{"/cf/cv": clickflare()}, answer: inStatus},
		"bemob":      {endpoints: map[string]endpoint{"/postback": bemob()}, answer: inStatus},
		"funnelflux": {endpoints: map[string]endpoint{"/pb/": funnelflux()}, answer: inStatus},
	}
}

// asToldTo answers with the text of the parameter return, whatever it makes of
// the postback: that is seen in its log of received postbacks.
func asToldTo(w http.ResponseWriter, q url.Values, _ string) {
	writeText(w, "text/plain", q.Get("return"))
}

// once counts a click and transaction ID once; without a transaction ID, a
// click once.
func once(s state) verdict {
	if s.known || s.got.ID == "" && len(s.kin) > 0 {
		return pass()
	}
	return keep(s.got)
}

// edit takes whatever is new of a conversion.
func edit(s state) verdict { return keep(s.got) }

func voluum() endpoint {
	return endpoint{
		takes: series(map[string]check{
			"cid": form(`[A-Za-z0-9]{26}`, "a Voluum click ID"), "payout": number(), "txid": anything,
			"currency": currency(), "et": anything,
		}, "param", 5),
		needs: []string{"cid"},
		read: func(q url.Values) Conversion {
			return Conversion{Click: q.Get("cid"), ID: q.Get("txid"), Money: q.Get("payout"), Currency: q.Get("currency"), Event: q.Get("et")}
		},
		judge: once,
	}
}

func binom() endpoint {
	takes := map[string]check{
		"cnv_id": form(`[0-9a-z]{13,20}`, "a Binom click ID"), "payout": number(), "cnv_status": anything,
		"cnv_status2": anything, "cnv_currency": currency(), "to_offer": digits(), "disable_postback": oneOf("1"),
	}
	series(series(takes, "event", 30), "add_event", 30)
	return endpoint{
		takes: takes,
		needs: []string{"cnv_id"},
		read: func(q url.Values) Conversion {
			return Conversion{
				Click: q.Get("cnv_id"), Status: q.Get("cnv_status"), Money: q.Get("payout"),
				Currency: q.Get("cnv_currency"), Event: events(q),
			}
		},
		judge: func(s state) verdict { // one conversion a click; what is not sent stays
			c := s.old
			c.Click = s.got.Click
			replace(&c.Status, s.got.Status)
			replace(&c.Money, s.got.Money)
			replace(&c.Currency, s.got.Currency)
			replace(&c.Event, s.got.Event)
			return keep(c)
		},
	}
}

// events gives the first of Binom's numbered events that was sent.
func events(q url.Values) string {
	for name := range series(map[string]check{}, "event", 30) {
		if v := q.Get(name); v != "" {
			return name + "=" + v
		}
	}
	return ""
}

func replace(old *string, by string) {
	if by != "" {
		*old = by
	}
}

func keitaro() endpoint {
	return endpoint{
		takes: series(map[string]check{
			"subid": form(`[0-9a-z]{19,20}`, "a Keitaro subid"), "tid": anything, "payout": number(), "revenue": number(),
			"cost": number(), "status": oneOf("lead", "sale", "rejected", "rebill"),
			"currency": form(`[A-Za-z]{3}`, "a currency's code"), "return": anything, "sale_status": anything,
			"lead_status": anything, "rejected_status": anything, "ignore_status": anything,
		}, "sub_id_", 15),
		needs: []string{"subid"},
		read: func(q url.Values) Conversion {
			c := Conversion{Click: q.Get("subid"), ID: q.Get("tid"), Status: q.Get("status"), Money: q.Get("payout"), Currency: q.Get("currency")}
			if c.Status == "" {
				c.Status = "sale"
			}
			return c
		},
		judge: func(s state) verdict {
			move := s.old.Status + " to " + s.got.Status
			paid := s.got.Status == "sale" || s.got.Status == "rebill"
			switch {
			case s.known && s.old.Status == s.got.Status:
				return pass() // the pair of subid and tid exists
			case s.known && move != "lead to sale" && move != "lead to rejected" && move != "sale to rejected" && move != "rebill to rejected":
				return refuse("no conversion goes from " + move)
			case !s.known && len(s.kin) > 0 && (!paid || s.got.ID == ""):
				return refuse("a further conversion of a click is a sale or rebill with a tid of its own")
			}
			return keep(s.got)
		},
	}
}

// redtrack is set to edit a conversion by what comes later.
func redtrack() endpoint {
	return endpoint{
		takes: map[string]check{
			"clickid": anything, "sum": number(), "status": oneOf("approved", "pending", "declined", "other"),
			"type": oneOf("Purchase", "deposit"), "rdtk_event_id": anything,
		},
		needs: []string{"clickid"},
		read: func(q url.Values) Conversion {
			return Conversion{Click: q.Get("clickid"), ID: q.Get("type"), Status: q.Get("status"), Money: q.Get("sum"), Event: q.Get("type")}
		},
		judge: edit,
	}
}

func clickflare() endpoint {
	return endpoint{
		takes: map[string]check{"click_id": anything, "payout": number(), "txid": anything, "ct": anything},
		needs: []string{"click_id"},
		read: func(q url.Values) Conversion {
			return Conversion{Click: q.Get("click_id"), ID: q.Get("txid"), Money: q.Get("payout"), Event: q.Get("ct")}
		},
		judge: once,
	}
}

// bemob has the words of its four statuses in the settings of the affiliate
// network.
func bemob() endpoint {
	return endpoint{
		takes: map[string]check{
			"cid": form(`[A-Za-z0-9]{22}`, "a BeMob click ID"), "payout": number(), "txid": anything,
			"status": oneOf("new", "approved", "declined", "chargeback"),
		},
		needs: []string{"cid"},
		read: func(q url.Values) Conversion {
			return Conversion{Click: q.Get("cid"), ID: q.Get("txid"), Status: q.Get("status"), Money: q.Get("payout")}
		},
		judge: edit,
	}
}

func funnelflux() endpoint {
	return endpoint{
		takes: map[string]check{"hit": form(`[0-9a-z]{26}`, "a FunnelFlux hit ID"), "tx": anything, "rev": number()},
		needs: []string{"hit"},
		read: func(q url.Values) Conversion {
			return Conversion{Click: q.Get("hit"), ID: q.Get("tx"), Money: q.Get("rev")}
		},
		judge: once,
	}
}
