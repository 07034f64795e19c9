package edge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

const (
	asForm = "Content-Type: application/x-www-form-urlencoded"
	asJSON = "Content-Type: application/json"
)

// answer is a verdict as a sender reads it.
type answer struct {
	Status    string `json:"status"`
	Code      string `json:"code"`
	TID       string `json:"transaction_id"`
	RequestID string `json:"request_id"`
	Test      bool   `json:"test"`
	Message   string `json:"message"`
	HTTP      int    `json:"http"`
}

// read reads an answer's JSON into v.
func read(t testing.TB, rec *httptest.ResponseRecorder, v any) {
	t.Helper()
	if err := json.Unmarshal(rec.Body.Bytes(), v); err != nil {
		t.Fatalf("%v in %q", err, rec.Body)
	}
	h := rec.Header()
	if h.Get("Content-Type") != "application/json" || h.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", h)
	}
}

func TestPostbackIsUnderstood(t *testing.T) {
	tests := []struct {
		name string
		send func(w *world, tid string) *httptest.ResponseRecorder
		raw  string // what is kept of the request; TID stands for the transaction ID
	}{
		{
			name: "in a query", raw: "transaction_id=TID&amount=12.50&goal=default&x=y",
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.get("/postback?transaction_id=" + tid + "&amount=12.50&goal=default&x=y")
			},
		},
		{
			name: "by other systems' names, in any case", raw: "ClickID=TID&SUM=12.50&event=default&x=y",
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.get("/postback?ClickID=" + tid + "&SUM=12.50&event=default&x=y")
			},
		},
		{
			name: "with a slash behind the path", raw: "tid=TID&amount=12.50&goal=default&x=y",
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.get("/postback/?tid=" + tid + "&amount=12.50&goal=default&x=y")
			},
		},
		{
			name: "joined to the path by an ampersand", raw: "tid=TID&amount=12.50&goal=default&x=y",
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.get("/postback&tid=" + tid + "&amount=12.50&goal=default&x=y")
			},
		},
		{
			name: "with an HTML-escaped ampersand", raw: "transaction_id=TID&amp;goal=default&amount=12.50&x=y",
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.get("/postback?transaction_id=" + tid + "&amp;goal=default&amount=12.50&x=y")
			},
		},
		{
			name: "in a form beside a query", raw: "transaction_id=TID\namount=12.50&goal=default&x=y",
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.post("/postback?transaction_id="+tid, "amount=12.50&goal=default&x=y\r\n", asForm)
			},
		},
		{
			name: "in a form that says it is JSON", raw: "transaction_id=TID&amount=12.50&goal=default&x=y",
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.post("/postback", "transaction_id="+tid+"&amount=12.50&goal=default&x=y", asJSON)
			},
		},
		{
			name: "in JSON", raw: `{"transaction_id":"TID","amount":12.50,"goal":"default","x":"y"}`,
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.post("/postback", ` {"transaction_id":"`+tid+`","amount":12.50,"goal":"default","x":"y"}`+"\n", asJSON)
			},
		},
		{
			name: "in JSON that says it is a form, with a byte order mark", raw: `{"transaction_id":"TID","amount":12.50,"goal":"default","x":"y"}`,
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.post("/postback", "\ufeff"+`{"transaction_id":"`+tid+`","amount":12.50,"goal":"default","x":"y"}`, asForm)
			},
		},
		{
			name: "in JSON beside a query", raw: "goal=default&x=y\n" + `{"transaction_id":"TID","amount":12.50}`,
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.post("/postback?goal=default&x=y", `{"transaction_id":"`+tid+`","amount":12.50}`)
			},
		},
		{
			name: "in an array of one", raw: `{"tid":"TID","amount":12.50,"goal":"default","x":"y"}`,
			send: func(w *world, tid string) *httptest.ResponseRecorder {
				return w.post("/postback", `[{"tid":"`+tid+`","amount":12.50,"goal":"default","x":"y"}]`)
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			tid := w.transaction()
			rec := tt.send(w, tid)
			if rec.Code != http.StatusOK {
				t.Fatalf("answered with %d: %s", rec.Code, rec.Body)
			}
			s := w.signal()
			if s.Click.String() != tid || s.Malformed != "" || s.Auth != signal.OK || s.Channel != signal.Postback || strings.TrimSuffix(s.Path, "/") != "/postback" {
				t.Errorf("recorded %+v", s)
			}
			if s.Value(param.TransactionID) != tid || s.Value(param.Goal) != "default" || s.Value(param.Amount) != "12.50" || !slices.Equal(s.Extra, []signal.Extra{{Name: "x", Value: "y"}}) {
				t.Errorf("understood %+v and %+v", s.Params, s.Extra)
			}
			if want := strings.ReplaceAll(tt.raw, "TID", tid); s.Raw != want {
				t.Errorf("kept %q, want %q", s.Raw, want)
			}
			if parts := w.open(s.ID.String()); parts.Kind != txid.Signal || parts.Offer != mainOffer || parts.Affiliate != blog {
				t.Errorf("its ID says %+v", parts)
			}
			if len(w.settler.seen) != 1 || w.settler.seen[0].ID != s.ID {
				t.Errorf("settled %d signals, want the one", len(w.settler.seen))
			}
		})
	}
}

func TestPostbackAnswersItsVerdict(t *testing.T) {
	w := newWorld(t, nil)
	tid := w.transaction()
	rec := w.get("/postback?transaction_id=" + tid + "&test=1")
	var got answer
	read(t, rec, &got)
	s := w.signal()
	if want := (answer{Status: "accepted", Code: "ok", TID: tid, RequestID: s.ID.String(), Test: true}); got != want {
		t.Errorf("answered %+v, want %+v", got, want)
	}
	if !s.Test || !s.ID.Test() || strings.Contains(rec.Body.String(), `"http"`) {
		t.Errorf("test = %t, in its ID %t; %s", s.Test, s.ID.Test(), rec.Body)
	}
	if w.count("waybill_signals_total", "ok") != 1 {
		t.Error("the signal is not counted by its code")
	}
}

func TestPostbackOfATestClickIsATest(t *testing.T) {
	w := newWorld(t, nil)
	w.get("/postback?transaction_id=" + w.transactionOf(txid.Subject{Offer: mainOffer, Test: true}))
	if s := w.signal(); !s.Test || !s.ID.Test() {
		t.Errorf("test = %t, in its ID %t, want both", s.Test, s.ID.Test())
	}
}

// What is wrong with a request is written down like any other.
func TestPostbackInBadForm(t *testing.T) {
	hundredAndOne := "[" + strings.Repeat(`{"transaction_id":"TID"},`, 100) + `{"transaction_id":"TID"}]`
	tests := []struct {
		name  string
		query string
		body  string
		head  string
		code  string
		why   string // part of the message
	}{
		{name: "without anything", code: "transaction_id_missing"},
		{name: "with a forged ID", query: "tid=" + strings.Repeat("1", 32), code: "transaction_id_invalid"},
		{name: "with a macro", query: "tid={click_id}", code: "macro_unexpanded"},
		{name: "with an order ID that is too long", query: "tid=TID&order_id=" + strings.Repeat("x", 1025), code: "malformed", why: "order_id"},
		{name: "with JSON cut off", body: `{"transaction_id":"TID","token":"hidden"`, head: asJSON, code: "malformed", why: "not JSON"},
		{name: "with JSON in JSON", body: `{"transaction_id":"TID","amount":{"v":1},"token":"hidden"}`, head: asJSON, code: "malformed", why: "amount"},
		{name: "with an empty array", query: "tid=TID", body: `[]`, head: asJSON, code: "malformed", why: "empty"},
		{name: "with an array of numbers", body: `[1]`, head: asJSON, code: "malformed", why: "not an object"},
		{name: "with 101 objects", body: hundredAndOne, head: asJSON, code: "malformed", why: "more than 100"},
		{name: "with a JSON string", body: `"transaction_id=TID&token=hidden"`, head: asJSON, code: "malformed", why: "neither a form nor JSON"},
		{
			name: "as multipart/form-data", head: "Content-Type: multipart/form-data; boundary=X", code: "malformed", why: `type "multipart/form-data; boundary=X", is neither`,
			body: "--X\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nhidden\r\n--X--\r\n",
		},
		{name: "as XML", body: `<hit id="TID" token="hidden"/>`, head: "Content-Type: text/xml", code: "malformed", why: "neither a form nor JSON"},
		{name: "with a body above 64 KiB", query: "tid=TID", body: "token=hidden&sub1=" + strings.Repeat("x", 64<<10), head: asForm, code: "malformed", why: "64 KiB"},
		{name: "with JSON above 64 KiB", query: "tid=TID", body: `{"token":"hidden","sub1":"` + strings.Repeat("x", 64<<10) + `"}`, head: asJSON, code: "malformed", why: "64 KiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			tid := w.transaction()
			rec := w.post("/postback?"+strings.ReplaceAll(tt.query, "TID", tid), strings.ReplaceAll(tt.body, "TID", tid), tt.head)
			var got answer
			read(t, rec, &got)
			if rec.Code != http.StatusBadRequest || got.Status != "rejected" || got.Code != tt.code || !strings.Contains(got.Message, tt.why) {
				t.Errorf("answered with %d, %+v; want 400, %s, %s", rec.Code, got, tt.code, tt.why)
			}
			s := w.signal()
			if (s.Malformed != "") != (tt.code == "malformed") || got.RequestID != s.ID.String() {
				t.Errorf("recorded %s as malformed %q, answered for %s", s.ID, s.Malformed, got.RequestID)
			}
			if record := string(w.journal.records[0].record); strings.Contains(record, "hidden") {
				t.Errorf("the record holds the token: %.300q", record)
			}
		})
	}
}

func TestPostbackWhoseBodyBreaksOff(t *testing.T) {
	w := newWorld(t, nil)
	r := httptest.NewRequest(http.MethodPost, "/postback?tid="+w.transaction(), io.MultiReader(strings.NewReader("amount=1&or"), broken{}))
	rec := w.do(r, asForm)
	var got answer
	read(t, rec, &got)
	if s := w.signal(); rec.Code != http.StatusBadRequest || got.Code != "malformed" || s.Value(param.Amount) != "" {
		t.Errorf("answered with %d, %+v; recorded %+v", rec.Code, got, s.Params)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestPostbackWithSeveralTransactionIDs(t *testing.T) {
	w := newWorld(t, nil)
	tid := w.transaction()
	forged := strings.Repeat("0", 32)
	signalID := w.mint.Begin(time.Now(), txid.Subject{Kind: txid.Signal, Offer: plainOffer})
	signalID.Done()
	tests := []struct{ name, query, want string }{
		{name: "takes the first that verifies", query: "transaction_id=" + forged + "&tid={macro}&click_id=" + signalID.ID.String() + "&cid=%20" + strings.ToUpper(tid) + "+", want: tid},
		{name: "keeps the likeliest when none does", query: "cid=none&transaction_id=" + forged, want: forged},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.journal.records = nil
			w.get("/postback?" + tt.query)
			s := w.signal()
			if s.Value(param.TransactionID) != tt.want || s.Click.IsZero() != (tt.want == forged) {
				t.Errorf("kept %q, click %s; want %q", s.Value(param.TransactionID), s.Click, tt.want)
			}
		})
	}
}

func TestPostbackArray(t *testing.T) {
	w := newWorld(t, nil)
	tid := w.transaction()
	rec := w.post("/postback?test=1", `[{"transaction_id":"`+tid+`"},{"transaction_id":"no"},{"tid":"`+tid+`","amount":[1]},{}]`, asJSON)
	var got struct {
		Data []answer `json:"data"`
	}
	read(t, rec, &got)
	want := []answer{
		{Status: "accepted", Code: "ok", HTTP: 200},
		{Status: "rejected", Code: "transaction_id_invalid", HTTP: 400},
		{Status: "rejected", Code: "malformed", HTTP: 400},
		{Status: "rejected", Code: "transaction_id_missing", HTTP: 400},
	}
	signals := w.signals()
	if rec.Code != http.StatusOK || len(got.Data) != len(want) || len(signals) != len(want) {
		t.Fatalf("answered with %d, %d verdicts, %d signals: %s", rec.Code, len(got.Data), len(signals), rec.Body)
	}
	for i, v := range got.Data {
		if v.Status != want[i].Status || v.Code != want[i].Code || v.HTTP != want[i].HTTP || v.RequestID != signals[i].ID.String() || !v.Test {
			t.Errorf("verdict %d is %+v, want %+v for %s", i, v, want[i], signals[i].ID)
		}
		if signals[i].Index != i {
			t.Errorf("signal %d is recorded as number %d", i, signals[i].Index)
		}
	}
}

func TestPostbackArrayOfAHundred(t *testing.T) {
	w := newWorld(t, nil)
	one := `{"tid":"` + w.transaction() + `"}`
	rec := w.post("/postback", "["+strings.Repeat(one+",", 99)+one+"]", asJSON)
	if rec.Code != http.StatusOK || len(w.signals()) != 100 {
		t.Errorf("answered with %d, %d signals", rec.Code, len(w.signals()))
	}
}

func TestPostbackThatCannotBeWrittenDown(t *testing.T) {
	lenient := func(s *catalog.Source) { s.Advertisers[0].Strict = false }
	tests := []struct {
		name    string
		array   bool
		failing func(n int) bool
		want    int
		codes   []string
		tried   int
	}{
		{name: "is answered with 503, whatever the advertiser's setting", failing: func(int) bool { return true }, want: 503, codes: []string{"unavailable"}, tried: 1},
		{name: "in an array with 503, and not tried again for each", array: true, failing: func(int) bool { return true }, want: 503, codes: []string{"unavailable", "unavailable", "unavailable"}, tried: 1},
		{name: "in part is answered with each one's own status", array: true, failing: func(n int) bool { return n == 1 }, want: 200, codes: []string{"ok", "unavailable", "unavailable"}, tried: 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, lenient)
			w.journal.fail = tt.failing
			one := `{"tid":"` + w.transaction() + `"}`
			var got struct {
				answer
				Data []answer `json:"data"`
			}
			body := one
			if tt.array {
				body = "[" + one + "," + one + "," + one + "]"
			}
			rec := w.post("/postback", body, asJSON)
			read(t, rec, &got)
			if !tt.array {
				got.Data = []answer{got.answer}
			}
			for i, v := range got.Data {
				if v.Code != tt.codes[i] || tt.array && (v.Code == "ok") != (v.HTTP == 200) || v.Code != "ok" && (v.Status != "rejected" || v.Message == "") {
					t.Errorf("verdict %d is %+v, want %s", i, v, tt.codes[i])
				}
			}
			if rec.Code != tt.want || len(got.Data) != len(tt.codes) || (rec.Header().Get("Retry-After") != "") != (tt.want == 503) {
				t.Errorf("answered with %d, Retry-After %q, %d verdicts; want %d", rec.Code, rec.Header().Get("Retry-After"), len(got.Data), tt.want)
			}
			if w.journal.appends != tt.tried || len(w.settler.seen) != len(w.signals()) {
				t.Errorf("tried %d times, settled %d of %d written", w.journal.appends, len(w.settler.seen), len(w.signals()))
			}
			if failed := float64(strings.Count(fmt.Sprint(tt.codes), "unavailable")); w.count("waybill_signals_total", "unavailable") != failed {
				t.Errorf("counted %v as unavailable, want %v", w.count("waybill_signals_total", "unavailable"), failed)
			}
		})
	}
}

func TestAnswerOfALenientAdvertiser(t *testing.T) {
	tests := []struct {
		name   string
		answer signal.Verdict
		want   int
	}{
		{name: "is 200 for a rejection", answer: signal.Verdict{Status: signal.Rejected, Code: signal.ClickExpired}, want: 200},
		{name: "is 202 for what is queued", answer: signal.Verdict{Status: signal.Queued, Code: signal.CodeQueued}, want: 202},
		{name: "is 429 for what is not kept", answer: signal.Verdict{Status: signal.Rejected, Code: signal.RateLimited}, want: 429},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, func(s *catalog.Source) { s.Advertisers[0].Strict = false })
			w.settler.answer = &tt.answer
			if rec := w.get("/postback?tid=" + w.transaction()); rec.Code != tt.want {
				t.Errorf("answered with %d, want %d", rec.Code, tt.want)
			}
		})
	}
	t.Run("is 400 where nobody knows whose hit it is", func(t *testing.T) {
		w := newWorld(t, func(s *catalog.Source) { s.Advertisers[0].Strict = false })
		if rec := w.get("/postback?tid=no"); rec.Code != http.StatusBadRequest {
			t.Errorf("answered with %d, want 400", rec.Code)
		}
	})
}

// A sender who hangs up once the request is read loses nothing.
func TestSenderWhoHangsUpLosesNothing(t *testing.T) {
	for _, path := range []string{"/postback?tid=", toMain + "&aff_click_id="} {
		w := newWorld(t, nil)
		ctx, hangUp := context.WithCancel(t.Context())
		hangUp()
		w.do(httptest.NewRequest(http.MethodGet, path+w.transaction(), nil).WithContext(ctx))
		if len(w.journal.records) != 1 || w.journal.ctx.Err() != nil {
			t.Errorf("%s: %d records, context %v", path, len(w.journal.records), w.journal.ctx.Err())
		}
		if strings.HasPrefix(path, "/postback") && (len(w.settler.seen) != 1 || w.settler.ctx.Err() != nil) {
			t.Errorf("settled %d signals, context %v", len(w.settler.seen), w.settler.ctx.Err())
		}
	}
}

func TestPostbackByAnotherMethod(t *testing.T) {
	for _, method := range []string{http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		w := newWorld(t, nil)
		rec := w.do(httptest.NewRequest(method, "/postback?tid="+w.transaction(), nil))
		if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") != "GET, POST" || len(w.journal.records) != 0 {
			t.Errorf("%s is answered with %d, Allow %q", method, rec.Code, rec.Header().Get("Allow"))
		}
	}
}
