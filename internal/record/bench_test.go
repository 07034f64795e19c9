package record_test

import "testing"

func BenchmarkAppend(b *testing.B) {
	visit := full()
	buf := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		buf = visit.Append(buf[:0])
	}
}

func BenchmarkRead(b *testing.B) {
	visit := full()
	record := visit.Append(nil)
	b.ReportAllocs()
	for b.Loop() {
		var v Visit
		if err := v.Read(record); err != nil {
			b.Fatal(err)
		}
	}
}
