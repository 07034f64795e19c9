package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"waybill/internal/click"
	"waybill/internal/fault"
	"waybill/internal/param"
	"waybill/internal/reconcile"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// comparingWorld is a world with more to explain: a click without a signal, one
// whose signal was rejected, and a rejected signal that named no click.
type comparingWorld struct {
	*world
	silent, refusedClick txid.ID
}

func newComparingWorld(t *testing.T) *comparingWorld {
	t.Helper()
	w := &comparingWorld{world: newWorld(t)}
	seq := uint16(100)
	id := func(k txid.Kind) txid.ID {
		seq++
		return must[txid.ID](t)(w.present.Ring().Seal(txid.Parts{Kind: k, Time: noon.Add(-30 * time.Minute), Node: 1, Seq: seq, Offer: 1, Affiliate: 1}))
	}
	w.silent, w.refusedClick = id(txid.Click), id(txid.Click)
	for _, c := range []txid.ID{w.silent, w.refusedClick} {
		record := click.Click{ID: c, At: c.Time(), OfferID: 1, AffiliateID: 1}
		w.journal[c] = record.Append(nil)
	}
	for _, v := range []signal.Verdict{
		{TransactionID: w.refusedClick.String(), Code: signal.ClickExpired, Message: "the click lies too far back"},
		{Code: signal.TransactionIDInvalid, Message: "transaction_id is not one of ours"},
	} {
		s := signal.Signal{ID: id(txid.Signal), ReceivedAt: noon, Channel: signal.Postback, Params: []signal.Param{
			{Name: param.TransactionID, Value: "their-own-77"}, {Name: param.OrderID, Value: "B-7"},
		}}
		w.journal[s.ID] = s.Append(nil)
		v.SignalID, v.Status, v.OfferID, v.Channel, v.SettledAt = s.ID.String(), signal.Rejected, 1, signal.Postback, noon
		must[signal.Verdict](t)(w.db.Settle(t.Context(), settlement.Case{SignalID: v.SignalID, Refusal: &v}))
	}
	return w
}

// list is an advertiser's: one line of each kind.
func (w *comparingWorld) list() string {
	return "Click;Order;Sale;Commission;Status;Date\n" +
		w.click.String() + ";A-1;10,00;6,00;approved;2026-11-22 11:59\n" +
		w.silent.String() + ";C-1;20,00;6,00;approved;2026-11-22 11:58\n" +
		w.refusedClick.String() + ";C-2;30,00;6,00;approved;2026-11-22 11:57\n" +
		"their-own-77;B-7;40,00;6,00;approved;2026-11-22 11:56\n"
}

// send uploads a list.
func (w *comparingWorld) send(t *testing.T, as, query, list string, headers ...string) reply {
	t.Helper()
	return w.do(t, as, "POST", "reconciliations?"+query, list, append([]string{"Content-Type", "text/csv"}, headers...)...)
}

// rowsOf reads a class's rows, two a page.
func (w *comparingWorld) rowsOf(t *testing.T, as, id string, c reconcile.Class) []reconcile.Row {
	t.Helper()
	var all []reconcile.Row
	for cursor := ""; ; {
		got := w.do(t, as, "GET", fmt.Sprintf("reconciliations/%s/rows?class=%s&limit=2&cursor=%s", id, c, cursor), "")
		var page struct {
			Data []reconcile.Row
			Next string `json:"next_cursor"`
		}
		if err := json.Unmarshal([]byte(got.text), &page); err != nil || got.status != http.StatusOK || len(page.Data) > 2 {
			t.Fatalf("rows %s = %d %s (%v)", c, got.status, got.text, err)
		}
		all = append(all, page.Data...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

func TestAListIsCompared(t *testing.T) {
	for _, as := range []string{asNetwork, asAdvertiser1} {
		t.Run(as, func(t *testing.T) {
			w := newComparingWorld(t)
			got := w.send(t, as, "name=November&tz=UTC", w.list())
			if got.status != http.StatusCreated {
				t.Fatalf("POST = %d %s", got.status, got.text)
			}
			id, _ := got.body["id"].(string)
			if got.header.Get("Location") != "/api/v1/reconciliations/"+id {
				t.Errorf("Location %q", got.header.Get("Location"))
			}
			var shown reconciliationRecord
			if err := json.Unmarshal([]byte(got.text), &shown); err != nil {
				t.Fatal(err)
			}
			s := shown.Summary
			if s.Lines != 4 || s.Matched != 1 || s.MissingHere != 3 || s.MissingThere != 0 || s.AdvertiserID != 1 || s.From != "2026-11-22" || s.To != "2026-11-22" {
				t.Errorf("summary %+v; want 4 lines of advertiser 1, one matched", s)
			}
			if len(s.Totals) != 2 || s.Totals[0].Measure != "amount" || s.Totals[0].Theirs != "100.00" || s.Totals[0].Ours != "10.00" || s.Totals[0].Difference != "90.00" {
				t.Errorf("totals %+v; want 100.00 against 10.00", s.Totals)
			}
			var reasons []string
			for _, r := range w.rowsOf(t, as, id, reconcile.MissingHere) {
				reasons = append(reasons, string(r.Reason))
			}
			if want := "no_signal rejected rejected"; strings.Join(reasons, " ") != want {
				t.Errorf("missing here for %v, want %s", reasons, want)
			}
			if again := w.do(t, as, "GET", "reconciliations/"+id, ""); again.status != http.StatusOK || again.text != got.text {
				t.Errorf("GET = %d %s, want what POST answered: %s", again.status, again.text, got.text)
			}
			listed := w.do(t, as, "GET", "reconciliations", "")
			if data, _ := listed.body["data"].([]any); len(data) != 1 {
				t.Errorf("list = %s, want the one", listed.text)
			}
			for _, text := range []string{got.text, w.do(t, as, "GET", "reconciliations/"+id+"/rows?class=matched", "").text} {
				if strings.Contains(text, "payout") {
					t.Errorf("an advertiser's list shows a payout: %s", text)
				}
			}
		})
	}
}

func TestAnAffiliatesListComparesPayouts(t *testing.T) {
	w := newComparingWorld(t)
	list := "subid,revenue,date\n" + w.click.String() + ",4.50,2026-11-22\n"
	for as, query := range map[string]string{asAffiliate1: "", asNetwork: "side=affiliate"} {
		got := w.send(t, as, query, list)
		if got.status != http.StatusCreated {
			t.Fatalf("%s: POST = %d %s", as, got.status, got.text)
		}
		id, _ := got.body["id"].(string)
		rows := w.rowsOf(t, as, id, reconcile.AmountDiffers)
		if len(rows) != 1 || rows[0].Ours.Payout != "4.00" || rows[0].Theirs.Payout != "4.50" || len(rows[0].Differences) != 1 || rows[0].Differences[0].Difference != "0.50" {
			t.Errorf("%s: amount differs %+v, want 4.50 against 4.00", as, rows)
		}
		sheet := w.do(t, as, "GET", "reconciliations/"+id+"/rows?class=amount_differs&format=csv", "")
		lines, err := csv.NewReader(strings.NewReader(sheet.text)).ReadAll()
		if err != nil || len(lines) != 2 || lines[0][0] != "class" || lines[1][0] != "amount_differs" || !strings.HasPrefix(sheet.header.Get("Content-Type"), "text/csv") {
			t.Fatalf("%s: csv %q (%v)", as, sheet.text, err)
		}
		for _, name := range []string{"amount", "revenue"} {
			if at := slices.Index(lines[0], name); lines[1][at] != "" {
				t.Errorf("%s: an affiliate's list shows our %s %s", as, name, lines[1][at])
			}
		}
		if whole := w.do(t, as, "GET", "reconciliations/"+id+"/rows?class=amount_differs", ""); strings.Contains(whole.text, `"revenue"`) {
			t.Errorf("%s: an affiliate's list shows revenue: %s", as, whole.text)
		}
	}
}

// TestAPartnerLearnsNothingOfOthers sends the IDs of one in the list of another.
func TestAPartnerLearnsNothingOfOthers(t *testing.T) {
	w := newComparingWorld(t)
	for as, list := range map[string]string{
		asAdvertiser2: w.list(),
		asAffiliate2:  "subid,payout,date\n" + w.click.String() + ",4,2026-11-22\n" + w.refusedClick.String() + ",4,2026-11-22\n",
	} {
		got := w.send(t, as, "", list)
		id, _ := got.body["id"].(string)
		if got.status != http.StatusCreated {
			t.Fatalf("%s: POST = %d %s", as, got.status, got.text)
		}
		for _, r := range w.rowsOf(t, as, id, reconcile.MissingHere) {
			known := r.Reason != reconcile.UnknownID && r.Reason != reconcile.BadID
			if known || r.Ours != nil || r.Signal != nil || r.See != nil {
				t.Errorf("%s: %+v tells of others", as, r)
			}
		}
		if n := len(w.rowsOf(t, as, id, reconcile.MissingThere)); n != 0 {
			t.Errorf("%s: %d conversions of others are missing there", as, n)
		}
		for _, other := range []string{asAdvertiser1, asAffiliate1} {
			for _, path := range []string{"reconciliations/" + id, "reconciliations/" + id + "/rows?class=missing_here"} {
				if seen := w.do(t, other, "GET", path, ""); seen.status != http.StatusNotFound {
					t.Errorf("%s reads %s of %s: %d", other, path, as, seen.status)
				}
			}
			if listed := w.do(t, other, "GET", "reconciliations", ""); strings.Contains(listed.text, id) {
				t.Errorf("%s lists that of %s", other, as)
			}
		}
		if seen := w.do(t, asNetwork, "GET", "reconciliations/"+id, ""); seen.status != http.StatusOK {
			t.Errorf("the network reads that of %s: %d", as, seen.status)
		}
	}
}

func TestUploadsAreRefused(t *testing.T) {
	w := newComparingWorld(t)
	ok := w.list()
	tests := []struct {
		name, as, query, list, media string
		status                       int
		says                         string
	}{
		{"a mistyped parameter", asNetwork, "colums=a:b", ok, "text/csv", 422, "did you mean columns"},
		{"a zone that is none", asNetwork, "tz=Mars", ok, "text/csv", 422, "query.tz"},
		{"a day that is none", asNetwork, "from=yesterday", ok, "text/csv", 422, "query.from"},
		{"an end before its beginning", asNetwork, "from=2026-11-02&to=2026-11-01", ok, "text/csv", 422, "lies before from"},
		{"a column that is not there", asNetwork, "columns=amount:Price", ok, "text/csv", 422, "has no column"},
		{"an affiliate's list by an advertiser", asAdvertiser1, "side=affiliate", ok, "text/csv", 403, "of side advertiser alone"},
		{"another advertiser's list", asAdvertiser1, "advertiser_id=2", ok, "text/csv", 403, "its own lists"},
		{"another advertiser's offer", asAdvertiser1, "offer_id=2", ok, "text/csv", 422, "no such offer"},
		{"an advertiser that is none", asNetwork, "advertiser_id=99", ok, "text/csv", 422, "no such advertiser"},
		{"a list that does not tell whose it is", asNetwork, "", "order_id,date\nA,2026-11-22\n", "text/csv", 422, "query.advertiser_id"},
		{"no times and no period", asAdvertiser1, "", "order_id,amount\nA,1\n", "text/csv", 422, "query.from"},
		{"dates in doubt", asAdvertiser1, "", "order_id,date\nA,03/04/2026\n", "text/csv", 422, "query.date_order"},
		{"a word for a status that means nothing", asNetwork, "status_words=a:b", ok, "text/csv", 422, "query.status_words"},
		{"a key of the browser", asBrowser, "", ok, "text/csv", 403, ""},
		{"no list at all", asAdvertiser1, "", " ", "text/csv", 422, "the list is empty"},
		{"a spreadsheet", asAdvertiser1, "", "PK\x03\x04", "application/octet-stream", 422, "save the list as CSV"},
		{"JSON", asAdvertiser1, "", "{}", "application/json", 415, "text/csv"},
		{"a form without a file", asAdvertiser1, "", "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n1\r\n--b--\r\n", "multipart/form-data; boundary=b", 400, "no file"},
		{"a form that breaks off", asAdvertiser1, "", "--b\r\nContent-Dispo", "multipart/form-data; boundary=b", 400, "broke off"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.do(t, tt.as, "POST", "reconciliations?"+tt.query, tt.list, "Content-Type", tt.media)
			if got.status != tt.status || !strings.Contains(got.text, tt.says) {
				t.Errorf("POST = %d %s; want %d, saying %q", got.status, got.text, tt.status, tt.says)
			}
		})
	}
	if listed := w.do(t, asNetwork, "GET", "reconciliations", ""); listed.text != "{\"data\":[],\"next_cursor\":\"\"}\n" {
		t.Errorf("what was refused was kept: %s", listed.text)
	}
}

// bottomless is a list that never ends.
type bottomless struct{ sent int }

func (e *bottomless) Read(b []byte) (int, error) {
	const line = "order_id\n"
	for i := range b {
		b[i] = line[(e.sent+i)%len(line)]
	}
	e.sent += len(b)
	return len(b), nil
}

func TestAListTooLargeIsRefused(t *testing.T) {
	w := newComparingWorld(t)
	body := new(bottomless)
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/reconciliations", body)
	r.Header.Set("Authorization", "Bearer "+w.keys[asAdvertiser1])
	r.Header.Set("Content-Type", "text/csv")
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	if rec.Code != http.StatusRequestEntityTooLarge || !strings.Contains(rec.Body.String(), "64 MiB") || body.sent > maxList+1<<20 {
		t.Errorf("an endless list: %d %s, after %d bytes", rec.Code, rec.Body, body.sent)
	}
	if got := w.send(t, asAdvertiser1, "", strings.Repeat("order_id\n", 1_000_002)); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.text, "1000000 lines") {
		t.Errorf("a list of too many lines: %d %s, want 422", got.status, got.text)
	}
}

func TestADryRunSaysHowTheListIsUnderstood(t *testing.T) {
	w := newComparingWorld(t)
	got := w.send(t, asAdvertiser1, "dry_run=true", "Date;Order;Sale;State\n03/04/2026;A-1;1.234,50;blue\n04/03/2026;A-2;7,00;approved\n")
	var trial listTrialRecord
	if err := json.Unmarshal([]byte(got.text), &trial); err != nil || got.status != http.StatusOK {
		t.Fatalf("POST = %d %s (%v)", got.status, got.text, err)
	}
	if trial.List.Lines != 2 || trial.List.Separator != ";" || trial.List.ProblemCount != 1 || !strings.Contains(trial.Unsure, "date_order") ||
		len(trial.First) != 2 || trial.First[0].Amount != "1234.50" || trial.First[0].Line != 2 || len(trial.List.Columns) != 4 {
		t.Errorf("dry run %s; want two lines, one problem, and to be asked for date_order", got.text)
	}
	if listed := w.do(t, asAdvertiser1, "GET", "reconciliations", ""); strings.Contains(listed.text, `"id"`) {
		t.Errorf("a dry run was kept: %s", listed.text)
	}
}

func TestAListInAForm(t *testing.T) {
	w := newComparingWorld(t)
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := form.WriteField("comment", "first"); err != nil {
		t.Fatal(err)
	}
	part, err := form.CreateFormFile("upload", "november.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write([]byte(w.list())); err != nil || form.Close() != nil {
		t.Fatal(err)
	}
	got := w.do(t, asAdvertiser1, "POST", "reconciliations", body.String(), "Content-Type", form.FormDataContentType())
	if got.status != http.StatusCreated || !strings.Contains(got.text, `"matched":1`) {
		t.Errorf("POST = %d %s, want it compared", got.status, got.text)
	}
}

func TestAnUploadIsDoneOnceUnderItsKey(t *testing.T) {
	w := newComparingWorld(t)
	key := []string{"Idempotency-Key", "once"}
	first, second := w.send(t, asAdvertiser1, "tz=UTC", w.list(), key...), w.send(t, asAdvertiser1, "tz=UTC", w.list(), key...)
	if first.status != http.StatusCreated || second.status != http.StatusCreated || first.text != second.text || second.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("first %d %s\nsecond %d %s; want the same, replayed", first.status, first.text, second.status, second.text)
	}
	if other := w.send(t, asAdvertiser1, "tz=UTC", w.list()+"X;Y;1,00;1;;2026-11-22\n", key...); other.status != http.StatusUnprocessableEntity {
		t.Errorf("another list under the key: %d %s", other.status, other.text)
	}
	if other := w.send(t, asAdvertiser1, "tz=%2B03:00", w.list(), key...); other.status != http.StatusUnprocessableEntity {
		t.Errorf("another zone under the key: %d %s", other.status, other.text)
	}
	failed := w.send(t, asAdvertiser1, "", "order_id,amount\nA,1\n", "Idempotency-Key", "again")
	mended := w.send(t, asAdvertiser1, "from=2026-11-01&to=2026-11-30", "order_id,amount\nA,1\n", "Idempotency-Key", "again")
	if failed.status != http.StatusUnprocessableEntity || mended.status != http.StatusCreated {
		t.Errorf("failed %d, mended %d %s; want 422 and then 201 under the same key", failed.status, mended.status, mended.text)
	}
}

// TestManyRowsAreReadInPages has more rows than a part holds.
func TestManyRowsAreReadInPages(t *testing.T) {
	w := newComparingWorld(t)
	var list strings.Builder
	list.WriteString("order_id,date\n")
	const n = 2*rowsInPart + 3
	for i := range n {
		fmt.Fprintf(&list, "N-%d,2026-11-22\n", i)
	}
	got := w.send(t, asAdvertiser1, "", list.String())
	id, _ := got.body["id"].(string)
	seen := map[string]bool{}
	for cursor, pages := "", 0; ; pages++ {
		page := w.do(t, asAdvertiser1, "GET", fmt.Sprintf("reconciliations/%s/rows?class=missing_here&limit=300&cursor=%s", id, cursor), "")
		data, _ := page.body["data"].([]any)
		for _, row := range data {
			text, _ := json.Marshal(row)
			seen[string(text)] = true
		}
		if cursor, _ = page.body["next_cursor"].(string); cursor == "" {
			if pages != n/300 {
				t.Errorf("%d pages, want %d", pages+1, n/300+1)
			}
			break
		}
	}
	sheet := w.do(t, asAdvertiser1, "GET", "reconciliations/"+id+"/rows?class=missing_here&format=csv", "")
	if lines := strings.Count(sheet.text, "\n"); len(seen) != n || lines != n+1 {
		t.Errorf("%d rows in pages and %d lines of CSV, want %d and one more", len(seen), lines, n)
	}
}

type shelf = Reconciliations // a method of it has its name

// tornShelf is a ledger that breaks down behind the first rows.
type tornShelf struct {
	shelf
	parts int
}

func (f tornShelf) ReconciliationPart(ctx context.Context, id string, c reconcile.Class, number int) ([]byte, error) {
	if number >= f.parts {
		return nil, fault.Because(errors.New("gone"), fault.Unavailable, "the ledger cannot be reached now")
	}
	return f.shelf.ReconciliationPart(ctx, id, c, number)
}

// TestASheetThatBreaksOffIsCut must not end like one that is whole.
func TestASheetThatBreaksOffIsCut(t *testing.T) {
	w := newComparingWorld(t)
	list := "order_id,date\n" + strings.Repeat("N,2026-11-22\n", 2*rowsInPart)
	id, _ := w.send(t, asAdvertiser1, "", list).body["id"].(string)
	path := "reconciliations/" + id + "/rows?format=csv&class=duplicate_in_list"
	w.Reconciliations = tornShelf{w.db, 0}
	if got := w.do(t, asAdvertiser1, "GET", path, ""); got.status != http.StatusServiceUnavailable {
		t.Errorf("before the first row: %d %s, want 503", got.status, got.text)
	}
	w.Reconciliations = tornShelf{w.db, 1}
	defer func() {
		if v := recover(); v != http.ErrAbortHandler { //nolint:errorlint // it is that value
			t.Errorf("behind the first rows: %v, want the connection cut", v)
		}
	}()
	w.do(t, asAdvertiser1, "GET", path, "")
}

// slowParts has n parts of each class, and takes its time with each part.
type slowParts struct {
	rest
	n int
}

// rest is what a sheet does not ask for.
type rest interface{ Reconciliations }

func (s slowParts) ReconciliationPart(ctx context.Context, _ string, _ reconcile.Class, number int) ([]byte, error) {
	select {
	case <-time.After(60 * time.Millisecond):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if number >= s.n {
		return nil, fault.New(fault.NotFound, "there is no part %d", number)
	}
	z, err := zstd.NewWriter(nil)
	if err != nil {
		return nil, err
	}
	return z.EncodeAll(bytes.Repeat([]byte(`{"class":"matched"}`+"\n"), rowsInPart), nil), nil
}

// TestRowsOutliveTheServersTimeouts reads a sheet for longer than a server
// leaves small requests.
func TestRowsOutliveTheServersTimeouts(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reader, err := newRowReader(slowParts{n: 4}, "r1", reconcile.Matched)
		if err != nil {
			t.Error(err)
			return
		}
		defer reader.zstd.Close()
		if err := reader.sheet(r.Context(), &exchange{ResponseWriter: w, r: r}); err != nil {
			t.Errorf("a sheet of 300 ms under time-outs of 150 ms: %v", err)
		}
	}))
	s.Config.ReadTimeout, s.Config.WriteTimeout = 150*time.Millisecond, 150*time.Millisecond
	s.Start()
	defer s.Close()
	_, text, err := get(t, s, "/", "")
	if got := strings.Count(text, "\n"); err != nil || got != 1+4*rowsInPart {
		t.Errorf("%d lines, error %v; want %d", got, err, 1+4*rowsInPart)
	}
}
