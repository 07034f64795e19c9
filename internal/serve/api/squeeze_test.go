package api

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/report"
)

func TestAnswersAreSqueezedForWhoAsks(t *testing.T) {
	w := newWorld(t)
	tests := []struct {
		name, as, method, path string
		header                 []string
		squeezed               bool
	}{
		{"a description", asNetwork, "GET", "openapi.json", []string{"Accept-Encoding", "gzip"}, true},
		{"a list, by a key", asNetwork, "GET", "offers", []string{"Accept-Encoding", "br, gzip;q=0.5"}, true},
		{"a list, by the console", asNetwork, "GET", "offers", []string{"Accept-Encoding", "gzip", "Sec-Fetch-Site", "same-origin"}, true},
		{"a list, and nobody asks", asNetwork, "GET", "offers", nil, false},
		{"a list, and the client cannot read it", asNetwork, "GET", "offers", []string{"Accept-Encoding", "gzip;q=0, br"}, false},
		{"an answer of one packet", asNetwork, "GET", "affiliates/1", []string{"Accept-Encoding", "gzip"}, false},
		{"advertisers, with their tokens", asNetwork, "GET", "advertisers", []string{"Accept-Encoding", "gzip"}, false},
		{"code with a token", asNetwork, "GET", "offers/1/snippets", []string{"Accept-Encoding", "gzip"}, false},
		{"links with a token", asNetwork, "GET", "offers/1/links?affiliate_id=1", []string{"Accept-Encoding", "gzip"}, false},
		{"templates of partners", asNetwork, "GET", "postbacks", []string{"Accept-Encoding", "gzip"}, false},
		{"a refusal", asNetwork, "GET", "offers?limit=0", []string{"Accept-Encoding", "gzip"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			plain := w.send(tt.as, tt.method, tt.path, nil)
			got := w.send(tt.as, tt.method, tt.path, nil, tt.header...)
			if is := got.header.Get("Content-Encoding") == "gzip"; is != tt.squeezed {
				t.Fatalf("squeezed %v, %d bytes, %v; want %v", is, len(got.text), got.header, tt.squeezed)
			}
			if vary := got.header.Values("Vary"); !slices.Equal(vary, []string{"Accept-Encoding"}) {
				t.Errorf("Vary is %q", vary)
			}
			if !tt.squeezed {
				return
			}
			if text := unzip(t, got.text); text != plain.text || len(got.text) >= len(plain.text) {
				t.Errorf("%d bytes become %d of %s; want %s", len(got.text), len(text), text, plain.text)
			}
		})
	}
}

func unzip(t *testing.T, text string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

func TestWhatOthersSendABrowserToIsNotSqueezed(t *testing.T) {
	for _, tt := range []struct {
		name    string
		pattern string
		header  []string
		want    bool
	}{
		{"a key's", "GET /api/v1/offers", []string{"Authorization", "Bearer k"}, true},
		{"the console's", "GET /api/v1/offers", []string{"Cookie", "waybill_session=s", "Sec-Fetch-Site", "same-origin"}, true},
		{"another site's", "GET /api/v1/offers", []string{"Cookie", "waybill_session=s", "Sec-Fetch-Site", "cross-site"}, false},
		{"who says nothing of it", "GET /api/v1/offers", []string{"Cookie", "waybill_session=s"}, false},
		{"nobody's", "GET /api/v1/shared", nil, true},
		{"a route that is not there", "/", []string{"Authorization", "Bearer k"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "/api/v1/offers", nil)
			r.Header.Set("Accept-Encoding", "gzip")
			for i := 0; i < len(tt.header); i += 2 {
				r.Header.Set(tt.header[i], tt.header[i+1])
			}
			if got := maySqueeze(tt.pattern, r); got != tt.want {
				t.Errorf("maySqueeze() = %v, want %v", got, tt.want)
			}
			r.Method = http.MethodPost
			if maySqueeze(strings.Replace(tt.pattern, "GET", "POST", 1), r) {
				t.Error("the answer to a change is squeezed")
			}
		})
	}
}

// TestNoSecretIsSqueezed holds showsSecrets to the description: whatever is read and
// holds a secret by name is on the list.
func TestNoSecretIsSqueezed(t *testing.T) {
	o := new(API).register(http.NewServeMux())
	secrets := []string{"token", "previous_token", "sig_secret", "previous_sig_secret", "secret", "previous_secret", "url_with_token"}
	found := 0
	for path, item := range o.Paths {
		if item.Get == nil || item.Get.Responses["200"] == nil {
			continue
		}
		media := item.Get.Responses["200"].Content["application/json"]
		if media == nil || !mentions(o.Components.Schemas, media.Schema, secrets, map[string]bool{}) {
			continue
		}
		found++
		// The fields of templates say what is to be filled in, and hold nothing.
		if !showsSecrets("GET "+path) && path != prefix+"/templates/postbacks" {
			t.Errorf("GET %s shows a secret, and may be squeezed", path)
		}
	}
	if found < 4 {
		t.Errorf("%d routes show secrets; want at least those of advertisers and postbacks", found)
	}
}

// mentions reports whether a schema, or one that it is made of, has one of the fields.
func mentions(all huma.Registry, s *huma.Schema, names []string, seen map[string]bool) bool {
	if s == nil || s.Ref != "" && seen[s.Ref] {
		return false
	}
	if s.Ref != "" {
		seen[s.Ref] = true
		return mentions(all, all.SchemaFromRef(s.Ref), names, seen)
	}
	for name, p := range s.Properties {
		if slices.Contains(names, name) || mentions(all, p, names, seen) {
			return true
		}
	}
	return mentions(all, s.Items, names, seen)
}

// TestSqueezedRowsComeAtOnce holds that a stream's first rows are there before the
// last one is made.
func TestSqueezedRowsComeAtOnce(t *testing.T) {
	read := make(chan struct{})
	rows := func(ctx context.Context, r report.Reader, line func(*report.Line) error) (ending, error) {
		if _, err := numbered(1000, nil)(ctx, r, line); err != nil { // more than a chunk
			return ending{}, err
		}
		select {
		case <-read:
		case <-ctx.Done():
			return ending{}, ctx.Err()
		}
		return numbered(10, nil)(ctx, r, line)
	}
	s := httptest.NewServer(squeezed(newStreamer(report.NDJSON, rows)))
	defer s.Close()
	resp := getSqueezed(t, s)
	defer resp.Body.Close()
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), `{"n":0,`) {
		t.Fatalf("the first line is %q, %v", lines.Text(), lines.Err())
	}
	close(read)
	n := 1
	for lines.Scan() {
		n++
	}
	if trailer := resp.Trailer.Get(rowsTrailer); n != 1011 || lines.Err() != nil || trailer != "1010" {
		t.Errorf("%d lines, %v, trailer %q; want 1011 and 1010", n, lines.Err(), trailer)
	}
}

func getSqueezed(t *testing.T, s *httptest.Server) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip")
	resp, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if got := resp.Header.Get("Content-Encoding"); got != "gzip" {
		t.Fatalf("Content-Encoding = %q, want gzip", got)
	}
	return resp
}

func TestSqueezedStreamThatBreaksIsNoticed(t *testing.T) {
	s := httptest.NewServer(squeezed(newStreamer(report.CSV, numbered(2000, errors.New("the disk is gone")))))
	defer s.Close()
	resp := getSqueezed(t, s)
	defer resp.Body.Close()
	if n, err := io.Copy(io.Discard, resp.Body); err == nil {
		t.Errorf("%d bytes without an error; want the connection cut", n)
	}
}

// discarding is a client of which only the length of what it reads is known.
type discarding struct {
	header http.Header
	n      int64
}

func (d *discarding) Header() http.Header         { return d.header }
func (d *discarding) WriteHeader(int)             {}
func (d *discarding) Write(b []byte) (int, error) { d.n += int64(len(b)); return len(b), nil }
func (d *discarding) Flush()                      {}

// BenchmarkStream tells what a row of a report costs, plain and squeezed.
func BenchmarkStream(b *testing.B) {
	for _, name := range []string{"plain", "gzip"} {
		b.Run(name, func(b *testing.B) {
			rows := func(_ context.Context, _ report.Reader, line func(*report.Line) error) (ending, error) {
				for i := range b.N {
					text := strconv.Itoa(i*7919%1_000_003) + "-" + strconv.Itoa(i%500) + ",1,0,0." + strconv.Itoa(i%37)
					one := report.Line{Cells: []report.Cell{{Kind: report.Count, Number: int64(i/1700) + 1}, {Kind: report.Text, Text: text}}}
					if err := line(&one); err != nil {
						return ending{}, err
					}
				}
				return ending{}, nil
			}
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			h := http.Handler(newStreamer(report.CSV, rows))
			if name == "gzip" {
				r.Header.Set("Accept-Encoding", "gzip")
				h = squeezed(h)
			}
			d := &discarding{header: http.Header{}}
			h.ServeHTTP(d, r)
			b.ReportMetric(float64(d.n)/float64(b.N), "B/row")
		})
	}
}
