package pebblejournal

import (
	"bytes"
	"cmp"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waybill/internal/txid"
)

var testRing = func() *txid.Ring {
	ring, err := txid.NewRing([]txid.Key{{Number: 1, Secret: [32]byte{1, 2, 3}}})
	if err != nil {
		panic(err)
	}
	return ring
}()

// anyID draws a well-formed ID.
func anyID(t *rapid.T, label string) txid.ID {
	id, err := testRing.Seal(txid.Parts{
		Kind:       rapid.SampledFrom([]txid.Kind{txid.Click, txid.Impression, txid.Signal, txid.Conversion}).Draw(t, label+" kind"),
		Test:       rapid.Bool().Draw(t, label+" test"),
		TurnedAway: rapid.Bool().Draw(t, label+" turned away"),
		Time:       time.UnixMilli(rapid.Int64Range(0, 1<<48-1).Draw(t, label+" milli")),
		Node:       rapid.Uint16Range(0, txid.MaxNode).Draw(t, label+" node"),
		Seq:        rapid.Uint16Range(0, txid.MaxSeq).Draw(t, label+" seq"),
		Offer:      rapid.Int64Range(0, txid.MaxOffer).Draw(t, label+" offer"),
		Affiliate:  rapid.Int64Range(0, txid.MaxAffiliate).Draw(t, label+" affiliate"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestKeysHoldTheID checks that each key gives its ID back, whole.
func TestKeysHoldTheID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := anyID(t, "id")
		key := appendRecordKey(nil, id)
		if got, ok := recordID(key); !ok || got != id {
			t.Errorf("recordID(key of %x) = %x, %v", id, got, ok)
		}
		identity := rapid.SliceOfN(rapid.Byte(), 1, maxIdentity).Draw(t, "identity")
		key = appendIdentityKey(nil, identity, id)
		if got, ok := identityID(key); !ok || got != id {
			t.Errorf("identityID(key of %x) = %x, %v", id, got, ok)
		}
		if got, want := identityBucket(key), bucketOf(id.Tick()); got != want {
			t.Errorf("identityBucket() = %d, want %d", got, want)
		}
	})
}

// TestKeysSortByTick checks that records of a kind and a node stand oldest
// first, and an identity's keys newest first within a bucket.
func TestKeysSortByTick(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyID(t, "a"), anyID(t, "b")
		want := cmp.Or(cmp.Compare(a.Kind(), b.Kind()), cmp.Compare(a.Node(), b.Node()), cmp.Compare(a.Tick(), b.Tick()))
		if got := bytes.Compare(appendRecordKey(nil, a), appendRecordKey(nil, b)); want != 0 && got != want {
			t.Errorf("the keys of %x and %x compare as %d, want %d", a, b, got, want)
		}
		want = cmp.Or(cmp.Compare(bucketOf(a.Tick()), bucketOf(b.Tick())), cmp.Compare(b.Tick(), a.Tick()))
		who := []byte("who")
		if got := bytes.Compare(appendIdentityKey(nil, who, a), appendIdentityKey(nil, who, b)); want != 0 && got != want {
			t.Errorf("the identity keys of %x and %x compare as %d, want %d", a, b, got, want)
		}
	})
}

// TestPlaceStandsBeforeItsRecords checks the bounds of scans and deletions.
func TestPlaceStandsBeforeItsRecords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := anyID(t, "id")
		key := appendRecordKey(nil, id)
		if at := appendPlace(nil, id.Kind(), id.Node(), id.Tick()); bytes.Compare(at, key) >= 0 {
			t.Errorf("place %x does not stand before %x", at, key)
		}
		if after := appendPlace(nil, id.Kind(), id.Node(), id.Tick()+1); bytes.Compare(after, key) <= 0 {
			t.Errorf("place %x does not stand after %x", after, key)
		}
	})
}

// FuzzKeys checks that no bytes upset the decoders, and that what they accept
// as a record's key is one.
func FuzzKeys(f *testing.F) {
	mint := txid.NewMint(testRing, 7, 0)
	id := mint.Begin(time.UnixMilli(1700000000000), txid.Subject{Kind: txid.Click, Offer: 3, Affiliate: 4}).ID
	f.Add(appendRecordKey(nil, id))
	f.Add(appendIdentityKey(nil, []byte("device"), id))
	f.Add([]byte{spaceIdentity})
	f.Fuzz(func(t *testing.T, key []byte) {
		if id, ok := identityID(key); ok && len(key) >= identityAt && id.Node() > txid.MaxNode {
			t.Errorf("identityID(%x) has node %d", key, id.Node())
		}
		id, ok := recordID(key)
		if !ok || key[0] != byte(id.Kind()) || key[nodeAt] > 0x0f || key[tickAt] > 0x3f || key[restAt+1] > 0x3f {
			return // not a key that is ever written
		}
		if back := appendRecordKey(nil, id); !bytes.Equal(back, key) {
			t.Errorf("key %x gives ID %x, whose key is %x", key, id, back)
		}
	})
}
