package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
)

// owe adds n deliveries to a subscription, made a second apart before noon, each
// about something else, and gives their IDs, the oldest first.
func (w *world) owe(t *testing.T, subscription int64, n int, change func(*delivery.Owed)) []string {
	t.Helper()
	var ids []string
	for i := range n {
		at := noon.Add(-time.Hour + time.Duration(i)*time.Second)
		about := delivery.AlertID("test", subscription*1000+int64(i), at)
		o := delivery.Owed{
			ID: delivery.AlertDeliveryID(about, at, subscription), SubscriptionID: subscription, ConversionID: about, Sequence: 1,
			Event: conversion.EventCreated, State: delivery.Waiting, CreatedAt: at, DueAt: at,
			Values: map[string]string{"payout": "4.00", "aff_click_id": fmt.Sprintf("aff-%d", i)},
		}
		if change != nil {
			change(&o)
		}
		if err := w.db.Owe(t.Context(), []delivery.Owed{o}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, o.ID)
	}
	return ids
}

// fail lets the last attempt of a delivery end in a state.
func (w *world) fail(t *testing.T, id string, state delivery.State, class delivery.ErrorClass, status int) {
	t.Helper()
	o := must[delivery.Owed](t)(w.db.Delivery(t.Context(), id))
	o.Attempts++
	o.State, o.LastClass, o.LastStatus = state, class, status
	if state != delivery.Waiting {
		o.DoneAt = noon
	}
	err := w.db.Record(t.Context(), delivery.Report{After: o, Attempt: delivery.Attempt{
		DeliveryID: id, Number: o.Attempts, At: noon.Add(-time.Minute), Took: time.Second, Method: "POST", URL: "https://tracker.example.com/?key=••••4711",
		RequestHeader: map[string]string{"Authorization": "••••cdef"}, RequestBody: `{"token":"••••6789"}`,
		Status: status, Body: "no", Error: class, Detail: "it failed",
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// carry carries all jobs to their end.
func (w *world) carry(t *testing.T) {
	t.Helper()
	for more := true; more; {
		more = must[bool](t)(w.db.StepReplay(t.Context(), noon))
	}
}

// found gives the IDs of a list.
func found(r reply) []string {
	ids := []string{}
	data, _ := r.body["data"].([]any)
	for _, one := range data {
		o, _ := one.(map[string]any)
		ids = append(ids, fmt.Sprint(o["id"]))
	}
	slices.Sort(ids)
	return ids
}

func TestDeliveriesAreFiltered(t *testing.T) {
	w := newWorld(t)
	elsewhere := delivery.Default()
	elsewhere.Owner, elsewhere.URL = delivery.Owner{AdvertiserID: 1}, "https://shop.example.com:8443/hook?o={order_id}"
	row, err := w.db.Subscriptions().Create(t.Context(), elsewhere)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	timedOut := w.owe(t, 1, 2, nil)
	refused := w.owe(t, row.Value.ID, 1, func(o *delivery.Owed) { o.Event, o.Test = conversion.EventPaid, true })
	later := w.owe(t, 2, 1, func(o *delivery.Owed) { o.DueAt, o.CreatedAt = noon.Add(time.Hour), noon.Add(time.Minute) })
	w.fail(t, timedOut[0], delivery.Dead, delivery.ErrTimeout, 0)
	w.fail(t, refused[0], delivery.Waiting, delivery.ErrStatus, 403)
	first, of2 := w.delivery, delivery.ID(w.signal, 2, conversion.EventCreated)
	for _, tt := range []struct {
		name, as, query string
		want            []string
	}{
		{"all", asNetwork, "", []string{first, of2, timedOut[0], timedOut[1], refused[0], later[0]}},
		{"of a subscription", asNetwork, "subscription_id=1", []string{first, timedOut[0], timedOut[1]}},
		{"to a host", asNetwork, "host=tracker.example.com&test=false", []string{first, of2, timedOut[0], timedOut[1], later[0]}},
		{"to a host with its port", asNetwork, "host=Shop.example.com:8443", refused},
		{"to a host named without its port", asNetwork, "host=shop.example.com", refused},
		{"to a host that nothing leads to", asNetwork, "host=shop.example.org", nil},
		{"owed to an affiliate", asNetwork, "affiliate_id=1", []string{first, timedOut[0], timedOut[1]}},
		{"owed to an advertiser", asNetwork, "advertiser_id=1", refused},
		{"about an offer", asNetwork, "offer_id=1", []string{first, of2}},
		{"about another offer", asNetwork, "offer_id=2", nil},
		{"about a click", asNetwork, "transaction_id=CLICK&subscription_id=2", []string{of2}},
		{"about a conversion", asNetwork, "conversion_id=CONVERSION", []string{first, of2}},
		{"about an event", asNetwork, "event=conversion.paid", refused},
		{"given up", asNetwork, "state=dead", timedOut[:1]},
		{"by an error", asNetwork, "error=timeout", timedOut[:1]},
		{"by a status", asNetwork, "http_status=403", refused},
		{"made since", asNetwork, "from=2026-11-22T12:00:00Z", later},
		{"made before", asNetwork, "until=2026-11-22T11:00:01Z", []string{timedOut[0], refused[0]}},
		{"due since", asNetwork, "due_from=2026-11-22T12:30:00Z", later},
		{"due before", asNetwork, "due_until=2026-11-22T11:00:01Z", []string{timedOut[0], refused[0]}},
		{"of test traffic", asNetwork, "test=true", refused},
		{"an affiliate's own", asAffiliate1, "", []string{first, timedOut[0], timedOut[1]}},
		{"an affiliate's own, by its number", asAffiliate1, "affiliate_id=1&state=dead", timedOut[:1]},
		{"another affiliate's", asAffiliate1, "affiliate_id=2", nil},
		{"another subscription's", asAffiliate1, "subscription_id=2", nil},
		{"another's host", asAffiliate1, "host=shop.example.com", nil},
		{"an advertiser's own", asAdvertiser1, "host=shop.example.com", refused},
		{"nobody's", asAffiliate2, "", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := w.do(t, tt.as, "GET", "deliveries?"+tt.query, "")
			want := append([]string{}, tt.want...)
			slices.Sort(want)
			if got.status != 200 || !slices.Equal(found(got), want) {
				t.Errorf("%s = %d %v; want %v", tt.query, got.status, found(got), want)
			}
		})
	}
	var paged []string
	for cursor, n := "", 0; n == 0 || cursor != ""; n++ {
		got := w.do(t, asNetwork, "GET", "deliveries?limit=2&cursor="+cursor, "")
		paged = append(paged, found(got)...)
		cursor, _ = got.body["next_cursor"].(string)
	}
	if slices.Sort(paged); len(slices.Compact(paged)) != 6 {
		t.Errorf("page by page there are %v; want all 6", paged)
	}
}

func TestMistakesInDeliveryFiltersAreNamed(t *testing.T) {
	w := newWorld(t)
	for _, tt := range []struct {
		name, as, method, path, body string
		status                       int
		want                         []string
	}{
		{"an event", asNetwork, "GET", "deliveries?event=conversion.creatd", "", 422, []string{`"query.event"`, "did you mean conversion.created?"}},
		{"an error", asNetwork, "GET", "deliveries?error=timout", "", 422, []string{`"query.error"`, "did you mean timeout?"}},
		{"a status", asNetwork, "GET", "deliveries?http_status=42", "", 422, []string{`"query.http_status"`}},
		{"a period", asNetwork, "GET", "deliveries?from=2026-11-22T12:00:00Z&until=2026-11-22T11:00:00Z", "", 422, []string{`"query.until"`, "not later than from"}},
		{"a truth", asNetwork, "GET", "deliveries?test=maybe", "", 422, []string{`"query.test"`}},
		{"a cursor", asNetwork, "GET", "deliveries?cursor=x", "", 422, []string{`"query.cursor"`}},
		{"what an affiliate cannot filter by", asAffiliate1, "GET", "deliveries?advertiser_id=1", "", 403, []string{"advertiser_id"}},
		{"what an advertiser cannot filter by", asAdvertiser1, "GET", "destinations?affiliate_id=1", "", 403, []string{"affiliate_id"}},
		{"a host of a list of attempts", asNetwork, "GET", "deliveries?host=x&format=csv", "", 422, []string{"query.host", "filter=subscription"}},
		{"a replay without a dry_run", asNetwork, "POST", "deliveries/replay", `{"subscription_id":1}`, 422, []string{`"body.dry_run"`, "has to be said"}},
		{"a replay of what waits", asNetwork, "POST", "deliveries/replay", `{"state":"waiting","dry_run":true}`, 422, []string{`"body.state"`, "use dead, delivered, withdrawn, parked"}},
		{"a withdrawal of what is delivered", asNetwork, "POST", "deliveries/withdraw", `{"state":"delivered","dry_run":true}`, 422, []string{`"body.state"`, "use waiting, parked"}},
		{"a withdrawal of everything", asNetwork, "POST", "deliveries/withdraw", `{"dry_run":false}`, 422, []string{"fits everything that waits"}},
		{"a member", asNetwork, "POST", "deliveries/replay", `{"subscripton_id":1,"dry_run":true}`, 422, []string{"did you mean subscription_id?"}},
		{"all at once", asNetwork, "POST", "deliveries/replay", `{"error":"nope","http_status":7}`, 422, []string{"body.error", "body.http_status", "body.dry_run"}},
		{"a replay of another's", asAffiliate1, "POST", "deliveries/replay", `{"affiliate_id":2,"dry_run":false}`, 422, []string{"no postback of yours"}},
		{"a replay of what waits already", asNetwork, "POST", "deliveries/" + delivery.ID(w.signal, 2, conversion.EventCreated) + "/replay", "", 409, []string{"waits already"}},
		{"a withdrawal of what is over", asNetwork, "POST", "deliveries/DELIVERY/withdraw", "", 409, []string{"delivered"}},
		{"a job that is not there", asNetwork, "GET", "deliveries/replays/99", "", 404, []string{"no job 99"}},
		{"a job that is none", asNetwork, "POST", "deliveries/replays/x/undo", "", 404, []string{"no job x"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := w.do(t, tt.as, tt.method, tt.path, tt.body)
			for _, part := range tt.want {
				if got.status != tt.status || !strings.Contains(got.text, part) {
					t.Errorf("%s %s = %d %s; want %d with %s", tt.method, tt.path, got.status, got.text, tt.status, part)
				}
			}
		})
	}
}

// TestOneDeliveryWhole: every attempt with its request as it may be shown, a hint,
// and what comes next.
func TestOneDeliveryWhole(t *testing.T) {
	w := newWorld(t)
	id := w.owe(t, 1, 1, func(o *delivery.Owed) {
		o.Values["revenue"], o.Values["ip"], o.Values["email_sha256"] = "6.00", "192.0.2.7", "5d41402a"
	})[0]
	w.fail(t, id, delivery.Waiting, delivery.ErrTimeout, 0)
	w.fail(t, id, delivery.Waiting, delivery.ErrStatus, 503)
	for _, as := range []string{asNetwork, asAffiliate1} {
		got := w.do(t, as, "GET", "deliveries/"+strings.ToUpper(id), "")
		for _, part := range []string{
			`"attempts":2`, `"last_class":"status","last_status":503`, `"number":1`, `"error":"timeout"`, `"request_headers":{"Authorization":"••••cdef"}`,
			`"request_body":"{\"token\":\"••••6789\"}"`, `"body":"no"`, `"hint":"No answer came in time.`, `"hint":"The receiver failed by itself.`,
			`"waits_for":"turn"`, `"host":"tracker.example.com"`, `"payout":"4.00"`,
		} {
			if !strings.Contains(got.text, part) {
				t.Errorf("%s sees %s; want %s", as, got.text, part)
			}
		}
		for _, part := range []string{"6.00", "192.0.2.7", "5d41402a"} { // of an affiliate's postback nobody is shown more than it tells
			if strings.Contains(got.text, part) {
				t.Errorf("%s sees %s; must not see %s", as, got.text, part)
			}
		}
	}
}

// TestDigestsAreForReceiversAlone: what stands for a person is shown to nobody.
func TestDigestsAreForReceiversAlone(t *testing.T) {
	w := newWorld(t)
	id := w.owe(t, 2, 1, func(o *delivery.Owed) { o.Values["email_sha256"] = "5d41402a" })[0]
	for _, path := range []string{"deliveries/" + id, "deliveries?subscription_id=2"} {
		got := w.do(t, asNetwork, "GET", path, "")
		if !strings.Contains(got.text, `"email_sha256":"••••"`) || strings.Contains(got.text, "5d41402a") {
			t.Errorf("%s = %d %s; want the digest masked", path, got.status, got.text)
		}
	}
}

// TestWithdrawnAndBack takes one back, and lets it go again.
func TestWithdrawnAndBack(t *testing.T) {
	w := newWorld(t)
	nudged := 0
	w.Nudge = func() { nudged++ }
	id := w.owe(t, 1, 1, nil)[0]
	if got := w.do(t, asAffiliate1, "POST", "deliveries/"+id+"/withdraw", ""); got.status != 200 || got.body["state"] != "withdrawn" || got.body["next"] != nil {
		t.Errorf("withdraw = %d %s; want it withdrawn, with nothing to come", got.status, got.text)
	}
	if got := w.do(t, asAffiliate1, "POST", "deliveries/"+id+"/replay", ""); got.status != 202 || got.body["state"] != "waiting" {
		t.Errorf("replay = %d %s; want it to wait", got.status, got.text)
	}
	if nudged != 2 {
		t.Errorf("deliver was woken %d times; want 2", nudged)
	}
}

func TestDeadLettersByCause(t *testing.T) {
	w := newWorld(t)
	ids := w.owe(t, 1, 3, nil)
	w.fail(t, ids[0], delivery.Dead, delivery.ErrRedirect, 301)
	w.fail(t, ids[1], delivery.Dead, delivery.ErrRedirect, 301)
	w.fail(t, ids[2], delivery.Dead, delivery.ErrDNS, 0)
	other := w.owe(t, 2, 1, nil)
	w.fail(t, other[0], delivery.Dead, delivery.ErrGone, 410)

	got := w.do(t, asAffiliate1, "GET", "deliveries/dead", "")
	var list struct{ Data []deadLettersRecord }
	if err := json.Unmarshal([]byte(got.text), &list); err != nil || len(list.Data) != 2 {
		t.Fatalf("dead letters = %d %s; want two groups", got.status, got.text)
	}
	g := list.Data[0]
	if g.Count != 2 || g.Error != "redirect" || g.HTTPStatus != 301 || g.Example != ids[1] || g.Host != "tracker.example.com" ||
		!g.OldestAt.Equal(noon.Add(-time.Hour)) || !g.NewestAt.Equal(noon.Add(-time.Hour+time.Second)) || !strings.Contains(g.Hint, "redirects") {
		t.Errorf("the largest group is %+v; want the two redirects", g)
	}
	body, err := json.Marshal(g.Replay)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.do(t, asAffiliate1, "POST", "deliveries/replay", string(body)); got.status != 200 || got.body["total"] != 2.0 {
		t.Errorf("its replay tried out = %d %s; want 2", got.status, got.text)
	}
	if got := w.do(t, asNetwork, "GET", "deliveries/dead?subscription_id=2", ""); !strings.Contains(got.text, `"error":"gone"`) || strings.Contains(got.text, "redirect\"") {
		t.Errorf("subscription 2's dead letters = %s; want that one group", got.text)
	}
}

// TestJobs walks jobs through their lives.
func TestJobs(t *testing.T) {
	w := newWorld(t)
	dead := w.owe(t, 1, 5, nil)
	for _, id := range dead {
		w.fail(t, id, delivery.Dead, delivery.ErrRefused, 0)
	}
	waiting := w.owe(t, 2, 3, nil)
	state := func(ids []string) string {
		var all []string
		for _, id := range ids {
			all = append(all, string(must[delivery.Owed](t)(w.db.Delivery(t.Context(), id)).State))
		}
		return strings.Join(slices.Compact(all), " ")
	}
	step := func(as, method, path, body string, status int, want string) reply {
		t.Helper()
		got := w.do(t, as, method, path, body)
		if got.status != status || !strings.Contains(got.text, want) {
			t.Fatalf("%s %s %s = %d %s; want %d with %s", method, path, body, got.status, got.text, status, want)
		}
		return got
	}
	step(asAffiliate1, "POST", "deliveries/replay", `{"host":"tracker.example.com","dry_run":true}`, 200, `{"dry_run":true,"total":5}`)
	if got := state(dead); got != "dead" {
		t.Fatalf("a dry run left them %s", got)
	}
	begun := step(asAffiliate1, "POST", "deliveries/replay", `{"host":"tracker.example.com","from":"2026-11-22T11:00:01Z","dry_run":false}`, 202, `"total":4,"done":0`)
	path := strings.TrimPrefix(begun.header.Get("Location"), "/api/v1/")
	step(asAffiliate1, "GET", path, "", 200, `"filter":{"affiliate_id":1,"from":"2026-11-22T11:00:01Z"`)
	step(asAffiliate2, "GET", path, "", 404, "no job")
	step(asAdvertiser1, "POST", path+"/undo", "", 404, "no job")
	w.carry(t)
	step(asAffiliate1, "GET", path, "", 200, `"total":4,"done":4,"skipped":0,"undone":0,"progress":100`)
	if got := state(dead[1:]); got != "waiting" {
		t.Errorf("after the replay they are %s; want waiting", got)
	}
	w.fail(t, dead[1], delivery.Delivered, "", 200)
	step(asAffiliate1, "POST", path+"/cancel", "", http.StatusConflict, "done")
	step(asAffiliate1, "POST", path+"/undo", "", 202, `"state":"undo`)
	w.carry(t)
	step(asAffiliate1, "GET", path, "", 200, `"undone":3`)
	if got := state(dead[1:2]) + ", " + state(dead[2:]); got != "delivered, dead" {
		t.Errorf("after undoing it they are %s; want the one that was sent delivered, and the others dead", got)
	}
	step(asAffiliate1, "POST", path+"/undo", "", http.StatusConflict, "undone already")

	taken := step(asNetwork, "POST", "deliveries/withdraw", `{"subscription_id":2,"until":"2026-11-22T11:30:00Z","dry_run":false}`, 202, `"action":"withdraw"`)
	path = strings.TrimPrefix(taken.header.Get("Location"), "/api/v1/")
	w.carry(t)
	if got := state(waiting); got != "withdrawn" {
		t.Errorf("after the withdrawal they are %s", got)
	}
	step(asNetwork, "POST", path+"/undo", "", 202, `"undo`)
	w.carry(t)
	if got := state(waiting); got != "waiting" {
		t.Errorf("after undoing it they are %s", got)
	}
	stopped := step(asNetwork, "POST", "deliveries/replay", `{"subscription_id":1,"dry_run":false}`, 202, `"running"`)
	path = strings.TrimPrefix(stopped.header.Get("Location"), "/api/v1/")
	step(asNetwork, "POST", path+"/cancel", "", 200, `"cancelled"`)
	w.carry(t)
	if got := state(dead[2:]); got != "dead" {
		t.Errorf("after a job that was stopped before it began they are %s; want dead", got)
	}
	for range mostJobs {
		step(asAffiliate1, "POST", "deliveries/replay", `{"state":"dead","from":"2026-11-22T11:00:00Z","dry_run":false}`, 202, `"running"`)
	}
	step(asAffiliate1, "POST", "deliveries/replay", `{"state":"dead","from":"2026-11-22T11:00:00Z","dry_run":false}`, http.StatusTooManyRequests, "3 jobs are under way")
	step(asNetwork, "POST", "deliveries/replay", `{"state":"dead","from":"2026-11-22T11:00:00Z","dry_run":false}`, 202, `"running"`)
	if got := found(w.do(t, asNetwork, "GET", "deliveries/replays", "")); len(got) != 7 {
		t.Errorf("the network sees jobs %v; want 7", got)
	}
	got := w.do(t, asAffiliate1, "GET", "deliveries/replays", "")
	if len(found(got)) != 4 || strings.Contains(got.text, "actor") {
		t.Errorf("affiliate 1 sees %s; want its own 4 jobs, without who began it", got.text)
	}
}

// partOfDestination is what these tests look at.
type partOfDestination struct {
	Status  delivery.Status
	Waiting int64
	Due     int64
	Dead    int64
	Age     string `json:"backlog_age"`
	Breaker breakerRecord
	Failure *destinationFailed `json:"last_failure"`
}

func TestDestinations(t *testing.T) {
	w := newWorld(t)
	ids := w.owe(t, 1, 3, nil)
	w.fail(t, ids[0], delivery.Dead, delivery.ErrTLS, 0)
	b := delivery.Breaker{
		SubscriptionID: 1, State: delivery.BreakerOpen, Failures: 11, OpenedAt: noon.Add(-time.Minute), ProbeAt: noon.Add(time.Minute), Trips: 1,
		Class: delivery.ErrTLS, Detail: "certificate has expired",
	}
	o := must[delivery.Owed](t)(w.db.Delivery(t.Context(), ids[1]))
	o.Attempts, o.DueAt = 1, noon.Add(-30*time.Minute)
	err := w.db.Record(t.Context(), delivery.Report{After: o, Breaker: &b, Attempt: delivery.Attempt{
		DeliveryID: o.ID, Number: 1, At: noon.Add(-time.Second), Error: delivery.ErrTLS, Detail: "certificate has expired",
	}})
	if err != nil {
		t.Fatal(err)
	}
	read := func(as, method, path string) partOfDestination {
		t.Helper()
		var d partOfDestination
		got := w.do(t, as, method, path, "")
		if err := json.Unmarshal([]byte(got.text), &d); err != nil || got.status != 200 {
			t.Fatalf("%s %s = %d %s", method, path, got.status, got.text)
		}
		return d
	}
	d := read(asAffiliate1, "GET", "destinations/1")
	if d.Waiting != 2 || d.Due != 2 || d.Dead != 1 || d.Age != "59m58s" {
		t.Errorf("the queue stands at %+v; want 2 waiting, both due, since 59m58s, and one dead", d)
	}
	if d.Breaker.State != delivery.BreakerOpen || d.Breaker.Reason != "tls" || !timeOf(d.Breaker.ProbeAt).Equal(noon.Add(time.Minute)) {
		t.Errorf("the breaker is %+v; want it open until a minute from now", d.Breaker)
	}
	if d.Failure == nil || d.Failure.Error != "tls" || !strings.Contains(d.Failure.Hint, "certificate") {
		t.Errorf("the last failure is %+v; want the certificate's", d.Failure)
	}
	for query, want := range map[string]int{"": 2, "breaker=open": 1, "breaker=closed": 1, "host=tracker.example.com&status=active": 2, "status=paused": 0, "affiliate_id=1": 1, "limit=1": 1} {
		if got := found(w.do(t, asNetwork, "GET", "destinations?"+query, "")); len(got) != want {
			t.Errorf("destinations?%s = %v; want %d", query, got, want)
		}
	}
	first := w.do(t, asNetwork, "GET", "destinations?limit=1", "")
	second := w.do(t, asNetwork, "GET", fmt.Sprintf("destinations?limit=1&cursor=%s", first.body["next_cursor"]), "")
	if !slices.Equal(found(second), []string{"2"}) || second.body["next_cursor"] != "" {
		t.Errorf("the second page is %s; want destination 2 alone", second.text)
	}
	if d := read(asAffiliate1, "POST", "destinations/1/pause"); d.Status != delivery.Paused || d.Breaker.State != delivery.BreakerOpen {
		t.Errorf("paused it is %+v; want it paused, its breaker as it was", d)
	}
	if d := read(asAffiliate1, "POST", "destinations/1/resume"); d.Status != delivery.Active || d.Breaker.State != delivery.BreakerClosed || d.Breaker.Failures != 0 {
		t.Errorf("resumed it is %+v; want it active, its breaker closed", d)
	}
}

// TestResumingADisabledDestination takes back what Waybill did by itself.
func TestResumingADisabledDestination(t *testing.T) {
	w := newWorld(t)
	if _, err := w.db.Disable(t.Context(), 1, "the receiver answered 410", noon); err != nil {
		t.Fatal(err)
	}
	if got := w.do(t, asAffiliate1, "GET", "destinations?status=disabled", ""); !strings.Contains(got.text, `"disabled_reason":"the receiver answered 410"`) {
		t.Errorf("it is shown as %s; want why it was disabled", got.text)
	}
	got := w.do(t, asAffiliate1, "POST", "destinations/1/resume", "")
	row := must[Row[delivery.Subscription]](t)(w.Subscriptions.Get(t.Context(), 1))
	if got.status != 200 || row.Value.Status != delivery.Active || row.Value.DisabledReason != "" || !row.Value.DisabledAt.IsZero() {
		t.Errorf("resume = %d %s, and it is stored as %+v; want it active, and no reason", got.status, got.text, row.Value)
	}
	if s, ok := w.present.Subscription(1); !ok || s.Status != delivery.Active {
		t.Errorf("the catalog has it as %+v; want it active at once", s)
	}
}

// TestLatest finds the conversion that a preview is best shown on.
func TestLatest(t *testing.T) {
	w := newWorld(t)
	base := delivery.Default()
	base.Owner = delivery.Owner{AffiliateID: 1}
	for _, tt := range []struct {
		name, as string
		change   func(*delivery.Subscription)
		found    bool
	}{
		{"the affiliate's", asAffiliate1, func(*delivery.Subscription) {}, true},
		{"a paused one's", asNetwork, func(s *delivery.Subscription) { s.Status = delivery.Paused }, true},
		{"the network's", asNetwork, func(s *delivery.Subscription) { s.Owner = delivery.Owner{Network: true} }, true},
		{"the advertiser's", asAdvertiser1, func(s *delivery.Subscription) { s.Owner = delivery.Owner{AdvertiserID: 1} }, true},
		{"another affiliate's", asAffiliate2, func(s *delivery.Subscription) { s.Owner.AffiliateID = 2 }, false},
		{"one's own owner, for somebody else", asAffiliate2, func(*delivery.Subscription) {}, false},
		{"another offer's", asAffiliate1, func(s *delivery.Subscription) { s.OfferID = 2 }, false},
		{"its goal's, in capitals", asAffiliate1, func(s *delivery.Subscription) { s.Goal = "DEFAULT" }, true},
		{"another goal's", asAffiliate1, func(s *delivery.Subscription) { s.Goal = "lead" }, false},
		{"of a status", asAffiliate1, func(s *delivery.Subscription) { s.Statuses = []conversion.Status{conversion.Pending} }, false},
		{"of an event that it cannot have come to", asAffiliate1, func(s *delivery.Subscription) { s.On = []conversion.Event{conversion.EventRejected} }, false},
		{"of one of several events", asAffiliate1, func(s *delivery.Subscription) {
			s.On = []conversion.Event{conversion.EventRejected, conversion.EventApproved}
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := base
			tt.change(&s)
			key, _ := w.present.KeyByHash(account.Hash(w.keys[tt.as]))
			c, err := w.findLatest(t.Context(), key.Principal(), s)
			if tt.found != (err == nil) || tt.found && c.ID != w.conversion.ID {
				t.Errorf("findLatest() = %s, %v; want found: %v", c.ID, err, tt.found)
			}
		})
	}
}
