package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/txid"
)

// Finds looks for records by the beginnings of their IDs.
type Finds interface {
	// FindConversions and FindDeliveries give those whose ID lies from one text up
	// to and without another, the latest first.
	FindConversions(ctx context.Context, from, to string, most int) ([]conversion.Conversion, error)
	FindDeliveries(ctx context.Context, from, to string, most int) ([]delivery.Owed, error)
	// Minted calls f for the journal's IDs of a kind from one time up to and without
	// another, until f gives false.
	Minted(ctx context.Context, k txid.Kind, from, to time.Time, f func(txid.ID) bool) error
	// OtherNodes gives the numbers of nodes whose journals are not this one's.
	OtherNodes(ctx context.Context) ([]uint16, error)
}

// Bounds of a search.
const (
	searchTime  = 240 * time.Millisecond // the whole of it
	mostFound   = 20                     // lines of an answer
	mostOfKind  = 10                     // of one source
	mostMinted  = 50_000                 // IDs looked at in the journal
	leastID     = 8                      // letters of an ID that are looked for
	leastPart   = 3                      // letters of anything else
	longestText = 200                    // characters of what is looked for
)

// By what something is found that may be left unsearched.
const (
	byID      = "id"
	byOrder   = "order_id"
	byClickID = "aff_click_id"
)

// searchLine is one thing that was found.
type searchLine struct {
	Kind          string     `json:"kind" enum:"click,impression,conversion,signal,delivery,offer,affiliate,advertiser,link"`
	ID            string     `json:"id"`
	TransactionID string     `json:"transaction_id,omitempty" doc:"Whose trace shows it."`
	Title         string     `json:"title" doc:"What it is called, or what of it was found."`
	Detail        string     `json:"detail,omitempty" doc:"What it is, in a few words."`
	At            *time.Time `json:"at,omitempty"`
	By            string     `json:"by" enum:"id,order_id,aff_click_id,code,name" doc:"By what it was found."`
	Exact         bool       `json:"exact" doc:"It is all of that, and not a part."`
}

// key tells lines apart: what belongs to one transaction is one line.
func (l *searchLine) key() string {
	if l.TransactionID != "" {
		return l.TransactionID
	}
	return l.Kind + " " + l.ID
}

// unsearched is where a search has not looked.
type unsearched struct {
	By     string     `json:"by" enum:"id,order_id,aff_click_id"`
	Before *time.Time `json:"before,omitempty" doc:"What is older was not searched."`
	After  *time.Time `json:"after,omitempty" doc:"What came later is not in the warehouse yet, and was not searched. With neither, nothing was."`
	// OtherNodes is of IDs alone.
	OtherNodes bool `json:"other_nodes,omitempty" doc:"What other nodes have written down was not searched; ask them."`
}

// searchResult is the answer to a search.
type searchResult struct {
	Data       []searchLine `json:"data" doc:"The best first: what is meant exactly, then the latest."`
	Complete   bool         `json:"complete" doc:"Everything was searched."`
	Unsearched []unsearched `json:"unsearched" doc:"Where there was no time to look, or nothing to look in."`
}

// finder answers searches.
type finder struct{ *reporter }

func newFinder(p *reporter) *finder { return &finder{p} }

func (f *finder) registerSearch(h huma.API, s *schemas) {
	type searchIn struct {
		caller
		Q string `query:"q" required:"true" doc:"A transaction, signal, conversion or delivery ID, or its first 8 characters or more; an order ID or the affiliate's click ID, or its beginning; a short link's code; a number or part of a name."`
	}
	handle(h, route{
		method: http.MethodGet, path: prefix + "/search", id: "search", tag: "Records",
		summary: "Find anything by its ID or name", roles: []account.Role{account.Advertiser, account.Affiliate}, out: schemaOf[searchResult](s),
		text: "Only what the caller may see; what belongs to one transaction is one line. A search takes a quarter of a second at most: " +
			"`unsearched` tells where there was no time to look. docs/search.md says what is looked for where.",
	}, func(ctx context.Context, in *searchIn) (*answer, error) { return f.answer(ctx, in.who(), in.Q) })
}

func (f *finder) answer(ctx context.Context, who account.Principal, text string) (*answer, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return nil, fault.At("query.q", "is empty")
	case utf8.RuneCountInString(text) > longestText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return nil, fault.At("query.q", "is not something to look for: up to %d characters of one line", longestText)
	}
	q := search{finder: f, who: who, text: text, out: searchResult{Data: []searchLine{}, Unsearched: []unsearched{}}}
	bounded, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	if err := q.run(bounded); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, errGone
	}
	q.finish()
	return &answer{Body: q.out}, nil
}

// search is one search.
type search struct {
	*finder
	who  account.Principal
	text string
	out  searchResult
}

// run looks from what takes no time to what may take too much.
func (q *search) run(ctx context.Context) error {
	q.catalog()
	if err := q.ids(ctx); err != nil {
		if ctx.Err() == nil {
			return err
		}
		q.missed(byID, time.Time{}, time.Time{})
	}
	if q.isID() { // it is nothing else
		return nil
	}
	return q.facts(ctx)
}

// isID reports whether the text is a whole ID of ours.
func (q *search) isID() bool {
	id, err := txid.Parse(q.text)
	if err != nil {
		return false
	}
	_, err = q.Catalog().Ring().Open(id)
	return err == nil
}

// missed notes that something was not looked for before one time, or after
// another, or at all. What was noted of it first stays.
func (q *search) missed(by string, before, after time.Time) {
	noted := func(u unsearched) bool { return u.By == by }
	switch {
	case by == byClickID && q.who.Role == account.Advertiser: // who knows nothing of affiliates' IDs
	case !slices.ContainsFunc(q.out.Unsearched, noted):
		q.out.Unsearched = append(q.out.Unsearched, unsearched{By: by, Before: instant(before), After: instant(after)})
	}
}

// add takes a line, unless one of the same transaction is there: the one that was
// found exactly stays, else the first.
func (q *search) add(l searchLine) {
	for i := range q.out.Data {
		have := &q.out.Data[i]
		if have.key() == l.key() {
			if l.Exact && !have.Exact {
				*have = l
			}
			return
		}
	}
	q.out.Data = append(q.out.Data, l)
}

// finish puts the lines in order.
func (q *search) finish() {
	slices.SortStableFunc(q.out.Data, func(a, b searchLine) int {
		if a.Exact != b.Exact {
			if a.Exact {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(rank(a.Kind), rank(b.Kind)), timeIn(b.At).Compare(timeIn(a.At)))
	})
	q.out.Data = q.out.Data[:min(len(q.out.Data), mostFound)]
	q.out.Complete = len(q.out.Unsearched) == 0
}

// rank puts what is in the catalog first: there is little of it.
func rank(kind string) int {
	if kind == "offer" || kind == "affiliate" || kind == "advertiser" || kind == "link" {
		return 0
	}
	return 1
}
