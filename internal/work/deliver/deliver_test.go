package deliver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/txid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

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
