package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"waybill/internal/store/pgtest"
)

// TestLedgerAway takes PostgreSQL away under load, and kills and starts nodes
// while it is gone. Visitors notice nothing; postbacks are queued, and judged as
// of their receipt when PostgreSQL is back.
func TestLedgerAway(t *testing.T) {
	t.Parallel() // it waits most of the time
	const window = 3 * time.Second
	cluster := pgtest.Own(t)
	s := newSite(t, filepath.Join(t.TempDir(), "data"), "--ledger", cluster.URL(t))
	far, b := newReceiver(t), newBook()
	s.start()
	s.furnish(far.URL)
	offer, brief := s.offer(nil), s.offer(map[string]any{"click_window": window.String()})
	b.caughtUp(s, offer)

	crowd := s.crowd(b, offer, 8, 200)
	crowd.await()
	if err := cluster.Stop(); err != nil {
		t.Fatal(err)
	}
	inTime := s.inTime(b, brief, window)
	s.kill()
	crowd.gone()

	s.start() // from the copy of the catalog
	crowd = s.crowd(b, offer, 8, 200)
	crowd.await()
	late := s.visit(b, brief)
	over := time.After(window + time.Second)
	s.stop()
	crowd.gone()

	s.start()
	<-over
	tooLate := s.convert(late)
	if tooLate.Status != "queued" {
		t.Errorf("without a ledger a postback is answered %+v", tooLate)
	}
	if status, text := s.ready(); status != http.StatusOK {
		t.Errorf("without a ledger the node answers %d: %s", status, text)
	}
	if err := cluster.Start(); err != nil {
		t.Fatal(err)
	}

	b.caughtUp(s, offer)
	s.eventually("judge what came too late", func() error {
		v, err := s.verdict(tooLate.SignalID)
		if err == nil && v.Code != "click_expired" {
			err = fmt.Errorf("its verdict is %+v", v)
		}
		return err
	})
	if v, err := s.verdict(inTime.SignalID); err != nil || v.Code != "ok" {
		t.Errorf("a postback that came in its click's window and was settled after it: %+v, %v", v, err)
	}
	far.verifyDeliveries(s, 1, inFlight, false)
	b.verify(s)
}

// inTime reports a click within its window, to a node that can only queue it.
func (s *site) inTime(b *book, offer int64, window time.Duration) answerNote {
	s.t.Helper()
	for {
		began := time.Now()
		a := s.convert(s.visit(b, offer))
		if time.Since(began) >= window {
			continue // nobody can say by when it came
		}
		b.answered(a)
		if a.HTTP != http.StatusAccepted || a.Status != "queued" {
			s.t.Errorf("without a ledger a postback is answered %+v", a)
		}
		return a
	}
}
