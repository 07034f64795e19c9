package edge_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"waybill/internal/txid"
	"waybill/internal/visitor"
)

// BenchmarkClick measures what of a click is the edge's own: from the parsed
// request to the answer, without network and disk.
func BenchmarkClick(b *testing.B) {
	targets := map[string]string{
		"link":  "/click?offer_id=5&affiliate_id=7&aff_click_id=wj2k81x0qmz7b5h3n9c4d6fa&sub1=spring&sub2=x&source=news",
		"short": "/c/spring?aff_click_id=wj2k81x0qmz7b5h3n9c4d6fa",
		"deep":  "/click?offer_id=5&affiliate_id=7&url=https://shop.example/shoes?size=42",
	}
	for name, target := range targets {
		b.Run(name, func(b *testing.B) {
			h, answer, r := benchHandler(b), &discard{header: http.Header{}}, clickRequest(target)
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(answer, r)
			}
			if answer.status != http.StatusFound {
				b.Errorf("a click is answered with %d", answer.status)
			}
		})
	}
	b.Run("parallel", func(b *testing.B) {
		h := benchHandler(b)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			answer, r := &discard{header: http.Header{}}, clickRequest(targets["link"])
			for pb.Next() {
				h.ServeHTTP(answer, r)
			}
		})
	})
}

func benchHandler(b *testing.B) http.Handler {
	b.Helper()
	w := newWorld(b, nil)
	atlas, err := visitor.World()
	if err != nil {
		b.Fatal(err)
	}
	w.edge.Journal, w.edge.Guide = forgetful{}, visitor.NewGuide(atlas)
	return w.handler
}

func clickRequest(target string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.RemoteAddr = "203.0.113.9:54321"
	r.Header.Set("User-Agent", chrome)
	r.Header.Set("Referer", "https://blog.example/posts/2026/spring-shoes")
	return r
}

// forgetful is a journal without a disk.
type forgetful struct{}

func (forgetful) Append(_ context.Context, t txid.Ticket, _ []byte, _ ...[]byte) error {
	t.Done()
	return nil
}

// discard is an answer that nobody reads.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }
