package user

import (
	"io"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
)

// LinkKind says what a link is good for, once.
type LinkKind string

// The kinds of links.
const (
	LinkOwner      LinkKind = "owner"      // makes the first owner
	LinkInvitation LinkKind = "invitation" // lets an invited person in
	LinkReset      LinkKind = "reset"      // sets a new password
)

// Life is how long a link of the kind is good.
func (k LinkKind) Life() time.Duration {
	switch k {
	case LinkOwner:
		return 24 * time.Hour
	case LinkInvitation:
		return 7 * 24 * time.Hour
	case LinkReset:
		return time.Hour
	default:
		return 0
	}
}

// Link is a token that may be used once, without the token itself.
type Link struct {
	Kind      LinkKind
	UserID    int64 // whom it is for; 0 for what is for nobody yet
	CreatedAt time.Time
	ExpiresAt time.Time
}

// NewLink is a link that is good from now on.
func NewLink(kind LinkKind, userID int64, now time.Time) Link {
	return Link{Kind: kind, UserID: userID, CreatedAt: now, ExpiresAt: now.Add(kind.Life())}
}

// Alive reports whether a link is good at a time.
func (l Link) Alive(now time.Time) bool { return now.Before(l.ExpiresAt) }

// NewToken draws the token of a session or a link.
func NewToken(random io.Reader) (string, error) { return account.NewToken(random) }

// Hash is how a token or a recovery code is kept and looked up.
func Hash(token string) string { return account.Hash(token) }

// recoveryCodes is how many a person gets, each good once.
const recoveryCodes = 10

// NewRecoveryCodes draws codes to log in with when the authenticator is lost.
// Each has 60 bits.
func NewRecoveryCodes(random io.Reader) ([]string, error) {
	const letters = "abcdefghijkmnpqrstuvwxyz23456789" // 32, without l, o, 0 and 1
	codes := make([]string, recoveryCodes)
	for i := range codes {
		var b [12]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return nil, fault.Because(err, fault.Internal, "draw recovery codes")
		}
		for j := range b {
			b[j] = letters[b[j]%byte(len(letters))]
		}
		codes[i] = string(b[:4]) + "-" + string(b[4:8]) + "-" + string(b[8:])
	}
	return codes, nil
}

// FoldRecoveryCode gives a recovery code as it was drawn, however it was typed.
func FoldRecoveryCode(typed string) string {
	bare := strings.NewReplacer("-", "", " ", "").Replace(strings.ToLower(strings.TrimSpace(typed)))
	if len(bare) != 12 {
		return bare
	}
	return bare[:4] + "-" + bare[4:8] + "-" + bare[8:]
}

// RecoveryCode is a code as it is kept: its hash.
func RecoveryCode(typed string) string { return Hash(FoldRecoveryCode(typed)) }
