package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
)

// viewAsHeader says with whose eyes somebody of the network wants to look.
const viewAsHeader = "Waybill-View-As"

// lookAs lets somebody of the network see what a partner sees, and the audit know
// of it.
func (x *exchange) lookAs(ctx context.Context, looks *looks) error {
	text := x.r.Header.Get(viewAsHeader)
	if text == "" {
		return nil
	}
	if x.who.Role != account.Network {
		return fault.New(fault.Forbidden, "%s is for the network alone", viewAsHeader)
	}
	if x.r.Method != http.MethodGet {
		return fault.New(fault.Forbidden, "leave view-as first: with a partner's eyes nothing is changed")
	}
	role, id, err := x.api.partner(text)
	if err != nil {
		return err
	}
	who := x.who
	x.who = who.As(role, id)
	l := look{who.UserID, who.KeyID, role, id}
	if !looks.begins(l, x.api.now()) {
		return nil
	}
	err = x.api.AuditLog.Note(ctx, who, "view_as", string(role), strconv.FormatInt(id, 10), "")
	if err != nil {
		looks.end(l)
	}
	return err
}

// partner reads a partner as view-as and shares name it: advertiser:12 or
// affiliate:7.
func (a *API) partner(text string) (account.Role, int64, error) {
	const at = "header." + viewAsHeader
	name, number, _ := strings.Cut(text, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	role := account.Role(name)
	if err != nil || id <= 0 || role != account.Advertiser && role != account.Affiliate {
		return "", 0, fault.At(at, "is advertiser:ID or affiliate:ID")
	}
	_, known := a.Catalog().Advertiser(id)
	if role == account.Affiliate {
		_, known = a.Catalog().Affiliate(id)
	}
	if !known {
		return "", 0, fault.At(at, "there is no %s %d", role, id)
	}
	return role, id, nil
}

// look is one person looking with the eyes of one partner.
type look struct {
	userID, keyID int64
	role          account.Role
	id            int64
}

// looks knows who looks with whose eyes, so that the audit is told when somebody
// begins to, and not of every request.
type looks struct {
	mu    sync.Mutex
	since map[look]time.Time
}

const (
	lookLasts = 30 * time.Minute // without a request: the next one begins anew
	mostLooks = 1000
)

func newLooks() *looks { return &looks{since: map[look]time.Time{}} }

// begins reports whether l was not going on before.
func (k *looks) begins(l look, now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	last, known := k.since[l]
	if len(k.since) >= mostLooks && !known {
		clear(k.since) // they begin anew, and are noted once more
	}
	k.since[l] = now
	return !known || now.Sub(last) >= lookLasts
}

// end has l begin anew with the next request.
func (k *looks) end(l look) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.since, l)
}
