package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/account"
	"waybill/internal/reconcile"
)

// TestASlowUploadHoldsUpNobodyElse sends the half of a list, and the rest when
// all others are answered.
func TestASlowUploadHoldsUpNobodyElse(t *testing.T) {
	w := newComparingWorld(t)
	body, sender := io.Pipe()
	answered := make(chan reply)
	go func() {
		answered <- w.world.send(asAdvertiser1, "POST", "reconciliations", body, "Content-Type", "text/csv")
	}()
	half := len(w.list()) / 2
	if _, err := io.WriteString(sender, w.list()[:half]); err != nil { // it is let in by now
		t.Fatal(err)
	}
	list := "order_id,date\nA-1,2026-11-22\n"
	for as, want := range map[string]int{
		asNetwork: http.StatusCreated, asAdvertiser2: http.StatusCreated, asAffiliate1: http.StatusCreated,
		asAdvertiser1: http.StatusTooManyRequests,
	} {
		query := ""
		if as == asNetwork {
			query = "advertiser_id=1"
		}
		if got := w.send(t, as, query, list); got.status != want {
			t.Errorf("%s sends a list while advertiser 1 does: %d %s, want %d", as, got.status, got.text, want)
		}
	}
	if _, err := io.WriteString(sender, w.list()[half:]); err != nil || sender.Close() != nil {
		t.Fatal(err)
	}
	if got := <-answered; got.status != http.StatusCreated || !strings.Contains(got.text, `"matched":1`) {
		t.Errorf("the slow list: %d %s, want it compared", got.status, got.text)
	}
	if got := w.send(t, asAdvertiser1, "", list); got.status != http.StatusCreated {
		t.Errorf("the next list: %d %s, want it compared", got.status, got.text)
	}
}

// TestPartnersLeaveTheNetworkAReception has as many partners as are let in.
func TestPartnersLeaveTheNetworkAReception(t *testing.T) {
	r := newReception()
	let := func(id int64) error {
		_, err := r.begin(t.Context(), account.Principal{Role: account.Affiliate, AffiliateID: id}, reconcile.Owner{AffiliateID: id})
		return err
	}
	for id := range int64(receivedAtOnce / 2) {
		if err := let(id + 1); err != nil {
			t.Fatalf("partner %d: %v, want it let in", id+1, err)
		}
	}
	if err := let(99); problemOf(err).Status != http.StatusTooManyRequests {
		t.Errorf("one partner more = %v, want 429", err)
	}
	leave, err := r.begin(t.Context(), account.Principal{Role: account.Network}, reconcile.Owner{})
	if err != nil {
		t.Fatalf("the network = %v, want it let in", err)
	}
	if leave(); len(r.slots) != receivedAtOnce/2 {
		t.Errorf("%d places are taken, want those of the partners", len(r.slots))
	}
}

func TestAListWaitsForItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &reconciler{compared: newPlaces(comparedAtOnce)}
		partner := account.Principal{Role: account.Advertiser, AdvertiserID: 1}
		leave, err := r.turn(t.Context(), partner)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = r.turn(t.Context(), partner)
		if p := problemOf(err); p.Status != http.StatusTooManyRequests || p.retry != "60" || time.Since(start) != turnWithin {
			t.Errorf("a second partner after %s = %d, retry after %q; want 429 after a minute", time.Since(start), p.Status, p.retry)
		}
		if _, err := r.turn(t.Context(), account.Principal{Role: account.Network}); err != nil {
			t.Errorf("the network beside a partner = %v, want its turn", err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := r.turn(gone, partner); problemOf(err).Status != statusGone {
			t.Errorf("one whose client has left = %v; want %d", err, statusGone)
		}
		time.AfterFunc(time.Second, leave)
		if _, err := r.turn(t.Context(), partner); err != nil {
			t.Errorf("one that waits = %v, want its turn when the first is done", err)
		}
	})
}

// TestAPartnerKeepsSoManyComparisons until the oldest is dropped.
func TestAPartnerKeepsSoManyComparisons(t *testing.T) {
	w := newComparingWorld(t)
	made := noon.Add(-time.Hour)
	w.Now = func() time.Time { return noon }
	for i := range mostKept {
		r := reconcile.Record{
			ID: reconcile.NewID(made.Add(time.Duration(i)*time.Millisecond), fmt.Sprint(i)), Owner: reconcile.Owner{AdvertiserID: 1},
			CreatedAt: made, Parameters: []byte(`{}`), Summary: []byte(`{}`),
		}
		if err := w.db.SaveReconciliation(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	list := "order_id,date\nA-1,2026-11-22\n"
	got := w.send(t, asAdvertiser1, "", list)
	if day := made.Add(reconcile.Kept).Format(time.DateOnly); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.text, day) {
		t.Errorf("one more = %d %s; want 422 that says from when on there is room, %s", got.status, got.text, day)
	}
	for _, other := range []struct {
		as, query string
		status    int
	}{
		{asAdvertiser1, "dry_run=true", http.StatusOK},
		{asAdvertiser2, "", http.StatusCreated},
		{asNetwork, "advertiser_id=1", http.StatusCreated},
	} {
		if got := w.send(t, other.as, other.query, list); got.status != other.status {
			t.Errorf("%s with %q = %d %s, want %d", other.as, other.query, got.status, got.text, other.status)
		}
	}
	w.Now = func() time.Time { return made.Add(reconcile.Kept) }
	if got := w.send(t, asAdvertiser1, "", list); got.status != http.StatusCreated {
		t.Errorf("when the oldest is due = %d %s, want it compared", got.status, got.text)
	}
}
