package api

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"waybill/internal/conversion"
	"waybill/internal/param"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// court settles claims by the real rules on a real ledger, each once all that
// are expected have come.
type court struct {
	*world
	mint *txid.Mint
	all  sync.WaitGroup
}

func (c *court) Submit(ctx context.Context, h Hit) signal.Verdict {
	v, err := c.settle(ctx, h)
	if err != nil {
		return signal.Verdict{Status: signal.Rejected, Code: signal.Unavailable, Message: err.Error()}
	}
	return v
}

func (c *court) settle(ctx context.Context, h Hit) (signal.Verdict, error) {
	ticket := c.mint.Begin(noon, txid.Subject{Kind: txid.Signal, Offer: 1, Affiliate: 1})
	ticket.Done()
	s := signal.Signal{
		ID: ticket.ID, ReceivedAt: noon, Channel: signal.API, Method: h.Method, Auth: signal.OK, Click: c.click, IfVersion: h.IfVersion,
	}
	var said param.Values
	if err := said.AddJSON(param.Signal, h.Parameters); err != nil {
		return signal.Verdict{}, err
	}
	for n := range param.NumNames {
		if said.Has(n) {
			s.Params = append(s.Params, signal.Param{Name: n, Value: said.Get(n)})
		}
	}
	c.all.Done()
	c.all.Wait()
	return c.db.Settle(ctx, settlement.Prepare(settlement.Input{Signal: s, Catalog: c.present, Now: noon}))
}

// TestOneOfManyChangesWins: of changes that are all meant for one version, and
// that all find it, one is carried out.
func TestOneOfManyChangesWins(t *testing.T) {
	const many = 8
	w := newWorld(t)
	judge := &court{world: w, mint: txid.NewMint(w.present.Ring(), 2, 0)}
	judge.all.Add(many)
	w.Signals = judge
	statuses := make([]int, many)
	var done sync.WaitGroup
	for i := range many {
		done.Go(func() {
			body := fmt.Sprintf(`{"amount":"%d"}`, 20+i)
			statuses[i] = w.do(t, asNetwork, "PATCH", "conversions/CONVERSION", body, "If-Match", `"1"`).status
		})
	}
	done.Wait()
	won := slices.Index(statuses, 200)
	slices.Sort(statuses)
	if want := []int{200, 412, 412, 412, 412, 412, 412, 412}; !slices.Equal(statuses, want) {
		t.Fatalf("%d changes were answered with %v, want %v", many, statuses, want)
	}
	c, err := w.db.Conversion(t.Context(), w.conversion.ID)
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(20+won) * 1_000_000; c.Version != 2 || c.Amount.Units != want {
		t.Errorf("the conversion is at version %d with an amount of %d, want 2 and %d", c.Version, c.Amount.Units, want)
	}
}

// TestConflictIsStaleOnlyWhereAVersionWasNamed: without If-Match the verdict is
// the answer.
func TestConflictIsStaleOnlyWhereAVersionWasNamed(t *testing.T) {
	w := newWorld(t)
	for match, want := range map[string]int{"": 409, `"1"`: 412, "*": 409} {
		w.door.verdicts = []signal.Verdict{{Status: signal.Rejected, Code: signal.Conflict, SignalID: "s9", Message: "no"}}
		got := w.do(t, asNetwork, "PATCH", "conversions/CONVERSION", `{"status":"hold"}`, "If-Match", match)
		if got.status != want {
			t.Errorf("with If-Match %s the answer is %d %s, want %d", match, got.status, got.text, want)
		}
	}
}

// TestChangeSaysWhatItMeans: the conversion is named beyond doubt.
func TestChangeSaysWhatItMeans(t *testing.T) {
	c := conversion.Conversion{ID: "c1", GoalID: 72, GoalCode: "deposit", Touch: conversion.Touch{TransactionID: "t1"}}
	for _, test := range []bool{false, true} {
		c.Test = test
		got := conversionChange{Status: "rejected"}.parameters(c)
		want := map[string]string{"conversion_id": "c1", "transaction_id": "t1", "goal": "72", "status": "rejected"}
		if test {
			want["test"] = "1"
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("a change of a conversion with test %t says %v, want %v", test, got, want)
		}
	}
}
