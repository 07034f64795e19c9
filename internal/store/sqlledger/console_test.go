package sqlledger

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/account"
	"waybill/internal/affiliate"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/savedreport"
	shared "waybill/internal/share"
	"waybill/internal/user"
)

func keepsSavedReports(t *testing.T, db *DB) {
	ctx := t.Context()
	network, shop := savedreport.Side{Role: account.Network}, savedreport.Side{Role: account.Advertiser, AdvertiserID: 1}
	add := func(user int64, side savedreport.Side, name string, shared bool) savedreport.Report {
		t.Helper()
		r, err := db.AddSavedReport(ctx, savedreport.Report{UserID: user, Side: side, Name: name, Query: "dimensions=offer", Shared: shared})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	names := func(side savedreport.Side, user int64) (all []string) {
		t.Helper()
		list, err := db.SavedReports(ctx, side, user)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			all = append(all, r.Name)
		}
		return all
	}
	own := add(1, network, "own", false)
	add(1, network, "for all", true)
	add(2, network, "another's", false)
	add(3, shop, "the shop's", true)
	want := savedreport.Report{
		ID: own.ID, UserID: 1, Side: network, Name: "own", Query: "dimensions=offer", CreatedAt: clock, UpdatedAt: clock,
	}
	if got, err := db.SavedReport(ctx, own.ID); err != nil || got != want || got != own {
		t.Errorf("saved as %+v, kept as %+v, %v; want %+v", own, got, err, want)
	}
	for _, tt := range []struct {
		side savedreport.Side
		user int64
		want []string
	}{
		{network, 1, []string{"own", "for all"}},
		{network, 2, []string{"for all", "another's"}},
		{shop, 4, []string{"the shop's"}},
		{savedreport.Side{Role: account.Advertiser, AdvertiserID: 2}, 4, nil},
		{savedreport.Side{Role: account.Affiliate, AffiliateID: 1}, 4, nil},
	} {
		if got := names(tt.side, tt.user); !cmp.Equal(got, tt.want) {
			t.Errorf("user %d of %+v sees %v, want %v", tt.user, tt.side, got, tt.want)
		}
	}

	refused := errors.New("not yours")
	_, err := db.ChangeSavedReport(ctx, own.ID, func(r *savedreport.Report) error { r.Name = "taken"; return refused })
	if deleted := db.DeleteSavedReport(ctx, own.ID, func(*savedreport.Report) error { return refused }); !errors.Is(err, refused) || !errors.Is(deleted, refused) {
		t.Errorf("changed: %v, deleted: %v; want both refused", err, deleted)
	}
	changed, err := db.ChangeSavedReport(ctx, own.ID, func(r *savedreport.Report) error {
		r.Name, r.Query, r.Shared, r.UserID = "renamed", "metrics=clicks", true, 9
		return nil
	})
	want.Name, want.Query, want.Shared = "renamed", "metrics=clicks", true
	if err != nil || changed != want {
		t.Errorf("changed to %+v, %v; want %+v: the owner stays", changed, err, want)
	}
	if err := db.DeleteSavedReport(ctx, own.ID, func(*savedreport.Report) error { return nil }); err != nil {
		t.Error(err)
	}
	_, gone := db.SavedReport(ctx, own.ID)
	again := db.DeleteSavedReport(ctx, own.ID, func(*savedreport.Report) error { return nil })
	if fault.Of(gone) != fault.NotFound || fault.Of(again) != fault.NotFound {
		t.Errorf("read after it is deleted: %v, deleted again: %v; want both not found", gone, again)
	}
	for i := range savedreport.Most {
		add(7, network, fmt.Sprint(i), false)
	}
	if _, err := db.AddSavedReport(ctx, savedreport.Report{UserID: 7, Side: network, Name: "one more"}); fault.Of(err) != fault.Conflict {
		t.Errorf("one more than a user may have: %v, want a conflict", err)
	}
}

func keepsShares(t *testing.T, db *DB) {
	ctx := t.Context()
	add := func(transaction, token string, ends time.Time) shared.Share {
		t.Helper()
		s, err := db.AddShare(ctx, user.By{Actor: "user 3"}, shared.Share{
			TransactionID: transaction, As: account.Affiliate, PartyID: 7, Note: "why", By: "user 3", UserID: 3, CreatedAt: clock, ExpiresAt: ends,
		}, shared.Hash(token))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := add("t1", "one", clock.Add(time.Hour))
	second := add("t1", "two", clock.Add(2*time.Hour))
	add("t2", "three", clock.Add(time.Hour))
	if list, err := db.Shares(ctx, "t1"); err != nil || !cmp.Equal(list, []shared.Share{second, first}) {
		t.Errorf("shares of t1 are %+v, %v; want the second and the first", list, err)
	}
	if got, err := db.ShareByHash(ctx, shared.Hash("one")); err != nil || !cmp.Equal(got, first) {
		t.Errorf("by its token it is %+v, %v; want %+v", got, err, first)
	}
	for _, hash := range []string{"", "one", shared.Hash("four")} {
		if got, err := db.ShareByHash(ctx, hash); fault.Of(err) != fault.NotFound {
			t.Errorf("by %q it is %+v, %v; want none", hash, got, err)
		}
	}
	if _, err := db.AddShare(ctx, user.By{}, first, shared.Hash("one")); fault.Of(err) != fault.Conflict {
		t.Errorf("the same token twice: %v, want a conflict", err)
	}
	for _, at := range []time.Time{clock.Add(time.Minute), clock.Add(time.Hour)} {
		got, err := db.RevokeShare(ctx, user.By{Actor: "key 1"}, first.ID, at)
		if err != nil || got.RevokedAt == nil || !got.RevokedAt.Equal(clock.Add(time.Minute)) {
			t.Errorf("revoked: %+v, %v; want as of the first time", got, err)
		}
	}
	if _, err := db.RevokeShare(ctx, user.By{}, 99, clock); fault.Of(err) != fault.NotFound {
		t.Errorf("one that never was is revoked: %v, want not found", err)
	}
	notes, _, err := db.Audit(ctx, AuditFilter{Entity: "share"})
	if err != nil || len(notes) != 4 || notes[0].Action != ActionRevoke || notes[0].Actor != "key 1" || notes[0].Key != fmt.Sprint(first.ID) || notes[3].Actor != "user 3" {
		t.Errorf("the audit has %+v, %v; want three that were made, and the first revoked once", notes, err)
	}
	if err := db.Tidy(ctx, clock.Add(sharesKept+90*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if list, err := db.Shares(ctx, "t1"); err != nil || !cmp.Equal(list, []shared.Share{second}) {
		t.Errorf("when they are old, %+v are left, %v; want the second", list, err)
	}
}

func tellsArrears(t *testing.T, db *DB) {
	ctx := t.Context()
	create(t, db.Affiliates(), affiliate.Default())
	for _, owner := range []delivery.Owner{{Network: true}, {AffiliateID: 1}} {
		s := delivery.Default()
		s.Owner, s.URL = owner, "https://t.example/?c={conversion_id}"
		create(t, db.Subscriptions(), s)
	}
	for i, one := range []delivery.Owed{
		{SubscriptionID: 1, State: delivery.Waiting, DueAt: clock.Add(-time.Hour)},
		{SubscriptionID: 1, State: delivery.Waiting, DueAt: clock.Add(-time.Minute)},
		{SubscriptionID: 2, State: delivery.Waiting, DueAt: clock.Add(-2 * time.Hour)},
		{SubscriptionID: 2, State: delivery.Waiting, DueAt: clock.Add(time.Hour)},
		{SubscriptionID: 2, State: delivery.Dead, DoneAt: clock.Add(-time.Hour)},
		{SubscriptionID: 2, State: delivery.Dead, DoneAt: clock.Add(-25 * time.Hour)},
	} {
		one.ID, one.ConversionID, one.Sequence, one.CreatedAt = fmt.Sprintf("d%d", i), fmt.Sprintf("c%d", i), 1, clock.Add(-26*time.Hour)
		if err := db.Owe(ctx, []delivery.Owed{one}); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name string
		of   delivery.Owner
		want delivery.Arrears
	}{
		{"everybody's", delivery.Owner{Network: true}, delivery.Arrears{Waiting: 4, Due: 3, OldestDue: clock.Add(-2 * time.Hour), Dead: 1}},
		{"the affiliate's", delivery.Owner{AffiliateID: 1}, delivery.Arrears{Waiting: 2, Due: 1, OldestDue: clock.Add(-2 * time.Hour), Dead: 1}},
		{"another's", delivery.Owner{AffiliateID: 2}, delivery.Arrears{}},
		{"an advertiser's", delivery.Owner{AdvertiserID: 1}, delivery.Arrears{}},
	} {
		if got, err := db.Arrears(ctx, tt.of, clock.Add(-24*time.Hour)); err != nil || !cmp.Equal(got, tt.want) {
			t.Errorf("%s arrears are %+v, %v; want %+v", tt.name, got, err, tt.want)
		}
	}
	got, err := db.Waiting(ctx, []int64{2, 1, 9})
	if want := map[int64]int64{1: 2, 2: 2, 9: 0}; err != nil || !cmp.Equal(got, want) {
		t.Errorf("waiting by subscription are %v, %v; want %v", got, err, want)
	}
}
