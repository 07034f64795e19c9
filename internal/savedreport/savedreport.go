// Package savedreport is the reports that people keep, to ask them again.
//
// One belongs to a user, on the side that the user was on when it was saved: the
// network's, an advertiser's or an affiliate's. It is seen on that side alone, by
// others there only when it is shared, and changed by its owner only. What it
// would show follows from who looks, never from whose it is.
package savedreport

import (
	"errors"
	"net/url"
	"strings"
	"time"
	"unicode"

	"waybill/internal/account"
	"waybill/internal/fault"
)

// Report is a saved report: a name, and the query of the page that shows it.
type Report struct {
	ID        int64
	Name      string
	Query     string // as it stands in the page's URL: dimensions=offer&metrics=clicks
	Shared    bool   // with everybody on the same side
	UserID    int64  // whose it is
	Side      Side
	OwnerName string // only read
	CreatedAt time.Time
	UpdatedAt time.Time
}

// What a saved report may hold, and how many one user may have.
const (
	maxQuery = 4 << 10 // bytes
	Most     = 200
)

// Side is on whose side somebody is.
type Side struct {
	Role         account.Role
	AdvertiserID int64
	AffiliateID  int64
}

// SideOf gives the side of a caller.
func SideOf(who account.Principal) Side {
	return Side{Role: who.Role, AdvertiserID: who.AdvertiserID, AffiliateID: who.AffiliateID}
}

// Validate reports every field that is wrong.
func (r *Report) Validate() error {
	return errors.Join(fault.Name("name", r.Name), r.validateQuery())
}

func (r *Report) validateQuery() error {
	if len(r.Query) > maxQuery {
		return fault.At("query", "has %d bytes, the most is %d", len(r.Query), maxQuery)
	}
	if _, err := url.ParseQuery(r.Query); err != nil || strings.ContainsFunc(r.Query, unicode.IsControl) {
		return fault.At("query", "is not the query of a URL, such as dimensions=offer&metrics=clicks")
	}
	return nil
}

// IsOf reports whether it belongs to the caller.
func (r *Report) IsOf(who account.Principal) bool {
	return who.UserID != 0 && r.UserID == who.UserID && r.Side == SideOf(who)
}

// SeenBy reports whether the caller sees it: a user, on the same side.
func (r *Report) SeenBy(who account.Principal) bool {
	return who.UserID != 0 && r.Side == SideOf(who) && (r.Shared || r.UserID == who.UserID)
}

// ClearedBy reports whether the caller may delete it: its owner, or whoever
// administers the side that it is shared with, for its owner may be gone.
func (r *Report) ClearedBy(who account.Principal) bool {
	return r.IsOf(who) || r.SeenBy(who) && who.May(account.Administer)
}
