package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/catalog"
	"waybill/internal/offer"
	"waybill/internal/serve/edge"
	"waybill/internal/store/pebblejournal"
	"waybill/internal/txid"
	"waybill/internal/visitor"
)

// BenchmarkClick measures what of a click is Waybill's own: from the parsed
// request to the answer, without the network and net/http. The journal that
// forgets shows the edge alone, the real one what recording adds.
func BenchmarkClick(b *testing.B) {
	b.Run("journal=none", func(b *testing.B) { benchClick(b, forgetful{}, 1) })
	b.Run("journal=pebble", func(b *testing.B) {
		j, err := pebblejournal.Open(b.TempDir(), pebblejournal.Options{AppendTimeout: time.Minute})
		if err != nil {
			b.Fatal(err)
		}
		benchClick(b, j, 256)
		if err := j.Close(); err != nil {
			b.Error(err)
		}
	})
}

// forgetful is a journal without a disk.
type forgetful struct{}

func (forgetful) Append(_ context.Context, t txid.Ticket, _ []byte, _ ...[]byte) error {
	t.Done()
	return nil
}

func benchClick(b *testing.B, j edge.Journal, visitors int) {
	h := benchEdge(b, j).Handler()
	crowd := newCrowd(1, offerCount, affiliateCount)
	requests := make([]*http.Request, 512)
	for i := range requests {
		v := crowd.next()
		r := httptest.NewRequest(http.MethodGet, v.query("wj2k81x0qmz7b5h3n9c4d6fa"), nil)
		r.RemoteAddr = "203.0.113.9:54321"
		r.Header.Set("User-Agent", v.agent)
		if v.referer != "" {
			r.Header.Set("Referer", v.referer)
		}
		requests[i] = r
	}
	b.SetParallelism(visitors)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		w := &discard{header: http.Header{}}
		for i := 0; pb.Next(); i++ {
			clear(w.header)
			h.ServeHTTP(w, requests[i%len(requests)])
			if w.status != http.StatusFound {
				b.Errorf("a click is answered with %d", w.status)
				return
			}
		}
	})
}

// benchEdge makes an edge on a catalog like that of the measurements.
func benchEdge(b *testing.B, j edge.Journal) *edge.Edge {
	key := txid.Key{Number: 1, Secret: [32]byte{1}}
	source := catalog.Source{
		Version: 1, Ring: []txid.Key{key}, Settings: catalog.Settings{IdentityKey: make([]byte, 32)},
		Advertisers: []advertiser.Advertiser{{ID: 1, Name: "Example Shop", Status: advertiser.Active}},
	}
	for i := range int64(offerCount) {
		o := offer.Default()
		o.ID, o.AdvertiserID, o.DestinationURL = i+1, 1, destination
		source.Offers = append(source.Offers, o)
	}
	for i := range int64(affiliateCount) {
		source.Affiliates = append(source.Affiliates, affiliate.Affiliate{ID: i + 1, Status: affiliate.Active})
	}
	c, err := catalog.New(source)
	if err != nil {
		b.Fatal(err)
	}
	atlas, err := visitor.World()
	if err != nil {
		b.Fatal(err)
	}
	return &edge.Edge{
		Catalog: func() *catalog.Catalog { return c }, Journal: j, Mint: txid.NewMint(c.Ring(), 1, 0),
		Guide: visitor.NewGuide(atlas), Metrics: edge.NewMetrics(prometheus.NewRegistry()),
	}
}

// discard is an answer that nobody reads.
type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }
