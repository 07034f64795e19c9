package delivery

import (
	"crypto/sha256"
	"strconv"

	"waybill/internal/conversion"
	"waybill/internal/txid"
)

// idLen is the length of a delivery's ID, that of all IDs.
const idLen = 32

// kept is how many letters of its signal's ID begin a delivery's: all that
// stand for kind, traffic and time.
const kept = 12

// crockford is the alphabet of transaction IDs.
const crockford = "0123456789abcdefghjkmnpqrstvwxyz"

// ID names the postback that is owed to a subscription for the event that a
// signal caused. It is the same whenever it is derived, so settling a signal
// again owes nothing twice. It begins as the signal's ID does, so that
// deliveries sort by time; the rest is a hash, 100 bits of it.
func ID(signal txid.ID, subscriptionID int64, event conversion.Event) string {
	text := signal.String()
	source := append([]byte(text), ' ')
	source = strconv.AppendInt(source, subscriptionID, 10)
	source = append(append(source, ' '), event...)
	sum := sha256.Sum256(source)

	id := make([]byte, 0, idLen)
	id = append(id, text[:min(kept, len(text))]...)
	return string(appendLetters(id, sum[:], idLen))
}

// appendLetters appends the first bits of sum to dst, five a letter, until it
// has n letters.
func appendLetters(dst, sum []byte, n int) []byte {
	var bits uint32
	have := 0
	for i := 0; len(dst) < n; have -= 5 {
		if have < 5 {
			bits, have, i = bits<<8|uint32(sum[i]), have+8, i+1
		}
		dst = append(dst, crockford[bits>>(have-5)&31])
	}
	return dst
}
