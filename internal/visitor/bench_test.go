package visitor_test

import (
	"net/netip"
	"strconv"
	"testing"
	"time"

	"waybill/internal/visitor"
)

func BenchmarkLook(b *testing.B) {
	guide, addr := visitor.NewGuide(world(b)), netip.MustParseAddr("8.8.8.8")
	b.Run("agent met before", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			guide.Look(addr, chromeWindows)
		}
	})
	b.Run("agent met before, without the country", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			guide.Look(netip.Addr{}, chromeWindows)
		}
	})
	b.Run("agent never met", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			guide.Look(addr, chromeWindows+strconv.Itoa(i))
		}
	})
	b.Run("agent met before, many at once", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				guide.Look(addr, chromeWindows)
			}
		})
	})
}

func BenchmarkCountry(b *testing.B) {
	atlas, addr := world(b), netip.MustParseAddr("141.20.1.1")
	b.ReportAllocs()
	for b.Loop() {
		atlas.Country(addr)
	}
}

func BenchmarkHash(b *testing.B) {
	var hasher visitor.Hasher
	ours, addr, noon := &keys{"ours"}, netip.MustParseAddr("8.8.8.8"), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	b.ReportAllocs()
	for b.Loop() {
		hasher.Hash(ours, noon, addr, chromeWindows)
	}
}
