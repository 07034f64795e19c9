package pebblejournal

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

// hungDisk does not answer when the log is synced, until it is let go.
type hungDisk struct {
	vfs.FS
	mu   sync.Mutex
	hold chan struct{} // nil, or closed to let go
}

func (d *hungDisk) hangs() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.hold = make(chan struct{})
}

func (d *hungDisk) answers() {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.hold)
	d.hold = nil
}

func (d *hungDisk) wait() {
	d.mu.Lock()
	hold := d.hold
	d.mu.Unlock()
	if hold != nil {
		<-hold
	}
}

func (d *hungDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, c)
	if err == nil && strings.HasSuffix(name, ".log") {
		f = &hungFile{f, d}
	}
	return f, err
}

type hungFile struct {
	vfs.File
	disk *hungDisk
}

func (f *hungFile) Sync() error     { f.disk.wait(); return f.File.Sync() }
func (f *hungFile) SyncData() error { f.disk.wait(); return f.File.SyncData() }

// hung runs a test with a journal on a disk that hangs, in a world whose time
// stands still while somebody works.
func hung(t *testing.T, f func(t *testing.T, j *Journal, d *hungDisk, m *txid.Mint)) {
	synctest.Test(t, func(t *testing.T) {
		d := &hungDisk{FS: vfs.NewMem()}
		j := open(t, "journal", Options{FS: d, AppendTimeout: defaultTimeout})
		defer shut(t, j)
		m := txid.NewMint(testRing, 1, 0)
		put(t, j, m, noon, txid.Click, "before")
		d.hangs()
		f(t, j, d, m)
	})
}

// try appends a record and gives its ID, how long that took, and its error.
func try(ctx context.Context, j *Journal, m *txid.Mint, record string) (txid.ID, time.Duration, error) {
	ticket, began := m.Begin(noon, txid.Subject{Kind: txid.Click}), time.Now()
	err := j.Append(ctx, ticket, []byte(record))
	return ticket.ID, time.Since(began), err
}

func TestADiskThatDoesNotAnswer(t *testing.T) {
	hung(t, func(t *testing.T, j *Journal, d *hungDisk, m *txid.Mint) {
		committing, took, err := try(t.Context(), j, m, "committing")
		if fault.Of(err) != fault.Unavailable || took != defaultTimeout {
			t.Errorf("Append() = %v after %s, want unavailable after %s", err, took, defaultTimeout)
		}
		if got, want := m.Low(), committing.Tick(); got != want {
			t.Errorf("Low() = %d, want %d: it is not decided whether the record is written", got, want)
		}
		<-time.After(time.Millisecond) // past the limit
		if err := j.Health(); fault.Of(err) != fault.Unavailable {
			t.Errorf("Health() = %v, want unavailable", err)
		}

		waiting, took, err := try(t.Context(), j, m, "waiting")
		if fault.Of(err) != fault.Unavailable || took != defaultTimeout {
			t.Errorf("Append() = %v after %s, want unavailable after %s", err, took, defaultTimeout)
		}

		d.answers()
		synctest.Wait()
		if got, want := m.Low(), waiting.Tick()+1; got != want {
			t.Errorf("Low() = %d once the disk answers, want %d", got, want)
		}
		if got, err := j.Get(t.Context(), committing); err != nil || string(got) != "committing" {
			t.Errorf("Get() of what was being committed = %q, %v", got, err)
		}
		if _, err := j.Get(t.Context(), waiting); fault.Of(err) != fault.NotFound {
			t.Errorf("Get() of what was not = %v, want not found", err)
		}
		if err := j.Health(); err != nil {
			t.Errorf("Health() = %v once the disk answers", err)
		}
		put(t, j, m, noon, txid.Click, "after")
		if st := j.Stats(); st.Late != 2 || st.Records != 2 || st.Failures != 0 {
			t.Errorf("Stats() = %d late, %d records, %d failures; want 2, 2, 0", st.Late, st.Records, st.Failures)
		}
	})
}

// TestACommitThatNeverReturns breaks the store while its committer waits for
// the disk. The keeper answers in its place, and opens the next store only once
// the old one cannot write any more.
func TestACommitThatNeverReturns(t *testing.T) {
	hung(t, func(t *testing.T, j *Journal, d *hungDisk, m *txid.Mint) {
		s := j.current.Load()
		go func() {
			synctest.Wait()
			s.fence.fail(errors.New("something else failed"))
		}()
		committing, took, err := try(t.Context(), j, m, "committing")
		if fault.Of(err) != fault.Unavailable || took != takeover {
			t.Errorf("Append() = %v after %s, want unavailable after %s", err, took, takeover)
		}
		if got, want := m.Low(), committing.Tick()+1; got != want {
			t.Errorf("Low() = %d, want %d: the ticket is not done", got, want)
		}
		<-time.After(10 * tick)
		if _, took, err := try(t.Context(), j, m, "refused"); fault.Of(err) != fault.Unavailable || took != 0 {
			t.Errorf("Append() = %v after %s, want unavailable at once", err, took)
		}
		if st := j.Stats(); st.Reopens != 0 || st.Winding != 1 {
			t.Errorf("Stats() = %d reopens, %d winding down; want 0, 1", st.Reopens, st.Winding)
		}
		d.answers()
		<-time.After(2 * tick)
		put(t, j, m, noon, txid.Click, "after")
		if st := j.Stats(); st.Reopens != 1 || st.Winding != 0 {
			t.Errorf("Stats() = %d reopens, %d winding down; want 1, 0", st.Reopens, st.Winding)
		}
	})
}

func TestACallerMayLeaveEarlier(t *testing.T) {
	hung(t, func(t *testing.T, j *Journal, d *hungDisk, m *txid.Mint) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, took, err := try(ctx, j, m, "x"); fault.Of(err) != fault.Unavailable || took != 100*time.Millisecond {
			t.Errorf("Append() = %v after %s, want unavailable after 100ms", err, took)
		}
		d.answers()
	})
}

// TestTheQueueHasAnEnd checks that a disk that hangs does not collect callers
// without end.
func TestTheQueueHasAnEnd(t *testing.T) {
	hung(t, func(t *testing.T, j *Journal, d *hungDisk, m *txid.Mint) {
		go func() { _, _, _ = try(t.Context(), j, m, "committing") }()
		synctest.Wait()
		for range maxWaiting {
			go func() { _, _, _ = try(t.Context(), j, m, "waiting") }()
		}
		synctest.Wait()
		if _, took, err := try(t.Context(), j, m, "one too many"); fault.Of(err) != fault.Unavailable || took != 0 {
			t.Errorf("Append() = %v after %s, want unavailable at once", err, took)
		}
		if st := j.Stats(); st.Waiting != maxWaiting || st.Refused != 1 {
			t.Errorf("Stats() = %d waiting, %d refused; want %d, 1", st.Waiting, st.Refused, maxWaiting)
		}
		d.answers()
		synctest.Wait()
		if got, want := m.Low(), m.Last()+1; got != want {
			t.Errorf("Low() = %d, want %d: a ticket is not done", got, want)
		}
	})
}

// TestCloseDoesNotWaitForEver closes a journal whose disk hangs.
func TestCloseDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &hungDisk{FS: vfs.NewMem()}
		j := open(t, "journal", Options{FS: d, AppendTimeout: defaultTimeout})
		d.hangs()
		m := txid.NewMint(testRing, 1, 0)
		go func() { _, _, _ = try(t.Context(), j, m, "committing") }()
		synctest.Wait()
		began := time.Now()
		if err := j.Close(); err == nil || time.Since(began) > closing {
			t.Errorf("Close() = %v after %s, want an error within %s", err, time.Since(began), closing)
		}
		if _, err := Open("journal", Options{FS: d}); err == nil {
			t.Error("the folder can be opened while the old store may still write to it")
		}
		d.answers()
		synctest.Wait()
		if got, want := m.Low(), m.Last()+1; got != want {
			t.Errorf("Low() = %d, want %d: a ticket is not done", got, want)
		}
	})
}
