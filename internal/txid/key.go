package txid

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"waybill/internal/fault"
)

// Key is a secret that seals IDs from an instant on, until the next key's. It
// must be known to every node before that instant: an ID that a node sealed
// with the key before is refused by the rest.
type Key struct {
	Number     int
	ActiveFrom time.Time // whole milliseconds, UTC
	Secret     [32]byte
}

// NewKey makes a key with a secret read from random.
func NewKey(number int, activeFrom time.Time, random io.Reader) (Key, error) {
	k := Key{Number: number, ActiveFrom: activeFrom.UTC().Truncate(time.Millisecond)}
	if _, err := io.ReadFull(random, k.Secret[:]); err != nil {
		return Key{}, fmt.Errorf("make transaction ID key %d: %w", number, err)
	}
	return k, nil
}

// String names the key without its secret.
func (k Key) String() string {
	return fmt.Sprintf("key %d, in force from %s", k.Number, k.ActiveFrom.Format(time.RFC3339))
}

// Format prints String for every verb, so that none prints the secret.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// LogValue is String, so that no log holds the secret.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// keyJSON is a key as it is kept.
type keyJSON struct {
	Number     int       `json:"number"`
	ActiveFrom time.Time `json:"active_from"`
	Secret     string    `json:"secret"`
}

// MarshalJSON gives the key with its secret, in base64, for where keys are
// kept.
func (k Key) MarshalJSON() ([]byte, error) {
	return json.Marshal(keyJSON{k.Number, k.ActiveFrom, base64.StdEncoding.EncodeToString(k.Secret[:])})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (k *Key) UnmarshalJSON(b []byte) error {
	var kept keyJSON
	if err := json.Unmarshal(b, &kept); err != nil {
		return fmt.Errorf("read transaction ID key: %w", err)
	}
	secret, err := base64.StdEncoding.DecodeString(kept.Secret)
	if err != nil || len(secret) != len(k.Secret) {
		return fault.At("secret", "key %d needs a secret of %d bytes in base64", kept.Number, len(k.Secret))
	}
	k.Number, k.ActiveFrom = kept.Number, kept.ActiveFrom
	copy(k.Secret[:], secret)
	return nil
}
