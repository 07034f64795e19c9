package sqlledger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/account"
	"waybill/internal/coupon"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/link"
	"waybill/internal/offer"
	"waybill/internal/payout"
	"waybill/internal/savedreport"
	"waybill/internal/settlement"
	shared "waybill/internal/share"
	"waybill/internal/signal"
	"waybill/internal/tune"
	"waybill/internal/txid"
	"waybill/internal/user"
)

// fill puts something into every table.
func fill(t testing.TB, db *DB) {
	t.Helper()
	ctx := t.Context()
	i := newIDs(t)
	a := create(t, db.Advertisers(), newAdvertiser("one"))
	f := create(t, db.Affiliates(), newAffiliate("two"))
	o := create(t, db.Offers(), newOffer(a.ID))
	create(t, db.Links(), link.Link{Code: "abc", OfferID: o.ID, AffiliateID: f.ID})
	asks(t, db, o.ID, f.ID, "please", clock)
	create(t, db.Coupons(), coupon.Coupon{Code: "abc", OfferID: o.ID, AffiliateID: f.ID})
	create(t, db.Terms(), offer.Term{OfferID: o.ID, AffiliateID: f.ID})
	create(t, db.Domains(), newDomain(a.ID))
	all := queue(t, db, i, 1, 3)
	follow(t, db, i, all[0])
	finish(t, db, all[1], delivery.Dead, clock)
	_, errJob := db.BeginReplay(ctx, delivery.Filter{State: delivery.Dead}, "key 1", clock)
	c := sale(1)
	c.Judge = func(settlement.State) (settlement.Outcome, error) {
		out := saleOutcome(c, 1)
		out.Owed = nil
		out.Verdict.Candidates = []signal.Considered{{By: "customer_id", TransactionID: "t", Code: signal.OK, Won: true}}
		return out, nil
	}
	settle(t, db, c)
	mended := rejectFirst(t, db, newCase(i, "mended"), signal.TokenInvalid)
	mended.Judge = once(t, i, mended)
	settleAgain(t, db, mended, signal.Replay{By: "key 1", Trust: true})
	keepReconciliation(t, db)
	fillUsers(t, db)
	_, errKey := db.CreateKey(ctx, user.By{}, account.Key{Role: account.Affiliate, AffiliateID: f.ID}, "h")
	_, errNode := db.TakeNode(ctx, "host", clock)
	_, errAnswer := db.Idempotent(ctx, "k", "s", "h")
	_, errMap := db.PutIDMap(ctx, user.By{Actor: "key 1"}, []tune.Mapping{{Kind: tune.Offer, TuneID: "26", WaybillID: o.ID}})
	_, errSaved := db.AddSavedReport(ctx, savedreport.Report{UserID: 1, Side: savedreport.Side{Role: account.Network}, Name: "mine"})
	_, errShare := db.AddShare(ctx, user.By{}, shared.Share{TransactionID: "t", As: account.Affiliate, PartyID: f.ID, CreatedAt: clock, ExpiresAt: clock.Add(time.Hour)}, "h")
	_, errBonus := db.AddAdjustment(ctx, user.By{Actor: "key 1"}, payout.Adjustment{
		AffiliateID: f.ID, Kind: payout.Bonus, Amount: usd(5_000_000), Note: "best of all", CreatedAt: clock,
	})
	b := &till{db: db, ids: i, at: clock}
	b.earn(t, f.ID, 5_000_000, "USD")
	_, errPayout := b.order(ctx, f.ID, "USD")
	for _, err := range []error{errBonus, errPayout, errSaved, errShare, errJob, errKey, errNode, errAnswer, errMap, db.SetSettledThrough(ctx, 1, 99)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range tables() {
		var n int64
		if found, err := db.read().get(ctx, []any{&n}, "SELECT 1 FROM "+table+" LIMIT 1"); err != nil || !found {
			t.Fatalf("table %s is empty (%v): nothing would show that it is left out", table, err)
		}
	}
}

// fillUsers puts something into every table about people.
func fillUsers(t testing.TB, db *DB) {
	t.Helper()
	ctx := t.Context()
	u := createUser(t, db, "one@example.com", user.Owner)
	logIn(t, db, u.ID, "token")
	addLink(t, db, user.LinkReset, u.ID, "link")
	_, errAttempt := db.Attempt(ctx, clock, user.Door{Name: "account a"})
	for _, err := range []error{
		errAttempt, db.BeginTOTP(ctx, u.ID, "secret"), db.ConfirmTOTP(ctx, byOwner, u.ID, "secret", 1, []string{"a"}),
		db.AddPasskey(ctx, byOwner, user.Passkey{ID: "id", UserID: u.ID, CreatedAt: clock}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// dump gives a ledger's contents, row by row, in one form for both engines.
func dump(t testing.TB, db *DB) map[string][]string {
	t.Helper()
	lite, err := Open(context.Background(), filepath.Join(t.TempDir(), "columns.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer lite.Close()
	all := make(map[string][]string)
	for _, table := range tables() {
		columns, err := columnsOfTable(t.Context(), lite.read(), table)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range columns {
			names = append(names, c.name)
		}
		list := strings.Join(names, ", ")
		err = db.read().query(t.Context(), func(row scan) error {
			values, dest := make([]any, len(names)), make([]any, len(names))
			for i := range values {
				dest[i] = &values[i]
			}
			if err := row(dest...); err != nil {
				return err
			}
			for i := range values {
				if n, ok := values[i].(int64); ok && columns[i].boolean {
					values[i] = n != 0
				}
			}
			all[table] = append(all[table], fmt.Sprintf("%q", values))
			return nil
		}, "SELECT "+list+" FROM "+table+" ORDER BY "+list)
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// TestBackupAndRestore takes a ledger of each engine into one of each.
func TestBackupAndRestore(t *testing.T) {
	engines := map[string]newURL{"sqlite": sqliteURL, "postgres": postgresURL}
	for from, fromURL := range engines {
		for to, toURL := range engines {
			t.Run("from "+from+" to "+to, func(t *testing.T) { backupAndRestore(t, open(t, fromURL(t)), open(t, toURL(t))) })
		}
	}
}

func backupAndRestore(t *testing.T, from, to *DB) {
	fill(t, from)
	want := dump(t, from)
	file := filepath.Join(t.TempDir(), "it's a backup.db")
	say := func(string, ...any) {}
	if err := from.Backup(t.Context(), file, say); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, dump(t, from)); diff != "" {
		t.Errorf("the backup has changed the ledger (-before +after):\n%s", diff)
	}
	beside, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*"))
	if err != nil || len(beside) != 1 {
		t.Errorf("the backup's folder holds %v (%v), want the one file", beside, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup, which holds keys, has mode %v (%v), want 0600", info.Mode(), err)
	}
	if err := from.Backup(t.Context(), file, say); fault.Of(err) != fault.Conflict {
		t.Errorf("a backup over another: %v, want Conflict", err)
	}
	if err := to.Restore(t.Context(), file, say); err != nil {
		t.Fatal(err)
	}
	got := dump(t, to)
	parked := fmt.Sprintf("%q", []any{parkedSetting, "true"})
	want["setting"] = append([]string{parked}, want["setting"]...)
	delete(want, "user_session") // whoever was logged out since the backup stays so
	delete(want, "user_link")
	delete(want, "share")
	for i, row := range want["sequence"] {
		want["sequence"][i] = strings.Replace(row, `"node" '\x01'`, `"node" '\x11'`, 1)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the restored ledger (-want +got):\n%s", diff)
	}
	checkClean(t, to)
	if due, err := to.Claim(t.Context(), delivery.Ask{Now: clock.Add(time.Hour), LeaseUntil: clock.Add(2 * time.Hour), Limit: 10}); err != nil || len(due) != 0 {
		t.Errorf("%d deliveries go out of a restored ledger (%v), want none", len(due), err)
	}
	goesOn(t, to)
	if err := to.Restore(t.Context(), file, say); fault.Of(err) != fault.Conflict {
		t.Errorf("a restore over a ledger that is not empty: %v, want Conflict", err)
	}
}

// goesOn makes sure that a restored ledger hands out numbers behind the old ones.
func goesOn(t *testing.T, db *DB) {
	t.Helper()
	if n, err := db.TakeNode(t.Context(), "new", clock); err != nil || n != 1+nodesSkipped+1 {
		t.Errorf("the next node gets number %d (%v), want %d", n, err, 1+nodesSkipped+1)
	}
	before, err := db.Changes(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	settle(t, db, sale(500))
	after, err := db.Changes(t.Context(), before[len(before)-1].ID, 1000)
	if err != nil || len(after) != 1 {
		t.Errorf("%d changes behind the restored ones (%v), want 1", len(after), err)
	}
	if got := create(t, db.Affiliates(), newAffiliate("three")); got.ID != 2 {
		t.Errorf("the next affiliate is number %d, want 2", got.ID)
	}
}

func TestRestoreRefusesWhatIsNoBackup(t *testing.T) {
	i := newIDs(t)
	for name, contents := range map[string]string{
		"text":    "not a database at all, and long enough to be looked at as one",
		"missing": "",
	} {
		file := filepath.Join(t.TempDir(), i.next(txid.Click, false).String())
		if name != "missing" {
			if err := os.WriteFile(file, []byte(contents), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		db := open(t, sqliteURL(t))
		if err := db.Restore(t.Context(), file, func(string, ...any) {}); err == nil {
			t.Errorf("%s was restored", name)
		}
	}
}
