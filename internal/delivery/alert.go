package delivery

import (
	"crypto/sha256"
	"strconv"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/txid"
)

// AlertID names something that became of a subscription's destination at a time.
// It stands where a conversion's ID stands in what is owed for it.
func AlertID(e conversion.Event, about int64, at time.Time) string {
	source := strconv.AppendInt([]byte(e), about, 10)
	source = strconv.AppendInt(append(source, ' '), at.UnixMicro(), 10)
	return timed(at, source)
}

// AlertDeliveryID names what is owed to a subscription for an alert. It is the
// same whenever it is derived, so that nodes that see the same owe it once.
func AlertDeliveryID(alert string, at time.Time, listener int64) string {
	return timed(at, strconv.AppendInt([]byte(alert+" "), listener, 10))
}

// timed gives an ID that begins as those of signals of a time do, so that all
// deliveries sort by time; the rest is a hash of source.
func timed(at time.Time, source []byte) string {
	sum := sha256.Sum256(source)
	id := make([]byte, 0, idLen)
	id = append(id, txid.First(txid.Signal, false, at).String()[:kept]...)
	return string(appendLetters(id, sum[:], idLen))
}
