package receiver_test

import "waybill/internal/receiver/receivertest"

// templateTest is a product, how it is set up, and what it counts in the end of
// each story: ID, status, money, currency, event.
type templateTest struct {
	product   string
	click     string
	postbacks []filled
	want      map[string]string
}

func templateTests() []templateTest {
	const once = "first - 12.50 - -"
	return []templateTest{
		{
			product: "voluum", click: "c384EFV6JHQODRN70575OK6UG5",
			postbacks: []filled{{template: "voluum", fill: map[string]string{"domain": "<host>", "event": "{goal}"}}},
			want: map[string]string{
				"approved at once": "first - 12.50 EUR default", "pending, approved": "first - 12.50 EUR default", "held, rejected": "",
				"approved, reversed": "first - 12.50 EUR default", "two goals": "first - 12.50 EUR default; second - 40.00 EUR deposit",
			},
		},
		{
			product: "binom", click: "81e60haa86o0b7",
			postbacks: []filled{
				{template: "binom", goal: "default", fill: map[string]string{"domain": "<host>"}},
				{template: "binom_event", goal: "deposit", fill: map[string]string{"domain": "<host>", "path": "click", "number": "3", "value": "{payout}"}},
			},
			want: map[string]string{
				"approved at once": "- sale 12.50 EUR -", "pending, approved": "- sale 12.50 EUR -", "held, rejected": "- reject 12.50 EUR -",
				"approved, reversed": "- reject 12.50 EUR -", "two goals": "- sale 12.50 EUR event3=40.00",
			},
		},
		{
			product: "keitaro", click: "51ts6sgr1cbkdhljnrv",
			postbacks: []filled{{template: "keitaro", fill: map[string]string{"domain": "<host>", "key": receivertest.KeitaroKey}}},
			want: map[string]string{
				"approved at once": "first sale 12.50 EUR -", "pending, approved": "first sale 12.50 EUR -", "held, rejected": "first rejected 12.50 EUR -",
				"approved, reversed": "first rejected 12.50 EUR -", "two goals": "first sale 12.50 EUR -; second sale 40.00 EUR -",
			},
		},
		{
			product: "redtrack", click: "65b7c1d2e3f4a5b6c7d8e9f0",
			postbacks: []filled{
				{template: "redtrack", goal: "default", fill: map[string]string{"domain": "<host>", "event": "Purchase"}},
				{template: "redtrack", goal: "deposit", fill: map[string]string{"domain": "<host>", "event": "{goal}"}},
			},
			want: map[string]string{
				"approved at once": "Purchase approved 12.50 - Purchase", "pending, approved": "Purchase approved 12.50 - Purchase",
				"held, rejected": "Purchase declined 12.50 - Purchase", "approved, reversed": "Purchase declined 12.50 - Purchase",
				"two goals": "Purchase approved 12.50 - Purchase; deposit approved 40.00 - deposit",
			},
		},
		{
			product: "clickflare", click: "cf-0a1b2c3d",
			postbacks: []filled{{template: "clickflare", fill: map[string]string{"domain": "<host>"}}},
			want: map[string]string{
				"approved at once": once, "pending, approved": once, "held, rejected": "", "approved, reversed": once,
				"two goals": once + "; second - 40.00 - -",
			},
		},
		{
			product: "bemob", click: "abcDEF0123456789abcDEF",
			postbacks: []filled{{template: "bemob", fill: map[string]string{"domain": "<host>"}}},
			want: map[string]string{
				"approved at once": "first approved 12.50 - -", "pending, approved": "first approved 12.50 - -", "held, rejected": "first declined 12.50 - -",
				"approved, reversed": "first declined 12.50 - -", "two goals": "first approved 12.50 - -; second approved 40.00 - -",
			},
		},
		{
			product: "funnelflux", click: "01dkezmsf3bat8xdbz8rt039r0",
			postbacks: []filled{{template: "funnelflux", fill: map[string]string{"domain": "<host>"}}},
			want: map[string]string{
				"approved at once": once, "pending, approved": once, "held, rejected": "", "approved, reversed": once,
				"two goals": once + "; second - 40.00 - -",
			},
		},
		{
			product: "tune", click: "1027c887059b47bc69c699f45466b9",
			postbacks: []filled{
				{template: "tune", goal: "default", fill: map[string]string{"domain": "<host>", "offer_id": "26", "security_token": receivertest.TUNEToken}},
				{template: "tune_goal", goal: "deposit", fill: map[string]string{"domain": "<host>", "goal_id": "17", "amount": "{amount}", "security_token": receivertest.TUNEToken}},
			},
			want: map[string]string{
				"approved at once": once, "pending, approved": once, "held, rejected": "", "approved, reversed": once,
				"two goals": once + "; second - 100.00 - 17",
			},
		},
		{
			product: "everflow", click: "56d75d3a4d6e433fb215698c056d0d58",
			postbacks: []filled{
				{template: "everflow", goal: "default", fill: map[string]string{"domain": "<host>", "nid": receivertest.EverflowNID, "verification_token": receivertest.EverflowToken}},
				{template: "everflow", goal: "deposit", fill: map[string]string{"domain": "<host>", "nid": receivertest.EverflowNID, "event": "deposit", "verification_token": receivertest.EverflowToken}},
				{template: "everflow_reversal", fill: map[string]string{"domain": "<host>", "verification_token": receivertest.EverflowToken}},
			},
			want: map[string]string{
				"approved at once": "first approved 12.50 - -", "pending, approved": "first approved 12.50 - -", "held, rejected": "",
				"approved, reversed": "first rejected 12.50 - -", "two goals": "first approved 12.50 - -; second approved 40.00 - deposit",
			},
		},
		affiseTest("affise"), affiseTest("affise_legacy"),
		{
			product: "cake", click: "8837261",
			postbacks: []filled{{template: "cake", fill: map[string]string{"domain": "<host>", "offer_id": "690", "event_id": "216"}}},
			want: map[string]string{
				"approved at once": "first - 12.50 - 216", "pending, approved": "first - 12.50 - 216", "held, rejected": "",
				"approved, reversed": "first - 12.50 - 216", "two goals": "first - 12.50 - 216; second - 40.00 - 216",
			},
		},
		{
			product: "cake_api", click: "abc123xyz789",
			postbacks: []filled{{template: "cake_api", fill: map[string]string{"domain": "<host>", "offer_id": "12345", "api_key": receivertest.CAKEKey}}},
			want: map[string]string{
				"approved at once": once, "pending, approved": once, "held, rejected": "", "approved, reversed": once,
				"two goals": once + "; second - 40.00 - -",
			},
		},
		{
			product: "revive", click: "33",
			postbacks: []filled{{template: "revive", fill: map[string]string{"domain": "<host>", "tracker_id": "12", "value_variable": "value"}}},
			want: map[string]string{
				"approved at once": "- - 12.50 - 12", "pending, approved": "- - 12.50 - 12", "held, rejected": "- - 12.50 - 12",
				"approved, reversed": "- - 12.50 - 12", "two goals": "- - 40.00 - 12",
			},
		},
		{
			product: "openx", click: "sid-9",
			postbacks: []filled{{template: "openx", goal: "default", fill: map[string]string{"domain": "<host>", "tracker_id": "12"}}},
			want: map[string]string{
				"approved at once": "- - - - 12", "pending, approved": "- - - - 12", "held, rejected": "", "approved, reversed": "- - - - 12",
				"two goals": "- - - - 12",
			},
		},
		{
			product: "waybill", click: "4g0t40x886d0040033225azzskw0pefq",
			postbacks: []filled{{template: "waybill", fill: map[string]string{"domain": "<host>", "event": "{goal}", "token": receivertest.WaybillToken}}},
			want: map[string]string{
				"approved at once": "first approved 12.50 EUR default", "pending, approved": "first approved 12.50 EUR default",
				"held, rejected": "first rejected 12.50 EUR default", "approved, reversed": "first rejected 12.50 EUR default",
				"two goals": "first approved 12.50 EUR default; second approved 40.00 EUR deposit",
			},
		},
		plainTest("plain"), plainTest("plain_json"),
	}
}

func affiseTest(product string) templateTest {
	return templateTest{
		product: product, click: "5ec25b044a4f2b0001211111",
		postbacks: []filled{{template: "affise", fill: map[string]string{"domain": "<host>", "event": "{goal}", "secure": receivertest.AffiseSecure}}},
		want: map[string]string{
			"approved at once": "first 1 12.50 - default", "pending, approved": "first 1 12.50 - default", "held, rejected": "first 3 12.50 - default",
			"approved, reversed": "first 1 12.50 - default", "two goals": "first 1 12.50 - default; second 1 40.00 - deposit",
		},
	}
}

func plainTest(product string) templateTest {
	return templateTest{
		product: product, click: "visit 31/b",
		postbacks: []filled{{template: product, fill: map[string]string{"url": "https://<host>/pb"}}},
		want: map[string]string{
			"approved at once": "first approved 12.50 EUR default", "pending, approved": "first approved 12.50 EUR default",
			"held, rejected": "first rejected 12.50 EUR default", "approved, reversed": "first rejected 12.50 EUR default",
			"two goals": "first approved 12.50 EUR default; second approved 40.00 EUR deposit",
		},
	}
}
