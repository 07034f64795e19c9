package pebblejournal

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

// badDisk fails those operations that the test chooses, while it chooses.
type badDisk struct {
	fails atomic.Pointer[func(errorfs.Op) error]
}

func (d *badDisk) String() string { return "bad disk" }

func (d *badDisk) MaybeError(op errorfs.Op) error {
	if fails := d.fails.Load(); fails != nil {
		return (*fails)(op)
	}
	return nil
}

func (d *badDisk) breaks(f func(errorfs.Op) error) { d.fails.Store(&f) }

func (d *badDisk) mends() { d.fails.Store(nil) }

// on gives a file system that the disk's failures are met in.
func (d *badDisk) on(base vfs.FS) vfs.FS { return &badFS{errorfs.Wrap(base, d), d} }

// badFS makes a new file where one is to be reused: errorfs injects nothing
// into files that are.
type badFS struct {
	*errorfs.FS
	disk *badDisk
}

func (f *badFS) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	file, err := f.FS.Create(name, c)
	if err != nil {
		return nil, err
	}
	return &badFile{file, name, f.disk}, nil
}

// badFile fails when it is closed, which errorfs never does.
type badFile struct {
	vfs.File
	name string
	disk *badDisk
}

func (f *badFile) Close() error {
	return errors.Join(f.disk.MaybeError(errorfs.Op{Kind: errorfs.OpFileClose, Path: f.name}), f.File.Close())
}

func (f *badFS) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if err := f.disk.MaybeError(errorfs.Op{Kind: errorfs.OpReuseForWrite, Path: newname}); err != nil {
		return nil, err
	}
	if err := f.FS.Unwrap().Remove(oldname); err != nil {
		return nil, err
	}
	return f.Create(newname, c)
}

// on makes an error for operations of some kinds on files whose name holds a
// text.
func on(err error, name string, kinds ...errorfs.OpKind) func(errorfs.Op) error {
	return func(op errorfs.Op) error {
		for _, k := range kinds {
			if op.Kind == k && strings.Contains(op.Path[strings.LastIndexByte(op.Path, '/')+1:], name) {
				return err
			}
		}
		return nil
	}
}

// traffic is callers that append one record after the other, and what
// became of it.
type traffic struct {
	t    *testing.T
	j    *Journal
	mint *txid.Mint
	stop func()
	wg   sync.WaitGroup

	mu      sync.Mutex
	acked   map[txid.ID]byte
	refused int
	longest time.Duration
	err     error
}

func start(t *testing.T, j *Journal, callers, size int) *traffic {
	stop := make(chan struct{})
	tr := &traffic{t: t, j: j, mint: txid.NewMint(testRing, 1, 0), acked: map[txid.ID]byte{}}
	tr.stop = sync.OnceFunc(func() { close(stop) })
	for c := range callers {
		tr.wg.Go(func() {
			record := make([]byte, size)
			pace := time.NewTicker(time.Millisecond)
			defer pace.Stop()
			for i := 0; ; i++ {
				record[0] = byte(i)
				tr.one(byte(c), record)
				select {
				case <-stop:
					return
				case <-pace.C:
				}
			}
		})
	}
	t.Cleanup(tr.end)
	return tr
}

func (tr *traffic) one(c byte, record []byte) {
	ticket := tr.mint.Begin(time.Now(), txid.Subject{Kind: txid.Click})
	began := time.Now()
	err := tr.j.Append(context.Background(), ticket, record, []byte{c})
	took := time.Since(began)
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.longest = max(tr.longest, took)
	if err == nil {
		tr.acked[ticket.ID] = record[0]
		return
	}
	tr.refused++
	tr.err = err
	if fault.Of(err) != fault.Unavailable {
		tr.t.Errorf("Append() = %v, want unavailable", err)
	}
}

func (tr *traffic) end() {
	tr.stop()
	tr.wg.Wait()
}

func (tr *traffic) counts() (acked, refused int) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return len(tr.acked), tr.refused
}

// awaitAcks waits until n more appends have succeeded, awaitRefusals until n
// more have failed.
func (tr *traffic) awaitAcks(n int) {
	tr.t.Helper()
	from, _ := tr.counts()
	poll(tr.t, "appends to succeed", func() bool { acked, _ := tr.counts(); return acked >= from+n })
}

func (tr *traffic) awaitRefusals(n int) {
	tr.t.Helper()
	_, from := tr.counts()
	poll(tr.t, "appends to fail", func() bool { _, refused := tr.counts(); return refused >= from+n })
}

// check ends the traffic and finds every acknowledged record, in j and in
// the folder once j is closed.
func (tr *traffic) check(dir string, fs vfs.FS) {
	tr.t.Helper()
	tr.end()
	poll(tr.t, "the journal to work", func() bool { return tr.j.Health() == nil })
	poll(tr.t, "every ticket to be done", func() bool { return tr.mint.Low() == tr.mint.Last()+1 })
	if limit := tr.j.o.AppendTimeout; tr.longest > limit+5*time.Second { // the machine may be busy
		tr.t.Errorf("an append took %s", tr.longest)
	}
	tr.find(tr.j)
	shut(tr.t, tr.j)
	tr.find(open(tr.t, dir, Options{FS: fs}))
}

func (tr *traffic) find(j *Journal) {
	tr.t.Helper()
	found := 0
	q := Query{Kind: txid.Click, Node: 1, To: tr.mint.Low()}
	err := j.Scan(tr.t.Context(), q, func(id txid.ID, record []byte) error {
		want, ok := tr.acked[id]
		if ok && record[0] != want {
			return fmt.Errorf("record %s is %d, want %d", id, record[0], want)
		}
		if ok {
			found++
		}
		return nil
	})
	if err != nil || found != len(tr.acked) {
		tr.t.Errorf("found %d of %d acknowledged records: %v", found, len(tr.acked), err)
	}
}

// TestADiskThatFails breaks the disk in one way after the other. Each time
// callers learn of it in time, and nothing that was acknowledged is lost once
// it works again.
func TestADiskThatFails(t *testing.T) {
	const log, table, manifest = ".log", ".sst", "MANIFEST"
	everything := func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() == errorfs.OpIsWrite && op.Kind != errorfs.OpFileClose {
			return syscall.EIO
		}
		return nil
	}
	tests := []struct {
		name  string
		fails func(errorfs.Op) error
	}{
		{"the log cannot be written", on(syscall.EIO, log, errorfs.OpFileWrite)},
		{"the log cannot be synced", on(syscall.EIO, log, errorfs.OpFileSync, errorfs.OpFileSyncData)},
		{"the log finds no space", on(syscall.ENOSPC, log, errorfs.OpFileWrite)},
		{"the next log cannot be made", on(syscall.ENOSPC, log, errorfs.OpCreate, errorfs.OpReuseForWrite)},
		{"the last log cannot be closed", on(syscall.EIO, log, errorfs.OpFileClose)},
		{"a reused log cannot be described", on(syscall.EIO, log, errorfs.OpFileStat)},
		{"the folder cannot be synced", on(syscall.EIO, "", errorfs.OpFileSync)},
		{"a table finds no space", on(syscall.ENOSPC, table, errorfs.OpFileWrite)},
		{"a table cannot be made", on(syscall.ENOSPC, table, errorfs.OpCreate)},
		{"a table cannot be synced", on(syscall.EIO, table, errorfs.OpFileSync, errorfs.OpFileSyncData)},
		{"the manifest finds no space", on(syscall.ENOSPC, manifest, errorfs.OpFileWrite)},
		{"the manifest cannot be synced", on(syscall.EIO, manifest, errorfs.OpFileSync, errorfs.OpFileSyncData)},
		{"nothing can be written", everything},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { t.Parallel(); failAndMend(t, vfs.NewMem(), tt.fails) })
	}
	t.Run("all of it on a real disk", func(t *testing.T) { t.Parallel(); failAndMend(t, vfs.Default, everything) })
}

func failAndMend(t *testing.T, base vfs.FS, fails func(errorfs.Op) error) {
	dir, disk := t.TempDir(), new(badDisk)
	j := open(t, dir, Options{FS: disk.on(base), MemTableSize: 512 << 10, AppendTimeout: defaultTimeout})
	tr := start(t, j, 8, 2000)
	tr.awaitAcks(500)

	disk.breaks(fails)
	poll(t, "the failure to be met", func() bool { return j.Stats().Failures > 0 })
	tr.awaitRefusals(20)
	disk.mends()
	poll(t, "the journal to work again", func() bool { return j.Health() == nil })
	tr.awaitAcks(500)

	if st := j.Stats(); st.Failures == 0 || st.Reopens == 0 {
		t.Errorf("Stats() = %d failures, %d reopens; want some", st.Failures, st.Reopens)
	}
	tr.check(dir, base)
}

// TestADiskThatFailsForLong stays broken through several tries to open the
// store again.
func TestADiskThatFailsForLong(t *testing.T) {
	t.Parallel()
	dir, base, disk := t.TempDir(), vfs.NewMem(), new(badDisk)
	j := open(t, dir, Options{FS: disk.on(base), MemTableSize: 512 << 10, AppendTimeout: defaultTimeout})
	tr := start(t, j, 8, 2000)
	tr.awaitAcks(500)

	var tries atomic.Int32
	disk.breaks(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpCreate {
			tries.Add(1)
		}
		return on(syscall.ENOSPC, "", errorfs.OpCreate, errorfs.OpFileWrite)(op)
	})
	poll(t, "three tries to open the store", func() bool { return tries.Load() >= 3 })
	if err := j.Health(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Health() = %v, want the disk's error in it", err)
	}
	if _, err := j.Get(t.Context(), txid.ID{}); fault.Of(err) != fault.Unavailable {
		t.Errorf("Get() = %v, want unavailable", err)
	}
	disk.mends()
	tr.awaitAcks(500)
	tr.check(dir, base)
}

// TestADiskThatFailsAgainAndAgain fails a short time after each new opening.
func TestADiskThatFailsAgainAndAgain(t *testing.T) {
	t.Parallel()
	dir, base, disk := t.TempDir(), vfs.NewMem(), new(badDisk)
	j := open(t, dir, Options{FS: disk.on(base), MemTableSize: 512 << 10, AppendTimeout: defaultTimeout})
	tr := start(t, j, 8, 2000)
	var ops atomic.Int64
	disk.breaks(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSyncData && ops.Add(1)%200 == 0 {
			return syscall.EIO
		}
		return nil
	})
	poll(t, "three failures", func() bool { return j.Stats().Failures >= 3 })
	disk.mends()
	tr.awaitAcks(500)
	tr.check(dir, base)
}

// TestAWriteTornInTwo leaves half a write behind, as a full disk does.
func TestAWriteTornInTwo(t *testing.T) {
	t.Parallel()
	dir, base := t.TempDir(), vfs.NewMem()
	torn := &tornDisk{FS: base}
	j := open(t, dir, Options{FS: torn, MemTableSize: 512 << 10})
	tr := start(t, j, 8, 2000)
	for range 3 {
		tr.awaitAcks(200)
		failures := j.Stats().Failures
		torn.tears.Store(1)
		poll(t, "the failure to be met", func() bool { return j.Stats().Failures > failures })
	}
	tr.awaitAcks(200)
	tr.check(dir, base)
}

// tornDisk writes the first half of what it is given, once.
type tornDisk struct {
	vfs.FS
	tears atomic.Int32
}

func (d *tornDisk) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, c)
	return &tornFile{f, d}, err
}

func (d *tornDisk) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(oldname, newname, c)
	return &tornFile{f, d}, err
}

type tornFile struct {
	vfs.File
	disk *tornDisk
}

func (f *tornFile) Write(p []byte) (int, error) {
	if len(p) > 1 && f.disk.tears.CompareAndSwap(1, 0) {
		n, _ := f.File.Write(p[:len(p)/2])
		return n, syscall.ENOSPC
	}
	return f.File.Write(p)
}

// TestCompactionsThatFail go on when the disk does, and appends never notice.
func TestCompactionsThatFail(t *testing.T) {
	t.Parallel()
	dir, base := t.TempDir(), vfs.NewMem()
	disk := &noCompactions{FS: base}
	j := open(t, dir, Options{FS: disk, MemTableSize: 256 << 10})
	disk.full.Store(true)
	tr := start(t, j, 8, 2000)
	poll(t, "a compaction to fail", func() bool { return disk.met.Load() && j.Stats().BackgroundErrors > 0 })
	disk.full.Store(false)
	poll(t, "a compaction to succeed", func() bool { return j.current.Load().db.Metrics().Compact.Count > 0 })
	tr.awaitAcks(100)
	if _, refused := tr.counts(); refused > 0 {
		t.Errorf("%d appends failed: %v", refused, tr.err)
	}
	if st := j.Stats(); st.Failures != 0 {
		t.Errorf("Stats() = %d failures, want none", st.Failures)
	}
	tr.check(dir, base)
}

// noCompactions is a disk that is full for compactions.
type noCompactions struct {
	vfs.FS
	full, met atomic.Bool
}

func (d *noCompactions) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	if c == compacting && d.full.Load() {
		d.met.Store(true)
		return nil, syscall.ENOSPC
	}
	return d.FS.Create(name, c)
}

// TestADiskThatCannotBeRead gives its error for the record, and serves it when
// the disk can be read again.
func TestADiskThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir, base, disk := t.TempDir(), vfs.NewMem(), new(badDisk)
	j := open(t, dir, Options{FS: base})
	m := txid.NewMint(testRing, 1, 0)
	for range 100 { // so that opening does not read the record's block
		put(t, j, m, noon, txid.Click, strings.Repeat("x", 32<<10))
	}
	id := put(t, j, m, noon, txid.Click, "x")
	shut(t, j)

	j = open(t, dir, Options{FS: disk.on(base)})
	disk.breaks(on(syscall.EIO, ".sst", errorfs.OpFileReadAt, errorfs.OpOpen))
	if _, err := j.Get(t.Context(), id); !errors.Is(err, syscall.EIO) {
		t.Errorf("Get() = %v, want the disk's error", err)
	}
	put(t, j, m, noon, txid.Click, "y") // writing does not suffer
	disk.mends()
	if got, err := j.Get(t.Context(), id); err != nil || string(got) != "x" {
		t.Errorf("Get() once the disk can be read = %q, %v", got, err)
	}
}

// TestNothingIsReadFromABrokenStore breaks the store in the middle of a scan.
// Its memory may show what will not be there when it is opened again.
func TestNothingIsReadFromABrokenStore(t *testing.T) {
	j := open(t, t.TempDir(), Options{FS: vfs.NewMem()})
	m := txid.NewMint(testRing, 1, 0)
	for range 3 {
		put(t, j, m, noon, txid.Click, "x")
	}
	q, s := Query{Kind: txid.Click, Node: 1, To: m.Low()}, j.current.Load()
	err := j.Scan(t.Context(), q, func(txid.ID, []byte) error {
		s.fence.fail(errors.New("broken"))
		return nil
	})
	if fault.Of(err) != fault.Unavailable {
		t.Errorf("Scan() = %v, want unavailable", err)
	}
	poll(t, "the journal to work again", func() bool { return j.Health() == nil })
	if _, records := scan(t, j, q); len(records) != 3 {
		t.Errorf("Scan() = %d records, want 3", len(records))
	}
}

// TestAStoreThatPebbleGivesUp ends neither the process nor the journal.
func TestAStoreThatPebbleGivesUp(t *testing.T) {
	j := open(t, t.TempDir(), Options{FS: vfs.NewMem()})
	tr := start(t, j, 8, 300)
	tr.awaitAcks(100)
	s := j.current.Load()
	go (&pebbleLog{log: j.log, fence: s.fence}).Fatalf("an invariant does not hold: %d", 7) // never returns
	poll(t, "another store", func() bool { now := j.current.Load(); return now != nil && now != s })
	tr.awaitAcks(100)
	tr.end()
	tr.find(j)
}
