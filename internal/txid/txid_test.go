package txid_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waybill/internal/txid"
)

// noon is when these tests begin.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// newKey makes a key whose secret is 32 times a byte.
func newKey(t testing.TB, number int, activeFrom time.Time, secret byte) txid.Key {
	t.Helper()
	k, err := txid.NewKey(number, activeFrom, bytes.NewReader(bytes.Repeat([]byte{secret}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newRing(t testing.TB, keys ...txid.Key) *txid.Ring {
	t.Helper()
	r, err := txid.NewRing(keys)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func oneRing(t testing.TB) *txid.Ring {
	t.Helper()
	return newRing(t, newKey(t, 1, noon, 1))
}

func anyParts() *rapid.Generator[txid.Parts] {
	return rapid.Custom(func(t *rapid.T) txid.Parts {
		return txid.Parts{
			Kind:       txid.Kind(rapid.Uint8Range(1, 4).Draw(t, "kind")),
			Test:       rapid.Bool().Draw(t, "test"),
			TurnedAway: rapid.Bool().Draw(t, "turned away"),
			Time:       time.UnixMilli(rapid.Int64Range(0, 1<<48-1).Draw(t, "milli")).UTC(),
			Node:       rapid.Uint16Range(0, txid.MaxNode).Draw(t, "node"),
			Seq:        rapid.Uint16Range(0, txid.MaxSeq).Draw(t, "seq"),
			Offer:      rapid.Int64Range(0, txid.MaxOffer).Draw(t, "offer"),
			Affiliate:  rapid.Int64Range(0, txid.MaxAffiliate).Draw(t, "affiliate"),
		}
	})
}

// TestFormatStands holds IDs to the format that partners have stored. The tag
// and the mask were worked out apart from this package.
func TestFormatStands(t *testing.T) {
	ring := newRing(t, newKey(t, 1, noon, 1), newKey(t, 2, noon.Add(time.Hour), 2))
	tests := []struct {
		name  string
		parts txid.Parts
		want  string
	}{
		{
			name:  "a click",
			parts: txid.Parts{Kind: txid.Click, Time: noon, Node: 1, Seq: 0, Offer: 7, Affiliate: 42},
			want:  "4g0ssv1qpr0004006mqvcd26rh54rbwx",
		},
		{
			name: "a test conversion, every field at its end",
			parts: txid.Parts{
				Kind: txid.Conversion, Test: true, TurnedAway: true, Time: noon.Add(time.Hour),
				Node: txid.MaxNode, Seq: txid.MaxSeq, Offer: txid.MaxOffer, Affiliate: txid.MaxAffiliate,
			},
			want: "6c0ssv3emj0fzzzzskc5t016avhm77z6",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := ring.Seal(tt.parts)
			if err != nil {
				t.Fatal(err)
			}
			if got := id.String(); got != tt.want {
				t.Errorf("Seal() = %s, want %s", got, tt.want)
			}
			got, err := ring.Open(id)
			if err != nil || got != tt.parts {
				t.Errorf("Open() = %+v, %v; want %+v", got, err, tt.parts)
			}
		})
	}
}

func TestPartsSurviveSealingAndText(t *testing.T) {
	ring := newRing(t, newKey(t, 1, noon, 1), newKey(t, 2, noon.Add(time.Hour), 2))
	rapid.Check(t, func(t *rapid.T) {
		want := anyParts().Draw(t, "parts")
		id, err := ring.Seal(want)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := txid.Parse(id.String())
		if err != nil || parsed != id {
			t.Fatalf("Parse(%s) = %s, %v", id, parsed, err)
		}
		got, err := ring.Open(parsed)
		if err != nil || got != want {
			t.Fatalf("Open(%s) = %+v, %v; want %+v", id, got, err, want)
		}
		open := txid.Parts{
			Kind: id.Kind(), Test: id.Test(), TurnedAway: id.TurnedAway(), Time: id.Time(),
			Node: id.Node(), Seq: id.Seq(), Offer: want.Offer, Affiliate: want.Affiliate,
		}
		if open != want {
			t.Fatalf("without a key %s says %+v, want %+v", id, open, want)
		}
		tick := txid.Tick(want.Time.UnixMilli()<<14 | int64(want.Seq))
		if id.Tick() != tick || !id.Tick().Time().Equal(want.Time) {
			t.Fatalf("Tick() = %d at %s, want %d", id.Tick(), id.Tick().Time(), tick)
		}
	})
}

// TestIDsSortByTime holds what makes an ID a good key: of two IDs with the same
// head, the earlier one is the smaller, whatever their nodes and numbers.
func TestIDsSortByTime(t *testing.T) {
	ring := oneRing(t)
	rapid.Check(t, func(t *rapid.T) {
		early, late := anyParts().Draw(t, "early"), anyParts().Draw(t, "late")
		late.Kind, late.Test, late.TurnedAway = early.Kind, early.Test, early.TurnedAway
		if !early.Time.Before(late.Time) {
			t.Skip("not earlier")
		}
		a, errA := ring.Seal(early)
		b, errB := ring.Seal(late)
		if errA != nil || errB != nil {
			t.Fatal(errA, errB)
		}
		if slices.Compare(a[:], b[:]) >= 0 || a.String() >= b.String() {
			t.Errorf("%s of %s does not sort before %s of %s", a, early.Time, b, late.Time)
		}
	})
}

// TestNumbersAreMasked holds partners off each other's numbers: IDs of one
// offer and affiliate, minted one after the other, share none of their bits but
// by chance.
func TestNumbersAreMasked(t *testing.T) {
	const numbers = 1<<46 - 1
	ring := oneRing(t)
	seen := make(map[uint64]bool)
	for seq := range uint16(1000) {
		id, err := ring.Seal(txid.Parts{Kind: txid.Click, Time: noon, Seq: seq, Offer: 1, Affiliate: 1})
		if err != nil {
			t.Fatal(err)
		}
		var low uint64
		for _, b := range id[8:16] {
			low = low<<8 | uint64(b)
		}
		seen[low&numbers] = true
	}
	if len(seen) != 1000 {
		t.Errorf("1000 IDs of one offer and affiliate have %d masked forms, want 1000", len(seen))
	}
}

func TestAsKeepsThePlace(t *testing.T) {
	ring := oneRing(t)
	rapid.Check(t, func(t *rapid.T) {
		id, err := ring.Seal(anyParts().Draw(t, "parts"))
		if err != nil {
			t.Fatal(err)
		}
		kind := txid.Kind(rapid.Uint8Range(1, 4).Draw(t, "kind"))
		got := id.As(kind)
		if got.Kind() != kind || got.Tick() != id.Tick() || got.Node() != id.Node() || got.Test() != id.Test() || got.TurnedAway() != id.TurnedAway() {
			t.Errorf("%s.As(%s) = %s: kind %s, node %d, tick %d", id, kind, got, got.Kind(), got.Node(), got.Tick())
		}
		if _, err := ring.Open(got); (err == nil) != (kind == id.Kind()) {
			t.Errorf("Open(%s.As(%s)) = %v", id, kind, err)
		}
	})
}

func TestKindNames(t *testing.T) {
	want := []string{"unknown", "click", "impression", "signal", "conversion", "unknown"}
	for i, name := range want {
		if got := txid.Kind(i).String(); got != name {
			t.Errorf("Kind(%d).String() = %q, want %q", i, got, name)
		}
	}
}
