package receivertest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// What the networks there are know beside clicks.
const (
	TUNEToken     = "f2a1c0ffee"
	EverflowNID   = "417"
	EverflowToken = "vt-9931"
	AffiseSecure  = "0cc175b9c0f1b6a8"
	CAKEKey       = "k-77aa"
)

func networks() map[string]product {
	return map[string]product{
		"tune": {
			endpoints: map[string]endpoint{"/aff_lsr": tune("offer_id"), "/aff_goal": tune("a", "goal_id")}, answer: tuneAnswer,
		},
		"everflow":      {endpoints: map[string]endpoint{"/": everflow(), "/reversal": everflowReversal()}, answer: inLog},
		"affise":        {endpoints: map[string]endpoint{"/postback": affise()}, answer: affiseAccepted},
		"affise_legacy": {endpoints: map[string]endpoint{"/postback": affise()}, answer: affiseJudged},
		"cake":          {endpoints: map[string]endpoint{"/p.ashx": cake()}, answer: cakeAnswer},
		"cake_api":      {endpoints: map[string]endpoint{"/api/2/conversion.json": cakeAPI()}, answer: cakeAPIAnswer},
	}
}

// tune takes postbacks of an offer, or of a goal. Its clicks' transaction IDs
// have 30 hexadecimal digits.
func tune(needs ...string) endpoint {
	takes := map[string]check{
		"transaction_id": form(`[0-9a-f]{30}`, "a TUNE transaction ID"), "offer_id": digits(), "a": oneOf("lsr"),
		"goal_id": digits(), "amount": number(), "status": oneOf("approved", "pending", "rejected"),
		"adv_sub": anything, "conversion_unique_id": anything, "security_token": oneOf(TUNEToken),
		"promo_code": anything,
	}
	for i := 2; i <= 5; i++ {
		takes[fmt.Sprintf("adv_sub%d", i)] = anything
	}
	return endpoint{
		takes: series(takes, "adv_unique", 5),
		needs: append([]string{"transaction_id", "security_token"}, needs...),
		read: func(q url.Values) Conversion {
			return Conversion{
				Click: q.Get("transaction_id"), ID: q.Get("conversion_unique_id"), Status: q.Get("status"),
				Money: q.Get("amount"), Event: q.Get("goal_id"),
			}
		},
		judge: func(s state) verdict {
			if s.known {
				return refuse("Duplicate conversion by Unique ID")
			}
			for _, other := range s.kin {
				if other.Event == s.got.Event {
					return refuse("Duplicate conversion")
				}
			}
			return keep(s.got)
		},
	}
}

// tuneAnswer is a 200 whatever comes of a postback.
func tuneAnswer(w http.ResponseWriter, _ url.Values, refusal string) {
	text := "success=true;"
	if refusal != "" {
		text = "success=false; err_msg=" + refusal + ";"
	}
	writeText(w, "text/plain", text)
}

func everflow() endpoint {
	return endpoint{
		takes: series(map[string]check{
			"nid": oneOf(EverflowNID), "transaction_id": form(`[0-9a-f]{32}`, "an Everflow transaction ID"),
			"amount": number(), "coupon_code": anything, "order_id": anything, "user_id": anything, "email": anything,
			"verification_token": oneOf(EverflowToken), "event_id": digits(), "adv_event_id": oneOf("deposit"),
		}, "adv", 10),
		needs: []string{"nid", "transaction_id", "verification_token"},
		read: func(q url.Values) Conversion {
			return Conversion{
				Click: q.Get("transaction_id"), ID: q.Get("order_id"), Status: "approved",
				Money: q.Get("amount"), Event: q.Get("adv_event_id"),
			}
		},
		judge: func(s state) verdict {
			for _, other := range s.kin {
				if other.Event == s.got.Event {
					return refuse("duplicate")
				}
			}
			return once(s)
		},
	}
}

func everflowReversal() endpoint {
	return endpoint{
		takes: map[string]check{"order_id": anything, "verification_token": oneOf(EverflowToken)},
		needs: []string{"order_id", "verification_token"},
		byID:  true,
		read:  func(q url.Values) Conversion { return Conversion{ID: q.Get("order_id")} },
		judge: func(s state) verdict {
			s.old.Status = "rejected"
			return keep(s.old)
		},
	}
}

func affise() endpoint {
	clickID := form(`[0-9a-f]{24}`, "an Affise click ID")
	return endpoint{
		takes: series(map[string]check{
			"clickid": clickID, "click_id": clickID, "action_id": anything, "goal": oneOf("1", "default", "deposit"),
			"sum": number(), "ip": anything, "status": oneOf("1", "2", "3", "5"), "referrer": anything,
			"comment": anything, "secure": oneOf(AffiseSecure), "fbclid": anything, "device_type": anything,
			"aimp_id": anything, "promo_code": anything, "user_id": anything,
		}, "custom_field", 15),
		needs: []string{"clickid", "secure"},
		read: func(q url.Values) Conversion {
			return Conversion{
				Click: q.Get("clickid"), ID: q.Get("action_id"), Status: q.Get("status"), Money: q.Get("sum"), Event: q.Get("goal"),
			}
		},
		judge: func(s state) verdict {
			switch {
			case !s.known:
				return keep(s.got)
			case s.old.Status == s.got.Status:
				return refuse("Conversion exists")
			case s.old.Status != "2":
				return refuse("Conversion status is not pending")
			default:
				return keep(s.got)
			}
		},
	}
}

// affiseAccepted answers before anything is judged.
func affiseAccepted(w http.ResponseWriter, _ url.Values, _ string) {
	writeJSON(w, http.StatusOK, map[string]any{"status": 1})
}

// affiseJudged is how it answered before postbacks were judged later: 200, and
// a status of 2 in the body.
func affiseJudged(w http.ResponseWriter, _ url.Values, refusal string) {
	if refusal != "" {
		writeJSON(w, http.StatusOK, map[string]any{"status": 2, "message": refusal})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"status": 1})
}

func cake() endpoint {
	return endpoint{
		takes: map[string]check{
			"o": digits(), "e": digits(), "r": digits(), "f": oneOf("pb"), "t": anything, "p": number(), "ap": number(),
			"a": digits(), "u": anything,
		},
		needs: []string{"o", "r", "f"},
		read: func(q url.Values) Conversion {
			return Conversion{Click: q.Get("r"), ID: q.Get("t"), Money: q.Get("p"), Event: q.Get("e")}
		},
		judge: once,
	}
}

func cakeAnswer(w http.ResponseWriter, _ url.Values, refusal string) {
	code, msg := 0, "SUCCESS"
	if refusal != "" {
		code, msg = 1, "REFUSED"
	}
	writeText(w, "text/xml; charset=utf-8", fmt.Sprintf(
		"<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<result>\r\n\t<code>%d</code>\r\n\t<msg>%s</msg>\r\n</result>", code, msg))
}

func cakeAPI() endpoint {
	return endpoint{
		takes: series(map[string]check{
			"api_key": oneOf(CAKEKey), "click_id": anything, "offer_id": digits(), "payout": number(), "revenue": number(),
			"conversion_date": anything, "unique_id": anything, "order_id": anything,
		}, "adv", 5),
		needs: []string{"api_key", "click_id", "offer_id"},
		read: func(q url.Values) Conversion {
			return Conversion{Click: q.Get("click_id"), ID: q.Get("unique_id"), Money: q.Get("revenue")}
		},
		judge: once,
	}
}

func cakeAPIAnswer(w http.ResponseWriter, q url.Values, refusal string) {
	if refusal != "" {
		writeJSON(w, http.StatusOK, map[string]any{"request_status": "Failure", "message": refusal})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"request_status": "Success", "click_id": q.Get("click_id")})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // a test's client that hangs up has its own failure
}
