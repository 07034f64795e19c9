package record_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
	"pgregory.net/rapid"

	"waybill/internal/fault"
	"waybill/internal/record"
)

var cmpAddr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestRecordsSurvive(t *testing.T) {
	tests := []struct {
		name  string
		visit Visit
	}{
		{name: "every field", visit: full()},
		{name: "nothing at all"},
		{name: "a negative number", visit: Visit{Offer: -1}},
		{name: "before 1970", visit: Visit{At: time.UnixMicro(-1).UTC()}},
		{name: "the first instant of 1970", visit: Visit{At: time.UnixMicro(0).UTC()}},
		{name: "an address of 16 bytes", visit: Visit{IP: netip.MustParseAddr("2001:db8::1")}},
		{name: "an address of 4 bytes within 16", visit: Visit{IP: netip.MustParseAddr("::ffff:203.0.113.9")}},
		{name: "the address of nobody", visit: Visit{IP: netip.MustParseAddr("0.0.0.0")}},
		{name: "one string, empty", visit: Visit{Marks: []string{""}}},
		{name: "one message, empty", visit: Visit{Stops: []Stop{{}}}},
		{name: "a message of 127 bytes", visit: Visit{Stops: []Stop{{Name: strings.Repeat("n", 125)}, {Name: "next"}}}},
		{name: "a message of 128 bytes", visit: Visit{Stops: []Stop{{Name: strings.Repeat("n", 126)}, {Name: "next"}}}},
		{name: "a message of 70,000 bytes", visit: Visit{Stops: []Stop{{Name: strings.Repeat("n", 70_000)}, {Name: "next"}}, Test: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := tt.visit.Append([]byte("before"))
			if string(b[:6]) != "before" {
				t.Errorf("Append() changed what stood before: %q", b[:6])
			}
			var got Visit
			if err := got.Read(b[6:]); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.visit, got, cmpAddr); diff != "" {
				t.Errorf("Read() after Append() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestZeroValuesAreNotWritten(t *testing.T) {
	empty := Visit{Marks: []string{}, Stops: []Stop{}, Raw: []byte{}}
	if b := empty.Append(nil); len(b) != 0 {
		t.Errorf("an empty record has bytes: % x", b)
	}
}

func TestWhatDoesNotFitIsMended(t *testing.T) {
	tests := []struct {
		name        string
		visit, want Visit
	}{
		{name: "broken UTF-8", visit: Visit{Source: "a\xff\xfeb\xc3"}, want: Visit{Source: "a\ufffdb\ufffd"}},
		{name: "broken UTF-8 in a list", visit: Visit{Marks: []string{"\x80"}}, want: Visit{Marks: []string{"\ufffd"}}},
		{
			name:  "a zone of an address",
			visit: Visit{IP: netip.MustParseAddr("fe80::1%eth0")},
			want:  Visit{IP: netip.MustParseAddr("fe80::1")},
		},
		{
			name:  "nanoseconds and places",
			visit: Visit{At: time.Date(2026, 3, 14, 14, 0, 0, 1999, time.FixedZone("CET", 2*3600))},
			want:  Visit{At: time.Date(2026, 3, 14, 12, 0, 0, 1000, time.UTC)},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got Visit
			if err := got.Read(tt.visit.Append(nil)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpAddr); diff != "" {
				t.Errorf("Read() after Append() (-want +got):\n%s", diff)
			}
			if got.At.Location() != time.UTC {
				t.Errorf("Read() gives a time of %s, want UTC", got.At.Location())
			}
		})
	}
}

// wire builds records field by field.
type wire []byte

func (w wire) varint(n record.Number, v uint64) wire {
	return protowire.AppendVarint(protowire.AppendTag(w, n, protowire.VarintType), v)
}

func (w wire) text(n record.Number, s string) wire {
	return protowire.AppendString(protowire.AppendTag(w, n, protowire.BytesType), s)
}

func TestReadingTakesRecordsAsTheyCome(t *testing.T) {
	unknown := wire{}.varint(100, 5).text(101, "new")
	unknown = protowire.AppendFixed32(protowire.AppendTag(unknown, 102, protowire.Fixed32Type), 7)
	unknown = protowire.AppendFixed64(protowire.AppendTag(unknown, 103, protowire.Fixed64Type), 7)
	unknown = protowire.AppendGroup(protowire.AppendTag(unknown, 104, protowire.StartGroupType), 104, wire{}.text(2, "hidden"))
	tests := []struct {
		name  string
		bytes wire
		want  Visit
	}{
		{name: "any order", bytes: wire{}.varint(9, 7).text(2, "s").varint(8, 1), want: Visit{Offer: 7, Source: "s", Test: true}},
		{name: "the last of two counts", bytes: wire{}.text(2, "first").varint(9, 7).text(2, "last"), want: Visit{Offer: 7, Source: "last"}},
		{name: "the last of two counts if it is zero", bytes: wire{}.varint(9, 7).varint(9, 0).text(12, "a").text(12, ""), want: Visit{}},
		{name: "a list that is spread out", bytes: wire{}.text(11, "a").varint(9, 7).text(11, "b"), want: Visit{Offer: 7, Marks: []string{"a", "b"}}},
		{name: "fields of a later version", bytes: slices.Concat(unknown, wire{}.text(2, "s")), want: Visit{Source: "s"}},
		{
			name:  "fields of a later version within a message",
			bytes: wire{}.text(3, string(slices.Concat(unknown, wire{}.text(2, "v").text(1, "n")))).varint(9, 7),
			want:  Visit{Offer: 7, Stops: []Stop{{Name: "n", Value: "v"}}},
		},
		{
			name:  "a message in two parts",
			bytes: wire{}.text(6, string(wire{}.text(1, "mobile").text(2, "iOS"))).text(6, string(wire{}.text(2, "Android"))),
			want:  Visit{Device: Device{Kind: "mobile", System: "Android"}},
		},
		{name: "the number of a field within a message is the message's", bytes: wire{}.text(6, string(wire{}.varint(9, 7))), want: Visit{}},
		{name: "an empty message", bytes: wire{}.text(6, "").text(3, "").varint(9, 7), want: Visit{Offer: 7, Stops: []Stop{{}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got Visit
			if err := got.Read(tt.bytes); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmpAddr); diff != "" {
				t.Errorf("Read() (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDamageIsAFault(t *testing.T) {
	tests := []struct {
		name  string
		bytes wire
		want  string // in the error
	}{
		{name: "half a tag", bytes: wire{0x80}, want: "near byte 0"},
		{name: "the number 0", bytes: wire{0x00, 0x01}, want: "near byte 0"},
		{name: "half a number", bytes: wire{}.varint(8, 1).varint(9, 300)[:4], want: "near byte 2"},
		{name: "half a string", bytes: wire{}.text(2, "source")[:5], want: "near byte 0"},
		{name: "a string longer than all memory", bytes: wire{0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, want: "near byte 0"},
		{name: "the end of no group", bytes: protowire.AppendTag(nil, 104, protowire.EndGroupType), want: "near byte 0"},
		{name: "a number for a string", bytes: wire{}.varint(2, 1), want: "in field 2: has wire type 0, want 2"},
		{name: "a number for strings", bytes: wire{}.varint(11, 1), want: "in field 11"},
		{name: "a number for a message", bytes: wire{}.varint(6, 1), want: "in field 6"},
		{name: "a number for messages", bytes: wire{}.varint(3, 1), want: "in field 3"},
		{name: "a fixed number cut short", bytes: wire{0x69, 1, 2, 3}, want: "near byte 0"},
		{name: "a varint for a fixed number", bytes: wire{}.varint(13, 1), want: "in field 13: has wire type 0, want 1"},
		{name: "a number for bytes", bytes: wire{}.varint(12, 1), want: "in field 12"},
		{name: "a number for an array", bytes: wire{}.varint(5, 1), want: "in field 5"},
		{name: "a number for an address", bytes: wire{}.varint(7, 1), want: "in field 7"},
		{name: "a string for a number", bytes: wire{}.text(9, "7"), want: "in field 9: has wire type 2, want 0"},
		{name: "a string for a time", bytes: wire{}.text(1, "7"), want: "in field 1"},
		{name: "a string for a truth", bytes: wire{}.text(8, "7"), want: "in field 8"},
		{name: "a string for a natural number", bytes: wire{}.text(10, "7"), want: "in field 10"},
		{name: "a string that is none", bytes: wire{}.text(2, "\xff"), want: "in field 2: is not UTF-8"},
		{name: "an array too short", bytes: wire{}.text(5, "short"), want: "in field 5: has 5 bytes, want 20"},
		{name: "an address of 5 bytes", bytes: wire{}.text(7, "short"), want: "in field 7: is no address: 5 bytes"},
		{name: "half a message", bytes: wire{}.text(6, string(wire{}.text(1, "mobile")[:4])), want: "near byte 2"},
		{name: "damage within a message", bytes: wire{}.text(3, string(wire{}.varint(1, 1))).varint(9, 7), want: "in field 1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got Visit
			err := got.Read(tt.bytes)
			if err == nil || fault.Of(err) != fault.Internal || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Read() = %v, want a fault with %q", err, tt.want)
			}
			if len(fault.All(err)) == 0 {
				t.Errorf("Read() = %v, which is no fault", err)
			}
			if got.Offer != 0 {
				t.Error("Read() went on behind the damage")
			}
		})
	}
}

func TestWhatIsReadKeepsNoInput(t *testing.T) {
	visit := full()
	b := visit.Append(nil)
	var got Visit
	if err := got.Read(b); err != nil {
		t.Fatal(err)
	}
	for i := range b {
		b[i] = 'x'
	}
	if diff := cmp.Diff(visit, got, cmpAddr); diff != "" {
		t.Errorf("after the input was used again (-want +got):\n%s", diff)
	}
}

func anyVisit() *rapid.Generator[Visit] {
	when := rapid.Custom(func(t *rapid.T) time.Time {
		if rapid.Bool().Draw(t, "never") {
			return time.Time{}
		}
		return time.UnixMicro(rapid.Int64Range(-1<<50, 1<<52).Draw(t, "micros")).UTC()
	})
	stop := rapid.Custom(func(t *rapid.T) Stop {
		return Stop{Name: rapid.String().Draw(t, "name"), Value: rapid.String().Draw(t, "value")}
	})
	return rapid.Custom(func(t *rapid.T) Visit {
		v := Visit{
			At:     when.Draw(t, "at"),
			Source: rapid.String().Draw(t, "source"), Reason: Reason(rapid.String().Draw(t, "reason")),
			Stops: rapid.SliceOfN(stop, 0, 5).Draw(t, "stops"),
			Test:  rapid.Bool().Draw(t, "test"), Offer: rapid.Int64().Draw(t, "offer"), Hash: rapid.Uint64().Draw(t, "hash"),
			Marks:  rapid.SliceOfN(rapid.String(), 0, 5).Draw(t, "marks"),
			Raw:    rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "raw"),
			Key:    rapid.Uint64().Draw(t, "key"),
			Device: Device{Kind: rapid.String().Draw(t, "kind"), System: rapid.String().Draw(t, "system")},
		}
		copy(v.ID[:], rapid.SliceOfN(rapid.Byte(), 20, 20).Draw(t, "id"))
		v.IP, _ = netip.AddrFromSlice(rapid.SliceOfN(rapid.Byte(), 4, 16).Draw(t, "ip"))
		return v
	})
}

func TestAnyRecordSurvives(t *testing.T) {
	sameEmpty := cmp.Transformer("length", func(b []byte) string { return string(b) })
	rapid.Check(t, func(t *rapid.T) {
		want := anyVisit().Draw(t, "visit")
		var got Visit
		if err := got.Read(want.Append(nil)); err != nil {
			t.Fatal(err)
		}
		if len(want.Stops) == 0 {
			want.Stops = nil
		}
		if len(want.Marks) == 0 {
			want.Marks = nil
		}
		if diff := cmp.Diff(want, got, cmpAddr, sameEmpty); diff != "" {
			t.Fatalf("Read() after Append() (-want +got):\n%s", diff)
		}
	})
}

// FuzzRead holds that no input makes a reader panic, and that a record it takes
// comes out the same for ever after it was written once.
func FuzzRead(f *testing.F) {
	visit := full()
	f.Add(visit.Append(nil))
	f.Add([]byte(wire{}.text(6, string(wire{}.text(1, "mobile")[:4]))))
	f.Add([]byte(wire{}.varint(9, 1<<63).varint(1, 1<<63-1)))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		var first, second Visit
		if err := first.Read(b); err != nil {
			return
		}
		once := first.Append(nil)
		if err := second.Read(once); err != nil {
			t.Fatalf("Read(% x) took it, then not what it became, % x: %v", b, once, err)
		}
		if twice := second.Append(nil); string(twice) != string(once) {
			t.Fatalf("Append() = % x, then % x", once, twice)
		}
	})
}
