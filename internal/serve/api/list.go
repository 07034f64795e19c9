package api

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
)

// Paging is embedded in the input of every list.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many at most."`
	Cursor string `query:"cursor" doc:"next_cursor of the page before."`
}

// Ordered is embedded in the input of lists that go either way.
type Ordered struct {
	Paging
	Order string `query:"order" enum:"asc,desc" default:"asc" doc:"desc: the newest first. asc: by their IDs, the oldest first; of short links, by their codes. A cursor goes with the order that it was given in."`
}

// newest reports whether the newest are to come first.
func (o Ordered) newest() bool { return o.Order == "desc" }

// page is the body of every list.
type page struct {
	Data []object `json:"data"`
	Next string   `json:"next_cursor"`
}

// answerList answers with records as show gives them, and the cursor of those that
// come behind them.
func answerList[T any](list []T, next string, show func(*T) (object, error)) (*answer, error) {
	out := page{Data: make([]object, len(list)), Next: next}
	for i := range list {
		var err error
		if out.Data[i], err = show(&list[i]); err != nil {
			return nil, err
		}
	}
	return &answer{Body: out}, nil
}

// answerNone answers that there is nothing.
func answerNone() *answer { return &answer{Body: page{Data: []object{}}} }

// filter is a query parameter that leaves only documents with this value.
type filter[T any] struct {
	name, doc string
	of        func(T) string
}

// maxScan bounds how many documents one request for a list looks at. A page that
// ends there may hold less than was asked for, and leads on.
const maxScan = 10_000

// maxBatch is how many documents a table gives at once.
const maxBatch = 1000

// paramFind is the parameter that finds documents by what they are called.
const paramFind = "q"

// longestFind bounds what is looked for, in bytes: no name is longer.
const longestFind = 400

// findParam describes the parameter q.
func findParam(in string) filterDoc {
	return filterDoc{name: paramFind, doc: "Only those with this in the " + in + ", in either case of letters, or with exactly this ID."}
}

// findOf reads the parameter q.
func findOf(query url.Values) (string, error) {
	text := strings.TrimSpace(query.Get(paramFind))
	if len(text) > longestFind {
		return "", fault.At("query."+paramFind, "is longer than any name: %d bytes, at most %d", len(text), longestFind)
	}
	return text, nil
}

// paramIDs is the parameter that leaves only documents with these numbers.
const paramIDs = "ids"

// mostIDs is how many numbers a request names.
const mostIDs = 200

// idsParam describes the parameter ids.
func idsParam() filterDoc {
	return filterDoc{name: paramIDs, doc: fmt.Sprintf("Only those with these IDs, up to %d with commas between.", mostIDs)}
}

// idsOf reads the parameter ids; nil where there is none.
func idsOf(text string) ([]int64, error) {
	if text == "" {
		return nil, nil
	}
	named := strings.Split(text, ",")
	if len(named) > mostIDs {
		return nil, fault.At("query."+paramIDs, "are %d IDs, at most %d", len(named), mostIDs)
	}
	ids := make([]int64, len(named))
	for i, text := range named {
		id, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil {
			return nil, fault.At("query."+paramIDs, "must be IDs with commas between")
		}
		ids[i] = id
	}
	return ids, nil
}

// list gives a page of the documents that are the caller's to see.
func (r resource[K, T]) list(ctx context.Context, c *caller, p Ordered, parent int64) (*answer, error) {
	after, err := parseOrdered[K](p)
	if err != nil {
		return nil, err
	}
	if err := r.parentThere(ctx, c.who(), parent); err != nil {
		return nil, err
	}
	l := lister[K, T]{
		resource: r, who: c.who(), parent: parent, query: c.x.r.URL.Query(), limit: p.Limit, order: p,
		asked: Page[K]{After: after, Newest: p.newest(), Limit: min(p.Limit+1, maxBatch), Offer: parent},
		out:   page{Data: []object{}},
	}
	if err := l.mayFilter(); err != nil {
		return nil, err
	}
	if l.asked.Find, err = findOf(l.query); err != nil {
		return nil, err
	}
	if asked, numbered := any(&l.asked).(*Page[int64]); numbered {
		if asked.IDs, err = idsOf(l.query.Get(paramIDs)); err != nil {
			return nil, err
		}
	}
	l.narrow()
	for full := false; !full; {
		if full, err = l.next(ctx); err != nil {
			return nil, err
		}
	}
	return &answer{Body: l.out}, nil
}

// lister fills one page.
type lister[K int64 | string, T any] struct {
	resource[K, T]
	who     account.Principal
	parent  int64
	query   url.Values
	limit   int
	order   Ordered
	asked   Page[K] // of the table; After is the last document looked at
	scanned int
	out     page
}

// mayFilter refuses to filter by what the caller may not see: the answer would
// tell it.
func (l *lister[K, T]) mayFilter() error {
	for _, f := range l.filters {
		if !l.who.IsNetwork() && l.query.Has(f.name) && !slices.Contains(visible(l.who.Role, l.kind), f.name) {
			return fault.New(fault.Forbidden, "a key of role %s cannot filter by %s", l.who.Role, f.name)
		}
	}
	return nil
}

// narrow has the table leave out most of what is not meant, so that it is not even
// read. What is meant is decided by the filters.
func (l *lister[K, T]) narrow() {
	for name, into := range map[string]*int64{
		"offer_id": &l.asked.Offer, "advertiser_id": &l.asked.Advertiser, "affiliate_id": &l.asked.Affiliate,
	} {
		if id, err := strconv.ParseInt(l.query.Get(name), 10, 64); err == nil && l.filtered(name) {
			*into = id
		}
	}
	if l.filtered("status") {
		l.asked.Status = l.query.Get("status")
	}
	switch {
	case l.who.Role == account.Affiliate && slices.Contains(l.owned, account.Affiliate):
		l.asked.Affiliate = l.who.AffiliateID
	case l.who.Role == account.Advertiser && slices.Contains(l.owned, account.Advertiser):
		l.asked.Advertiser = l.who.AdvertiserID
	}
}

// filtered reports whether the list takes a parameter as a filter, and has it.
func (l *lister[K, T]) filtered(name string) bool {
	return l.query.Has(name) && slices.ContainsFunc(l.filters, func(f filter[T]) bool { return f.name == name })
}

// next takes up the documents that follow, and reports whether the page is
// complete: full, or at the end of the list.
func (l *lister[K, T]) next(ctx context.Context) (bool, error) {
	rows, err := l.table.List(ctx, l.asked)
	if err != nil {
		return false, err
	}
	for _, row := range rows {
		if len(l.out.Data) == l.limit || l.scanned == maxScan {
			l.out.Next = orderedCursor(l.order, l.asked.After)
			return true, nil
		}
		l.scanned++
		l.asked.After = l.key(row.Value)
		if err := l.add(ctx, row); err != nil {
			return false, err
		}
	}
	return len(rows) < l.asked.Limit, nil
}

// add puts a document on the page if it is meant and the caller's to see.
func (l *lister[K, T]) add(ctx context.Context, row Row[T]) error {
	for _, f := range l.filters {
		if l.query.Has(f.name) && l.query.Get(f.name) != f.of(row.Value) {
			return nil
		}
	}
	ok, err := l.sees(ctx, l.who, l.parent, row.Value)
	if err != nil || !ok {
		return err
	}
	o, err := l.show(l.who, row)
	if err != nil {
		return err
	}
	l.out.Data = append(l.out.Data, o)
	return nil
}

func cursor[K int64 | string](after K) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Append(nil, after))
}

func parseCursor[K int64 | string](text string) (K, error) {
	var after K
	if text == "" {
		return after, nil
	}
	plain, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		switch p := any(&after).(type) {
		case *string:
			*p = string(plain)
		case *int64:
			*p, err = strconv.ParseInt(string(plain), 10, 64)
		}
	}
	if err != nil {
		return after, fault.At("query.cursor", "is not a next_cursor of this list")
	}
	return after, nil
}

// falling begins a cursor of a list that has the newest first.
const falling = "~"

// orderedCursor is cursor for a list that goes either way.
func orderedCursor[K int64 | string](o Ordered, after K) string {
	if o.newest() {
		return falling + cursor(after)
	}
	return cursor(after)
}

// parseOrdered is parseCursor for a list that goes either way.
func parseOrdered[K int64 | string](o Ordered) (K, error) {
	text, falls := strings.CutPrefix(o.Cursor, falling)
	if text != "" && falls != o.newest() {
		var none K
		return none, fault.At("query.cursor", "was given with another order")
	}
	return parseCursor[K](text)
}

// instantOf reads a parameter that is an instant where it bounds a list of the
// ledger, and may be a day elsewhere.
func instantOf(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fault.At("query."+name, "%.40q is not an instant such as 2026-11-22T10:00:00Z; days go with to", text)
	}
	return t, nil
}
