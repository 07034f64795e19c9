package receiver_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/preset"
	"waybill/internal/receiver"
	"waybill/internal/receiver/receivertest"
)

// The IDs of the conversions of a story, in order.
const (
	first  = "5g0t40x886d0040033225azzskw0pefa"
	second = "5g0t40x886d0040033225azzskw0pefb"
)

// change is one step of a story: what a conversion has come to, and the event
// that tells of it.
type change struct {
	id, goal string
	event    conversion.Event
	status   conversion.Status
}

// stories are what may happen to conversions of a click.
func stories() map[string][]change {
	created := func(s conversion.Status) change { return change{first, "default", conversion.EventCreated, s} }
	return map[string][]change{
		"approved at once": {created(conversion.Approved)},
		"pending, approved": {
			created(conversion.Pending), {first, "default", conversion.EventApproved, conversion.Approved},
		},
		"held, rejected": {
			created(conversion.Hold), {first, "default", conversion.EventRejected, conversion.Rejected},
		},
		"approved, reversed": {
			created(conversion.Approved), {first, "default", conversion.EventReversed, conversion.Rejected},
		},
		"two goals": {
			created(conversion.Approved), {second, "deposit", conversion.EventCreated, conversion.Approved},
		},
	}
}

// fixture is a product with the postbacks that were made for it.
type fixture struct {
	t     *testing.T
	r     *receivertest.Receiver
	click string
	plans []*receiver.Plan
	subs  []delivery.Subscription
	order string
	deaf  bool // a repetition is answered as a refusal, and cannot be told from one
}

// filled is one postback: a template, and what it is told.
type filled struct {
	template string
	goal     string // it is scoped to
	fill     map[string]string
}

// setUp starts a product, and makes postbacks for it by templates. <host> in a
// field is where it listens.
func setUp(t *testing.T, product, click string, postbacks []filled) *fixture {
	t.Helper()
	r, ok := receivertest.New(product)
	if !ok {
		t.Fatalf("there is no stand-in for %s", product)
	}
	t.Cleanup(r.Close)
	r.Click(click)
	f := &fixture{t: t, r: r, click: click, order: "A-1 & co", deaf: product == "affise_legacy"}
	for _, p := range postbacks {
		template, err := preset.Find(p.template)
		if err != nil {
			t.Fatal(err)
		}
		fields := map[string]string{}
		for name, value := range p.fill {
			fields[name] = strings.ReplaceAll(value, "<host>", r.Host())
		}
		s, err := template.Fill(fields)
		if err != nil {
			t.Fatalf("fill %s: %v", p.template, err)
		}
		s.ID, s.Owner, s.Goal = int64(len(f.subs)+1), delivery.Owner{AffiliateID: 9}, p.goal
		if err := receiver.Validate(s); err != nil {
			t.Fatalf("%s makes %+v: %v", p.template, s, err)
		}
		plan, err := receiver.Compile(s)
		if err != nil {
			t.Fatalf("compile %s: %v", p.template, err)
		}
		for _, w := range receiver.Warnings(s) {
			if !strings.Contains(w.Text, "private network") {
				t.Errorf("%s warns of %s: %s", p.template, w.Field, w.Text)
			}
		}
		f.subs, f.plans = append(f.subs, s), append(f.plans, plan)
	}
	return f
}

// requests gives what is sent because of a change.
func (f *fixture) requests(c change) []built {
	f.t.Helper()
	payout := map[string]string{first: "12.50", second: "40.00"}[c.id]
	conv := conversion.Conversion{ID: c.id, AffiliateID: 9, GoalCode: c.goal, Status: c.status}
	var all []built
	for i, s := range f.subs {
		if !s.Concerns(conv, c.event) {
			continue
		}
		o := delivery.Owed{ID: fmt.Sprintf("delivery-%d-%s", s.ID, c.event), SubscriptionID: s.ID, ConversionID: c.id, Event: c.event, Values: map[string]string{
			"aff_click_id": f.click, "transaction_id": f.click, "conversion_id": c.id, "goal": c.goal,
			"payout": payout, "currency": "EUR", "amount": "100.00", "order_id": f.order,
			"status": s.StatusWord(c.status), "conversion_time": "2026-11-22T12:30:00Z",
		}}
		r, err := f.plans[i].Request(&o, receiver.Moment{At: time.Date(2026, 11, 22, 12, 31, 0, 0, time.UTC), Random: 77})
		if err != nil {
			f.t.Fatalf("request of %s: %v", s.Template, err)
		}
		all = append(all, built{f.plans[i], r, s.Format.Browser()})
	}
	return all
}

// built is a request that is ready to be sent.
type built struct {
	plan    *receiver.Plan
	request receiver.Request
	browser bool
}

// send sends it, and gives what its answer means.
func (f *fixture) send(b built) receiver.Outcome {
	f.t.Helper()
	req, err := http.NewRequest(b.request.Method, b.request.URL, bytes.NewReader(b.request.Body))
	if err != nil {
		f.t.Fatal(err)
	}
	maps.Copy(req.Header, b.request.Header)
	if b.browser {
		req.Header.Set("Cookie", receivertest.ReviveCookie(f.click))
	}
	answer, err := f.r.Server.Client().Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return b.plan.Judge(answer.StatusCode, answer.Header, body)
}

// counted writes what the product has of the click: one conversion a line.
func (f *fixture) counted() []string {
	var all []string
	for _, c := range f.r.Conversions() {
		id := map[string]string{first: "first", second: "second", "": "-"}[c.ID]
		if id == "" {
			id = c.ID
		}
		line := id
		for _, v := range []string{c.Status, c.Money, c.Currency, c.Event} {
			if v == "" {
				v = "-"
			}
			line += " " + v
		}
		all = append(all, line)
	}
	return all
}

// TestTemplatesAreTaken sends every story to a strict stand-in of each product,
// and every postback twice, as may happen: nothing is refused, and what is
// counted is what the product should have.
func TestTemplatesAreTaken(t *testing.T) {
	t.Parallel()
	for _, tt := range templateTests() {
		for name, story := range stories() {
			t.Run(tt.product+", "+name, func(t *testing.T) {
				t.Parallel()
				f := setUp(t, tt.product, tt.click, tt.postbacks)
				for _, c := range story {
					for _, b := range f.requests(c) {
						f.once(b)
					}
				}
				if got := strings.Join(f.counted(), "; "); got != tt.want[name] {
					t.Errorf("counted %q\n   want %q", got, tt.want[name])
				}
			})
		}
	}
}

// once sends a postback, and again: it is delivered both times, and the second
// changes nothing.
func (f *fixture) once(b built) {
	f.t.Helper()
	if got := f.send(b); got.Class != "" {
		f.t.Errorf("%s: %s, %s", b.request.URL, got.Class, got.Detail)
	}
	calls := f.r.Calls()
	if why := calls[len(calls)-1].Refusal; why != "" {
		f.t.Errorf("%s was refused: %s", b.request.URL, why)
	}
	before := f.counted()
	if got := f.send(b); got.Class != "" && !f.deaf {
		f.t.Errorf("again %s: %s, %s", b.request.URL, got.Class, got.Detail)
	}
	if diff := cmp.Diff(before, f.counted()); diff != "" {
		f.t.Errorf("a repetition counts:\n%s", diff)
	}
}

// TestStandInsRefuse spoils a postback in every way that a strict receiver must
// see, and checks that the receiver does, and whether the sender learns of it.
func TestStandInsRefuse(t *testing.T) {
	t.Parallel()
	learns := map[string]delivery.ErrorClass{ // the rest answer with a 400
		"keitaro": "", "everflow": "", "affise": "", "revive": "", "openx": "", // refusals are seen in the product alone
		"tune": delivery.ErrAnswer, "affise_legacy": delivery.ErrAnswer, "cake": delivery.ErrAnswer, "cake_api": delivery.ErrAnswer,
	}
	for _, tt := range templateTests() {
		class, listed := learns[tt.product]
		if !listed {
			class = delivery.ErrStatus
		}
		for name, spoil := range spoilers(tt.click) {
			t.Run(tt.product+", "+name, func(t *testing.T) {
				t.Parallel()
				f := setUp(t, tt.product, tt.click, tt.postbacks[:1])
				b := f.requests(stories()["approved at once"][0])[0]
				spoiled := spoil(&b.request)
				if b.browser && name == "without the click ID" { // which comes by cookie
					b.browser, spoiled = false, true
				}
				if !spoiled {
					t.Skip("nothing in it to spoil so")
				}
				got := f.send(b)
				if calls := f.r.Calls(); calls[0].Refusal == "" {
					t.Errorf("%s %s was not refused", b.request.URL, b.request.Body)
				}
				if got.Class != class {
					t.Errorf("%s is judged %q (%s), want %q", b.request.URL, got.Class, got.Detail, class)
				}
				if left := f.counted(); len(left) > 0 {
					t.Errorf("counted %q, want nothing", left)
				}
			})
		}
	}
}

// spoilers change a request so that it is wrong; false where there is nothing to
// change.
func spoilers(click string) map[string]func(*receiver.Request) bool {
	replace := func(old, by string) func(*receiver.Request) bool {
		return func(r *receiver.Request) bool {
			url, body := r.URL, string(r.Body)
			path := strings.Index(url, "://") + len("://")
			path += strings.IndexByte(url[path:], '/') // the port may hold the same digits
			r.URL = url[:path] + strings.ReplaceAll(url[path:], old, by)
			if r.Body != nil {
				r.Body = []byte(strings.ReplaceAll(body, old, by))
			}
			return r.URL != url || string(r.Body) != body
		}
	}
	all := map[string]func(*receiver.Request) bool{
		"a sum with a comma": replace("12.50", "12,50"),
		"another click":      replace(strings.ReplaceAll(click, " ", "%20"), "zzzz"),
		"an unknown parameter": func(r *receiver.Request) bool {
			if r.Body != nil {
				return replace(`{"`, `{"zzz":"1","`)(r)
			}
			r.URL += "&zzz=1"
			return true
		},
		"without the click ID": replace(strings.ReplaceAll(click, " ", "%20"), ""),
		"its own status word": func(r *receiver.Request) bool {
			for _, word := range []string{"status=sale", "status=approved", `"approved"`, "status=1"} {
				if strings.Contains(r.URL, "cnv_"+word) { // any word will do
					return false
				}
				name, _, found := strings.Cut(word, "=")
				if !found {
					name = ""
				}
				if replace(word, map[bool]string{true: name + "=fine", false: `"fine"`}[found])(r) {
					return true
				}
			}
			return false
		},
		"a wrong secret": func(r *receiver.Request) bool {
			for _, secret := range []string{
				receivertest.TUNEToken, receivertest.EverflowToken, receivertest.AffiseSecure, receivertest.CAKEKey, receivertest.WaybillToken,
			} {
				if replace(secret, "guessed")(r) {
					return true
				}
			}
			return false
		},
	}
	jsonClick := all["another click"]
	all["another click"] = func(r *receiver.Request) bool {
		if r.Body != nil {
			return replace(click, "zzzz")(r)
		}
		return jsonClick(r)
	}
	none := all["without the click ID"]
	all["without the click ID"] = func(r *receiver.Request) bool {
		if r.Body != nil {
			return replace(click, "")(r)
		}
		return none(r)
	}
	return all
}

// TestEveryTemplateIsTested against a stand-in, and is whole.
func TestEveryTemplateIsTested(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{}
	for _, tt := range templateTests() {
		for _, p := range tt.postbacks {
			tested[p.template] = true
		}
	}
	seen := map[string]bool{}
	for _, template := range preset.All() {
		if seen[template.Key] {
			t.Errorf("there are two templates %s", template.Key)
		}
		seen[template.Key] = true
		s := template.Subscription
		if s.Format == delivery.MetaCAPI || s.Format == delivery.GoogleDataManager || s.Format == delivery.TikTokEvents || s.Format == delivery.Webhook {
			continue // theirs are tested with their formats
		}
		if !tested[template.Key] {
			t.Errorf("the template %s is not tested", template.Key)
		}
		if template.Name == "" || template.Kind == "" || template.For == "" || template.Source == "" || len(template.Notes) == 0 {
			t.Errorf("the template %s lacks a name, kind, owner, source or notes: %+v", template.Key, template)
		}
		for _, f := range template.Fields {
			mark := "<" + f.Name + ">"
			if !strings.Contains(s.URL+s.Body, mark) {
				t.Errorf("the template %s has no place for the field %s", template.Key, f.Name)
			}
			if f.Doc == "" || f.Example == "" && f.Default == "" && f.Kind != preset.FieldSecret {
				t.Errorf("the field %s of %s lacks words or an example", f.Name, template.Key)
			}
		}
	}
}

// TestUnfilledTemplatesCannotBeSaved, since their marks are no macros.
func TestUnfilledTemplatesCannotBeSaved(t *testing.T) {
	t.Parallel()
	for _, template := range preset.All() {
		if !strings.Contains(template.Subscription.URL, "<") {
			continue
		}
		s := template.Subscription
		s.Owner.AffiliateID = 9
		if err := receiver.Validate(s); err == nil {
			t.Errorf("%s is valid as it is: %s", template.Key, s.URL)
		}
	}
}

// TestFill goes through what fields may hold.
func TestFill(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		template string
		fill     map[string]string
		want     string // the URL
		wrong    string // or what is wrong
	}{
		{
			name: "what is open is left out", template: "voluum", fill: map[string]string{"domain": "track.example.com"},
			want: "https://track.example.com/postback?cid={aff_click_id}&payout={payout}&currency={currency}&txid={conversion_id}",
		},
		{
			name: "a text is percent-encoded", template: "clickflare", fill: map[string]string{"domain": "t.example", "event": "first sale&more", "click_id": "{sub3}"},
			want: "https://t.example/cf/cv?click_id={sub3}&payout={payout}&txid={conversion_id}&ct=first%20sale%26more",
		},
		{
			name: "a macro stays one", template: "clickflare", fill: map[string]string{"domain": "t.example", "event": "{goal|lower}"},
			want: "https://t.example/cf/cv?click_id={aff_click_id}&payout={payout}&txid={conversion_id}&ct={goal|lower}",
		},
		{
			name: "a host that was copied with its path", template: "funnelflux", fill: map[string]string{"domain": " https://T.example:8443/pb/?hit=REPLACE "},
			want: "https://t.example:8443/pb/?hit={aff_click_id}&tx={conversion_id}&rev={payout}",
		},
		{
			name: "a host without TLS", template: "funnelflux", fill: map[string]string{"domain": "http://t.example"},
			want: "http://t.example/pb/?hit={aff_click_id}&tx={conversion_id}&rev={payout}",
		},
		{
			name: "names and paths", template: "openx", fill: map[string]string{"domain": "ads.example", "path": "/ox/delivery/", "tracker_id": "4", "click_parameter": "cid"},
			want: "https://ads.example/ox/delivery/ti.php?trackerid=4&cid={aff_click_id}&cb={random}",
		},
		{
			name: "a URL that has a query", template: "plain", fill: map[string]string{"url": "https://t.example/pb?who=we"},
			want: "https://t.example/pb?who=we&click_id={aff_click_id}&conversion_id={conversion_id}&status={status}&goal={goal}&payout={payout}&currency={currency}&order_id={order_id}&time={conversion_time}",
		},
		{name: "nothing", template: "keitaro", wrong: "domain: is missing: the receiver's tracking domain; key: is missing: the postback key: the part of the path before /postback in Maintenance, Postback URL"},
		{name: "a mistyped field", template: "voluum", fill: map[string]string{"domain": "t.example", "domian": "x"}, wrong: "domian: is no field of the template voluum; did you mean domain?"},
		{name: "a strange field", template: "bemob", fill: map[string]string{"domain": "t.example", "zebra": "x"}, wrong: "zebra: is no field of the template bemob, which has domain, click_id"},
		{name: "no host", template: "bemob", fill: map[string]string{"domain": "ftp://t.example"}, wrong: `domain: "ftp://t.example" is not a host, such as track.example.com`},
		{name: "a host with a macro", template: "bemob", fill: map[string]string{"domain": "{sub1}.example"}, wrong: `domain: "https://{sub1}.example" is not a host, such as track.example.com`},
		{name: "a user in the host", template: "bemob", fill: map[string]string{"domain": "me:pw@t.example"}, wrong: `domain: "https://me:pw@t.example" is not a host, such as track.example.com`},
		{name: "a click ID that is a text", template: "bemob", fill: map[string]string{"domain": "t.example", "click_id": "abc"}, wrong: `click_id: "abc" is not where a click ID comes with a click: use {aff_click_id}, or one of {sub1} to {sub10}`},
		{name: "a click ID that is another macro", template: "bemob", fill: map[string]string{"domain": "t.example", "click_id": "{payout}"}, wrong: `click_id: "{payout}" is not where a click ID comes with a click: use {aff_click_id}, or one of {sub1} to {sub10}`},
		{name: "two macros", template: "clickflare", fill: map[string]string{"domain": "t.example", "event": "{goal}{goal}"}, wrong: `event: "{goal}{goal}" is neither a text without braces nor one macro, such as {goal}`},
		{name: "an unknown macro", template: "clickflare", fill: map[string]string{"domain": "t.example", "event": "{gaol}"}, wrong: `event: "{gaol}" is neither a text without braces nor one macro, such as {goal}`},
		{name: "a number of letters", template: "everflow", fill: map[string]string{"domain": "t.example", "nid": "4x"}, wrong: `nid: "4x" is not a whole number`},
		{name: "a path that leaves its place", template: "keitaro", fill: map[string]string{"domain": "t.example", "key": "a?b"}, wrong: `key: "a?b" cannot be a part of a path: '?' stands in it`},
		{name: "a macro for a secret", template: "affise", fill: map[string]string{"domain": "t.example", "secure": "{sub1}"}, wrong: "secure: is a fixed text: no macro can stand in it"},
		{name: "a URL with a macro", template: "plain", fill: map[string]string{"url": "https://t.example/{sub1}"}, wrong: "url: holds no macros and no fragment: what is sent is added to it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			template, err := preset.Find(tt.template)
			if err != nil {
				t.Fatal(err)
			}
			s, err := template.Fill(tt.fill)
			if tt.wrong != "" {
				if got := words(err); got != tt.wrong {
					t.Errorf("Fill() fails with\n %s, want\n %s", got, tt.wrong)
				}
				return
			}
			if err != nil || s.URL != tt.want || s.Template != tt.template {
				t.Errorf("Fill() = %s\n  %s (%s), %v; want\n  %s", s.Template, s.URL, tt.template, err, tt.want)
			}
		})
	}
}

// words writes faults with their places, in one line.
func words(err error) string {
	var all []string
	for _, e := range fault.All(err) {
		all = append(all, e.Error())
	}
	return strings.Join(all, "; ")
}

// TestFindTemplate names the nearest of an unknown one.
func TestFindTemplate(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"volum": `there is no template "volum"; did you mean "voluum"?`,
		"":      `there is no template ""; there are voluum, binom`,
	}
	for key, want := range tests {
		if _, err := preset.Find(key); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("FindTemplate(%q) fails with %v, want %s", key, err, want)
		}
	}
}

// TestTemplatesShareNothing: what one caller does to a template, or to what was
// made of it, no other sees.
func TestTemplatesShareNothing(t *testing.T) {
	t.Parallel()
	template, err := preset.Find("keitaro")
	if err != nil {
		t.Fatal(err)
	}
	s, err := template.Fill(map[string]string{"domain": "t.example", "key": "k"})
	if err != nil {
		t.Fatal(err)
	}
	s.On[0], s.StatusWords["approved"] = "spoiled", "spoiled"
	again, err := template.Fill(map[string]string{"domain": "t.example", "key": "k"})
	if err != nil || slices.Contains(again.On, "spoiled") || again.StatusWords["approved"] != "sale" {
		t.Errorf("made again: %v %v, %v", again.On, again.StatusWords, err)
	}
}
