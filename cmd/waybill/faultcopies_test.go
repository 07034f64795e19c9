package main

import (
	"fmt"
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
			err := poll(patience, func() error { // a sender that is told to comes again
				a, err := postback(s.web, s.node.url, http.MethodGet, url.Values{"transaction_id": {id}, "order_id": {"A-1"}})
				if err == nil && a.HTTP/100 != 2 {
					err = fmt.Errorf("answered %+v", a)
				}
				b.answered(a)
				return err
			})
			if err != nil {
				t.Errorf("a copy: %v", err)
			}
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
	first := 1
	if len(b.refused) > 0 && got["accepted"] == 0 {
		first = 0 // it was one that was written down although its sender was told to come again
	}
	if got["accepted"] != first || got["duplicate"] != copies-first || len(conversions) != 1 {
		t.Errorf("%d copies came to verdicts %v on conversions %v; refused: %v", copies, got, conversions, b.refused)
	}
	far.verifyDeliveries(s, 0, 0, true)
	b.verify(s)
}
