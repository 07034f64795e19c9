package pebblejournal

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// fence stands between one open Pebble store and the disk.
//
// It watches every change the store makes. The first one that fails ends the
// store's right to write: from then on each change is dropped and reported as
// done. So the store never sees the failure, which it would answer by ending
// the process, and winds down without a lock left held, while its folder stays
// as a crash at that moment would have left it. A failed fsync is therefore
// never repeated, and a store opened beside the broken one cannot be disturbed
// by it.
//
// The cause is recorded before the failed call returns. Whoever finds the
// fence whole after an fsync has returned can rely on that fsync.
//
// Failures that Pebble bears by itself are passed on instead: those of
// compactions, which it tries again, of reads, and of files outside the
// store's folder, which are a checkpoint's.
type fence struct {
	vfs.FS
	dir    string
	broken chan struct{} // closed when the fence breaks
	once   sync.Once
	cause  atomic.Pointer[error]
	busy   atomic.Int64 // changes under way
	rested atomic.Int64 // Unix nanoseconds until which compactions rest
}

const (
	// compacting is what Pebble calls a compaction when it makes its files.
	compacting = vfs.DiskWriteCategory("pebble-compaction")
	// Pebble repeats a failed read or compaction at once. These keep it from
	// spinning.
	readRest       = 100 * time.Millisecond
	compactionRest = time.Second
)

var errFenced = errors.New("the store has been closed off after a failure")

func newFence(fs vfs.FS, dir string) *fence {
	return &fence{FS: fs, dir: fs.PathDir(fs.PathJoin(dir, "x")), broken: make(chan struct{})}
}

// fail breaks the fence. Only the first cause counts.
func (f *fence) fail(cause error) {
	f.once.Do(func() {
		f.cause.Store(&cause)
		close(f.broken)
	})
}

// failure gives why the fence is broken, or nil while it is whole.
func (f *fence) failure() error {
	if cause := f.cause.Load(); cause != nil {
		return *cause
	}
	return nil
}

// quiet reports whether a broken fence has no change under way any more.
func (f *fence) quiet() bool { return f.busy.Load() == 0 }

// enter asks for the right to change the disk. When given, exit must follow.
func (f *fence) enter() bool {
	f.busy.Add(1)
	if f.cause.Load() != nil {
		f.busy.Add(-1)
		return false
	}
	return true
}

// exit ends a change to one of the store's own files.
func (f *fence) exit(op, name string, err error) {
	if err != nil {
		f.fail(&os.PathError{Op: op, Path: name, Err: err})
	}
	f.busy.Add(-1)
}

// owns reports whether the store cannot do without the file.
func (f *fence) owns(name string, c vfs.DiskWriteCategory) bool {
	return c != compacting && f.PathDir(name) == f.dir
}

// Create makes a file.
func (f *fence) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.open("create", name, c, func() (vfs.File, error) { return f.FS.Create(name, c) })
}

// OpenReadWrite opens a file for both, and makes it if there is none.
func (f *fence) OpenReadWrite(
	name string, c vfs.DiskWriteCategory, opts ...vfs.OpenOption,
) (vfs.File, error) {
	return f.open("open", name, c, func() (vfs.File, error) { return f.FS.OpenReadWrite(name, c, opts...) })
}

// ReuseForWrite makes a file of another one.
func (f *fence) ReuseForWrite(oldname, newname string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.open("reuse", newname, c, func() (vfs.File, error) { return f.FS.ReuseForWrite(oldname, newname, c) })
}

func (f *fence) open(
	op, name string, c vfs.DiskWriteCategory, do func() (vfs.File, error),
) (vfs.File, error) {
	own := f.owns(name, c)
	if c == compacting {
		f.rest()
	}
	if !f.enter() {
		return f.lost(own)
	}
	file, err := do()
	if !own {
		f.busy.Add(-1)
		if err != nil {
			f.tire(c)
			return nil, err
		}
		return &foreignFile{File: file, fence: f, category: c}, nil
	}
	f.exit(op, name, err)
	if err != nil {
		return f.lost(own)
	}
	return &ownFile{File: file, fence: f, name: name}, nil
}

// lost is what the store gets in place of a file behind a broken fence.
func (f *fence) lost(own bool) (vfs.File, error) {
	if !own {
		pause()
		return nil, errFenced
	}
	return &lostFile{}, nil
}

// Open opens a file for reading.
func (f *fence) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	if f.failure() != nil {
		pause()
		return nil, errFenced
	}
	file, err := f.FS.Open(name, opts...)
	if err != nil {
		pause()
		return nil, err
	}
	return &readFile{File: file, fence: f}, nil
}

// OpenDir opens a folder, to be synced.
func (f *fence) OpenDir(name string) (vfs.File, error) {
	dir, err := f.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	if f.PathDir(f.PathJoin(name, "x")) != f.dir {
		return &foreignFile{File: dir, fence: f}, nil
	}
	return &ownFile{File: dir, fence: f, name: name}, nil
}

// Rename gives a file another name.
func (f *fence) Rename(oldname, newname string) error {
	if !f.enter() {
		return nil
	}
	f.exit("rename", newname, f.FS.Rename(oldname, newname))
	return nil
}

// Remove takes a file away. That it stays is no harm.
func (f *fence) Remove(name string) error {
	return f.harmless(func() error { return f.FS.Remove(name) })
}

// RemoveAll takes a folder away.
func (f *fence) RemoveAll(name string) error {
	return f.harmless(func() error { return f.FS.RemoveAll(name) })
}

// MkdirAll makes a folder.
func (f *fence) MkdirAll(dir string, perm os.FileMode) error {
	return f.harmless(func() error { return f.FS.MkdirAll(dir, perm) })
}

// Link makes a second name, in a checkpoint.
func (f *fence) Link(oldname, newname string) error {
	if f.failure() != nil {
		return errFenced
	}
	return f.harmless(func() error { return f.FS.Link(oldname, newname) })
}

// Unwrap gives what stands behind the fence.
func (f *fence) Unwrap() vfs.FS { return f.FS }

// Lock does nothing: the journal holds the folder's lock, whichever of its
// stores is open.
func (f *fence) Lock(string) (io.Closer, error) { return io.NopCloser(nil), nil }

func (f *fence) harmless(do func() error) error {
	if !f.enter() {
		return nil
	}
	defer f.busy.Add(-1)
	return do()
}

// tire has the compactions rest after one has failed.
func (f *fence) tire(c vfs.DiskWriteCategory) {
	if c == compacting {
		f.rested.Store(time.Now().Add(compactionRest).UnixNano())
	}
}

// rest waits until compactions may go on.
func (f *fence) rest() {
	wait := time.Until(time.Unix(0, f.rested.Load()))
	if wait <= 0 {
		return
	}
	select {
	case <-time.After(wait):
	case <-f.broken:
	}
}

// pause makes a failure last, for Pebble repeats at once what has failed.
func pause() { <-time.After(readRest) }
