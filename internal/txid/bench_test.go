package txid_test

import (
	"testing"

	"waybill/internal/txid"
)

func BenchmarkBeginDone(b *testing.B) {
	mint := txid.NewMint(oneRing(b), 1, 0)
	b.ReportAllocs()
	for b.Loop() {
		mint.Begin(noon, aClick).Done()
	}
}

func BenchmarkBeginDoneParallel(b *testing.B) {
	mint := txid.NewMint(oneRing(b), 1, 0)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mint.Begin(noon, aClick).Done()
		}
	})
}

func BenchmarkParseOpen(b *testing.B) {
	ring := oneRing(b)
	text := txid.NewMint(ring, 1, 0).Begin(noon, aClick).ID.String()
	b.ReportAllocs()
	for b.Loop() {
		id, err := txid.Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ring.Open(id); err != nil {
			b.Fatal(err)
		}
	}
}
