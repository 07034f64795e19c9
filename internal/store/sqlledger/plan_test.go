package sqlledger

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"waybill/internal/delivery"
)

// TestPlans holds every statement that workers run, and lists, to what it needs:
// on a ledger with long queues none goes through all deliveries, attempts or
// conversions, and none sorts more than a few. SQLite's own list of what it was
// asked says which statements there are.
func TestPlans(t *testing.T) {
	lite, server := open(t, sqliteURL(t)), open(t, postgresURL(t))
	for _, db := range []*DB{lite, server} {
		fillQueues(t, db, 20_000, 20)
		work(t, db)
	}
	for _, table := range []string{"delivery", "attempt", "subscription", "destination"} {
		if err := raw(t, server, "ANALYZE "+table); err != nil {
			t.Fatal(err)
		}
	}
	seen := 0
	lite.texts.made.Range(func(key, _ any) bool {
		text, ok := key.(string)
		if !ok || !strings.Contains(text, "delivery") || strings.Contains(text, "INSERT") {
			return true
		}
		seen++
		if plan := planOfSQLite(t, lite, text); !soundSQLite(text, plan) {
			t.Errorf("on SQLite %s\nis carried out by\n%s", text, plan)
		}
		if plan := planOfPostgres(t, server, text); wasteful.MatchString(plan) {
			t.Errorf("on PostgreSQL %s\nis carried out by\n%s", text, plan)
		}
		return true
	})
	if seen < 30 {
		t.Errorf("%d statements were seen, want all that workers run", seen)
	}
}

// wasteful are the parts of a plan of PostgreSQL's that go through a whole table.
var wasteful = regexp.MustCompile(`Seq Scan on (delivery|attempt|conversion)`)

// scanned are those of SQLite's.
var scanned = regexp.MustCompile(`^SCAN (delivery|d|b|attempt|a|conversion|v)\b`)

// soundSQLite reports whether a plan of SQLite's stops early: it goes through
// everything only in an order that a limit cuts off, and sorts only what is said
// to be few.
func soundSQLite(text, plan string) bool {
	for line := range strings.Lines(plan) {
		through := scanned.MatchString(line)
		ordered := strings.Contains(line, " USING ") && strings.Contains(text, "LIMIT")
		sorts := strings.HasPrefix(line, "USE TEMP B-TREE FOR ORDER BY") && !strings.Contains(text, "+created_at")
		if through && !ordered || sorts {
			return false
		}
	}
	return true
}

// planOfPostgres gives how PostgreSQL carries a statement out, whatever its
// arguments, if there is a way that does not go through a whole table: of a small
// one it would choose to.
func planOfPostgres(t *testing.T, db *DB, text string) string {
	t.Helper()
	conn, err := db.reader.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, before := range []string{"SET plan_cache_mode = force_generic_plan", "SET enable_seqscan = off", "DEALLOCATE ALL", "PREPARE asked AS " + text} {
		if err := conn.Raw(func(c any) error {
			_, err := c.(*stdlib.Conn).Conn().PgConn().Exec(t.Context(), before).ReadAll()
			return err
		}); err != nil {
			t.Fatalf("%s: %v", before, err)
		}
	}
	execute := "EXPLAIN EXECUTE asked"
	if n := len(argumentsOf(text)); n > 0 {
		execute += "(" + strings.TrimSuffix(strings.Repeat("NULL, ", n), ", ") + ")"
	}
	var lines []string
	err = conn.Raw(func(c any) error {
		results, err := c.(*stdlib.Conn).Conn().PgConn().Exec(t.Context(), execute).ReadAll()
		for _, r := range results {
			for _, row := range r.Rows {
				lines = append(lines, string(row[0]))
			}
		}
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", execute, err)
	}
	return strings.Join(lines, "\n")
}

// argumentsOf gives one argument for each that a statement has.
func argumentsOf(text string) []any {
	var args []any
	for strings.Contains(text, fmt.Sprintf("$%d", len(args)+1)) {
		args = append(args, int64(1))
	}
	return args
}

// work does all that workers do, once.
func work(t *testing.T, db *DB) {
	t.Helper()
	ctx := t.Context()
	now := clock.Add(time.Hour)
	_, err := db.Subscriptions().Update(ctx, 2, 0, func(u *delivery.Subscription) error { u.Backlog = delivery.Newest; return nil })
	if err != nil {
		t.Fatal(err)
	}
	all := claim(t, db, now, 40)
	open := delivery.Breaker{SubscriptionID: all[0].SubscriptionID, State: delivery.BreakerOpen, Failures: 10, OpenedAt: now, ProbeAt: now}
	report(t, db, all[0], delivery.ErrTimeout, now, &open)
	report(t, db, all[1], delivery.ErrTimeout, now, nil)
	report(t, db, all[2], "", now, &delivery.Breaker{SubscriptionID: all[2].SubscriptionID})
	finish(t, db, all[3], delivery.Dead, now)
	claim(t, db, now, 40)
	for _, err := range []error{
		db.Withdraw(ctx, all[4].ID, now.Add(time.Hour)),
		db.Replay(ctx, all[3].ID, now),
		db.Owe(ctx, []delivery.Owed{{ID: "a", SubscriptionID: 1, ConversionID: "a", Sequence: 2, State: delivery.Waiting, CreatedAt: now, DueAt: clock.Add(-2 * time.Hour)}}),
		db.Owe(ctx, []delivery.Owed{{ID: "b", SubscriptionID: 1, ConversionID: "a", Sequence: 1, State: delivery.Waiting, CreatedAt: now, DueAt: now}}),
		db.Tidy(ctx, now),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	claim(t, db, now, 40)
	_, errRenew := db.Renew(ctx, all[5].ID, all[5].LeasedUntil, now)
	_, errNext := db.NextDue(ctx, delivery.Ask{})
	_, errBreakers := db.Breakers(ctx)
	_, errFacts := func() (any, error) { f, _, err := db.AttemptFacts(ctx, 0, 100); return f, err }()
	for _, f := range []delivery.Filter{
		{},
		{SubscriptionID: 3},
		{SubscriptionID: 3, State: delivery.Waiting},
		{SubscriptionID: 3, State: delivery.Dead},
		{State: delivery.Dead},
		{State: delivery.Parked, From: clock},
		{Subscriptions: []int64{1, 2}, From: clock.Add(-time.Hour)},
		{ConversionID: "c"},
		{TransactionID: "t"},
	} {
		for _, cursor := range []string{"", "1795339800000000.x"} {
			if _, _, err := db.Deliveries(ctx, DeliveryFilter{f, Page{Cursor: cursor}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	j, errBegin := db.BeginReplay(ctx, delivery.Filter{State: delivery.Dead, SubscriptionID: 3}, "", now)
	carryOut(t, db, now)
	_, errUndo := db.UndoReplay(ctx, j.ID)
	_, errTold := db.Destinations(ctx)
	_, errDepths := db.Depths(ctx)
	_, errDead := db.DeadLetters(ctx, delivery.Filter{})
	_, errArrears := db.Arrears(ctx, delivery.Owner{Network: true}, now)
	_, errOwn := db.Arrears(ctx, delivery.Owner{AffiliateID: 1}, now)
	_, errWaiting := db.Waiting(ctx, []int64{1})
	_, errFound := db.FindDeliveries(ctx, "a", "b", 10)
	for _, err := range []error{errArrears, errOwn, errWaiting, errFound, errRenew, errNext, errBreakers, errFacts, errBegin, errUndo, errTold, errDepths, errDead} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// planOfSQLite gives how SQLite carries a statement out.
func planOfSQLite(t *testing.T, db *DB, text string) string {
	t.Helper()
	var lines []string
	var id, parent, unused int64
	var detail string
	rows, err := db.reader.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+db.texts.of(text), argumentsOf(text)...)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
