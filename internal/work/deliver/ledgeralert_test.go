package deliver

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/store/sqlledger"
)

// TestAlertsOnTheLedger: on a real ledger a breaker opens, is told, and is found
// again by the next worker.
func TestAlertsOnTheLedger(t *testing.T) {
	type alert struct {
		Type string `json:"type"`
		Data struct {
			DeliveryID     string `json:"delivery_id"`
			SubscriptionID int64  `json:"subscription_id"`
			Failures       int    `json:"failures"`
			Class          string `json:"class"`
		} `json:"data"`
	}
	told := make(chan alert, 9)
	listener := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		var a alert
		if err := json.NewDecoder(r.Body).Decode(&a); err != nil {
			t.Errorf("an alert is no JSON: %v", err)
		}
		told <- a
	})
	db, present := newLedger(t, serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })+"/?c={conversion_id}")
	network := delivery.Default()
	network.Owner.Network, network.Format, network.URL = true, delivery.JSON, listener
	network.On = []conversion.Event{delivery.EventDestinationOpened}
	row, err := db.Subscriptions().Create(t.Context(), network)
	if err != nil {
		t.Fatal(err)
	}
	first, _ := present().Subscription(1)
	both := newCatalog(t, first.Subscription, row.Value)
	present = func() *catalog.Catalog { return both }
	for n := range delivery.TripsAfter {
		owe(t, db, both.Ring(), n)
	}
	w := begin(t, New(hasty{db}, present, Settings{AllowPrivate: loopback()}, quiet()))
	var a alert
	select {
	case a = <-told:
		if a.Type != string(delivery.EventDestinationOpened) || a.Data.SubscriptionID != 1 || a.Data.Failures != delivery.TripsAfter || a.Data.Class != "status" {
			t.Errorf("the alert is %+v", a)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("nobody is told")
	}
	w.end()
	open, err := db.Breakers(t.Context())
	if err != nil || len(open) != 1 || open[0].Closed() || open[0].SubscriptionID != 1 {
		t.Fatalf("the ledger's breakers are %+v (%v), want one that is open", open, err)
	}
	next := New(db, present, Settings{AllowPrivate: loopback()}, quiet())
	if err := next.follow(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if next.destinations.lets(1, false, time.Now()) {
		t.Error("the next worker lets postbacks through")
	}
	err = db.Check(t.Context(), func(p sqlledger.Problem) {
		if strings.Contains(p.Subject, a.Data.DeliveryID) || strings.Contains(p.Subject, "destination") {
			t.Errorf("the ledger does not hold what it promises: %+v", p)
		}
	})
	if err != nil {
		t.Error(err)
	}
}
