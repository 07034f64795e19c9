package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKillPayout kills a node in the midst of a payout.
func TestKillPayout(t *testing.T) { killPayout(t, 400, 2) }

// payoutNote is what the API says of a payout.
type payoutNote struct {
	ID          int64  `json:"id"`
	Status      string `json:"status"`
	Conversions int    `json:"conversions"`
	Adjustments int    `json:"adjustments"`
	Amount      struct {
		Amount string `json:"amount"`
	} `json:"amount"`
}

// killPayout begins a payout of so many conversions and a bonus, kills the nodes
// that work on it, and holds the ledger to one that was booked once.
func killPayout(t *testing.T, conversions, kills int, args ...string) {
	t.Helper()
	s := newSite(t, filepath.Join(t.TempDir(), "data"), args...)
	s.start()
	s.furnish("")
	s.earn(s.offer(nil), conversions)
	type fields = map[string]any
	s.must(http.MethodPost, "adjustments", fields{
		"affiliate_id": 1, "kind": "bonus", "amount": fields{"amount": "100.00", "currency": "USD"}, "note": "best of all",
	}, new(payoutNote))
	var p payoutNote
	expected := fmt.Sprintf("%d.00", 4*conversions+100)
	s.must(http.MethodPost, "payouts", fields{"affiliate_id": 1, "currency": "USD", "amount": expected}, &p)
	met := 0
	for n := range kills {
		if s.payingBeyond(rand.IntN(1 + conversions*(n+1)/(kills+1))) {
			met++
		}
		s.kill()
		s.start()
	}
	if met == 0 {
		t.Errorf("no node was killed while it paid")
	}
	s.eventually("book the payout", func() error {
		if err := s.call(http.MethodGet, "payouts/1", nil, &p); err != nil || p.Status != "booked" {
			return fmt.Errorf("the payout is %+v, %w", p, err)
		}
		return nil
	})
	if p.Amount.Amount != expected || p.Conversions != conversions || p.Adjustments != 1 {
		t.Errorf("the payout is %+v, want %s for %d conversions and a bonus", p, expected, conversions)
	}
	type paidNote struct {
		Status   string `json:"status"`
		PayoutID int64  `json:"payout_id"`
		Version  int    `json:"version"`
	}
	paid := 0
	for _, c := range list[paidNote](s, "conversions") {
		if c != (paidNote{"paid", 1, 2}) {
			t.Errorf("a conversion is %+v, want it paid by payout 1, and changed by nothing else", c)
			break
		}
		paid++
	}
	if paid != conversions {
		t.Errorf("%d conversions were paid, want %d", paid, conversions)
	}
	err := s.call(http.MethodPost, "payouts", fields{"affiliate_id": 1, "currency": "USD"}, &p)
	if err == nil || !strings.Contains(err.Error(), "answered 409") {
		t.Errorf("another payout: %v, want it refused", err)
	}
	s.check()
	s.stop()
	s.check()
	verifySettled(s)
	t.Logf("%d of %d kills met the payout", met, kills)
}

// earn makes so many conversions of affiliate 1.
func (s *site) earn(offer int64, conversions int) {
	s.t.Helper()
	l := s.crowd(newBook(), offer, 0, 0)
	defer l.gone()
	claims := make([]map[string]string, conversions)
	places := make([]int, conversions)
	for i := range places {
		places[i] = i
	}
	each(s.t, places, func(i int) error {
		id, err := l.click()
		claims[i] = map[string]string{"transaction_id": id}
		return err
	})
	for len(claims) > 0 {
		some := claims[:min(len(claims), 500)]
		claims = claims[len(some):]
		var verdicts struct{ Data []answerNote }
		s.must(http.MethodPost, "conversions", some, &verdicts)
		for _, v := range verdicts.Data {
			if v.Status != "accepted" {
				s.t.Fatalf("a conversion is answered %+v", v)
			}
		}
	}
}

// payingBeyond waits until payout 1 has paid more than so many conversions, and
// reports whether it is still at it.
func (s *site) payingBeyond(paid int) bool {
	s.t.Helper()
	for end := time.Now().Add(patience); ; {
		var p payoutNote
		s.must(http.MethodGet, "payouts/1", nil, &p)
		switch {
		case p.Status == "booked":
			return false
		case p.Conversions > paid:
			return true
		case time.Now().After(end):
			s.t.Fatalf("the payout stands still: %+v", p)
		}
	}
}
