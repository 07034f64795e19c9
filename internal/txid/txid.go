// Package txid makes and reads transaction IDs: the one name that a click, an
// impression, a signal or a conversion bears in every store, link, postback
// and report.
//
// An ID is 20 bytes, written as 32 characters. From the left:
//
//	bits  field
//	   3  version, 1
//	   3  kind
//	   1  test traffic
//	   1  turned away: the visitor was not sent to the offer
//	  48  Unix time in milliseconds
//	  12  node number
//	  14  sequence within the node and the millisecond
//	  46  offer number (22) and affiliate number (24), masked
//	  32  tag
//
// The first 82 bits are open to all. The mask over the two numbers is AES of
// those 82 bits, so that partners cannot read each other's numbers, and it
// never repeats, since no two IDs agree in them. The tag is the beginning of
// an HMAC-SHA256 over all that stands before it. So an ID tells by itself, with
// no look-up, whether it is ours and whole, what it names, when it was made
// and for whom.
//
// What always holds: a Mint's ticks rise strictly, whatever the clock does. A
// key verifies only IDs of the time in which it was in force. Nothing here
// reads a clock or a file.
package txid

import (
	"encoding/binary"
	"time"
)

// The largest numbers that an ID has room for.
const (
	MaxOffer     = 1<<22 - 1
	MaxAffiliate = 1<<24 - 1
	MaxNode      = 1<<12 - 1
	MaxSeq       = 1<<14 - 1

	maxMilli = 1<<48 - 1 // in the year 10889
)

const version = 1

// Where the fields stand in the first word of an ID.
const (
	versionShift = 61
	kindShift    = 58
	kindMask     = 1<<3 - 1
	testBit      = 1 << 57
	turnedBit    = 1 << 56
	milliShift   = 8
	nodeHighMask = 1<<8 - 1
)

// Where they stand in the second.
const (
	nodeLowBits  = 4
	nodeLowShift = 60
	seqBits      = 14
	seqShift     = 46
	numbersMask  = 1<<46 - 1 // offer and affiliate
	offerShift   = 24
)

const tagAt = 16 // the byte in which the tag begins

// Kind is what an ID names.
type Kind uint8

// The kinds.
const (
	Click      Kind = 1
	Impression Kind = 2
	Signal     Kind = 3
	Conversion Kind = 4
)

// String gives the kind's name in lower case.
func (k Kind) String() string {
	names := [...]string{"", "click", "impression", "signal", "conversion"}
	if k.known() {
		return names[k]
	}
	return "unknown"
}

func (k Kind) known() bool { return Click <= k && k <= Conversion }

// Tick is a place in the order of one node's IDs: milliseconds and sequence.
// Ticks of different nodes are not ordered among each other.
type Tick uint64

func tickOf(milli int64) Tick { return Tick(milli) << seqBits } //nolint:gosec // 48 bits of time, never negative

// Time gives the tick's millisecond.
func (t Tick) Time() time.Time { return time.UnixMilli(int64(t >> seqBits)).UTC() }

// ID is a transaction ID. The zero ID names nothing and is written as "".
type ID [20]byte

// Parts is what an ID says, in the open.
type Parts struct {
	Kind       Kind
	Test       bool
	TurnedAway bool
	Time       time.Time // whole milliseconds, UTC
	Node       uint16
	Seq        uint16
	Offer      int64
	Affiliate  int64
}

// IsZero reports whether id names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// Kind gives what id names. Like all that is read without a key, it is to be
// trusted only after Ring.Open.
func (id ID) Kind() Kind { return Kind(id.high() >> kindShift & kindMask) }

// Test reports whether id belongs to test traffic.
func (id ID) Test() bool { return id.high()&testBit != 0 }

// TurnedAway reports whether the visitor was not sent to the offer.
func (id ID) TurnedAway() bool { return id.high()&turnedBit != 0 }

// Time gives the millisecond in which id was minted.
func (id ID) Time() time.Time { return id.Tick().Time() }

// Node gives the number of the node that minted id.
func (id ID) Node() uint16 {
	return uint16(id.high()&nodeHighMask<<nodeLowBits | id.low()>>nodeLowShift) //nolint:gosec // 12 bits
}

// Seq gives id's place among the IDs of its node and millisecond.
func (id ID) Seq() uint16 { return uint16(id.low() >> seqShift & MaxSeq) }

// Tick gives id's place in the order of its node's IDs.
func (id ID) Tick() Tick {
	return Tick(id.high()>>milliShift&maxMilli)<<seqBits | Tick(id.Seq())
}

// As gives id with another kind, to look up what was minted in the same act by
// kind, node and tick. It is not sealed and opens nowhere; Ring.Derive makes an
// ID that does.
func (id ID) As(k Kind) ID {
	high := id.high()&^(kindMask<<kindShift) | uint64(k&kindMask)<<kindShift
	binary.BigEndian.PutUint64(id[:], high)
	return id
}

func (id ID) high() uint64 { return binary.BigEndian.Uint64(id[:8]) }

func (id ID) low() uint64 { return binary.BigEndian.Uint64(id[8:tagAt]) }

func (id ID) tag() uint32 { return binary.BigEndian.Uint32(id[tagAt:]) }

func (id ID) version() uint8 { return uint8(id.high() >> versionShift) }
