package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"strings"
	"sync"
	"syscall"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/signal"
)

// counter takes claims from several at once, and judges them by what they say:
// order by order within a transaction, "bad" is rejected, "down" is not written.
type counter struct {
	mu       sync.Mutex
	hits     []Hit
	latest   map[string]int // by transaction, the index of the last claim
	backward bool           // one came before another of its transaction that stands before it
}

func (c *counter) Submit(_ context.Context, h Hit) signal.Verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hits = append(c.hits, h)
	var said map[string]string
	_ = json.Unmarshal(h.Parameters, &said)
	if c.latest == nil {
		c.latest = map[string]int{}
	}
	c.backward = c.backward || h.Index < c.latest[said["tid"]]
	c.latest[said["tid"]] = h.Index
	v := signal.Verdict{
		Status: signal.Accepted, Code: signal.OK, SignalID: fmt.Sprintf("s%d", h.Index), ConversionID: fmt.Sprintf("c%d", h.Index),
		TransactionID: said["tid"], Message: "=counted",
	}
	switch said["order_id"] {
	case "bad":
		v.Status, v.Code, v.ConversionID = signal.Rejected, signal.GoalUnknown, ""
	case "down":
		v.Status, v.Code, v.Message = signal.Rejected, signal.Unavailable, "the disk is full"
	case "later":
		v.Status, v.Code = signal.Queued, signal.CodeQueued
	}
	return v
}

func newImportWorld(t *testing.T) (*world, *counter) {
	t.Helper()
	w, c := newWorld(t), new(counter)
	w.Signals, w.SpoolDir = c, t.TempDir()
	w.Rehearse = func() func(context.Context, Hit) (signal.Verdict, error) {
		dry := new(counter)
		return func(ctx context.Context, h Hit) (signal.Verdict, error) { return dry.Submit(ctx, h), nil }
	}
	return w, c
}

const asCSV = "text/csv"

func TestImport(t *testing.T) {
	const small = "tid,order_id\nT1,A\nT1,bad\nT2,B,x\nT3,later\n"
	tests := []struct {
		name, as, query, media, body string
		status                       int
		want                         []string
		hits                         int
	}{
		{
			name: "answers for each line", as: asNetwork, media: asCSV, body: small, status: 200, hits: 3,
			want: []string{
				`{"line":2,"status":"accepted","code":"ok","conversion_id":"c2","transaction_id":"T1","request_id":"s2","test":false,"message":"=counted"}` + "\n" +
					`{"line":3,"status":"rejected","code":"goal_unknown"`, `{"line":4,"status":"rejected","code":"malformed"`, "3 fields",
				`{"summary":{"dry_run":false,"lines":4,"accepted":1,"updated":0,"duplicate":0,"rejected":1,"queued":1,"unreadable":1}}`,
			},
		},
		{
			name: "as csv, which runs no formula", as: asAdvertiser1, query: "?format=csv", media: asCSV, body: small, status: 200, hits: 3,
			want: []string{"line,status,code,conversion_id,transaction_id,request_id,message\r\n2,accepted,ok,c2,T1,s2,'=counted\r\n3,rejected,goal_unknown,,T1,s3,'=counted\r\n"},
		},
		{
			name: "tries out", as: asNetwork, query: "?dry_run=true", media: asCSV, body: small, status: 200, hits: 0,
			want: []string{`{"line":2,"status":"accepted","code":"ok","transaction_id":"T1","request_id":"","test":false`, `"dry_run":true,"lines":4`},
		},
		{
			name: "tells only what came to nothing", as: asNetwork, query: "?outcomes=rejected", media: asCSV, body: small, status: 200, hits: 3,
			want: []string{`{"line":3,`, `"lines":4,"accepted":1`},
		},
		{
			name: "goes on from a line", as: asNetwork, query: "?from_line=4", media: asCSV, body: small, status: 200, hits: 1,
			want: []string{`{"line":4,`, `"lines":2,"accepted":0`},
		},
		{
			name: "stops where nothing can be written down", as: asNetwork, media: asCSV, body: "tid,order_id\nT1,A\nT1,down\nT1,B\n", status: 200, hits: 2,
			want: []string{`"lines":1,"accepted":1`, `"stopped_at":3,"because":"the disk is full"`},
		},
		{
			name: "stops where the file is broken", as: asNetwork, media: asCSV, body: "tid,order_id\nT1,A\nT2,\"" + strings.Repeat("x", 80_000), status: 200, hits: 1,
			want: []string{`"lines":1,"accepted":1`, `"stopped_at":3,"because":"a line is longer`},
		},
		{name: "refuses what is no file", as: asNetwork, media: "application/json", body: "{}", status: 415},
		{name: "refuses a file without columns", as: asNetwork, media: asCSV, body: "1,2\n", status: 422, want: []string{"no column says whose"}},
		{name: "refuses formats that there are not", as: asNetwork, query: "?format=xml", media: asCSV, body: small, status: 422},
		{name: "refuses columns that are no parameters", as: asNetwork, query: "?columns=beleg:x", media: asCSV, body: small, status: 422, want: []string{"query.columns"}},
		{name: "is not for affiliates", as: asAffiliate1, media: asCSV, body: small, status: 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, c := newImportWorld(t)
			got := w.send(tt.as, "POST", "imports/conversions"+tt.query, strings.NewReader(tt.body), "Content-Type", tt.media)
			if got.status != tt.status {
				t.Fatalf("%d %s; want %d", got.status, got.text, tt.status)
			}
			for _, part := range tt.want {
				if !strings.Contains(got.text, part) {
					t.Errorf("%s; want %s in it", got.text, part)
				}
			}
			if len(c.hits) != tt.hits {
				t.Errorf("%d claims were taken, want %d", len(c.hits), tt.hits)
			}
			for _, h := range c.hits {
				if h.Channel != signal.Import || h.Path != "/api/v1/imports/conversions" || tt.as == asAdvertiser1 && h.By.AdvertiserID != 1 {
					t.Errorf("taken as %+v", h)
				}
			}
		})
	}
}

// TestImportInParts: a long file is answered for in its order, though lines are
// judged side by side, and those of one transaction in theirs.
func TestImportInParts(t *testing.T) {
	w, c := newImportWorld(t)
	var file bytes.Buffer
	form := multipart.NewWriter(&file)
	part, err := form.CreateFormFile("file", "may.csv")
	if err != nil {
		t.Fatal(err)
	}
	const lines = 2*progressEvery + 1300
	text := []byte("tid,order_id\n")
	for n := range lines {
		text = fmt.Appendf(text, "T%d,%d\n", n%97, n)
	}
	if _, err := part.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	got := w.send(asNetwork, "POST", "imports/conversions", &file, "Content-Type", form.FormDataContentType())
	all := strings.Split(strings.TrimSpace(got.text), "\n")
	next, progress := 2, 0
	for _, line := range all[:len(all)-1] {
		if strings.HasPrefix(line, `{"progress":{"lines":`) {
			progress++
			continue
		}
		if !strings.HasPrefix(line, fmt.Sprintf(`{"line":%d,`, next)) {
			t.Fatalf("line %s; want line %d", line, next)
		}
		next++
	}
	if next != lines+2 || progress != 2 || c.backward {
		t.Errorf("%d lines, progress %d times, backward %t; want %d, twice, and each transaction in its order", next-2, progress, c.backward, lines)
	}
	if want := fmt.Sprintf(`"lines":%d,"accepted":%d`, lines, lines); !strings.Contains(all[len(all)-1], want) {
		t.Errorf("summary %s; want %s", all[len(all)-1], want)
	}
}

// TestImportsTakeTurns: a partner's file does not keep the network's out, and no
// other partner's is taken in beside it.
func TestImportsTakeTurns(t *testing.T) {
	w, _ := newImportWorld(t)
	inside, done := make(chan struct{}), make(chan struct{})
	w.Room = sync.OnceValue(func() error {
		close(inside)
		<-done
		return nil
	})
	send := func(as string) reply {
		return w.send(as, "POST", "imports/conversions", strings.NewReader("tid,order_id\nT1,A\n"), "Content-Type", asCSV)
	}
	first := make(chan reply)
	go func() { first <- send(asAdvertiser1) }()
	<-inside
	if got := send(asAdvertiser2); got.status != 429 || got.header.Get("Retry-After") == "" {
		t.Errorf("beside a partner's file another partner's is answered with %d %s; want 429", got.status, got.text)
	}
	close(done)
	if got := <-first; got.status != 200 {
		t.Errorf("the first: %d %s", got.status, got.text)
	}
	if got := send(asAdvertiser2); got.status != 200 {
		t.Errorf("afterwards: %d %s", got.status, got.text)
	}
}

// TestReportOfManyConversions: an array is as long as a page of a list, and what
// is more is refused whole.
func TestReportOfManyConversions(t *testing.T) {
	array := func(n int, pad string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,{"tid":"T%d","order_id":"%d","adv1":"%s"}`, i%97, i, pad)
		}
		return "[" + b.String()[1:] + "]"
	}
	w, c := newImportWorld(t)
	got := w.do(t, asNetwork, "POST", "conversions", array(10_000, strings.Repeat("x", 100)))
	data, _ := got.body["data"].([]any)
	if got.status != 200 || len(data) != 10_000 || c.backward {
		t.Fatalf("%d with %d verdicts, backward %t; want 10000 in order", got.status, len(data), c.backward)
	}
	for i, one := range data {
		if v, _ := one.(map[string]any); v["request_id"] != fmt.Sprintf("s%d", i) || v["http"] != 200.0 {
			t.Fatalf("verdict %d is %v", i, one)
		}
	}
	taken := len(c.hits)
	if got := w.do(t, asNetwork, "POST", "conversions", array(10_001, "")); got.status != 422 || len(c.hits) != taken {
		t.Errorf("one more: %d, %d taken; want 422 and none", got.status, len(c.hits)-taken)
	}
	if got := w.do(t, asNetwork, "POST", "conversions", array(10_000, strings.Repeat("x", 1700))); got.status != 413 || len(c.hits) != taken {
		t.Errorf("more than 16 MiB: %d, %d taken; want 413 and none", got.status, len(c.hits)-taken)
	}
	down := w.do(t, asNetwork, "POST", "conversions", `[{"tid":"T1","order_id":"down"}`+strings.Repeat(`,{"tid":"T1"}`, 200)+"]")
	if down.status != 503 || len(c.hits) != taken+1 {
		t.Errorf("where nothing is written down: %d, %d tried; want 503 after the first", down.status, len(c.hits)-taken)
	}
}

// full is a disk that takes nothing more.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestAFullDiskIsNoFaultOfTheSender(t *testing.T) {
	n, err := io.Copy(spool{full{}}, strings.NewReader("transaction_id"))
	if n != 0 || fault.Of(err) != fault.Unavailable || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("Copy() to a full disk = %d, %v; want an error of kind unavailable that says so", n, err)
	}
}
