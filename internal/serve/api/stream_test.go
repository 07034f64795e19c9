package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/report"
)

// views is a warehouse whose snapshots hold nothing, or fail.
type views struct {
	err   error
	under atomic.Int64 // how many are read
}

func (v *views) View(_ context.Context, f func(report.Reader) error) error {
	v.under.Add(1)
	defer v.under.Add(-1)
	if v.err != nil {
		return v.err
	}
	return f(nil)
}

// streamer serves one sheet of rows that the test makes.
type streamer struct {
	*reporter
	format report.Format
	rows   rowSource
	x      exchange
}

func newStreamer(format report.Format, rows rowSource) *streamer {
	return &streamer{reporter: newReporter(&API{Warehouse: new(views)}), format: format, rows: rows}
}

func (s *streamer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.x = exchange{ResponseWriter: w, api: s.API, r: r}
	fields := []report.Field{{Name: "n", Kind: report.Count, Dimension: true}, {Name: "text", Kind: report.Text}}
	err := s.stream(r.Context(), &s.x, sheet{lineWriter: lineWriter{fields: fields}, format: s.format, name: "report"}, s.rows)
	if err != nil {
		s.x.refuse(err)
	}
	if s.x.broken {
		panic(http.ErrAbortHandler)
	}
}

// numbered gives n rows, then err.
func numbered(n int, err error) rowSource {
	return func(_ context.Context, _ report.Reader, line func(*report.Line) error) (ending, error) {
		for i := range n {
			one := report.Line{Cells: []report.Cell{{Kind: report.Count, Number: int64(i)}, {Kind: report.Text, Text: strings.Repeat("x", 100)}}}
			if err := line(&one); err != nil {
				return ending{}, err
			}
		}
		return ending{members: []byte(`"total":{},`)}, err
	}
}

func get(t *testing.T, s *httptest.Server, path, key string) (*http.Response, string, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+key)
	resp, err := s.Client().Do(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp, string(text), err
}

func TestStreamIsWholeAndSaysSo(t *testing.T) {
	const n = 50_000
	for format, want := range map[report.Format]struct {
		media, file, last string
		lines             int
	}{
		report.CSV:    {"text/csv; charset=utf-8; header=present", `attachment; filename="report.csv"`, "49999," + strings.Repeat("x", 100), n + 1},
		report.NDJSON: {"application/x-ndjson", `attachment; filename="report.ndjson"`, `{"total":{},"truncated":false,"rows":50000}`, n + 1},
	} {
		t.Run(string(format), func(t *testing.T) {
			s := httptest.NewServer(newStreamer(format, numbered(n, nil)))
			defer s.Close()
			resp, text, err := get(t, s, "/", "")
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Fatalf("answer %v, error %v; want 200", resp, err)
			}
			lines := strings.Split(strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n")), "\n")
			if len(lines) != want.lines || lines[len(lines)-1] != want.last {
				t.Errorf("%d lines, the last %q; want %d, %q", len(lines), lines[len(lines)-1], want.lines, want.last)
			}
			if rows, truncated := resp.Trailer.Get("Waybill-Rows"), resp.Trailer.Get("Waybill-Truncated"); rows != strconv.Itoa(n) || truncated != "false" {
				t.Errorf("trailers Waybill-Rows = %q, Waybill-Truncated = %q; want %d, false", rows, truncated, n)
			}
			if h := resp.Header; h.Get("Content-Type") != want.media || h.Get("Content-Disposition") != want.file {
				t.Errorf("header = %v; want %s, %s", h, want.media, want.file)
			}
		})
	}
}

// TestBrokenStreamIsNoticed: what fails midway must not look like a whole
// answer, and what fails at once is a problem.
func TestBrokenStreamIsNoticed(t *testing.T) {
	for _, format := range []report.Format{report.CSV, report.NDJSON} {
		s := httptest.NewServer(newStreamer(format, numbered(5000, errors.New("the disk is gone"))))
		_, text, err := get(t, s, "/", "")
		s.Close()
		if err == nil || len(text) < chunk {
			t.Errorf("%s that fails after 5000 rows: %d bytes, error %v; want a part, and an error", format, len(text), err)
		}
		if strings.Contains(text, "total") || strings.Contains(text, "disk") {
			t.Errorf("%s ends with %q; want no end mark and no cause", format, text[len(text)-100:])
		}

		s = httptest.NewServer(newStreamer(format, numbered(3, fault.New(fault.Damaged, "a block is damaged; run \"waybill rebuild warehouse\""))))
		resp, text, err := get(t, s, "/", "")
		s.Close()
		if err != nil || resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "waybill rebuild warehouse") {
			t.Errorf("%s that fails at once = %v %s (%v); want 503 and what to do", format, resp, text, err)
		}
		if h := resp.Header; h.Get("Content-Disposition") != "" || h.Get("Content-Type") != "application/problem+json" {
			t.Errorf("header of the problem = %v; want that of a problem", h)
		}
	}
}

// TestStreamOutlivesTheServersTimeouts: what a server allows a request is less
// than a large report takes, before its first row, between rows, or to fail.
func TestStreamOutlivesTheServersTimeouts(t *testing.T) {
	const short = 100 * time.Millisecond
	slow := func(rows int, failure error) *streamer {
		return newStreamer(report.CSV, func(ctx context.Context, _ report.Reader, line func(*report.Line) error) (ending, error) {
			cells := []report.Cell{{Kind: report.Count}, {Kind: report.Text, Text: strings.Repeat("x", chunk)}}
			for i := range 3 {
				select {
				case <-time.After(2 * short):
				case <-ctx.Done():
					return ending{}, ctx.Err()
				}
				if i >= rows {
					return ending{}, failure
				}
				if err := line(&report.Line{Cells: cells}); err != nil {
					return ending{}, err
				}
			}
			return ending{}, failure
		})
	}
	ask := func(work *streamer) (*http.Response, string, error) {
		s := httptest.NewUnstartedServer(work)
		s.Config.ReadTimeout, s.Config.WriteTimeout = short, short
		s.Start()
		defer s.Close()
		return get(t, s, "/", "")
	}
	resp, text, err := ask(slow(3, nil))
	if err != nil || resp.Trailer.Get("Waybill-Rows") != "3" {
		t.Errorf("a stream of 600 ms under time-outs of 100 ms: %d bytes, error %v; want all of it", len(text), err)
	}
	resp, text, err = ask(slow(0, fault.New(fault.Unavailable, "not now")))
	if err != nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a failure after 200 ms under time-outs of 100 ms = %v %s (%v); want 503", resp, text, err)
	}
}

// TestStreamStopsWhenTheClientLeaves frees the place of one who has left.
func TestStreamStopsWhenTheClientLeaves(t *testing.T) {
	stopped := make(chan error, 1)
	work := newStreamer(report.CSV, func(ctx context.Context, r report.Reader, line func(*report.Line) error) (ending, error) {
		for {
			if _, err := numbered(1000, nil)(ctx, r, line); err != nil {
				stopped <- err
				return ending{}, err
			}
			if ctx.Err() != nil {
				stopped <- ctx.Err()
				return ending{}, ctx.Err()
			}
		}
	})
	s := httptest.NewServer(work)
	defer s.Close()
	ctx, leave := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	_ = resp.Body.Close() // its error is that of the client that left
	if err := <-stopped; err == nil {
		t.Error("the work went on without an error after the client had left")
	}
	s.Close() // waits for the handler
	if work.x.cause != nil || work.x.status != statusGone || len(work.desk.slots) != 0 {
		t.Errorf("status %d, cause %v, %d places taken; want %d, none, 0", work.x.status, work.x.cause, len(work.desk.slots), statusGone)
	}
}

// TestStreamMemoryIsBounded: what is gathered is a chunk, however many rows.
func TestStreamMemoryIsBounded(t *testing.T) {
	out := chunked{x: &exchange{ResponseWriter: httptest.NewRecorder()}, head: func(http.Header) {}, sent: time.Now()}
	s := sheet{lineWriter: lineWriter{fields: []report.Field{{Name: "n", Kind: report.Count}, {Name: "text", Kind: report.Text}}}, format: report.NDJSON}
	if _, _, err := s.write(t.Context(), nil, &out, numbered(100_000, nil)); err != nil {
		t.Fatal(err)
	}
	if cap(out.buf) > 4*chunk {
		t.Errorf("100,000 rows were gathered in %d bytes; want about %d", cap(out.buf), chunk)
	}
}

// TestDesk lets a few in at once, and the others wait for a while.
func TestDesk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(ReportLimits{AtOnce: 2, Queue: 10 * time.Second})
		network := account.Principal{Role: account.Network}
		var leave []func()
		for range 2 {
			l, err := d.enter(t.Context(), network)
			if err != nil {
				t.Fatalf("enter = %v; want a place", err)
			}
			leave = append(leave, l)
		}

		start := time.Now()
		_, err := d.enter(t.Context(), network)
		p := problemOf(err)
		if p.Status != http.StatusServiceUnavailable || p.retry != "10" || time.Since(start) != 10*time.Second {
			t.Errorf("a third after %s = %d, retry after %q; want 503 after 10 s", time.Since(start), p.Status, p.retry)
		}

		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := d.enter(gone, network); problemOf(err).Status != statusGone {
			t.Errorf("one whose client has left = %v; want %d", err, statusGone)
		}

		time.AfterFunc(3*time.Second, leave[0])
		start = time.Now()
		if _, err := d.enter(t.Context(), network); err != nil || time.Since(start) != 3*time.Second {
			t.Errorf("one that waits = %v after %s; want the first place that is left, after 3 s", err, time.Since(start))
		}
	})
}

// TestPartnersLeaveTheNetworkAPlace holds a partner's places, as one does who
// reads slowly.
func TestPartnersLeaveTheNetworkAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(ReportLimits{AtOnce: 4, Queue: 10 * time.Second})
		partner, network := account.Principal{Role: account.Affiliate, AffiliateID: 1}, account.Principal{Role: account.Network}
		enter := func(who account.Principal, want int) (leave func()) {
			t.Helper()
			leave, err := d.enter(t.Context(), who)
			if got := problemOf(err).Status; (err == nil) != (want == http.StatusOK) || err != nil && got != want {
				t.Fatalf("%s enters: %d (%v), want %d", who.Role, got, err, want)
			}
			return leave
		}
		leave := enter(partner, http.StatusOK)
		enter(partner, http.StatusOK)
		enter(partner, http.StatusServiceUnavailable)
		first := enter(network, http.StatusOK)
		enter(network, http.StatusOK)
		enter(network, http.StatusServiceUnavailable)
		leave()
		enter(network, http.StatusOK)
		enter(partner, http.StatusServiceUnavailable) // waits for a place that is the network's to take
		first()
		enter(partner, http.StatusOK)
	})
}

// TestReportTakesNoLongerThanItMay is answered with what to narrow.
func TestReportTakesNoLongerThanItMay(t *testing.T) {
	forever := func(ctx context.Context, _ report.Reader, _ func(*report.Line) error) (ending, error) {
		<-ctx.Done()
		return ending{}, ctx.Err()
	}
	synctest.Test(t, func(t *testing.T) {
		s := newStreamer(report.CSV, forever)
		w, start := httptest.NewRecorder(), time.Now()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != http.StatusGatewayTimeout || time.Since(start) != 10*time.Minute || !strings.Contains(w.Body.String(), "fewer days") {
			t.Errorf("a report without end = %d %s after %s; want 504 and what to narrow, after 10 min", w.Code, w.Body, time.Since(start))
		}
	})
}

func TestReportsWithoutWarehouse(t *testing.T) {
	tests := []struct {
		name      string
		warehouse Warehouse
		want      string
	}{
		{"none", nil, "no warehouse"},
		{"a damaged one", &views{err: fault.New(fault.Damaged, `the warehouse is damaged; run "waybill rebuild warehouse"`)}, "waybill rebuild warehouse"},
		{"one that is being rebuilt", &views{err: fault.New(fault.Unavailable, "the warehouse is being rebuilt")}, "being rebuilt"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStreamer(report.CSV, numbered(1, nil))
			s.Warehouse = tt.warehouse
			w := httptest.NewRecorder()
			s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
			if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("a report = %d %s; want 503, %s", w.Code, w.Body, tt.want)
			}
		})
	}
}

// failing is a warehouse whose statements give rows, and then fail.
type failing struct{ rows int }

func (f failing) View(_ context.Context, do func(report.Reader) error) error { return do(f) }

func (f failing) AsOf() time.Time { return noon }

func (f failing) Rows(_ context.Context, s report.Statement, row func(report.Row) error) error {
	one := make(report.Row, len(s.Columns))
	for i, c := range s.Columns {
		one[i].Number = 1
		if c.Text {
			one[i].Text = strings.Repeat("x", 50)
		}
	}
	for range f.rows {
		if err := row(one); err != nil {
			return err
		}
	}
	return fault.Because(errors.New("block 77 is gone"), fault.Damaged, "the warehouse's file cannot be read")
}

// TestReportThatBreaksOff goes the whole way, from the request to the log.
func TestReportThatBreaksOff(t *testing.T) {
	w := newWorld(t)
	s := httptest.NewServer(w.handler)
	defer s.Close()
	ask := func(path string, rows int) (*http.Response, string, error) {
		w.Warehouse = failing{rows}
		return get(t, s, "/api/v1/"+path, w.keys[asNetwork])
	}
	for _, path := range []string{"reports?dimensions=sub1&metrics=clicks&format=csv", "reports?dimensions=sub1&metrics=clicks&format=ndjson"} {
		resp, text, err := ask(path, 5000)
		if err == nil || resp.StatusCode != http.StatusOK || strings.Contains(text, "block") || resp.Trailer.Get("Waybill-Rows") != "" {
			t.Errorf("%s that breaks off = %d, error %v, trailer %v; want a connection that is cut", path, resp.StatusCode, err, resp.Trailer)
		}
		resp, text, err = ask(path, 5)
		if err != nil || resp.StatusCode != http.StatusServiceUnavailable || strings.Contains(text, "block") || !strings.Contains(text, "cannot be read") {
			t.Errorf("%s that fails at once = %d %s (%v); want 503, and no cause", path, resp.StatusCode, text, err)
		}
	}
	s.Close() // waits for the log
	if log := w.log.String(); strings.Count(log, "block 77 is gone") != 4 {
		t.Errorf("the log has the cause %d times; want 4:\n%s", strings.Count(log, "block 77 is gone"), log)
	}
}

// TestStreamsSayThatALimitCutRowsOff, each where it can.
func TestStreamsSayThatALimitCutRowsOff(t *testing.T) {
	w, _ := newReportingWorld(t)
	s := httptest.NewServer(w.handler)
	defer s.Close()
	const period = "from=2026-11-20&to=2026-11-22"
	for path, all := range map[string]int{"/api/v1/reports?dimensions=day&metrics=clicks&" + period: 3, "/api/v1/clicks?" + period: 11} {
		for limit, truncated := range map[int]bool{all - 1: true, all: false, all + 1: false} {
			for _, format := range []string{"csv", "ndjson"} {
				asked := path + "&limit=" + strconv.Itoa(limit) + "&format=" + format
				resp, text, err := get(t, s, asked, w.keys[asNetwork])
				if err != nil || resp.Trailer.Get("Waybill-Truncated") != strconv.FormatBool(truncated) {
					t.Errorf("%s: trailers %v (%v); want Waybill-Truncated: %v", asked, resp.Trailer, err, truncated)
				}
				end := `"truncated":` + strconv.FormatBool(truncated) + `,"rows":` + strconv.Itoa(min(limit, all)) + "}\n"
				if format == "ndjson" && !strings.HasSuffix(text, end) {
					t.Errorf("%s ends with %q; want %s", asked, text[max(0, len(text)-100):], end)
				}
			}
		}
	}
}

// TestStreamsTotalIsThatOfItsRows asks without an end of the range, while the
// clock goes on.
func TestStreamsTotalIsThatOfItsRows(t *testing.T) {
	w, _ := newReportingWorld(t)
	asked := time.Duration(0)
	w.Now = func() time.Time { asked += 24 * time.Hour; return noon.Add(asked - 72*time.Hour) }
	got := w.send(asNetwork, "GET", "reports?dimensions=day&metrics=gross_clicks&format=ndjson", nil)
	var rows, total int64
	for text := range strings.Lines(got.text) {
		var line struct {
			Clicks int64 `json:"gross_clicks"`
			Total  struct {
				Clicks int64 `json:"gross_clicks"`
			}
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		rows, total = rows+line.Clicks, total+line.Total.Clicks
	}
	if rows == 0 || rows != total {
		t.Errorf("the rows sum up to %d, the total is %d:\n%s", rows, total, got.text)
	}
}
