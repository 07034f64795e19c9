package txid_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

func TestKeysHoldForTheirTime(t *testing.T) {
	rotation := noon.Add(time.Hour)
	first, second := newKey(t, 1, noon, 1), newKey(t, 2, rotation, 2)
	stale, fresh := newRing(t, first), newRing(t, second, first)
	tests := []struct {
		name   string
		sealed *txid.Ring
		at     time.Time
		opens  bool
	}{
		{name: "the first key holds before it was made", sealed: stale, at: noon.Add(-time.Hour), opens: true},
		{name: "the old key verifies what was minted before the rotation", sealed: stale, at: rotation.Add(-time.Millisecond), opens: true},
		{name: "a node that missed the rotation is refused", sealed: stale, at: rotation, opens: false},
		{name: "a node that missed the rotation is refused long after", sealed: stale, at: rotation.Add(time.Hour), opens: false},
		{name: "a key known early is not used early", sealed: fresh, at: rotation.Add(-time.Millisecond), opens: true},
		{name: "the new key seals from its instant on", sealed: fresh, at: rotation, opens: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want := txid.Parts{Kind: txid.Click, Time: tt.at, Offer: 7, Affiliate: 42}
			id, err := tt.sealed.Seal(want)
			if err != nil {
				t.Fatal(err)
			}
			got, err := fresh.Open(id)
			if tt.opens && (err != nil || got != want) {
				t.Errorf("Open() = %+v, %v; want %+v", got, err, want)
			}
			if !tt.opens && fault.Of(err) != fault.Invalid {
				t.Errorf("Open() = %+v, %v; want an invalid fault", got, err)
			}
			// The ring without the new key agrees for as long as the old one held.
			if _, err := stale.Open(id); (err == nil) != (tt.sealed == stale || tt.at.Before(rotation)) {
				t.Errorf("the stale ring's Open() = %v", err)
			}
		})
	}
}

func TestOpenRefusesAnyFlippedBit(t *testing.T) {
	ring := newRing(t, newKey(t, 1, noon, 1), newKey(t, 2, noon.Add(time.Hour), 2))
	rapid.Check(t, func(t *rapid.T) {
		id, err := ring.Seal(anyParts().Draw(t, "parts"))
		if err != nil {
			t.Fatal(err)
		}
		for bit := range len(id) * 8 {
			wrong := id
			wrong[bit/8] ^= 0x80 >> (bit % 8)
			if _, err := ring.Open(wrong); fault.Of(err) != fault.Invalid {
				t.Fatalf("bit %d of %s flipped: %v", bit, id, err)
			}
		}
	})
}

func TestOpenRefusesOtherInstallations(t *testing.T) {
	id, err := newRing(t, newKey(t, 1, noon, 9)).Seal(txid.Parts{Kind: txid.Click, Time: noon})
	if err != nil {
		t.Fatal(err)
	}
	_, err = oneRing(t).Open(id)
	if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "forged or mistyped") {
		t.Errorf("Open() = %v, want an invalid fault: forged or mistyped", err)
	}
	_, err = oneRing(t).Open(txid.ID{})
	if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "version 0") {
		t.Errorf("Open(zero ID) = %v, want an invalid fault: version 0", err)
	}
}

func TestOpenRefusesKindsUnknown(t *testing.T) {
	ring := oneRing(t)
	for _, kind := range []txid.Kind{0, 5, 7} {
		id := txid.NewMint(ring, 1, 0).Begin(noon, txid.Subject{Kind: kind}).ID
		_, err := ring.Open(id)
		if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "unknown kind") {
			t.Errorf("Open() of an ID of kind %d = %v, want an invalid fault: unknown kind", kind, err)
		}
	}
}

func TestSealRefusesWhatHasNoRoom(t *testing.T) {
	good := txid.Parts{Kind: txid.Click, Time: noon}
	tests := []struct {
		name  string
		spoil func(*txid.Parts)
		field string
	}{
		{name: "no kind", spoil: func(p *txid.Parts) { p.Kind = 0 }, field: "kind"},
		{name: "a kind unknown", spoil: func(p *txid.Parts) { p.Kind = 5 }, field: "kind"},
		{name: "before 1970", spoil: func(p *txid.Parts) { p.Time = time.Unix(-1, 0) }, field: "time"},
		{name: "after all time", spoil: func(p *txid.Parts) { p.Time = time.UnixMilli(1 << 48) }, field: "time"},
		{name: "node", spoil: func(p *txid.Parts) { p.Node = txid.MaxNode + 1 }, field: "node"},
		{name: "sequence", spoil: func(p *txid.Parts) { p.Seq = txid.MaxSeq + 1 }, field: "seq"},
		{name: "offer too large", spoil: func(p *txid.Parts) { p.Offer = txid.MaxOffer + 1 }, field: "offer"},
		{name: "offer below none", spoil: func(p *txid.Parts) { p.Offer = -1 }, field: "offer"},
		{name: "affiliate too large", spoil: func(p *txid.Parts) { p.Affiliate = txid.MaxAffiliate + 1 }, field: "affiliate"},
		{name: "affiliate below none", spoil: func(p *txid.Parts) { p.Affiliate = -1 }, field: "affiliate"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := good
			tt.spoil(&p)
			id, err := oneRing(t).Seal(p)
			all := fault.All(err)
			if len(all) != 1 || all[0].Field != tt.field || !id.IsZero() {
				t.Errorf("Seal(%+v) = %s, %v; want a fault at %s", p, id, err, tt.field)
			}
		})
	}
}

func TestDeriveChangesTheKindAlone(t *testing.T) {
	ring := newRing(t, newKey(t, 1, noon, 1), newKey(t, 2, noon.Add(time.Hour), 2))
	rapid.Check(t, func(t *rapid.T) {
		want := anyParts().Draw(t, "parts")
		signal, err := ring.Seal(want)
		if err != nil {
			t.Fatal(err)
		}
		conversion, err := ring.Derive(signal, txid.Conversion)
		if err != nil {
			t.Fatal(err)
		}
		want.Kind = txid.Conversion
		if got, err := ring.Open(conversion); err != nil || got != want {
			t.Fatalf("Open(Derive(%s)) = %+v, %v; want %+v", signal, got, err, want)
		}
		if again, err := ring.Derive(signal, txid.Conversion); err != nil || again != conversion {
			t.Fatalf("Derive(%s) = %s, %v the second time; want %s", signal, again, err, conversion)
		}
	})
	if _, err := ring.Derive(txid.ID{}, txid.Conversion); fault.Of(err) != fault.Invalid {
		t.Errorf("Derive(zero ID) = %v, want an invalid fault", err)
	}
	id, err := ring.Seal(txid.Parts{Kind: txid.Signal, Time: noon})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Derive(id, 7); fault.Of(err) != fault.Invalid {
		t.Errorf("Derive() to a kind unknown = %v, want an invalid fault", err)
	}
}

func TestNewRingRefuses(t *testing.T) {
	tests := []struct {
		name string
		keys []txid.Key
		want string
	}{
		{name: "no key", want: "no key"},
		{name: "a key without a secret", keys: []txid.Key{{Number: 3, ActiveFrom: noon}}, want: "key 3 has no secret"},
		{
			name: "two keys of one number",
			keys: []txid.Key{newKey(t, 1, noon, 1), newKey(t, 1, noon.Add(time.Hour), 2)},
			want: "number 1",
		},
		{
			name: "two keys of one millisecond",
			keys: []txid.Key{newKey(t, 1, noon, 1), newKey(t, 2, noon.Add(time.Hour), 2), newKey(t, 3, noon.Add(999), 3)},
			want: "in force from 2026-03-14T12:00:00Z",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := txid.NewRing(tt.keys)
			if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("NewRing() = %v, want an invalid fault with %q", err, tt.want)
			}
		})
	}
}

// TestSubkeyStays holds keys of other uses to the installation: a rotation, a
// restart and another node change none, and each use has its own.
func TestSubkeyStays(t *testing.T) {
	first, second := newKey(t, 1, noon, 1), newKey(t, 2, noon.Add(time.Hour), 2)
	want := newRing(t, first).Subkey("visitor 2026-03-14")
	tests := []struct {
		name string
		ring *txid.Ring
		use  string
		same bool
	}{
		{name: "another node's ring", ring: newRing(t, first), use: "visitor 2026-03-14", same: true},
		{name: "after a rotation", ring: newRing(t, second, first), use: "visitor 2026-03-14", same: true},
		{name: "for another use", ring: newRing(t, first), use: "visitor 2026-03-15"},
		{name: "of another installation", ring: newRing(t, newKey(t, 1, noon, 9)), use: "visitor 2026-03-14"},
		{name: "of a later key alone", ring: newRing(t, second), use: "visitor 2026-03-14"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.ring.Subkey(tt.use)
			if (got == want) != tt.same {
				t.Errorf("Subkey(%q) = %x, the first was %x; want the same: %t", tt.use, got, want, tt.same)
			}
			if got == [32]byte{} || got == first.Secret {
				t.Errorf("Subkey(%q) = %x, which is no secret of its own", tt.use, got)
			}
		})
	}
}
