package main

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/duckdb/duckdb-go/v2" // reads exported files, as a user's own tools do

	"waybill/internal/click"
	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
	"waybill/internal/store/duckwarehouse"
	"waybill/internal/txid"
	"waybill/internal/visitor"
)

// yard is an installation that no node runs on.
type yard struct {
	*installation
	t    *testing.T
	mint *txid.Mint
}

func newYard(t *testing.T) *yard {
	t.Helper()
	e := &env{ctx: t.Context(), stdout: io.Discard, stderr: t.Output()}
	in, err := openInstallation(e, common{Data: filepath.Join(t.TempDir(), "data"), LogLevel: "error"}, true, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.close(); err != nil {
			t.Error(err)
		}
	})
	in.reportsFrom(reporting{bounds: bounds{Memory: 256 << 20, Threads: 1, MinFreeMiB: 1}})
	ring, err := in.ring(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return &yard{installation: in, t: t, mint: txid.NewMint(ring, 1, 0)}
}

// clicks writes so many clicks of a moment into the journal.
func (y *yard) clicks(at time.Time, n int) {
	y.t.Helper()
	for range n {
		tk := y.mint.Begin(at, txid.Subject{Kind: txid.Click, Offer: 7, Affiliate: 9})
		c := click.Click{
			ID: tk.ID, At: at, OfferID: 7, AffiliateID: 9, IP: netip.MustParseAddr("203.0.113.77"), UserAgent: "App/2.1 (x)",
		}
		if err := y.journal.Append(y.t.Context(), tk, c.Append(nil)); err != nil {
			y.t.Fatal(err)
		}
	}
}

// rebuild rebuilds the warehouse.
func (y *yard) rebuild(r rebuild) error { return r.do(y.t.Context(), y.installation, y.t.Output()) }

func (y *yard) mustRebuild() {
	y.t.Helper()
	if err := y.rebuild(rebuild{}); err != nil {
		y.t.Fatal(err)
	}
}

// digests gives what stands for the warehouse's facts.
func (y *yard) digests() (all map[string]duckwarehouse.Digest) {
	y.t.Helper()
	y.mustRead(func(f *openFile) (err error) {
		all, err = f.Digests(y.t.Context())
		return err
	})
	return all
}

func (y *yard) mustRead(do func(*openFile) error) {
	y.t.Helper()
	if err := y.warehouse.ready(y.t.Context()); err != nil {
		y.t.Fatal(err)
	}
	if err := do(y.warehouse.file); err != nil {
		y.t.Fatal(err)
	}
}

// older makes an installation whose warehouse holds a day that its journal does
// not.
func older(t *testing.T) (y *yard, shipped map[string]duckwarehouse.Digest) {
	t.Helper()
	y = newYard(t)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	y.clicks(today.AddDate(0, 0, -9).Add(time.Hour), 20)
	y.clicks(today.AddDate(0, 0, -5).Add(time.Hour), 30)
	y.mustRebuild()
	shipped = y.digests()
	if err := y.journal.Retain(t.Context(), today.AddDate(0, 0, -7)); err != nil {
		t.Fatal(err)
	}
	return y, shipped
}

func TestRebuildKeepsDaysThatTheJournalNoLongerHolds(t *testing.T) {
	y, shipped := older(t)
	y.mustRebuild()
	if got := y.digests(); !maps.Equal(got, shipped) || got[fact.Clicks].Rows != 50 {
		t.Errorf("rebuilt, the warehouse holds %v, before %v", got, shipped)
	}
	problems := checkOf(y)
	if len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
	if _, err := os.Stat(y.warehouse.path + oldSuffix); err != nil {
		t.Errorf("the old file: %v", err)
	}
}

// checkOf gives what a check of the warehouse finds.
func checkOf(y *yard) []string {
	y.t.Helper()
	var out strings.Builder
	err := (&check{Warehouse: true}).do(y.t.Context(), y.installation, &out)
	if err == nil {
		return nil
	}
	return strings.Split(out.String(), "\n")
}

func TestRebuildAsksBeforeItGivesUpDays(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(path string) error
	}{
		{name: "a file that is no warehouse", spoil: func(path string) error { return os.WriteFile(path, []byte(strings.Repeat("x", 50_000)), 0o600) }},
		{name: "a file that is gone", spoil: os.Remove},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			y, _ := older(t)
			if err := y.warehouse.close(fault.New(fault.Unavailable, "closed")); err != nil {
				t.Fatal(err)
			}
			if err := tt.spoil(y.warehouse.path); err != nil {
				t.Fatal(err)
			}
			err := y.rebuild(rebuild{})
			if fault.Of(err) != fault.Conflict || !strings.Contains(err.Error(), "--discard-older-days") {
				t.Fatalf("rebuild = %v, want a refusal that names the way out", err)
			}
			if err := y.rebuild(rebuild{Discard: true}); err != nil {
				t.Fatal(err)
			}
			if got := y.digests()[fact.Clicks].Rows; got != 30 {
				t.Errorf("the warehouse holds %d clicks, the journal 30", got)
			}
			if problems := checkOf(y); len(problems) > 0 {
				t.Errorf("problems: %q", problems)
			}
		})
	}
}

func TestCheckFindsWhatTheWarehouseLacks(t *testing.T) {
	y := newYard(t)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	y.clicks(today.AddDate(0, 0, -3), 5)
	y.clicks(today.AddDate(0, 0, -2), 7)
	y.mustRebuild()
	if problems := checkOf(y); len(problems) > 0 {
		t.Errorf("before, problems: %q", problems)
	}
	y.mustRead(func(f *openFile) error { return f.Retain(t.Context(), fact.Clicks, today.AddDate(0, 0, -2)) })
	if problems := checkOf(y); len(problems) == 0 || !strings.Contains(problems[0], "warehouse") {
		t.Errorf("a day is gone, and the check finds %q", problems)
	}
}

func TestExportedFilesCanBeReadBack(t *testing.T) {
	y := newYard(t)
	day := time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)
	y.clicks(day.Add(time.Hour), 5)
	y.clicks(day.AddDate(0, 0, 1), 7)
	y.mustRebuild()
	dir := t.TempDir()
	for format, read := range map[string]string{"parquet": "read_parquet", "csv": "read_csv"} {
		x := export{Tables: tableList{fact.Clicks}, From: date{day}, To: date{day}, Format: format, Dir: dir}
		var out strings.Builder
		if err := x.do(t.Context(), y.installation, &out); err != nil {
			t.Fatal(err)
		}
		path, _, _ := strings.Cut(out.String(), "\n")
		if !strings.Contains(out.String(), "1 files written") {
			t.Errorf("it says %q", out.String())
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatalf("the file is %v, %v; want it for its owner alone", info, err)
		}
		db, err := sql.Open("duckdb", "")
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		var rows, offers, ids int
		err = db.QueryRow("SELECT count(*), sum(offer), count(DISTINCT transaction_id) FROM "+read+"(?)", path).Scan(&rows, &offers, &ids)
		if err != nil || rows != 5 || offers != 35 || ids != 5 {
			t.Errorf("%s: %d rows, offers add up to %d, %d IDs, %v; want 5, 35, 5", format, rows, offers, ids, err)
		}
	}
}

func TestClosedDaysAreExportedOnce(t *testing.T) {
	y := newYard(t)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	yesterday, noon := today.AddDate(0, 0, -1), today.Add(12*time.Hour)
	y.clicks(yesterday.Add(time.Hour), 5)
	y.clicks(today, 3)
	y.mustRebuild()
	if err := y.warehouse.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	x := &exporter{settings: exports{Dir: dir, Format: "csv", Tables: tableList{fact.Clicks}}, warehouse: y.warehouse, log: y.log}
	file := func(day time.Time) string {
		return filepath.Join(dir, "click", "day="+day.Format(time.DateOnly)+".csv")
	}
	run := func(now time.Time) {
		t.Helper()
		if err := x.export(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	run(today.Add(exportAfter - 1))
	if !missing(file(yesterday)) {
		t.Error("a day is exported before it counts as over")
	}
	run(noon)
	if missing(file(yesterday)) || !missing(file(today)) {
		t.Errorf("yesterday's file is missing: %t, today's: %t; want yesterday's alone", missing(file(yesterday)), missing(file(today)))
	}
	if err := os.Remove(file(yesterday)); err != nil { // it was fetched
		t.Fatal(err)
	}
	run(noon)
	if !missing(file(yesterday)) {
		t.Error("a day is exported twice")
	}
	y.mustRead(func(f *openFile) error { // a row that comes late
		return f.Append(t.Context(), fact.Batch{
			Clicks:    []fact.Click{{ID: y.lateID(yesterday)}},
			Positions: []fact.Position{{Source: "click/2", At: 1, Through: time.Now()}},
		})
	})
	run(noon)
	if missing(file(yesterday)) {
		t.Error("a day that has changed is not exported again")
	}
}

// lateID gives an ID of a day that another node has minted.
func (y *yard) lateID(day time.Time) txid.ID {
	y.t.Helper()
	ring, err := y.ring(y.t.Context())
	if err != nil {
		y.t.Fatal(err)
	}
	return txid.NewMint(ring, 2, 0).Begin(day.Add(2*time.Hour), txid.Subject{Kind: txid.Click, Offer: 7}).ID
}

func TestPersonalDataLeavesTheWarehouseAsItLeavesTheJournal(t *testing.T) {
	y := newYard(t)
	today := time.Now().UTC().Truncate(24 * time.Hour)
	y.clicks(today.AddDate(0, 0, -100), 5)
	y.clicks(today.AddDate(0, 0, -1), 5)
	y.mustRebuild()
	came := y.digests()
	p := privacy{After: 90 * 24 * 3600e9, Care: visitor.Hash}
	ring, err := y.ring(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	a := p.anonymiser(ring)
	y.mustRead(func(f *openFile) error { return f.Anonymise(t.Context(), p.before(time.Now()), a) })
	if err := y.anonymiseJournal(t.Context(), p.before(time.Now()), a); err != nil {
		t.Fatal(err)
	}
	kept := y.digests()
	if maps.Equal(came, kept) {
		t.Error("nothing was taken out")
	}
	y.mustRebuild()
	if rebuilt := y.digests(); !maps.Equal(kept, rebuilt) {
		t.Errorf("rebuilt from the journal, the warehouse holds other facts: %v, before %v", rebuilt, kept)
	}
}

// endless begins a report that would take hours, and gives what it is answered.
func (y *yard) endless() <-chan error {
	y.t.Helper()
	if err := y.warehouse.open(y.t.Context()); err != nil {
		y.t.Fatal(err)
	}
	begun, answered := make(chan struct{}), make(chan error, 1)
	go func() {
		answered <- y.warehouse.View(y.t.Context(), func(r report.Reader) error {
			close(begun)
			endless := report.Statement{
				SQL: `SELECT CAST(COUNT(*) AS BIGINT) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range = 7`, Columns: []report.Column{{Name: "n"}},
			}
			return r.Rows(y.t.Context(), endless, func(report.Row) error { return nil })
		})
	}()
	<-begun
	return answered
}

// TestDamageThatAnotherFindsIsTold has a report end with the damage that somebody
// else has found in the file meanwhile.
func TestDamageThatAnotherFindsIsTold(t *testing.T) {
	y := newYard(t)
	answered := y.endless()
	damage := fault.New(fault.Damaged, "a block is not what it was")
	err := y.warehouse.use(t.Context(), func(context.Context, *openFile) error { return damage })
	for _, err := range []error{err, <-answered, y.warehouse.state()} {
		if !errors.Is(err, damage) {
			t.Errorf("answered %v, want %v", err, damage)
		}
	}
}

// TestAStopInterruptsAReport closes the warehouse under a report that would take
// hours.
func TestAStopInterruptsAReport(t *testing.T) {
	y := newYard(t)
	answered := y.endless()
	began := time.Now()
	if err := y.warehouse.leave(); err != nil {
		t.Errorf("leave() = %v", err)
	}
	if took := time.Since(began); took >= closing {
		t.Errorf("the stop took %s", took)
	}
	if err := <-answered; fault.Of(err) != fault.Unavailable {
		t.Errorf("the report was answered %v, want that it is to be asked again", err)
	}
	if err := y.warehouse.state(); fault.Of(err) != fault.Unavailable {
		t.Errorf("afterwards the warehouse is %v", err)
	}
}
