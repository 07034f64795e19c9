package txid

import (
	"encoding/binary"
	"time"
)

// First gives a bound that sorts before every ID of a kind and traffic, not
// turned away, minted at t or later, and behind those minted before. It is not
// sealed and opens nowhere.
func First(k Kind, test bool, t time.Time) ID {
	var id ID
	milli := uint64(min(max(t.UnixMilli(), 0), maxMilli))
	high := uint64(version)<<versionShift | uint64(k&kindMask)<<kindShift | milli<<milliShift
	if test {
		high |= testBit
	}
	binary.BigEndian.PutUint64(id[:], high)
	return id
}
