package sqlledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/delivery"
)

// DeliveryFilter picks owed postbacks, and says which page of them is wanted.
type DeliveryFilter struct {
	delivery.Filter
	Page
}

// Deliveries lists owed postbacks, the one that was made last first, and gives
// the cursor of the next page, empty behind the last.
func (db *DB) Deliveries(ctx context.Context, f DeliveryFilter) ([]delivery.Owed, string, error) {
	page, next, err := db.deliveriesPage(ctx, &f)
	return page, next, db.failed(err, "list deliveries")
}

func (db *DB) deliveriesPage(ctx context.Context, f *DeliveryFilter) ([]delivery.Owed, string, error) {
	from := place{newestFirst: true}
	if f.Cursor != "" {
		var err error
		if from.at, from.id, err = readPlace(f.Cursor); err != nil {
			return nil, "", err
		}
	}
	page, err := db.pick(ctx, &f.Filter, from, f.limit()+1)
	if err != nil || len(page) <= f.limit() {
		return page, "", err
	}
	page = page[:f.limit()]
	last := &page[len(page)-1]
	return page, strconv.FormatInt(micros(last.CreatedAt), 10) + "." + last.ID, nil
}

// readPlace reads the cursor of a list of deliveries.
func readPlace(cursor string) (at int64, id string, err error) {
	first, id, found := strings.Cut(cursor, ".")
	at, err = strconv.ParseInt(first, 10, 64)
	if err != nil || !found || id == "" {
		return 0, "", badCursor()
	}
	return at, id, nil
}

// place is where in the order of their making a list of deliveries begins: behind
// the one that was made at a time, and bears an ID. Without an ID it begins at
// the end that it comes from.
type place struct {
	newestFirst bool
	at          int64
	id          string
}

// mostApart is of how many subscriptions deliveries are looked for one by one, and
// then put together. Of more than that, one passes every few deliveries anyway.
const mostApart = 64

// pick gives the first n of the deliveries that a filter fits, from a place on.
func (db *DB) pick(ctx context.Context, f *delivery.Filter, from place, n int) ([]delivery.Owed, error) {
	of, bounded, err := db.subscriptionsOf(ctx, f)
	if err != nil {
		return nil, err
	}
	if !bounded || len(of) > mostApart || ofConversion(f) {
		return db.pickOf(ctx, f, from, n, of, bounded)
	}
	var all []delivery.Owed
	for i := range of {
		some, err := db.pickOf(ctx, f, from, n, of[i:i+1], true)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	slices.SortFunc(all, func(a, b delivery.Owed) int {
		order := cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
		if from.newestFirst {
			return -order
		}
		return order
	})
	return all[:min(n, len(all))], nil
}

// ofConversion reports whether a filter fits the deliveries of one conversion, or
// a few, alone.
func ofConversion(f *delivery.Filter) bool { return f.ConversionID != "" || f.TransactionID != "" }

// subscriptionsOf gives the subscriptions whose deliveries a filter fits; bounded
// is false when it leaves that open.
func (db *DB) subscriptionsOf(ctx context.Context, f *delivery.Filter) (of []int64, bounded bool, err error) {
	if f.SubscriptionID == 0 && len(f.Subscriptions) == 0 && f.AffiliateID == 0 && f.AdvertiserID == 0 {
		return nil, false, nil
	}
	q := newSelection("SELECT id FROM subscription", "id")
	q.number("id", f.SubscriptionID)
	q.number("affiliate_id", f.AffiliateID)
	q.number("advertiser_id", f.AdvertiserID)
	err = db.read().query(ctx, func(row scan) error {
		var id int64
		err := row(&id)
		if len(f.Subscriptions) == 0 || slices.Contains(f.Subscriptions, id) {
			of = append(of, id)
		}
		return err
	}, q.withConditions(), q.args...)
	return of, true, err
}

// pickOf is pick for the deliveries of subscriptions.
func (db *DB) pickOf(ctx context.Context, f *delivery.Filter, from place, n int, of []int64, bounded bool) ([]delivery.Owed, error) {
	if bounded && len(of) == 0 {
		return nil, nil
	}
	q, err := db.ordered(ctx, `SELECT `+deliveryColumns+` FROM delivery`, f, of)
	if err != nil {
		return nil, err
	}
	order, compare := "", ">"
	if from.newestFirst {
		order, compare = " DESC", "<"
	}
	if from.id != "" {
		q.where(q.key+" "+compare+"= ?", from.at)
		q.where("(created_at "+compare+" ?", from.at)
		q.cond[len(q.cond)-1] += fmt.Sprintf(" OR id %s $%d)", compare, len(q.args)+1)
		q.args = append(q.args, from.id)
	}
	text := q.withConditions() + fmt.Sprintf(" ORDER BY %s%s, id%s LIMIT %d", q.key, order, order, n)
	return readDeliveries(ctx, db.read(), text, q.args...)
}

// ordered begins a statement that gives the deliveries that a filter fits in the
// order of their making. Its key is their time, written such that the order is
// read from an index where that leads to a page without passing over much else;
// otherwise what fits is found first, and then sorted.
func (db *DB) ordered(ctx context.Context, text string, f *delivery.Filter, of []int64) (*selection, error) {
	q := newSelection(text, "created_at")
	few := ofConversion(f)
	if !few && f.State == delivery.Waiting {
		var err error
		if few, err = db.fewWait(ctx, of); err != nil {
			return nil, err
		}
	}
	subscription := "subscription_id"
	switch {
	case few:
		q.key = "+created_at"
	case len(of) > 1:
		subscription = "+subscription_id"
	}
	q.fits(f, subscription, of)
	if few && f.State == delivery.Waiting { // both always hold, and lead to the index of what waits
		q.cond = append(q.cond, "subscription_id > 0", "claim_at > 0")
	}
	return q, nil
}

// fits limits to the deliveries that a filter fits, of subscriptions, where any
// are named.
func (q *selection) fits(f *delivery.Filter, subscription string, of []int64) {
	if f.TransactionID != "" {
		q.where("conversion_id IN (SELECT v.id FROM conversion v WHERE v.transaction_id = ?)", f.TransactionID)
	}
	q.text("conversion_id", f.ConversionID)
	switch {
	case len(of) == 1:
		q.where("subscription_id = ?", of[0])
	case len(of) > 1:
		q.numbers(subscription, of)
	}
	if f.OfferID != 0 {
		q.where("EXISTS (SELECT 1 FROM conversion v WHERE v.id = delivery.conversion_id AND v.offer_id = ?)", f.OfferID)
	}
	q.state(f.State)
	q.text("event", string(f.Event))
	q.text("last_class", string(f.Class))
	q.number("last_status", int64(f.HTTPStatus))
	if f.Test != nil {
		q.where("test = ?", *f.Test)
	}
	q.between(q.key, f.From, f.Until)
	q.between("due_at", f.DueFrom, f.DueUntil)
}

// fewWait reports whether so few deliveries of subscriptions wait (of all, where
// none is named) that they are best found by that.
func (db *DB) fewWait(ctx context.Context, of []int64) (bool, error) {
	q := newSelection("SELECT 1 FROM delivery", "")
	q.state(delivery.Waiting)
	if len(of) > 0 {
		q.numbers("subscription_id", of)
	}
	n := 0
	err := db.read().query(ctx, func(row scan) error {
		n++
		return row(new(int64))
	}, q.withConditions()+fmt.Sprintf(" LIMIT %d", fewAreSorted), q.args...)
	return n < fewAreSorted, err
}

// fewAreSorted is how many deliveries are sorted for one page at most.
const fewAreSorted = 5000

// state limits to a state. It is written out, so that the indexes of one state
// alone can be used.
func (q *selection) state(s delivery.State) {
	switch s {
	case "":
	case delivery.Waiting, delivery.Delivered, delivery.Dead, delivery.Withdrawn, delivery.Parked:
		q.cond = append(q.cond, "state = '"+string(s)+"'")
	default:
		q.cond = append(q.cond, "1 = 0")
	}
}

// numbers limits a column to one of some numbers.
func (q *selection) numbers(column string, list []int64) {
	q.cond = append(q.cond, column+" IN ("+numbered(len(q.args)+1, len(list))+")")
	for _, n := range list {
		q.args = append(q.args, n)
	}
}

// between limits a column to a time, its end not included.
func (q *selection) between(column string, from, until time.Time) {
	if !from.IsZero() {
		q.where(column+" >= ?", micros(from))
	}
	if !until.IsZero() {
		q.where(column+" < ?", micros(until))
	}
}
