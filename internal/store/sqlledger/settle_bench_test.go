package sqlledger

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/ledger"
	"waybill/internal/settlement"
	"waybill/internal/signal"
)

var engines = [...]struct {
	name string
	at   newURL
}{{"sqlite", sqliteURL}, {"postgres", postgresURL}}

// BenchmarkSettle settles new conversions, each with an order, three entries and
// one owed postback, for 64 callers who each wait for the commit; also under a
// cap, and with nothing owed.
func BenchmarkSettle(b *testing.B) {
	for _, e := range engines {
		for _, load := range []struct {
			name string
			sale func(n int) settlement.Case
		}{{"capped", sale}, {"owed", uncapped}, {"plain", unowed}} {
			b.Run(e.name+"/"+load.name, func(b *testing.B) { benchmarkSettle(b, open(b, e.at(b)), load.sale) })
		}
	}
}

// uncapped is a sale under no cap.
func uncapped(n int) settlement.Case {
	c := sale(n)
	c.Counters = nil
	c.Judge = func(settlement.State) (settlement.Outcome, error) { return saleOutcome(c, n), nil }
	return c
}

// unowed is a sale that nobody is told of.
func unowed(n int) settlement.Case {
	c := uncapped(n)
	judge := c.Judge
	c.Judge = func(s settlement.State) (settlement.Outcome, error) {
		out, err := judge(s)
		out.Owed = nil
		return out, err
	}
	return c
}

func benchmarkSettle(b *testing.B, db *DB, sale func(n int) settlement.Case) {
	const callers = 64
	var next atomic.Int64
	var wait sync.WaitGroup
	b.ResetTimer()
	begun := time.Now()
	for range callers {
		wait.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				if _, err := db.Settle(context.Background(), sale(int(n))); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wait.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "settled/s")
	s := db.Stats()
	b.ReportMetric(float64(s.Transactions)/float64(max(s.Commits, 1)), "writes/commit")
	b.ReportMetric(float64(s.CommitTime.Milliseconds())/float64(max(s.Commits, 1)), "ms/commit")
}

// BenchmarkClaim claims and settles while a million postbacks wait, most of them
// for a subscription that is paused.
func BenchmarkClaim(b *testing.B) {
	const waiting = `
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
		INSERT INTO delivery (id, subscription_id, conversion_id, transaction_id, sequence, event, test, frozen,
			state, attempts, created_at, due_at, leased_until, done_at, claim_at)
		SELECT 'd' || CAST(i AS TEXT), 1 + CASE WHEN i % 10 = 0 THEN i % 7 ELSE 0 END, 'c' || CAST(i AS TEXT), '', 1,
			'conversion.created', FALSE, '', 'waiting', 0, 0, i, 0, 0, i FROM n`
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			db := open(b, e.at(b))
			subscribe(b, db, 7)
			_, err := db.Subscriptions().Update(b.Context(), 1, 0, func(s *delivery.Subscription) error {
				s.Status = delivery.Paused
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
			err = db.writer.long(b.Context(), func(ctx context.Context, s session) error {
				_, err := s.exec(ctx, waiting)
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for b.Loop() {
				n++
				got, err := db.Claim(b.Context(), delivery.Ask{Now: clock, LeaseUntil: clock.Add(time.Hour), Limit: 50})
				if err != nil || len(got) != 50 {
					b.Fatalf("claimed %d, %v", len(got), err)
				}
				settle(b, db, sale(n))
			}
		})
	}
}

// sale is the case of the nth new conversion, as an ordinary postback makes it.
func sale(n int) settlement.Case {
	tid := fmt.Sprintf("4%031d", n)
	cap1 := settlement.Counter{OfferID: int64(n%20) + 1, Metric: "conversions", Period: "day 2026-11-22"}
	c := settlement.Case{
		SignalID: fmt.Sprintf("5%031d", n),
		Claim:    settlement.Claim{OfferID: int64(n%20) + 1, GoalID: int64(n%20) + 1, TransactionID: tid},
		OrderID:  fmt.Sprintf("order-%d", n),
		Counters: []settlement.Counter{cap1},
	}
	c.Judge = func(settlement.State) (settlement.Outcome, error) { return saleOutcome(c, n), nil }
	return c
}

func saleOutcome(c settlement.Case, n int) settlement.Outcome {
	conv := newConversion("6"+c.SignalID[1:], c)
	conv.AffiliateID = int64(n%500) + 1
	use := make(map[settlement.Counter]int64, len(c.Counters))
	for _, k := range c.Counters {
		conv.Memory.CapUse = append(conv.Memory.CapUse, conversion.CapUse{Metric: k.Metric, Period: k.Period, Units: 1})
		use[k] = 1
	}
	account := func(p ledger.Party, id int64) ledger.Account {
		return ledger.Account{Party: p, ID: id, Book: ledger.Approved}
	}
	entry := func(a ledger.Account, units int64) ledger.Entry {
		return ledger.Entry{
			Account: a, Amount: usd(units), ConversionID: conv.ID, SignalID: c.SignalID,
			Reason: string(conversion.EventCreated), At: clock,
		}
	}
	return settlement.Outcome{
		Verdict: signal.Verdict{
			Status: signal.Accepted, Code: signal.OK, ConversionID: conv.ID, TransactionID: c.Claim.TransactionID,
			SignalID: c.SignalID, Message: "Counted.", Rule: "click by transaction_id", OfferID: c.Claim.OfferID,
			GoalID: c.Claim.GoalID, Channel: signal.Postback, SettledAt: clock,
		},
		Conversion: &conv,
		TakeOrder:  c.OrderID != "",
		Entries: []ledger.Entry{
			entry(account(ledger.Advertiser, 1), 7_000_000),
			entry(account(ledger.Affiliate, conv.AffiliateID), -5_000_000),
			entry(account(ledger.Network, 0), -2_000_000),
		},
		Use: use,
		Owed: []delivery.Owed{{
			ID: "7" + c.SignalID[1:], SubscriptionID: int64(n%50) + 1, ConversionID: conv.ID,
			TransactionID: c.Claim.TransactionID, Sequence: 1, Event: conversion.EventCreated,
			Values: map[string]string{
				"transaction_id": c.Claim.TransactionID, "aff_click_id": "a1b2c3d4e5f6", "payout": "5.00",
				"currency": "USD", "status": "approved", "sub1": "may",
			},
			State: delivery.Waiting, CreatedAt: clock, DueAt: clock,
		}},
	}
}
