package signal

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"waybill/internal/money"
	"waybill/internal/param"
)

// goalOfNone is the goal meant by a signal that names none.
const goalOfNone = "default"

// Fingerprint stands for what the signal says of its conversion: goal, order,
// amount, currency and status. Two hits with the same fingerprint say the same,
// however they write it: "12,50 €" and "12.5" with currency=eur.
func (s *Signal) Fingerprint() string {
	amount, currency := s.Value(param.Amount), strings.ToUpper(s.Value(param.Currency))
	if parsed, err := money.Parse(amount); err == nil {
		amount = strconv.FormatInt(parsed.Units, 10)
		if currency == "" {
			currency = string(parsed.Currency)
		}
	}
	goal := strings.ToLower(s.Value(param.Goal))
	if goal == "" {
		goal = goalOfNone
	}
	status := strings.ToLower(s.Value(param.Status))

	var said []byte
	for _, part := range [...]string{goal, s.Value(param.OrderID), amount, currency, status} {
		said = binary.AppendUvarint(said, uint64(len(part)))
		said = append(said, part...)
	}
	sum := sha256.Sum256(said)
	return hex.EncodeToString(sum[:16])
}
