package sqlledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"waybill/internal/offer"
	"waybill/internal/user"
)

// applicationColumns are in the order of scanApplication.
const applicationColumns = `offer_id, affiliate_id, status, note, decision_note, at, decided_at`

func scanApplication(read scan) (a offer.Application, err error) {
	var standing string
	var at, decided int64
	err = read(&a.OfferID, &a.AffiliateID, &standing, &a.Note, &a.DecisionNote, &at, &decided)
	a.Standing, a.At, a.DecidedAt = offer.Standing(standing), instant(at), instant(decided)
	return a, err
}

// Application gives how an affiliate stands to an offer; one without a standing
// when it never asked.
func (db *DB) Application(ctx context.Context, offerID, affiliateID int64) (offer.Application, error) {
	a, err := applicationOf(ctx, db.read(), offerID, affiliateID)
	return a, db.failed(err, "read how affiliate %d stands to offer %d", affiliateID, offerID)
}

func applicationOf(ctx context.Context, s session, offerID, affiliateID int64) (offer.Application, error) {
	const read = `SELECT ` + applicationColumns + ` FROM offer_access WHERE offer_id = $1 AND affiliate_id = $2`
	a := offer.Application{Permission: offer.Permission{OfferID: offerID, AffiliateID: affiliateID}}
	err := s.query(ctx, func(row scan) (err error) {
		a, err = scanApplication(row)
		return err
	}, read, offerID, affiliateID)
	return a, err
}

// ChangeAccess changes how an affiliate stands to an offer, which is a change of
// the catalog. change may run more than once; where it changes nothing, nothing is
// written, and where it fails neither.
func (db *DB) ChangeAccess(
	ctx context.Context, by user.By, offerID, affiliateID int64, change func(*offer.Application) error,
) (offer.Application, error) {
	var after offer.Application
	err := db.write(ctx, func(ctx context.Context, s session) error {
		for _, p := range []parent{
			{field: "offer_id", table: "offer", noun: "offer", id: offerID},
			{field: "affiliate_id", table: "affiliate", noun: "affiliate", id: affiliateID},
		} {
			if err := checkParent(ctx, s, p); err != nil {
				return err
			}
		}
		if err := catalogChange(ctx, s, "offer_access"); err != nil { // before it is read: it locks the catalog
			return err
		}
		before, err := applicationOf(ctx, s, offerID, affiliateID)
		if err != nil {
			return err
		}
		after = before
		if err := change(&after); err != nil {
			return err
		}
		if after == before {
			return errUnchanged
		}
		return db.putApplication(ctx, s, by, &before, &after)
	})
	if errors.Is(err, errUnchanged) {
		err = nil
	}
	return after, db.failed(err, "change how affiliate %d stands to offer %d", affiliateID, offerID)
}

// putApplication stores what was changed, and notes who did.
func (db *DB) putApplication(ctx context.Context, s session, by user.By, before, after *offer.Application) error {
	const put = `
		INSERT INTO offer_access (` + applicationColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (offer_id, affiliate_id) DO UPDATE SET
			status = excluded.status, note = excluded.note, decision_note = excluded.decision_note,
			at = excluded.at, decided_at = excluded.decided_at`
	_, err := s.exec(ctx, put, after.OfferID, after.AffiliateID, string(after.Standing), after.Note, after.DecisionNote,
		micros(after.At), micros(after.DecidedAt))
	if err != nil {
		return err
	}
	n := Note{
		At: db.now(), Actor: by.Actor, Address: by.Address, Action: ActionChange, Entity: "offer_access",
		Key: fmt.Sprintf("%d/%d", after.OfferID, after.AffiliateID),
	}
	var was any
	if before.Standing == "" {
		n.Action = ActionCreate
	} else {
		was = before
	}
	if n, err = n.with(was, after); err != nil {
		return err
	}
	return note(ctx, s, &n)
}

// ApplicationFilter picks applications. What is left open fits all.
type ApplicationFilter struct {
	Standing    offer.Standing
	OfferID     int64
	AffiliateID int64
	Page
}

// Applications lists them, the latest that asked first, and gives the cursor of
// the next page, empty behind the last.
func (db *DB) Applications(ctx context.Context, f ApplicationFilter) ([]offer.Application, string, error) {
	q := newSelection(`SELECT `+applicationColumns+` FROM offer_access`, "")
	q.text("status", string(f.Standing))
	q.number("offer_id", f.OfferID)
	q.number("affiliate_id", f.AffiliateID)
	if err := q.behindApplication(f.Cursor); err != nil {
		return nil, "", err
	}
	text := q.withConditions() + ` ORDER BY at DESC, offer_id DESC, affiliate_id DESC LIMIT ` + strconv.Itoa(f.limit()+1)
	var page []offer.Application
	err := db.read().query(ctx, func(row scan) error {
		a, err := scanApplication(row)
		page = append(page, a)
		return err
	}, text, q.args...)
	if err != nil || len(page) <= f.limit() {
		return page, "", db.failed(err, "list who asked for access")
	}
	page = page[:f.limit()]
	last := page[len(page)-1]
	return page, fmt.Sprintf("%d.%d.%d", micros(last.At), last.OfferID, last.AffiliateID), nil
}

// behindApplication leaves what follows the cursor of a page.
func (q *selection) behindApplication(cursor string) error {
	if cursor == "" {
		return nil
	}
	parts := strings.Split(cursor, ".")
	const columns = 3
	if len(parts) != columns {
		return badCursor()
	}
	for _, text := range parts {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return badCursor()
		}
		q.args = append(q.args, n)
	}
	n := len(q.args)
	q.cond = append(q.cond, fmt.Sprintf("(at, offer_id, affiliate_id) < ($%d, $%d, $%d)", n-2, n-1, n))
	return nil
}

// permissions gives every standing, as the catalog holds it.
func permissions(ctx context.Context, s session) ([]offer.Permission, error) {
	var all []offer.Permission
	err := s.query(ctx, func(row scan) error {
		a, err := scanApplication(row)
		all = append(all, a.Permission)
		return err
	}, `SELECT `+applicationColumns+` FROM offer_access ORDER BY offer_id, affiliate_id`)
	return all, err
}
