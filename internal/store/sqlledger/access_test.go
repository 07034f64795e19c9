package sqlledger

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/offer"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
	"waybill/internal/user"
)

// asks has an affiliate ask for an offer at a time.
func asks(t testing.TB, db *DB, offerID, affiliateID int64, note string, at time.Time) offer.Application {
	t.Helper()
	a, err := db.ChangeAccess(t.Context(), user.By{Actor: "key 7"}, offerID, affiliateID, func(a *offer.Application) error { return a.Ask(note, at) })
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func keepsAccess(t *testing.T, db *DB) {
	ctx := t.Context()
	one := create(t, db.Advertisers(), newAdvertiser("one"))
	for range 2 {
		create(t, db.Offers(), newOffer(one.ID))
		create(t, db.Affiliates(), newAffiliate("aff"))
	}
	before, err := db.CatalogVersion(ctx)
	if err != nil {
		t.Fatal(err)
	}
	none, err := db.Application(ctx, 1, 1)
	if want := (offer.Application{Permission: offer.Permission{OfferID: 1, AffiliateID: 1}}); err != nil || none != want {
		t.Errorf("before it asks affiliate 1 stands %+v, %v; want %+v", none, err, want)
	}
	asks(t, db, 1, 1, "please", clock)
	asks(t, db, 1, 1, "please", clock.Add(time.Hour)) // says nothing new, so changes nothing
	asks(t, db, 2, 2, "me too", clock.Add(time.Minute))
	decided, err := db.ChangeAccess(ctx, user.By{Actor: "user 3", Address: "192.0.2.1"}, 1, 1, func(a *offer.Application) error {
		a.Decide(offer.Approved, "welcome", clock.Add(time.Hour))
		return nil
	})
	want := offer.Application{
		Permission: offer.Permission{OfferID: 1, AffiliateID: 1, Standing: offer.Approved}, Note: "please", DecisionNote: "welcome",
		At: clock.UTC(), DecidedAt: clock.Add(time.Hour).UTC(),
	}
	if kept, errKept := db.Application(ctx, 1, 1); err != nil || errKept != nil || !cmp.Equal(decided, want) || !cmp.Equal(kept, want) {
		t.Errorf("decided %+v, %v, and kept %+v, %v; want %+v", decided, err, kept, errKept, want)
	}
	src, err := db.Source(ctx)
	access := []offer.Permission{want.Permission, {OfferID: 2, AffiliateID: 2, Standing: offer.Requested}}
	if err != nil || !cmp.Equal(src.Access, access) || src.Version != before+3 {
		// A change that changes nothing makes no new version.
		t.Errorf("version %d of the catalog has %v, %v; want %d and %v", src.Version, src.Access, err, before+3, access)
	}
	notes, _, err := db.Audit(ctx, AuditFilter{Entity: "offer_access", Key: "1/1"})
	if err != nil || len(notes) != 2 || notes[0].Actor != "user 3" || notes[0].Address != "192.0.2.1" || notes[1].Before != "" ||
		!strings.Contains(notes[0].Before, `"requested"`) || !strings.Contains(notes[0].After, `"welcome"`) {
		t.Errorf("the audit has %+v, %v; want the request, and user 3's decision", notes, err)
	}
}

func refusesAccess(t *testing.T, db *DB) {
	one := create(t, db.Advertisers(), newAdvertiser("one"))
	create(t, db.Offers(), newOffer(one.ID))
	create(t, db.Affiliates(), newAffiliate("aff"))
	tests := []struct {
		name             string
		offer, affiliate int64
		change           func(*offer.Application) error
		field            string
		kind             fault.Kind
	}{
		{"an offer that is not there", 9, 1, func(a *offer.Application) error { return a.Ask("", clock) }, "offer_id", fault.Invalid},
		{"an affiliate that is not there", 1, 9, func(a *offer.Application) error { return a.Ask("", clock) }, "affiliate_id", fault.Invalid},
		{"what the caller refuses", 1, 1, func(*offer.Application) error { return fault.New(fault.Conflict, "no") }, "", fault.Conflict},
	}
	for _, tt := range tests {
		_, err := db.ChangeAccess(t.Context(), user.By{}, tt.offer, tt.affiliate, tt.change)
		field := ""
		if all := fault.All(err); len(all) == 1 {
			field = all[0].Field
		}
		if fault.Of(err) != tt.kind || field != tt.field {
			t.Errorf("%s: %v; want a fault of kind %v at %q", tt.name, err, tt.kind, tt.field)
		}
	}
	if all, _, err := db.Applications(t.Context(), ApplicationFilter{}); err != nil || len(all) != 0 {
		t.Errorf("kept %v, %v; want nothing", all, err)
	}
}

func listsAccess(t *testing.T, db *DB) {
	one := create(t, db.Advertisers(), newAdvertiser("one"))
	for range 3 {
		create(t, db.Offers(), newOffer(one.ID))
		create(t, db.Affiliates(), newAffiliate("aff"))
	}
	for n := range int64(6) {
		asks(t, db, 1+n%3, 1+n/3, "", clock.Add(time.Duration(n/2)*time.Minute)) // two at the same time each
	}
	_, err := db.ChangeAccess(t.Context(), user.By{}, 1, 1, func(a *offer.Application) error { a.Decide(offer.Rejected, "", clock); return nil })
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		filter ApplicationFilter
		want   []string
	}{
		{"all", ApplicationFilter{}, []string{"3/2", "2/2", "3/1", "1/2", "2/1", "1/1"}},
		{"those that wait", ApplicationFilter{Standing: offer.Requested}, []string{"3/2", "2/2", "3/1", "1/2", "2/1"}},
		{"of an offer", ApplicationFilter{OfferID: 1}, []string{"1/2", "1/1"}},
		{"of an affiliate", ApplicationFilter{AffiliateID: 1}, []string{"3/1", "2/1", "1/1"}},
		{"of nobody", ApplicationFilter{AffiliateID: 9}, []string{}},
	}
	for _, tt := range tests {
		got := pages(t, func(p Page) ([]offer.Application, string, error) {
			tt.filter.Page = p
			return db.Applications(t.Context(), tt.filter)
		}, func(a offer.Application) string { return fmt.Sprintf("%d/%d", a.OfferID, a.AffiliateID) })
		same(t, tt.name, tt.want, append([]string{}, got...))
	}
	for _, cursor := range []string{"x", "1.2", "1.2.x"} {
		if _, _, err := db.Applications(t.Context(), ApplicationFilter{Page: Page{Cursor: cursor}}); fault.Of(err) != fault.Invalid {
			t.Errorf("cursor %q: %v, want Invalid", cursor, err)
		}
	}
}

func groupsCauses(t *testing.T, db *DB) {
	i := newIDs(t)
	one := create(t, db.Advertisers(), newAdvertiser("one"))
	two := create(t, db.Advertisers(), newAdvertiser("two"))
	create(t, db.Offers(), newOffer(one.ID))
	create(t, db.Offers(), newOffer(two.ID))
	var ids []string
	for _, s := range []struct {
		offer  int64
		status signal.Status
		code   signal.Code
		test   bool
	}{
		{1, signal.Rejected, signal.GoalUnknown, false},
		{1, signal.Rejected, signal.GoalUnknown, false},
		{2, signal.Rejected, signal.GoalUnknown, false},
		{1, signal.Rejected, signal.TokenInvalid, false},
		{0, signal.Rejected, signal.TransactionIDMissing, false},
		{1, signal.Rejected, signal.GoalUnknown, true},
		{1, signal.Duplicate, signal.Sighting, false},
		{1, signal.Rejected, signal.GoalUnknown, false},
	} {
		c := settlement.Case{SignalID: i.next(txid.Signal, s.test).String()}
		c.Claim.OfferID, c.Claim.Test = s.offer, s.test
		v := verdictOn(c, s.status, s.code, "")
		v.Message = fmt.Sprintf("told to signal %d", len(ids))
		c.Refusal = &v
		settle(t, db, c)
		ids = append(ids, c.SignalID)
	}
	at := func(n int) time.Time {
		id, err := txid.Parse(ids[n])
		if err != nil {
			t.Fatal(err)
		}
		return id.Time()
	}
	always := at(7).Add(time.Hour)
	cause := func(code signal.Code, offerID, count int64, last int) Cause {
		return Cause{Code: string(code), OfferID: offerID, Count: count, Last: ids[last], Message: fmt.Sprintf("told to signal %d", last)}
	}
	tests := []struct {
		name   string
		filter CauseFilter
		want   []Cause
	}{
		{"all real ones", CauseFilter{Until: always}, []Cause{
			cause(signal.GoalUnknown, 1, 3, 7), cause(signal.TransactionIDMissing, 0, 1, 4), cause(signal.TokenInvalid, 1, 1, 3), cause(signal.GoalUnknown, 2, 1, 2),
		}},
		{"test traffic", CauseFilter{Test: true, Until: always}, []Cause{cause(signal.GoalUnknown, 1, 1, 5)}},
		{"of an offer", CauseFilter{OfferID: 2, Until: always}, []Cause{cause(signal.GoalUnknown, 2, 1, 2)}},
		{"of an advertiser", CauseFilter{AdvertiserID: two.ID, Until: always}, []Cause{cause(signal.GoalUnknown, 2, 1, 2)}},
		{"of an advertiser and another's offer", CauseFilter{AdvertiserID: two.ID, OfferID: 1, Until: always}, nil},
		{"of a time", CauseFilter{From: at(1), Until: at(3)}, []Cause{cause(signal.GoalUnknown, 2, 1, 2), cause(signal.GoalUnknown, 1, 1, 1)}},
		{"of a time when there was nothing", CauseFilter{From: always, Until: always.Add(time.Hour)}, nil},
	}
	for _, tt := range tests {
		got, err := db.Causes(t.Context(), tt.filter)
		if err != nil || !cmp.Equal(got, tt.want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", tt.name, err, got, tt.want)
		}
	}
}

// TestCausesAreReadFromTheIndex holds the groups to what they need: SQLite never
// goes through the verdicts, and PostgreSQL has a way that does not.
func TestCausesAreReadFromTheIndex(t *testing.T) {
	lite, server := open(t, sqliteURL(t)), open(t, postgresURL(t))
	for _, db := range []*DB{lite, server} {
		fillRejected(t, db, 20_000)
	}
	if err := raw(t, server, "ANALYZE verdict"); err != nil {
		t.Fatal(err)
	}
	plan := planOfSQLite(t, lite, causesOf)
	for line := range strings.Lines(plan) {
		if strings.HasPrefix(line, "SCAN verdict") || strings.HasPrefix(line, "SCAN v") || strings.Contains(line, "USING PRIMARY KEY (signal_id>") {
			t.Errorf("on SQLite the causes are found by\n%s", plan)
			break
		}
	}
	if plan := planOfPostgres(t, server, causesOf); strings.Contains(plan, "Seq Scan on verdict") || strings.Contains(plan, "verdict_rejected") {
		t.Errorf("on PostgreSQL the causes are found by\n%s", plan)
	}
}

// fillRejected puts n rejected signals into the ledger, and as many accepted ones,
// of 20 codes and 50 offers.
func fillRejected(t testing.TB, db *DB, n int64) {
	t.Helper()
	const insert = `
		WITH RECURSIVE n (i) AS (SELECT CAST($1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $2)
		INSERT INTO verdict (signal_id, status, code, conversion_id, transaction_id, test, message, rule,
			offer_id, goal_id, channel, settled_at)
		SELECT $3 || CAST(1000000000000000000 + i AS TEXT), CASE WHEN i % 2 = 0 THEN 'rejected' ELSE 'accepted' END,
			'code_' || CAST(i % 20 AS TEXT), '', '4000000000000' || CAST(1000000000000000000 + i AS TEXT), FALSE,
			'the goal is not known; create it, or leave goal out for the default', 'rule', 1 + i / 20 % 50, 1, 'postback', 0
		FROM n`
	head := txid.First(txid.Signal, false, clock).String()[:13]
	const step = 50_000
	for from := int64(1); from <= 2*n; from += step {
		err := db.writer.long(t.Context(), func(ctx context.Context, s session) error {
			_, err := s.exec(ctx, insert, from, min(2*n, from+step-1), head)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkCauses groups a million rejected signals among two million.
func BenchmarkCauses(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			db := open(b, e.at(b))
			fillRejected(b, db, 1_000_000)
			for b.Loop() {
				all, err := db.Causes(b.Context(), CauseFilter{From: clock.Add(-time.Hour), Until: clock.Add(1000 * time.Hour)})
				if err != nil || len(all) != 500 {
					b.Fatalf("%d causes, %v", len(all), err)
				}
			}
		})
	}
}
