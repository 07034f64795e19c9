package txid

import (
	"cmp"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"waybill/internal/fault"
)

// Ring is the installation's keys, each in force from its ActiveFrom until the
// next one's; the first one also for all time before. It does not change and
// may be used from many goroutines.
type Ring struct {
	keys []*sealingKey // by the millisecond they are in force from
	root [32]byte      // of the first key: what Subkey draws from
}

type sealingKey struct {
	from    int64 // Unix milliseconds
	sealers sealers
}

// NewRing makes a ring of one key or more, in any order.
func NewRing(keys []Key) (*Ring, error) {
	if len(keys) == 0 {
		return nil, fault.New(fault.Invalid, "no key for transaction IDs")
	}
	r := &Ring{keys: make([]*sealingKey, 0, len(keys))}
	numbers := make(map[int]bool, len(keys))
	for _, k := range keys {
		if numbers[k.Number] {
			return nil, fault.New(fault.Invalid, "two transaction ID keys have the number %d", k.Number)
		}
		numbers[k.Number] = true
		sealing, err := newSealingKey(k)
		if err != nil {
			return nil, err
		}
		r.keys = append(r.keys, sealing)
	}
	slices.SortFunc(r.keys, func(a, b *sealingKey) int { return cmp.Compare(a.from, b.from) })
	for i := range r.keys[1:] {
		if from := r.keys[i].from; from == r.keys[i+1].from {
			return nil, fault.New(fault.Invalid, "two transaction ID keys are in force from %s", time.UnixMilli(from).UTC().Format(time.RFC3339Nano))
		}
	}
	first := slices.MinFunc(keys, func(a, b Key) int { return cmp.Compare(a.ActiveFrom.UnixMilli(), b.ActiveFrom.UnixMilli()) })
	r.root = hmacOf(first.Secret, "waybill: keys of other uses")
	return r, nil
}

// Subkey draws a key for another use, named by use, from the installation's
// first key. All nodes draw the same, before and after any rotation, and from
// none can another be told.
func (r *Ring) Subkey(use string) [32]byte { return hmacOf(r.root, use) }

func hmacOf(key [32]byte, text string) (sum [32]byte) {
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(text))
	mac.Sum(sum[:0])
	return sum
}

// newSealingKey draws the keys of the mask and of the tag from k's secret.
func newSealingKey(k Key) (*sealingKey, error) {
	if k.Secret == [32]byte{} {
		return nil, fault.New(fault.Invalid, "transaction ID key %d has no secret", k.Number)
	}
	mask, err := hkdf.Expand(sha256.New, k.Secret[:], "waybill transaction ID: mask", 32)
	if err != nil {
		return nil, fmt.Errorf("draw mask key %d: %w", k.Number, err)
	}
	tag, err := hkdf.Expand(sha256.New, k.Secret[:], "waybill transaction ID: tag", 32)
	if err != nil {
		return nil, fmt.Errorf("draw tag key %d: %w", k.Number, err)
	}
	s := &sealingKey{from: k.ActiveFrom.UnixMilli()}
	if err := s.sealers.init(mask, tag); err != nil {
		return nil, fmt.Errorf("prepare transaction ID key %d: %w", k.Number, err)
	}
	return s, nil
}

// at gives the key in force in a millisecond.
func (r *Ring) at(milli int64) *sealingKey {
	for i := len(r.keys) - 1; i > 0; i-- {
		if r.keys[i].from <= milli {
			return r.keys[i]
		}
	}
	return r.keys[0]
}

// Seal makes the ID that says p, with the key in force at its time.
func (r *Ring) Seal(p Parts) (ID, error) {
	milli := p.Time.UnixMilli()
	switch {
	case !p.Kind.known():
		return ID{}, fault.At("kind", "no kind %d", p.Kind)
	case milli < 0 || milli > maxMilli:
		return ID{}, fault.At("time", "%s is no time for a transaction ID", p.Time)
	case p.Node > MaxNode:
		return ID{}, fault.At("node", "node %d is larger than %d", p.Node, MaxNode)
	case p.Seq > MaxSeq:
		return ID{}, fault.At("seq", "sequence %d is larger than %d", p.Seq, MaxSeq)
	case p.Offer < 0 || p.Offer > MaxOffer:
		return ID{}, fault.At("offer", "offer %d is not within 0 and %d", p.Offer, MaxOffer)
	case p.Affiliate < 0 || p.Affiliate > MaxAffiliate:
		return ID{}, fault.At("affiliate", "affiliate %d is not within 0 and %d", p.Affiliate, MaxAffiliate)
	}
	subject := Subject{Kind: p.Kind, Test: p.Test, TurnedAway: p.TurnedAway, Offer: p.Offer, Affiliate: p.Affiliate}
	return r.seal(tickOf(milli)|Tick(p.Seq), p.Node, subject), nil
}

// seal makes an ID of values that are known to have room.
func (r *Ring) seal(t Tick, node uint16, s Subject) ID {
	high := uint64(version)<<versionShift | uint64(s.Kind&kindMask)<<kindShift |
		uint64(t>>seqBits)<<milliShift | uint64(node>>nodeLowBits)
	if s.Test {
		high |= testBit
	}
	if s.TurnedAway {
		high |= turnedBit
	}
	low := uint64(node)<<nodeLowShift | uint64(t&MaxSeq)<<seqShift
	numbers := uint64(s.Offer)<<offerShift | uint64(s.Affiliate) //nolint:gosec // 48 bits of time, never negative

	key := r.at(int64(t >> seqBits))
	seal := key.sealers.get()
	low |= numbers ^ seal.mask(high, low)
	tag := seal.tag(high, low)
	key.sealers.put(seal)

	var id ID
	binary.BigEndian.PutUint64(id[:], high)
	binary.BigEndian.PutUint64(id[8:], low)
	binary.BigEndian.PutUint32(id[tagAt:], tag)
	return id
}

// Open verifies id and gives what it says. The error is an Invalid fault.
func (r *Ring) Open(id ID) (Parts, error) {
	if v := id.version(); v != version {
		return Parts{}, fault.New(fault.Invalid, "transaction ID %s is not ours: it is of version %d", id, v)
	}
	high, low := id.high(), id.low()
	key := r.at(int64(id.Tick() >> seqBits))
	seal := key.sealers.get()
	tag, mask := seal.tag(high, low), seal.mask(high, low)
	key.sealers.put(seal)

	if subtle.ConstantTimeEq(int32(tag), int32(id.tag())) != 1 { //nolint:gosec // compared bit by bit
		return Parts{}, fault.New(fault.Invalid, "transaction ID %s is forged or mistyped, or of another installation", id)
	}
	if !id.Kind().known() {
		return Parts{}, fault.New(fault.Invalid, "transaction ID %s is of an unknown kind", id)
	}
	numbers := low&numbersMask ^ mask
	return Parts{
		Kind: id.Kind(), Test: id.Test(), TurnedAway: id.TurnedAway(),
		Time: id.Time(), Node: id.Node(), Seq: id.Seq(),
		Offer: int64(numbers >> offerShift), Affiliate: int64(numbers & MaxAffiliate),
	}, nil
}

// Derive makes the ID of another kind that says the same as id: a conversion's
// from its signal's. It verifies id first.
func (r *Ring) Derive(id ID, k Kind) (ID, error) {
	p, err := r.Open(id)
	if err != nil {
		return ID{}, err
	}
	p.Kind = k
	return r.Seal(p)
}
