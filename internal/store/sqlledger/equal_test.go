package sqlledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/settlement"
	"waybill/internal/signal"
)

// TestEnginesAgree runs the same random signals and deliveries through both
// engines: every answer and, in the end, every row must be the same.
func TestEnginesAgree(t *testing.T) {
	const rounds = 2 // each with many steps
	for round := range rounds {
		lite, server := open(t, sqliteURL(t)), open(t, postgresURL(t))
		subscribe(t, lite, 3)
		subscribe(t, server, 3)
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 60, 120).Example(round)
		i := newIDs(t)
		for n, s := range steps {
			a := s.run(t, lite, i, n)
			i.n-- // the same ID again
			b := s.run(t, server, i, n)
			if a != b {
				t.Fatalf("round %d, step %d, %+v: sqlite says %s, postgres %s", round, n, s, a, b)
			}
		}
		if diff := cmp.Diff(withoutKeys(dump(t, lite)), withoutKeys(dump(t, server))); diff != "" {
			t.Errorf("round %d: rows (-sqlite +postgres):\n%s", round, diff)
		}
		checkClean(t, lite)
		checkClean(t, server)
	}
}

// withoutKeys leaves out what is drawn at random by each installation.
func withoutKeys(all map[string][]string) map[string][]string {
	delete(all, "setting")
	delete(all, "ring_key")
	return all
}

// step is one thing that happens.
type step struct {
	Deliver bool
	Claim   int
	Order   int // 0 for none
	Cap     bool
	Refuse  bool
	Fail    bool
	Late    int // minutes
}

func drawStep(t *rapid.T) step {
	return step{
		Deliver: rapid.IntRange(0, 3).Draw(t, "deliver") == 0,
		Claim:   rapid.IntRange(0, 4).Draw(t, "claim"),
		Order:   rapid.IntRange(0, 3).Draw(t, "order"),
		Cap:     rapid.Bool().Draw(t, "cap"),
		Refuse:  rapid.IntRange(0, 9).Draw(t, "refuse") == 0,
		Fail:    rapid.IntRange(0, 9).Draw(t, "fail") == 0,
		Late:    rapid.IntRange(0, 3).Draw(t, "late"),
	}
}

// run carries the step out and says what came of it.
func (s step) run(t *testing.T, db *DB, i *ids, n int) string {
	if s.Deliver {
		i.n++
		return s.deliver(t, db, n)
	}
	c := settlement.Case{
		SignalID: i.at(i.n + 1),
		Claim:    settlement.Claim{OfferID: 3, GoalID: 4, TransactionID: fmt.Sprintf("t%d", s.Claim)},
		Counters: []settlement.Counter{{OfferID: 3, Metric: "conversions", Period: "total"}},
	}
	i.n++
	if s.Order > 0 {
		c.OrderID = fmt.Sprintf("o%d", s.Order)
	}
	if s.Refuse {
		v := verdictOn(c, signal.Rejected, signal.TooFast, "")
		c.Refusal = &v
	}
	c.Judge = func(st settlement.State) (settlement.Outcome, error) {
		if s.Fail {
			return settlement.Outcome{}, fmt.Errorf("on purpose")
		}
		return s.judge(t, c, st, i.n)
	}
	v, err := db.Settle(t.Context(), c)
	return fmt.Sprintf("%+v, failed: %v", v, err != nil)
}

func (s step) judge(t *testing.T, c settlement.Case, st settlement.State, n int) (settlement.Outcome, error) {
	due := clock.Add(time.Duration(n) * time.Minute)
	switch {
	case st.Order != nil:
		return settlement.Outcome{Verdict: verdictOn(c, signal.Duplicate, signal.CodeDuplicate, st.Order.ID)}, nil
	case len(st.Conversions) > 0:
		before := st.Conversions[len(st.Conversions)-1]
		after := before
		after.Version++
		after.Status = map[conversion.Status]conversion.Status{conversion.Approved: conversion.Rejected, conversion.Rejected: conversion.Approved}[before.Status]
		return settlement.Outcome{
			Verdict: verdictOn(c, signal.Updated, signal.CodeUpdated, after.ID), Conversion: &after,
			Entries: entriesOfChange(t, before, after, c.SignalID),
			Owed:    []delivery.Owed{owed(after, 1, due), owed(after, 2, due)},
		}, nil
	}
	conv := newConversion("6"+c.SignalID[1:], c)
	if s.Cap {
		conv.Memory.CapUse = []conversion.CapUse{{Metric: "conversions", Period: "total", Units: 1}}
	}
	out := accepted(t, c, conv)
	out.Owed = []delivery.Owed{owed(conv, 1, due), owed(conv, 3, due)}
	if s.Cap {
		out.Use = map[settlement.Counter]int64{c.Counters[0]: 1}
	}
	return out, nil
}

// deliver claims, and lets what is claimed succeed or fail by turns.
func (s step) deliver(t *testing.T, db *DB, n int) string {
	now := clock.Add(time.Duration(n) * time.Minute)
	got, err := db.Claim(t.Context(), delivery.Ask{Now: now, LeaseUntil: now.Add(2 * time.Minute), Limit: 4})
	said := fmt.Sprint(idsOf(got), err)
	for k, d := range got {
		d.Attempts++
		r := delivery.Report{Attempt: delivery.Attempt{DeliveryID: d.ID, Number: d.Attempts, At: now}}
		switch (n + k) % 3 {
		case 0:
			d.State, d.DoneAt = delivery.Delivered, now
		case 1:
			d.DueAt = now.Add(time.Duration(s.Late) * time.Minute)
			r.Attempt.Error, r.Attempt.Status = delivery.ErrStatus, 500
			r.Breaker = &delivery.Breaker{SubscriptionID: d.SubscriptionID, Failures: 1, Class: delivery.ErrStatus}
		default:
			continue // its lease runs out
		}
		r.After = d
		err := db.Record(t.Context(), r)
		said += fmt.Sprint("; ", err)
	}
	return said
}

// at gives the nth signal's ID, the same whenever it is asked for.
func (i *ids) at(n int) string { return fmt.Sprintf("5%031d", n) }
