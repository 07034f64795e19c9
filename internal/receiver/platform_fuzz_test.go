package receiver_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/receiver"
)

// FuzzPlatforms holds, for any values: what a platform is sent its strict
// stand-in takes, or nothing is sent at all; and what is kept of it holds no
// token.
func FuzzPlatforms(f *testing.F) {
	o := owed().Values
	f.Add(o["conversion_id"], o["goal"], o["amount"], o["currency"], o["conversion_time"], o["click_time"], o["ip"], o["user_agent"], o["email_sha256"], o["fbclid"], uint8(0))
	f.Add("id", "SIGNUP", "0", "usd", "2026-11-22T13:00:00+02:00", "", "::ffff:1.2.3.4", "", strings.Repeat("AB", 32), "", uint8(1))
	f.Add("\xff", "lead", "1e9", "€", "2026-11-10T00:00:00Z", "x", "fe80::1%eth0", "\"\\\n\u2028", "", "a\x00b", uint8(2))
	f.Add("", "", "-1", "", "", "", "", "</script>", "", "fb.1.1.x", uint8(7))
	events := []conversion.Event{conversion.EventCreated, conversion.EventUpdated, conversion.EventReversed}
	metaPlan, tiktokPlan := compiled(f, metaSubscription("https://graph.example")), compiled(f, tiktokSubscription("https://tiktok.example"))
	google := googleSubscription(f, "https://google.example")
	googlePlan := compiled(f, google)
	f.Fuzz(func(t *testing.T, id, goal, amount, currency, at, clicked, ip, agent, email, click string, flags uint8) {
		o := &delivery.Owed{ID: "d1", Event: events[int(flags>>1)%len(events)], Test: flags&1 != 0, Values: map[string]string{}}
		for name, value := range map[string]string{
			"conversion_id": id, "goal": goal, "amount": amount, "currency": currency, "conversion_time": at, "click_time": clicked,
			"ip": ip, "user_agent": agent, "email_sha256": email, "fbclid": click, "fbc": goal, "fbp": click, "gclid": click, "wbraid": goal,
			"ttclid": click, "customer_id": goal, "order_id": id, "status": "approved",
		} {
			if value != "" {
				o.Values[name] = value
			}
		}
		m := receiver.Moment{At: noon(), Token: googleToken}
		check(t, metaPlan, o, m, metaSubscription(""), (&metaStandIn{now: noon()}).wrong)
		check(t, tiktokPlan, o, m, tiktokSubscription(""), (&tiktokStandIn{now: noon()}).wrong)
		check(t, googlePlan, o, m, google, func(v any) string {
			_, _, wrong := (&googleStandIn{now: noon()}).wrong(v)
			return wrong
		})
	})
}

// personal is a digest of a person, as one of the platforms is told it.
var personal = regexp.MustCompile(`"(em|email|emailAddress|external_id)":\[?"[0-9a-f]{64}"`)

func check(t *testing.T, p *receiver.Plan, o *delivery.Owed, m receiver.Moment, s delivery.Subscription, wrong func(any) string) {
	t.Helper()
	r, err := p.Request(o, m)
	if err != nil {
		if r.Body != nil {
			t.Errorf("%s is given up, but there is %s", s.Format, r.Body)
		}
		return
	}
	v, err := decode(r.Body)
	if err != nil || !json.Valid(r.Body) {
		t.Fatalf("%s: %s is not JSON: %v", s.Format, r.Body, err)
	}
	if got := wrong(v); got != "" {
		t.Errorf("%s refuses %s: %s", s.Format, r.Body, got)
	}
	masked := receiver.Mask(r, s)
	text, err := json.Marshal(masked)
	if err != nil {
		t.Fatal(err)
	}
	shown := string(text) + string(masked.Body)
	for _, secret := range []string{metaToken, tiktokToken, googleToken} {
		if strings.Contains(shown, secret) {
			t.Errorf("%s shows its token: %s", s.Format, shown)
		}
	}
	if digest := personal.FindString(string(masked.Body)); digest != "" {
		t.Errorf("%s shows a person's digest: %s", s.Format, digest)
	}
}
