package receivertest

import (
	"net/http"
	"net/url"

	"waybill/internal/conversion"
)

// WaybillToken is the token that the Waybill there is wants of its advertiser.
const WaybillToken = "the-token"

func plain() map[string]product {
	fields := map[string]check{
		"click_id": anything, "conversion_id": anything,
		"status": oneOf("pending", "hold", "approved", "rejected", "paid"), "goal": anything, "payout": number(),
		"currency": currency(), "order_id": anything,
		"time": form(`\d{10}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`, "a time"),
	}
	read := func(q url.Values) Conversion {
		return Conversion{
			Click: q.Get("click_id"), ID: q.Get("conversion_id"), Status: q.Get("status"), Money: q.Get("payout"),
			Currency: q.Get("currency"), Event: q.Get("goal"),
		}
	}
	needs := []string{"click_id", "conversion_id", "status"}
	return map[string]product{
		"plain":      {endpoints: map[string]endpoint{"/pb": {takes: fields, needs: needs, read: read, judge: edit}}, answer: inStatus},
		"plain_json": {endpoints: map[string]endpoint{"/pb": {takes: fields, needs: needs, json: true, read: read, judge: edit}}, answer: inStatus},
		"waybill":    {endpoints: map[string]endpoint{"/postback": waybill()}, answer: waybillVerdict},
	}
}

// waybill is the next installation of a chain: its goals are default and
// deposit, one conversion an order.
func waybill() endpoint {
	return endpoint{
		takes: series(map[string]check{
			"transaction_id": form(`[0-9a-hjkmnp-tv-z]{32}`, "a transaction ID"), "order_id": anything, "amount": number(),
			"currency": currency(), "goal": oneOf("default", "deposit"),
			"status": oneOf("approved", "pending", "rejected", "hold"), "token": oneOf(WaybillToken), "test": oneOf("1"),
		}, "adv", 10),
		needs: []string{"transaction_id", "token"},
		read: func(q url.Values) Conversion {
			return Conversion{
				Click: q.Get("transaction_id"), ID: q.Get("order_id"), Status: q.Get("status"), Money: q.Get("amount"),
				Currency: q.Get("currency"), Event: q.Get("goal"),
			}
		},
		judge: func(s state) verdict {
			switch {
			case s.known && s.old.Status == s.got.Status:
				return pass()
			case s.known && !conversion.Status(s.old.Status).CanBecome(conversion.Status(s.got.Status)):
				return refuse("transition_not_allowed")
			default:
				return keep(s.got)
			}
		},
	}
}

func waybillVerdict(w http.ResponseWriter, q url.Values, refusal string) {
	v := map[string]any{"status": "accepted", "code": "ok", "transaction_id": q.Get("transaction_id")}
	status := http.StatusOK
	if refusal != "" {
		v["status"], v["code"], v["message"] = "rejected", "malformed", refusal
		status = http.StatusBadRequest
		if refusal == "transition_not_allowed" {
			v["code"], status = refusal, http.StatusUnprocessableEntity
		}
	}
	writeJSON(w, status, v)
}
