// Package share is what somebody is shown who has no key: the trace of one
// transaction, as one of its parties sees it.
//
// A share is made by the network for one side of a click: the advertiser whose
// offer it led to, or the affiliate who sent it. Whoever holds the link sees what
// a key of that party would see of this one transaction, with secrets masked, and
// nothing else, until the share expires or is revoked. Its token is shown once
// and kept only as a hash.
package share

import (
	"errors"
	"io"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/span"
)

// Share is one link, without its token.
type Share struct {
	ID            int64        `json:"id"`
	TransactionID string       `json:"transaction_id"`
	As            account.Role `json:"as" enum:"advertiser,affiliate" doc:"With whose eyes the trace is shown."`
	PartyID       int64        `json:"party_id" doc:"The advertiser or affiliate that is."`
	Note          string       `json:"note,omitempty" doc:"What it was made for."`
	By            string       `json:"created_by" doc:"Who made it: user 3, key 7."`
	UserID        int64        `json:"user_id,omitempty" doc:"The user who made it."`
	CreatedAt     time.Time    `json:"created_at"`
	ExpiresAt     time.Time    `json:"expires_at"`
	RevokedAt     *time.Time   `json:"revoked_at,omitempty"`
}

// How long a share is good: at least, at most, and if nothing is said.
const (
	minLife   = span.Span(time.Minute)
	maxLife   = 90 * span.Day
	UsualLife = 7 * span.Day
)

// New is a share of a transaction from now on, for so long.
func New(transactionID string, as account.Role, partyID int64, note string, life span.Span, now time.Time) (Share, error) {
	now = now.UTC().Truncate(time.Second)
	s := Share{
		TransactionID: transactionID, As: as, PartyID: partyID, Note: strings.TrimSpace(note),
		CreatedAt: now, ExpiresAt: now.Add(life.Duration()),
	}
	return s, errors.Join(s.validateParty(), fault.Line("note", s.Note), validateLife(life))
}

func (s Share) validateParty() error {
	if s.As != account.Advertiser && s.As != account.Affiliate {
		return fault.At("as", "%.40q cannot be shown a trace; use advertiser or affiliate", s.As)
	}
	if s.PartyID <= 0 {
		return fault.At("as", "the transaction has no %s", s.As)
	}
	return nil
}

func validateLife(life span.Span) error {
	if life < minLife || life > maxLife {
		return fault.At("expires_in", "is %s; a share is good for %s to %s", life, minLife, maxLife)
	}
	return nil
}

// Alive reports whether the share is good at a time.
func (s Share) Alive(now time.Time) bool { return s.RevokedAt == nil && now.Before(s.ExpiresAt) }

// Viewer gives the caller as whom the trace is shown: the party, who changes
// nothing here and is told no secrets.
func (s Share) Viewer() account.Principal {
	v := account.Principal{}.As(s.As, s.PartyID)
	v.Masked = true
	return v
}

// NewToken draws the token of a share.
func NewToken(random io.Reader) (string, error) { return account.NewToken(random) }

// Hash is how a token is kept and looked up.
func Hash(token string) string { return account.Hash(token) }
