package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
)

// ownDeliveries is a queue of many owners, and whose each delivery is.
type ownDeliveries struct {
	*world
	of            map[string]string // delivery → caller, "" where it is the network's
	subscriptions map[string][]int64
}

// mixed makes four subscriptions for each owner, and what is owed to them in all
// states, with values that no partner may be shown.
func mixed(t *testing.T) *ownDeliveries {
	t.Helper()
	m := &ownDeliveries{world: newWorld(t), of: map[string]string{}, subscriptions: map[string][]int64{}}
	m.of[m.delivery], m.of[delivery.ID(m.signal, 2, conversion.EventCreated)] = asAffiliate1, ""
	m.subscriptions[asAffiliate1], m.subscriptions[""] = []int64{1}, []int64{2}
	owners := []struct {
		as string
		delivery.Owner
	}{
		{asAffiliate1, delivery.Owner{AffiliateID: 1}},
		{asAffiliate2, delivery.Owner{AffiliateID: 2}},
		{asAdvertiser1, delivery.Owner{AdvertiserID: 1}},
		{asAdvertiser2, delivery.Owner{AdvertiserID: 2}},
		{"", delivery.Owner{Network: true}},
	}
	states := []delivery.State{delivery.Waiting, delivery.Dead, delivery.Delivered, delivery.Parked, delivery.Withdrawn}
	for i := range 4 {
		for _, o := range owners {
			s := delivery.Default()
			s.Owner, s.URL = o.Owner, fmt.Sprintf("https://host%d.example.com/?c={transaction_id}", i)
			row, err := m.db.Subscriptions().Create(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			m.subscriptions[o.as] = append(m.subscriptions[o.as], row.Value.ID)
			ids := m.owe(t, row.Value.ID, len(states), func(d *delivery.Owed) {
				d.Values = map[string]string{
					"revenue": "the-revenue", "payout": "the-payout", "ip": "the-address", "user_agent": "the-agent", "status": "of " + o.as,
				}
			})
			for k, id := range ids {
				m.of[id] = o.as
				if states[k] != delivery.Waiting {
					m.fail(t, id, states[k], []delivery.ErrorClass{delivery.ErrTimeout, delivery.ErrStatus}[k%2], 500*(k%2))
				}
			}
		}
	}
	return m
}

// TestPartnersSeeTheirOwnDeliveriesAlone: whatever is asked for, a partner's list
// is the network's without what is another's, and holds nothing that the partner
// may not know.
func TestPartnersSeeTheirOwnDeliveriesAlone(t *testing.T) {
	m := mixed(t)
	partners := []string{asAffiliate1, asAffiliate2, asAdvertiser1, asAdvertiser2}
	queries := map[string][]string{
		"deliveries":      {"state=dead", "state=waiting", "error=timeout", "http_status=500", "host=host1.example.com", "host=tracker.example.com", "event=conversion.created", "test=false", "subscription_id=7", "subscription_id=1", "until=2026-11-22T11:00:03Z", "due_from=2026-11-22T11:00:02Z"},
		"deliveries/dead": {"host=host2.example.com", "subscription_id=4", "until=2026-11-22T11:00:03Z"},
		"destinations":    {"host=host3.example.com", "status=active", "breaker=closed"},
	}
	rapid.Check(t, func(rt *rapid.T) {
		list := rapid.SampledFrom([]string{"deliveries", "deliveries/dead", "destinations"}).Draw(rt, "list")
		as := rapid.SampledFrom(partners).Draw(rt, "as")
		path := list + "?"
		if list != "deliveries/dead" {
			path += "limit=1000&"
		}
		path += strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom(queries[list]), 0, 2, func(q string) string {
			name, _, _ := strings.Cut(q, "=")
			return name
		}).Draw(rt, "query"), "&")
		all, own := m.do(t, asNetwork, "GET", path, ""), m.do(t, as, "GET", path, "")
		if all.status != 200 || own.status != 200 {
			rt.Fatalf("%s = %d for the network, %d for %s %s", path, all.status, own.status, as, own.text)
		}
		want := []string{}
		for _, one := range rowsOf(all) {
			if m.ownerOf(one) == as {
				want = append(want, keyOfRow(one))
			}
		}
		got := []string{}
		for _, one := range rowsOf(own) {
			got = append(got, keyOfRow(one))
		}
		if !slices.Equal(got, want) {
			rt.Errorf("%s is shown %v by %s; want %v", as, got, path, want)
		}
		hidden := []string{"the-address", "the-agent", "the-revenue"}
		if strings.HasPrefix(as, "advertiser") {
			hidden[2] = "the-payout"
		}
		for _, text := range hidden {
			if strings.Contains(own.text, text) {
				rt.Errorf("%s is shown %s by %s", as, text, path)
			}
		}
	})
}

// TestPartnersChangeTheirOwnDeliveriesAlone: what is another's does not exist, one
// by one and by filter.
func TestPartnersChangeTheirOwnDeliveriesAlone(t *testing.T) {
	m := mixed(t)
	before := m.do(t, asNetwork, "GET", "deliveries?limit=1000", "").text
	for _, as := range []string{asAffiliate1, asAffiliate2, asAdvertiser1, asAdvertiser2} {
		for id, owner := range m.of {
			if owner == as {
				continue
			}
			for _, route := range []string{"GET deliveries/%s", "POST deliveries/%s/replay", "POST deliveries/%s/withdraw"} {
				method, path, _ := strings.Cut(fmt.Sprintf(route, id), " ")
				if got := m.do(t, as, method, path, ""); got.status != 404 {
					t.Errorf("%s %s of %q as %s = %d %s; want 404", method, path, owner, as, got.status, got.text)
				}
			}
		}
		for owner, list := range m.subscriptions {
			for _, id := range list {
				want := map[bool]string{true: `"total":0`, false: `"total":1`}[owner != as]
				body := fmt.Sprintf(`{"subscription_id":%d,"state":"parked","dry_run":true}`, id)
				for _, path := range []string{"deliveries/replay", "deliveries/withdraw"} {
					if got := m.do(t, as, "POST", path, body); got.status != 200 || !strings.Contains(got.text, want) && id > 2 {
						t.Errorf("%s %s by %s = %d %s; want %s", path, body, as, got.status, got.text, want)
					}
				}
			}
		}
	}
	if after := m.do(t, asNetwork, "GET", "deliveries?limit=1000", "").text; after != before {
		t.Error("a delivery was changed")
	}
}

func rowsOf(r reply) []map[string]any {
	var all []map[string]any
	data, _ := r.body["data"].([]any)
	for _, one := range data {
		if o, ok := one.(map[string]any); ok {
			all = append(all, o)
		}
	}
	return all
}

// keyOfRow names a row of any of the lists.
func keyOfRow(row map[string]any) string {
	return fmt.Sprint(row["id"], " ", row["subscription_id"], " ", row["error"])
}

// ownerOf gives whose a row is.
func (m *ownDeliveries) ownerOf(row map[string]any) string {
	id := row["subscription_id"]
	if id == nil {
		id = row["id"]
	}
	for as, list := range m.subscriptions {
		for _, one := range list {
			if fmt.Sprint(one) == fmt.Sprint(id) {
				return as
			}
		}
	}
	return "nobody"
}
