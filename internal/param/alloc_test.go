//go:build !race

package param_test

import (
	"testing"

	"waybill/internal/param"
)

const typicalClick = "offer_id=1042&affiliate_id=77&aff_click_id=b7f3c9e2d1a84f06&sub1=search&sub2=brand&sub3=mobile&source=newsletter&gaid=38400000-8cf0-11bd-b23e-10b96e40000d"

const typicalSignal = "tid=068r2x5c9fk3y7qz4wn8jt1vbmhd6sge&amount=12.50&currency=USD&order_id=A-1001&goal=sale&nid=5"

func TestScanningAClickAllocatesNothing(t *testing.T) {
	var v param.Values
	got := testing.AllocsPerRun(1000, func() {
		v.Reset()
		if err := v.ScanQuery(param.Click, typicalClick); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 || v.Get(param.Sub1+2) != "mobile" {
		t.Errorf("scanning a click makes %v allocations, want 0; sub3 = %q", got, v.Get(param.Sub1+2))
	}
}

func TestScanningASignalAllocatesNothing(t *testing.T) {
	v := param.Values{Unknown: make([]param.Pair, 0, 8)}
	got := testing.AllocsPerRun(1000, func() {
		v.Reset()
		if err := v.ScanQuery(param.Signal, typicalSignal); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 || v.Get(param.OrderID) != "A-1001" || len(v.Unknown) != 1 {
		t.Errorf("scanning a signal makes %v allocations, want 0; order_id = %q", got, v.Get(param.OrderID))
	}
}

func BenchmarkScanSignal(b *testing.B) {
	var v param.Values
	b.ReportAllocs()
	for b.Loop() {
		v.Reset()
		if err := v.ScanQuery(param.Signal, typicalSignal); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkScanClick(b *testing.B) {
	var v param.Values
	b.ReportAllocs()
	for b.Loop() {
		v.Reset()
		if err := v.ScanQuery(param.Click, typicalClick); err != nil {
			b.Fatal(err)
		}
	}
}
