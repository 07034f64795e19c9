package click_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"waybill/internal/click"
	"waybill/internal/visitor"
)

// TestRecordSize holds what a usual click takes on disk: records as they lie in
// one block of the journal, compressed.
func TestRecordSize(t *testing.T) {
	t.Parallel()
	const (
		budget = 100
		block  = 64 << 10
	)
	keys, random := ring(t), rand.New(rand.NewPCG(1, 2))
	at := time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC)
	var raw []byte
	clicks := 0
	for ; len(raw) < block; clicks++ {
		at = at.Add(time.Duration(random.IntN(2_000_000)))
		c := usual(random)
		c.ID, c.At = mint(t, keys, at, 0), at
		c.Location = fmt.Sprintf("https://shop.example/landing/spring?utm_source=waybill&wb_tid=%s&pid=%d&sub=%s", c.ID, c.AffiliateID, c.Sub[0])
		raw = c.Append(append(raw, c.ID[:]...)) // with its key
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	packed := encoder.EncodeAll(raw, nil)
	if got := len(packed) / clicks; got > budget {
		t.Errorf("a click takes %d bytes on disk (%d before compression), budget %d", got, len(raw)/clicks, budget)
	}
	t.Logf("%d bytes a click, %d before compression", len(packed)/clicks, len(raw)/clicks)
}

// usual gives a click as they come: some offers and affiliates, many agents,
// a click ID of the affiliate's that never repeats.
func usual(random *rand.Rand) click.Click {
	agents := [...]string{
		"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Mobile Safari/537.36",
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.0.0 Safari/537.36 Edg/142.0.0.0",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram %d.0.0.28.85",
	}
	c := click.Click{
		OfferID: 1 + random.Int64N(50), AffiliateID: 1 + random.Int64N(500),
		AffClickID: fmt.Sprintf("%016x%016x", random.Uint64(), random.Uint64()), Source: "newsletter",
		IP:          netip.AddrFrom4([4]byte{byte(random.IntN(224)), byte(random.IntN(256)), byte(random.IntN(256)), byte(random.IntN(256))}),
		VisitorHash: random.Uint64(),
		UserAgent:   fmt.Sprintf(agents[random.IntN(len(agents))], 120+random.IntN(30)),
		Referrer:    "https://blog.example/2026/11/spring-sale",
		Visitor: visitor.Visitor{
			Country: []string{"DE", "AT", "US", "FR"}[random.IntN(4)], Device: visitor.Mobile, OS: "Android", OSVersion: "10", Browser: "Chrome",
		},
	}
	c.Sub[0], c.Sub[1] = fmt.Sprintf("campaign-%d", random.IntN(40)), fmt.Sprintf("ad-%d", random.IntN(1000))
	return c
}
