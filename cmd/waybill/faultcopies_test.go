package main

import (
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"waybill/internal/store/pgtest"
)

// TestThousandCopies sends one postback a thousand times at the same instant,
// as a sender does that lost its patience. It is counted once.
func TestThousandCopies(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { thousandCopies(t) })
	t.Run("PostgreSQL", func(t *testing.T) { thousandCopies(t, "--ledger", pgtest.Own(t).URL(t)) })
}

func thousandCopies(t *testing.T, args ...string) {
	t.Helper()
	const copies = 1000
	s, far, b := newSite(t, filepath.Join(t.TempDir(), "data"), args...), newReceiver(t), newBook()
	s.start()
	s.furnish(far.URL)
	offer := s.offer(nil)
	b.caughtUp(s, offer) // its own conversion is one more
	id := s.visit(b, offer)

	var senders sync.WaitGroup
	begin := make(chan struct{})
	for range copies {
		senders.Go(func() {
			<-begin
			a, err := postback(s.web, s.node.url, http.MethodGet, url.Values{"transaction_id": {id}, "order_id": {"A-1"}})
			if err != nil || a.HTTP/100 != 2 {
				t.Errorf("a copy was answered %+v, %v", a, err)
			}
			b.answered(a)
		})
	}
	close(begin)
	senders.Wait()

	b.verifyVerdicts(s)
	got := map[string]int{}
	conversions := map[string]int{}
	for _, a := range b.answers {
		if a.TransactionID == id {
			v, err := s.verdict(a.SignalID)
			if err != nil {
				t.Fatal(err)
			}
			got[v.Status]++
			conversions[v.ConversionID]++
		}
	}
	if got["accepted"] != 1 || got["duplicate"] != copies-1 || len(conversions) != 1 {
		t.Errorf("%d copies came to verdicts %v on conversions %v", copies, got, conversions)
	}
	far.verifyDeliveries(s, 0, true)
	b.verify(s)
}
