package txid

import "encoding/binary"

// Columns is an ID cut into numbers, for stores that keep what is alike
// together: all but Mask and Tag take next to no room there.
type Columns struct {
	Head  uint8 // version, kind, test and turned away
	Milli int64
	Node  uint16
	Seq   uint16
	Mask  uint64 // offer and affiliate, masked
	Tag   uint32
}

// Columns cuts id into its numbers, from which Columns.ID makes it again.
func (id ID) Columns() Columns {
	high, low := id.high(), id.low()
	return Columns{
		Head: id[0], Milli: int64(high >> milliShift & maxMilli),
		Node: id.Node(), Seq: id.Seq(), Mask: low & numbersMask, Tag: id.tag(),
	}
}

// ID puts the numbers together again. Bits beyond a number's own are dropped.
func (c Columns) ID() ID {
	var id ID
	high := uint64(c.Milli)&maxMilli<<milliShift | uint64(c.Node&MaxNode)>>nodeLowBits //nolint:gosec // 48 bits are kept
	low := uint64(c.Node)<<nodeLowShift | uint64(c.Seq&MaxSeq)<<seqShift | c.Mask&numbersMask
	binary.BigEndian.PutUint64(id[:], high)
	id[0] = c.Head
	binary.BigEndian.PutUint64(id[8:], low)
	binary.BigEndian.PutUint32(id[tagAt:], c.Tag)
	return id
}
