package sqlledger

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/store/pgtest"
)

// sales settles new conversions from several callers until stop is closed, and
// gives the signals that were acknowledged and the errors.
func sales(db *DB, callers int, stop chan struct{}) (acked []string, failed []error) {
	var mu sync.Mutex
	var next atomic.Int64
	var wait sync.WaitGroup
	for range callers {
		wait.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				c := sale(int(next.Add(1)))
				_, err := db.Settle(context.Background(), c)
				mu.Lock()
				if err == nil {
					acked = append(acked, c.SignalID)
				} else {
					failed = append(failed, err)
				}
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	return acked, failed
}

// allThere fails the test unless every acknowledged signal has its verdict and
// its conversion.
func allThere(t *testing.T, db *DB, acked []string) {
	t.Helper()
	for _, id := range acked {
		v, err := db.Verdict(t.Context(), id)
		if err != nil || v.Status != signal.Accepted {
			t.Fatalf("signal %s was acknowledged: verdict %+v, %v", id, v, err)
		}
		if _, err := db.Conversion(t.Context(), v.ConversionID); err != nil {
			t.Fatalf("signal %s was acknowledged: %v", id, err)
		}
	}
	checkClean(t, db)
}

const childVariable = "SQLLEDGER_TEST_CHILD"

// TestChild is not a test: it is the process that TestKill kills. It settles
// until then and names every signal that was acknowledged.
func TestChild(t *testing.T) {
	path := os.Getenv(childVariable)
	if path == "" {
		t.Skip("only for TestKillLosesNothing")
	}
	db, err := Open(t.Context(), path, Options{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var next atomic.Int64
	for range 16 {
		go func() {
			for {
				c := sale(int(next.Add(1)))
				if _, err := db.Settle(context.Background(), c); err != nil {
					panic(err)
				}
				mu.Lock()
				_, err := fmt.Fprintln(os.Stdout, "acked", c.SignalID)
				mu.Unlock()
				if err != nil {
					panic(err)
				}
			}
		}()
	}
	select {}
}

// TestKillLosesNothing kills a process that settles, without warning: what it
// has acknowledged must be there, and nothing by halves.
func TestKillLosesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, at newURL) {
		for round := range 3 {
			path := at(t)
			child := exec.Command(os.Args[0], "-test.run=^TestChild$")
			child.Env = append(os.Environ(), childVariable+"="+path)
			out, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			acked := readAcked(t, out, child, 100+round*150)
			if err := child.Wait(); err == nil {
				t.Fatal("the child ended by itself")
			}
			db := open(t, path)
			allThere(t, db, acked)
		}
	})
}

// readAcked kills the child once it has acknowledged enough, and reads what it
// still has said.
func readAcked(t *testing.T, out io.Reader, child *exec.Cmd, enough int) []string {
	t.Helper()
	var acked []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "acked "); ok && len(id) == 32 {
			acked = append(acked, id)
		}
		if len(acked) == enough {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(acked) < enough {
		t.Fatalf("the child has acknowledged %d signals before it ended, want %d", len(acked), enough)
	}
	return acked
}

// TestServerFails kills PostgreSQL in the middle of settling and starts it
// again: callers are told at once and kindly, and nothing acknowledged is lost.
func TestServerFails(t *testing.T) {
	server := pgtest.Own(t)
	url := server.URL(t)
	db := open(t, url)
	stop := make(chan struct{})
	done := make(chan struct{})
	var acked []string
	var failed []error
	go func() {
		defer close(done)
		acked, failed = sales(db, 8, stop)
	}()
	until(t, "some are settled", func() bool { return db.Stats().Commits > 200 })
	if err := server.Kill(); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if _, err := db.Settle(t.Context(), sale(-1)); fault.Of(err) != fault.Unavailable {
		t.Errorf("settling without a server: %v, want Unavailable", err)
	}
	if err := db.Ping(t.Context()); fault.Of(err) != fault.Unavailable {
		t.Errorf("ping without a server: %v, want Unavailable", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v to say so", took)
	}
	late, err := Open(t.Context(), url, Options{Later: true})
	if err != nil {
		t.Fatalf("opening for later: %v", err)
	}
	defer late.Close()
	if _, err := late.Settle(t.Context(), sale(-2)); fault.Of(err) != fault.Unavailable {
		t.Errorf("settling before the server was ever there: %v, want Unavailable", err)
	}
	if _, err := Open(t.Context(), "postgres://waybill@127.0.0.1:1/x?sslmode=disable", Options{}); fault.Of(err) != fault.Unavailable {
		t.Errorf("opening where nobody listens: %v, want Unavailable", err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	commits := db.Stats().Commits
	until(t, "it is settled again", func() bool { return db.Stats().Commits > commits+50 })
	until(t, "the ledger that was opened for later settles", func() bool {
		_, err := late.Settle(t.Context(), sale(-2))
		return err == nil
	})
	close(stop)
	<-done
	for _, err := range failed {
		if fault.Of(err) != fault.Unavailable {
			t.Errorf("a failure while the server was away: %v, want Unavailable", err)
		}
	}
	allThere(t, db, acked)
}

// until polls a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for tick := time.Tick(5 * time.Millisecond); !holds(); {
		select {
		case <-tick:
		case <-limit:
			t.Fatalf("30 seconds, and not yet: %s", what)
		}
	}
}

// TestServerHangs stops the server's processes: callers must not wait for ever.
func TestServerHangs(t *testing.T) {
	server := pgtest.Own(t)
	url := server.URL(t)
	db, err := Open(t.Context(), url, Options{Timeout: time.Second, Dial: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Settle(t.Context(), sale(1)); err != nil {
		t.Fatal(err)
	}
	resume, err := server.Pause(url)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	_, err = db.Settle(t.Context(), sale(2))
	took := time.Since(begun)
	if err := resume(); err != nil {
		t.Fatal(err)
	}
	if fault.Of(err) != fault.Unavailable || took > 10*time.Second {
		t.Errorf("settling on a server that hangs: %v after %v, want Unavailable soon", err, took)
	}
	if v := settle(t, db, sale(2)); v.Status != signal.Accepted {
		t.Errorf("afterwards the signal is %s, want accepted", v.Status)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// TestHeldRow has somebody hold a claim's row on PostgreSQL: its signals cannot be
// settled now, and that is not the ledger's being away.
func TestHeldRow(t *testing.T) {
	db := open(t, postgresURL(t))
	settle(t, db, uncapped(1))
	tx, err := db.reader.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = tx.ExecContext(t.Context(), "UPDATE claim SET signals = signals WHERE transaction_id = $1", uncapped(1).Claim.TransactionID)
	if err != nil {
		t.Fatal(err)
	}
	late := uncapped(1)
	late.SignalID = uncapped(2).SignalID
	if _, err := db.Settle(t.Context(), late); fault.Of(err) != fault.Limited {
		t.Errorf("settling on a row that is held: %v, want Limited", err)
	}
	if v := settle(t, db, uncapped(3)); v.Status != signal.Accepted {
		t.Errorf("another claim meanwhile: %+v, want accepted", v)
	}
	if err := tx.Rollback(); err != nil {
		t.Fatal(err)
	}
	late.Judge = func(s settlement.State) (settlement.Outcome, error) {
		return settlement.Outcome{Verdict: signal.Verdict{Status: signal.Duplicate, ConversionID: s.Conversions[0].ID}}, nil
	}
	if v := settle(t, db, late); v.Status != signal.Duplicate {
		t.Errorf("once it is free: %+v, want duplicate", v)
	}
}

// TestLostCommitAnswer cuts the connection between a commit and its answer: the
// verdict is there, so the caller gets it.
func TestLostCommitAnswer(t *testing.T) {
	db := open(t, postgresURL(t))
	db.writer = &lossy{writer: db.writer, lose: true}
	if v := settle(t, db, sale(1)); v.Status != signal.Accepted {
		t.Errorf("the verdict is %+v, want accepted", v)
	}
	db.writer = &lossy{writer: db.writer.(*lossy).writer}
	if _, err := db.Settle(t.Context(), sale(2)); fault.Of(err) != fault.Unavailable {
		t.Errorf("a commit that never came about, and no answer: %v, want Unavailable", err)
	}
	if v := settle(t, &DB{engine: db.engine, reader: db.reader, writer: db.writer.(*lossy).writer, texts: db.texts, now: db.now}, sale(2)); v.Status != signal.Accepted {
		t.Errorf("settling it again gives %+v, want accepted", v)
	}
}

// lossy is a writer whose commits are carried out, or not, and never answered.
type lossy struct {
	writer
	lose bool
}

func (l *lossy) sure(ctx context.Context, f func(context.Context, session) error) error {
	lost := &unsure{io.ErrUnexpectedEOF}
	if !l.lose {
		return lost
	}
	return errors.Join(l.writer.sure(ctx, f), lost)
}

// TestFullDisk fills SQLite's file up: everybody in the transaction is told, and
// the ledger goes on when there is room again.
func TestFullDisk(t *testing.T) {
	db := open(t, sqliteURL(t))
	w := db.writer.(*groupWriter) //nolint:forcetypeassert // SQLite's
	limit := func(pages int64) {
		t.Helper()
		err := db.write(t.Context(), func(ctx context.Context, _ session) error {
			return w.conn.run(ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(1)
	var failed []error
	for n := 1; len(failed) == 0 && n < 10_000; n++ {
		if _, err := db.Settle(t.Context(), sale(n)); err != nil {
			failed = append(failed, err)
		}
	}
	stop := make(chan struct{})
	time.AfterFunc(100*time.Millisecond, func() { close(stop) })
	_, more := sales(db, 8, stop)
	for _, err := range append(failed, more...) {
		if fault.Of(err) != fault.Unavailable {
			t.Fatalf("a write to a full disk: %v, want Unavailable", err)
		}
	}
	if len(failed) == 0 {
		t.Fatal("the disk was never full")
	}
	limit(1_000_000)
	if v := settle(t, db, sale(20_000)); v.Status != signal.Accepted {
		t.Errorf("with room again: %+v, want accepted", v)
	}
	checkClean(t, db)
}

// TestGroupFailsApart puts writes that fail between others: each has its own
// outcome.
func TestGroupFailsApart(t *testing.T) {
	db, err := Open(t.Context(), sqliteURL(t), Options{GroupTime: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	wrong := errors.New("wrong on purpose")
	block, blocked := make(chan struct{}), make(chan struct{})
	go func() {
		_ = db.write(context.Background(), func(context.Context, session) error {
			close(blocked)
			<-block
			return nil
		})
	}()
	<-blocked
	var wait sync.WaitGroup
	errs := make([]error, 30)
	for n := range errs {
		wait.Go(func() {
			c := sale(n + 1)
			judge := c.Judge
			c.Judge = func(s settlement.State) (settlement.Outcome, error) {
				switch n % 3 {
				case 1:
					return settlement.Outcome{}, wrong
				case 2:
					panic("on purpose")
				}
				return judge(s)
			}
			_, errs[n] = db.Settle(context.Background(), c)
		})
	}
	w := db.writer.(*groupWriter) //nolint:forcetypeassert // SQLite's
	until(t, "all wait", func() bool { return len(w.queue) == len(errs) })
	before := db.Stats().Commits
	close(block)
	wait.Wait()
	if again := db.Stats().Retried; again != 1 {
		t.Errorf("the transaction was run again %d times, want once, with savepoints", again)
	}
	for n, err := range errs {
		good := err == nil
		if n%3 == 1 {
			good = errors.Is(err, wrong)
		}
		if n%3 == 2 {
			good = err != nil && strings.Contains(err.Error(), "on purpose")
		}
		if !good {
			t.Errorf("write %d: %v", n, err)
		}
	}
	if commits := db.Stats().Commits - before; commits != 1 {
		t.Errorf("the writes took %d commits, want all in one", commits)
	}
	page, _, err := db.Verdicts(t.Context(), VerdictFilter{TransactionID: sale(2).Claim.TransactionID})
	if err != nil || len(page) != 0 {
		t.Errorf("a write that failed has left verdicts %v (%v)", page, err)
	}
	checkClean(t, db)
}

// TestGroupSettlesOnce puts a signal among others that is settled already, and
// one twice: no write has to be taken back.
func TestGroupSettlesOnce(t *testing.T) {
	db, err := Open(t.Context(), sqliteURL(t), Options{GroupTime: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	settle(t, db, uncapped(1))
	block, blocked := make(chan struct{}), make(chan struct{})
	go func() {
		_ = db.write(context.Background(), func(context.Context, session) error {
			close(blocked)
			<-block
			return nil
		})
	}()
	<-blocked
	var wait sync.WaitGroup
	verdicts, errs := make([]signal.Verdict, 12), make([]error, 12)
	for n := range errs {
		wait.Go(func() { verdicts[n], errs[n] = db.Settle(context.Background(), uncapped(1+n/2)) })
	}
	w := db.writer.(*groupWriter) //nolint:forcetypeassert // SQLite's
	until(t, "all wait", func() bool { return len(w.queue) == len(errs) })
	close(block)
	wait.Wait()
	for n, err := range errs {
		if err != nil || !reflect.DeepEqual(verdicts[n], verdicts[n/2*2]) || verdicts[n].Status != signal.Accepted {
			t.Errorf("settling signal %d: %+v, %v; want the one verdict on it", 1+n/2, verdicts[n], err)
		}
	}
	if again := db.Stats().Retried; again != 0 {
		t.Errorf("the transaction was run again %d times, want not at all", again)
	}
	checkClean(t, db)
}

// TestWaitingWriteIsTakenBack cancels a write that has not begun.
func TestWaitingWriteIsTakenBack(t *testing.T) {
	db, err := Open(t.Context(), sqliteURL(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	block, blocked := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		err := db.write(context.Background(), func(context.Context, session) error {
			close(blocked)
			<-block
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-blocked
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := db.Settle(ctx, sale(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("a write whose caller has left: %v, want canceled", err)
	}
	close(block)
	wait.Wait()
	if _, err := db.Verdict(context.Background(), sale(1).SignalID); fault.Of(err) != fault.NotFound {
		t.Errorf("the write was carried out all the same: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Settle(context.Background(), sale(1)); fault.Of(err) != fault.Unavailable {
		t.Errorf("settling in a closed ledger: %v, want Unavailable", err)
	}
}

// TestDurability reads back the settings on which everything rests.
func TestDurability(t *testing.T) {
	path := sqliteURL(t)
	db := open(t, path)
	w := db.writer.(*groupWriter) //nolint:forcetypeassert // SQLite's
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		err := db.write(t.Context(), func(ctx context.Context, _ session) error {
			return w.conn.rows(ctx, func(row scan) error {
				var value any
				err := row(&value)
				got = fmt.Sprint(value)
				return err
			}, "PRAGMA "+pragma, nil)
		})
		if err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", pragma, got, err, want)
		}
	}
	if _, err := db.reader.ExecContext(t.Context(), "DELETE FROM sequence"); err == nil {
		t.Error("the readers can write")
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + end)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v, %v", filepath.Base(path)+end, info.Mode(), err)
		}
	}
}

// TestNewerSchema refuses a ledger that a later version has changed.
func TestNewerSchema(t *testing.T) {
	onEach(t, func(t *testing.T, at newURL) {
		url := at(t)
		db := open(t, url)
		err := raw(t, db, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, TRUE)")
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Open(t.Context(), url, Options{}); fault.Of(err) != fault.Invalid {
			t.Errorf("opened: %v, %v; want Invalid", again, err)
		}
	})
}

// TestSchemaRefuses has each engine hold the references that the catalog checks
// first, for whoever writes past it.
func TestSchemaRefuses(t *testing.T) {
	onEach(t, func(t *testing.T, at newURL) {
		db := open(t, at(t))
		const orphan = `INSERT INTO offer (id, advertiser_id, name, status, doc, version, created_at, updated_at)
			VALUES (1, 77, '', '', '{}', 1, 0, 0)`
		if err := raw(t, db, orphan); err == nil {
			t.Error("an offer of no advertiser was taken")
		}
	})
}
