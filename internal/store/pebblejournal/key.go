package pebblejournal

import (
	"encoding/binary"
	"time"

	"waybill/internal/txid"
)

// The spaces of keys, by their first byte. A record's is its kind, which has
// three bits.
const (
	spaceMeta     = 0x00 // what the journal notes about itself
	spaceFirst    = 0x01 // records
	spaceLast     = 0x07
	spaceMark     = 0x10 // values of SetMark
	spaceIdentity = 0x11 // from identity to ID
)

// A record's key: kind, node (2 bytes), tick (8), and what else its ID holds:
// the head byte, the masked numbers (6) and the tag (4). The ID comes back
// from the key alone.
const (
	nodeAt    = 1
	tickAt    = nodeAt + 2
	restAt    = tickAt + 8
	restLen   = 11
	recordLen = restAt + restLen
	idLen     = 20
)

// An identity's key: the space, the bucket of time (4 bytes), the identity's
// length and bytes, then the inverted tick, so that the newest stands first,
// and the ID's node, kind and rest. Buckets let old keys be deleted in one
// range.
const (
	bucketAt       = 1
	lengthAt       = bucketAt + 4
	identityAt     = lengthAt + 1
	identityTail   = 8 + 2 + 1 + restLen
	maxIdentity    = 255
	bucketTickBits = 31 + seqBits // about 25 days
	seqBits        = 14
)

// tickOf gives the first tick of t's millisecond.
func tickOf(t time.Time) txid.Tick {
	return txid.Tick(max(t.UnixMilli(), 0)) << seqBits
}

// appendPlace appends the key before which no record of a kind, a node and a
// tick stands.
func appendPlace(dst []byte, k txid.Kind, node uint16, t txid.Tick) []byte {
	dst = append(dst, byte(k))
	dst = binary.BigEndian.AppendUint16(dst, node)
	return binary.BigEndian.AppendUint64(dst, uint64(t))
}

// appendRest appends the bytes of id that are not kind, node or tick.
func appendRest(dst []byte, id txid.ID) []byte {
	dst = append(dst, id[0], id[10]&0x3f) // two bits of the tick stand in byte 10
	return append(dst, id[11:]...)
}

func appendRecordKey(dst []byte, id txid.ID) []byte {
	return appendRest(appendPlace(dst, id.Kind(), id.Node(), id.Tick()), id)
}

// recordID gives the ID whose record's key is key, and false if it is none.
func recordID(key []byte) (txid.ID, bool) {
	if len(key) != recordLen {
		return txid.ID{}, false
	}
	return makeID(binary.BigEndian.Uint16(key[nodeAt:]), recordTick(key), key[restAt:]), true
}

func recordTick(key []byte) txid.Tick {
	return txid.Tick(binary.BigEndian.Uint64(key[tickAt:]))
}

func makeID(node uint16, t txid.Tick, rest []byte) txid.ID {
	var id txid.ID
	id[0] = rest[0]
	milli := uint64(t) >> seqBits
	binary.BigEndian.PutUint64(id[0:], uint64(rest[0])<<56|milli<<8|uint64(node>>4))
	low := uint64(node)<<60 | uint64(t)&(1<<seqBits-1)<<46
	binary.BigEndian.PutUint64(id[8:], low)
	id[10] |= rest[1]
	copy(id[11:], rest[2:])
	return id
}

func bucketOf(t txid.Tick) uint32 { return uint32(t >> bucketTickBits) }

// appendBucket appends the key before which no identity of a bucket stands.
func appendBucket(dst []byte, bucket uint32) []byte {
	return binary.BigEndian.AppendUint32(append(dst, spaceIdentity), bucket)
}

// appendIdentity appends the beginning of an identity's keys in a bucket.
func appendIdentity(dst []byte, bucket uint32, identity []byte) []byte {
	dst = append(appendBucket(dst, bucket), byte(len(identity))) //nolint:gosec // at most maxIdentity
	return append(dst, identity...)
}

func appendIdentityKey(dst, identity []byte, id txid.ID) []byte {
	dst = appendIdentity(dst, bucketOf(id.Tick()), identity)
	dst = binary.BigEndian.AppendUint64(dst, ^uint64(id.Tick()))
	dst = binary.BigEndian.AppendUint16(dst, id.Node())
	return appendRest(append(dst, byte(id.Kind())), id)
}

// identityID gives the ID that an identity's key names, and false if key is
// none.
func identityID(key []byte) (txid.ID, bool) {
	if len(key) < identityAt+identityTail || len(key) != identityAt+int(key[lengthAt])+identityTail {
		return txid.ID{}, false
	}
	tail := key[len(key)-identityTail:]
	t := txid.Tick(^binary.BigEndian.Uint64(tail))
	return makeID(binary.BigEndian.Uint16(tail[8:]), t, tail[11:]), true
}

func identityBucket(key []byte) uint32 {
	return binary.BigEndian.Uint32(key[bucketAt:])
}

func appendMark(dst []byte, name string) []byte {
	return append(append(dst, spaceMark), name...)
}

// The journal's notes about itself.
const (
	noteFormat  = "format"  // of the keys: format
	noteHorizon = "horizon" // the tick below which all has been deleted, 8 bytes
)

// format is that of the keys described here.
const format = "1"

func noteKey(name string) []byte { return append([]byte{spaceMeta}, name...) }
