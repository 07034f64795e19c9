package visitor

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"sync/atomic"
	"time"
)

// Keys draws secrets for a use that has a name: the same ones on every node of
// an installation, and for nobody else.
type Keys interface {
	Subkey(use string) [32]byte
}

// Hasher makes the hashes by which visitors are counted. The same address and
// user agent have the same hash within a day of UTC, on every node and across
// restarts; on the next day they have another, and nobody without the keys can
// tell which. The zero Hasher is ready, and safe for concurrent use.
type Hasher struct {
	today atomic.Pointer[salt]
}

// salt is what one day's hashes are made with.
type salt struct {
	keys  Keys
	day   int64 // since 1970
	value [sha256.Size]byte
}

// hashed is the most that goes into a hash: salt, address and user agent.
const hashed = sha256.Size + 16 + maxAgent

// Hash gives the hash of who came from addr with the user agent ua at a time,
// which is that of the click's ID. It allocates nothing but once a day.
func (h *Hasher) Hash(keys Keys, at time.Time, addr netip.Addr, ua string) uint64 {
	var buf [hashed]byte
	address := addr.As16() // an IPv4 address within IPv6 is the same visitor's
	input := append(buf[:0], h.salt(keys, at)[:]...)
	input = append(input, address[:]...)
	input = append(input, cut(ua)...)
	sum := sha256.Sum256(input)
	return binary.BigEndian.Uint64(sum[:])
}

// salt gives the salt of the day of at. Only the last one is kept: days follow
// each other, and around midnight one is soon drawn anew.
func (h *Hasher) salt(keys Keys, at time.Time) *[sha256.Size]byte {
	const day = 24 * 60 * 60
	number := at.Unix() / day
	if s := h.today.Load(); s != nil && s.day == number && s.keys == keys {
		return &s.value
	}
	s := &salt{keys: keys, day: number, value: keys.Subkey("visitor " + at.UTC().Format(time.DateOnly))}
	h.today.Store(s)
	return &s.value
}
