package deliver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/txid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// book is a ledger in memory, whose failures tests choose.
type book struct {
	mu       sync.Mutex
	rows     map[string]*row
	attempts []delivery.Attempt
	looks    int
	fail     func(operation string) error // nil: nothing fails
}

type row struct {
	delivery.Owed
	claimAt time.Time
}

func newBook(owed ...delivery.Owed) *book {
	b := &book{rows: make(map[string]*row)}
	b.owe(owed...)
	return b
}

func (b *book) owe(owed ...delivery.Owed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range owed {
		b.rows[o.ID] = &row{o, o.DueAt}
	}
}

// begin locks the book and says whether the operation fails.
func (b *book) begin(operation string) error {
	b.mu.Lock()
	if b.fail == nil {
		return nil
	}
	return b.fail(operation)
}

func (b *book) setFail(fail func(string) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail = fail
}

func (b *book) Claim(_ context.Context, now, leaseUntil time.Time, limit int) ([]delivery.Owed, error) {
	err := b.begin("claim")
	defer b.mu.Unlock()
	b.looks++
	if err != nil {
		return nil, err
	}
	var due []*row
	for _, r := range b.rows {
		if r.State == delivery.Waiting && !r.claimAt.After(now) {
			due = append(due, r)
		}
	}
	slices.SortFunc(due, func(x, y *row) int {
		if c := x.claimAt.Compare(y.claimAt); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})
	var claimed []delivery.Owed
	for _, r := range due[:min(limit, len(due))] {
		r.LeasedUntil, r.claimAt = leaseUntil, leaseUntil
		claimed = append(claimed, r.Owed)
	}
	return claimed, nil
}

func (b *book) Renew(_ context.Context, id string, held, until time.Time) (bool, error) {
	err := b.begin("renew")
	defer b.mu.Unlock()
	r := b.rows[id]
	if err != nil || r.State != delivery.Waiting || !r.LeasedUntil.Equal(held) {
		return false, err
	}
	r.LeasedUntil, r.claimAt = until, until
	return true, nil
}

func (b *book) Record(ctx context.Context, a delivery.Attempt, after delivery.Owed) error {
	err := b.begin("record")
	defer b.mu.Unlock()
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	r := b.rows[a.DeliveryID]
	if r.Attempts != after.Attempts-1 {
		return fault.New(fault.Stale, "attempt %d of %s comes too late", a.Number, a.DeliveryID)
	}
	r.Owed, r.claimAt = after, after.DueAt
	b.attempts = append(b.attempts, a)
	return nil
}

func (b *book) NextDue(context.Context) (time.Time, error) {
	err := b.begin("next due")
	defer b.mu.Unlock()
	var next time.Time
	for _, r := range b.rows {
		if r.State == delivery.Waiting && (next.IsZero() || r.claimAt.Before(next)) {
			next = r.claimAt
		}
	}
	return next, err
}

func (b *book) get(id string) delivery.Owed {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rows[id].Owed
}

func (b *book) recorded() []delivery.Attempt {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.attempts)
}

// looked gives how often something was claimed, or nothing found.
func (b *book) looked() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.looks
}

// count gives how many are in a state.
func (b *book) count(s delivery.State) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, r := range b.rows {
		if r.State == s {
			n++
		}
	}
	return n
}

// roundTrip is the far end.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answer is a receiver's answer with headers, given as name and value.
func answer(status int, headers ...string) (*http.Response, error) {
	h := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Header: h, Body: io.NopCloser(strings.NewReader("seen")),
	}, nil
}

// slowly answers 200 after a while.
func slowly(r *http.Request, d time.Duration) (*http.Response, error) {
	if !sleep(r.Context(), d) {
		return nil, r.Context().Err()
	}
	return answer(http.StatusOK)
}

// subscriptions makes a catalog of subscriptions of affiliate 7 to URLs, the
// first of which is number 1.
func subscriptions(t testing.TB, urls ...string) func() *catalog.Catalog {
	t.Helper()
	var all []delivery.Subscription
	for i, url := range urls {
		s := delivery.Default()
		s.ID, s.Owner.AffiliateID, s.URL = int64(i)+1, 7, url
		all = append(all, s)
	}
	c := newCatalog(t, all...)
	return func() *catalog.Catalog { return c }
}

func newCatalog(t testing.TB, all ...delivery.Subscription) *catalog.Catalog {
	t.Helper()
	key, err := txid.NewKey(1, time.Time{}, strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.New(catalog.Source{Ring: []txid.Key{key}, Subscriptions: all})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// owed is a postback of subscription 1 that is due now.
func owed(id string) delivery.Owed {
	now := time.Now()
	return delivery.Owed{
		ID: id, SubscriptionID: 1, ConversionID: "c-" + id, Sequence: 1, Event: conversion.EventCreated,
		Values: map[string]string{"aff_click_id": "click of " + id, "payout": "5.00"},
		State:  delivery.Waiting, CreatedAt: now, DueAt: now,
	}
}

// running is a worker whose Run has begun.
type running struct {
	*Worker
	stop context.CancelFunc
	done chan struct{}
}

// begin starts a worker and stops it when the test ends.
func begin(t testing.TB, w *Worker) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{Worker: w, stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		if err := w.Run(ctx); err != nil {
			t.Errorf("Run() = %v", err)
		}
	}()
	t.Cleanup(r.end)
	return r
}

// end stops the worker and waits for it.
func (r *running) end() {
	r.stop()
	<-r.done
}

// quiet is a log that nobody reads.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// loud is a log that is kept.
func loud(b *bytes.Buffer) *slog.Logger { return slog.New(slog.NewJSONHandler(b, nil)) }

var errAway = errors.New("the ledger is away")
