package pebblejournal

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// ownFile is a file or folder whose failed writes break the fence. None of its
// methods that change the disk ever gives an error.
type ownFile struct {
	vfs.File
	fence *fence
	name  string
}

// Write appends p.
func (o *ownFile) Write(p []byte) (int, error) {
	if o.fence.enter() {
		_, err := o.File.Write(p)
		o.fence.exit("write", o.name, err)
	}
	return len(p), nil
}

// WriteAt writes p at an offset.
func (o *ownFile) WriteAt(p []byte, off int64) (int, error) {
	if o.fence.enter() {
		_, err := o.File.WriteAt(p, off)
		o.fence.exit("write", o.name, err)
	}
	return len(p), nil
}

// Sync makes all of the file durable.
func (o *ownFile) Sync() error {
	if o.fence.enter() {
		o.fence.exit("sync", o.name, o.File.Sync())
	}
	return nil
}

// SyncData makes the file's data durable.
func (o *ownFile) SyncData() error {
	if o.fence.enter() {
		o.fence.exit("sync", o.name, o.File.SyncData())
	}
	return nil
}

// SyncTo has the first bytes written out early.
func (o *ownFile) SyncTo(length int64) (bool, error) {
	if !o.fence.enter() {
		return true, nil
	}
	full, err := o.File.SyncTo(length)
	o.fence.exit("sync", o.name, err)
	return full, nil
}

// Preallocate sets space aside; a disk without that ability may refuse.
func (o *ownFile) Preallocate(offset, length int64) error {
	return o.fence.harmless(func() error { return o.File.Preallocate(offset, length) })
}

// Close ends the use of the file.
func (o *ownFile) Close() error {
	if err := o.File.Close(); err != nil {
		o.fence.fail(&os.PathError{Op: "close", Path: o.name, Err: err})
	}
	return nil
}

// Stat describes the file. Pebble asks while it changes write-ahead logs, and
// does not survive an error there.
func (o *ownFile) Stat() (vfs.FileInfo, error) {
	info, err := o.File.Stat()
	if err != nil {
		o.fence.fail(&os.PathError{Op: "stat", Path: o.name, Err: err})
		return lostInfo{}, nil //nolint:nilerr // the fence has it
	}
	return info, nil
}

// foreignFile is a file whose failed writes are passed on: a compaction's or a
// checkpoint's.
type foreignFile struct {
	vfs.File
	fence    *fence
	category vfs.DiskWriteCategory
}

// Write appends p.
func (o *foreignFile) Write(p []byte) (int, error) {
	if !o.fence.enter() {
		return 0, errFenced
	}
	n, err := o.File.Write(p)
	return n, o.exit(err)
}

// Sync makes all of the file durable.
func (o *foreignFile) Sync() error {
	if !o.fence.enter() {
		return errFenced
	}
	return o.exit(o.File.Sync())
}

// SyncData makes the file's data durable.
func (o *foreignFile) SyncData() error {
	if !o.fence.enter() {
		return errFenced
	}
	return o.exit(o.File.SyncData())
}

// SyncTo has the first bytes written out early.
func (o *foreignFile) SyncTo(length int64) (bool, error) {
	if !o.fence.enter() {
		return false, errFenced
	}
	full, err := o.File.SyncTo(length)
	return full, o.exit(err)
}

func (o *foreignFile) exit(err error) error {
	if err != nil {
		o.fence.tire(o.category)
	}
	o.fence.busy.Add(-1)
	return err
}

// readFile is a file opened for reading.
type readFile struct {
	vfs.File
	fence *fence
}

// Read reads on.
func (r *readFile) Read(p []byte) (int, error) {
	if r.fence.failure() != nil {
		pause()
		return 0, errFenced
	}
	return r.File.Read(p)
}

// ReadAt reads at an offset.
func (r *readFile) ReadAt(p []byte, off int64) (int, error) {
	if r.fence.failure() != nil {
		pause()
		return 0, errFenced
	}
	n, err := r.File.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		pause()
	}
	return n, err
}

// lostFile takes what is written behind a broken fence, and forgets it.
type lostFile struct {
	size atomic.Int64
}

var _ vfs.File = (*lostFile)(nil)

// Write forgets p.
func (l *lostFile) Write(p []byte) (int, error) {
	l.size.Add(int64(len(p)))
	return len(p), nil
}

// WriteAt forgets p.
func (l *lostFile) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

// Read has nothing to give.
func (l *lostFile) Read([]byte) (int, error) { return 0, errFenced }

// ReadAt has nothing to give.
func (l *lostFile) ReadAt([]byte, int64) (int, error) { return 0, errFenced }

// Close does nothing, as do the methods that follow.
func (l *lostFile) Close() error { return nil }

// Sync does nothing.
func (l *lostFile) Sync() error { return nil }

// SyncData does nothing.
func (l *lostFile) SyncData() error { return nil }

// SyncTo does nothing.
func (l *lostFile) SyncTo(int64) (bool, error) { return true, nil }

// Preallocate does nothing.
func (l *lostFile) Preallocate(int64, int64) error { return nil }

// Prefetch does nothing.
func (l *lostFile) Prefetch(int64, int64) error { return nil }

// Fd says that there is no descriptor.
func (l *lostFile) Fd() uintptr { return vfs.InvalidFd }

// Stat describes the file as if it were there.
func (l *lostFile) Stat() (vfs.FileInfo, error) { return lostInfo{size: l.size.Load()}, nil }

// lostInfo describes a file that cannot be asked.
type lostInfo struct {
	size int64
}

// Name is empty.
func (lostInfo) Name() string { return "" }

// Size is what was written.
func (i lostInfo) Size() int64 { return i.size }

// Mode is a plain file's.
func (lostInfo) Mode() os.FileMode { return 0o600 }

// ModTime is not known.
func (lostInfo) ModTime() time.Time { return time.Time{} }

// IsDir is false.
func (lostInfo) IsDir() bool { return false }

// Sys has nothing to give.
func (lostInfo) Sys() any { return nil }

// DeviceID is not known.
func (lostInfo) DeviceID() vfs.DeviceID { return vfs.DeviceID{} }
