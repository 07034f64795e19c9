package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
	"waybill/internal/store/duckwarehouse"
)

// warehouse is the warehouse as a process has it: open, or not and why. It may
// break, disappear, or be exchanged for another at any time; nothing but reports
// minds, and whoever asks it for something meanwhile is told why it cannot be had.
type warehouse struct {
	settings reporting
	path     string
	log      *slog.Logger
	asked    func(took time.Duration, err error) // of every view
	renewed  func()                              // after another file was put in the place of a lost one
	held     func(context.Context) (bool, error) // whether journal and ledger hold all that a lost one held

	usage func(dir string) (vfs.DiskUsage, error) // of a folder's disk

	tried      chan struct{} // closed when keep has tried to open the file
	rebuilding sync.Mutex    // held while a new file is made
	dropping   sync.Mutex    // held to drop from journal and ledger what is past its time, and to rebuild from them

	mu   sync.RWMutex // held for reading while the file is used, for writing to open and close it
	file *openFile    // nil when there is none
	lent bool         // somebody else reads the file: it is not to be opened

	why atomic.Pointer[error] // there is none; readiness and metrics read it without waiting for anybody
}

// openFile is an open warehouse file.
type openFile struct {
	*duckwarehouse.Warehouse
	info   os.FileInfo
	ending chan struct{} // closed when whoever uses it is to come to an end
	why    error         // it came to an end: set before ending is closed
	once   sync.Once
}

// errOff is what a node without a warehouse answers.
var errOff = fault.New(fault.Unavailable, "this node keeps no reports: it was started with --warehouse off")

// newWarehouse makes a warehouse that is not open yet.
func newWarehouse(r reporting, dir string, log *slog.Logger) *warehouse {
	w := &warehouse{settings: r, path: r.path(dir), log: log, asked: func(time.Duration, error) {}, renewed: func() {}, tried: make(chan struct{})}
	w.usage = diskUsage
	w.held = func(context.Context) (bool, error) { return false, nil }
	w.without(fault.New(fault.Unavailable, "the warehouse is not open yet; try again"))
	if r.off() {
		w.without(errOff)
	}
	return w
}

// open opens the file, or makes it when it is missing.
func (w *warehouse) open(ctx context.Context) error {
	if w.settings.off() {
		return errOff
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.openLocked(ctx)
}

// ready opens the file where nobody has yet. One that is known to be damaged
// stays out of use.
func (w *warehouse) ready(ctx context.Context) error {
	if why := w.state(); why == nil || fault.Of(why) == fault.Damaged {
		return why
	}
	return w.open(ctx)
}

func (w *warehouse) openLocked(ctx context.Context) error {
	if w.file != nil {
		return nil
	}
	if w.lent {
		return w.state()
	}
	f, err := w.openFile(ctx)
	if err != nil {
		w.without(err)
		return err
	}
	w.file = f
	w.without(nil)
	return nil
}

func (w *warehouse) openFile(ctx context.Context) (*openFile, error) {
	db, err := duckwarehouse.Open(ctx, w.path, w.options())
	if fault.Of(err) == fault.Damaged && missing(w.path) {
		db, err = w.makeAnew(ctx, err)
	}
	if fault.Of(err) == fault.Conflict {
		err = fault.Because(err, fault.Unavailable, "the warehouse %s is open in another process; end that one first", w.path)
	}
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(w.path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("look at the warehouse: %w", err), db.Close())
	}
	return &openFile{Warehouse: db, info: info, ending: make(chan struct{})}, nil
}

// missing reports whether there is no file at a path.
func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// makeAnew makes a file in place of one that is gone, which is filled from the
// beginning, unless that one may have held what nobody else holds.
func (w *warehouse) makeAnew(ctx context.Context, gone error) (*duckwarehouse.Warehouse, error) {
	held, err := w.held(ctx)
	if err != nil {
		return nil, errors.Join(gone, err)
	}
	if !held {
		return nil, gone
	}
	if err := duckwarehouse.Remove(w.path); err != nil {
		return nil, errors.Join(gone, err)
	}
	w.log.LogAttrs(ctx, slog.LevelError, "warehouse's file is gone: a new one is filled from journal and ledger", slog.String("path", w.path))
	return duckwarehouse.Open(ctx, w.path, w.options())
}

// options gives the settings of DuckDB.
func (w *warehouse) options() duckwarehouse.Options {
	return duckwarehouse.Options{Memory: int64(w.settings.Memory), Threads: w.settings.Threads, Log: w.log}
}

// close interrupts whoever uses the file and closes it. why is what is answered
// from then on.
func (w *warehouse) close(why error) error {
	w.interrupt(why)
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closeLocked(why)
}

func (w *warehouse) closeLocked(why error) error {
	w.without(why)
	f := w.file
	w.file = nil
	if f == nil {
		return nil
	}
	return f.Close()
}

// interrupt ends what is under way on the file. Whoever is in the midst of it is
// told why.
func (w *warehouse) interrupt(why error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if f := w.file; f != nil {
		f.once.Do(func() {
			f.why = why
			close(f.ending)
		})
	}
}

// state gives why there is no warehouse, nil when there is one.
func (w *warehouse) state() error { return *w.why.Load() }

// without notes why there is no warehouse, or that there is one.
func (w *warehouse) without(why error) { w.why.Store(&why) }

// use has do work with the open file. A file that turns out to be damaged is
// closed: what it would answer from then on is worth nothing.
func (w *warehouse) use(ctx context.Context, do func(context.Context, *openFile) error) error {
	f, err := w.using(ctx, do)
	if err != nil && f != nil && fault.Of(err) == fault.Damaged {
		w.damaged(ctx, f, err)
	}
	return err
}

func (w *warehouse) using(ctx context.Context, do func(context.Context, *openFile) error) (*openFile, error) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	f := w.file
	if f == nil {
		return nil, w.state()
	}
	ctx, cancel := f.until(ctx)
	defer cancel()
	err := do(ctx, f)
	select {
	case <-f.ending:
		if err != nil { // that it was interrupted, which tells nobody anything
			err = f.why
		}
	default:
	}
	return f, err
}

// until gives a context that ends with ctx, or when whoever uses the file is to
// come to an end.
func (f *openFile) until(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-f.ending:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// interruptible is a snapshot whose statements end when whoever uses the file is
// to come to an end.
type interruptible struct {
	report.Reader
	file *openFile
}

// Rows hands every row of a statement to row.
func (i interruptible) Rows(ctx context.Context, s report.Statement, row func(report.Row) error) error {
	ctx, cancel := i.file.until(ctx)
	defer cancel()
	return i.Reader.Rows(ctx, s, row)
}

// damaged takes a damaged file out of use, and says so once.
func (w *warehouse) damaged(ctx context.Context, f *openFile, cause error) {
	w.interrupt(cause)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file != f {
		return
	}
	closed := w.closeLocked(cause)
	w.log.LogAttrs(ctx, slog.LevelError, "warehouse is damaged and out of use; clicks and postbacks go on, reports wait for \"waybill rebuild warehouse\"",
		slog.Any("error", cause), slog.Any("closed", closed))
}

// Positions gives how far each source is stored.
func (w *warehouse) Positions(ctx context.Context) (all []fact.Position, err error) {
	err = w.use(ctx, func(ctx context.Context, f *openFile) error {
		all, err = f.Positions(ctx)
		return err
	})
	return all, err
}

// verify reads every block of the file.
func (w *warehouse) verify(ctx context.Context) error {
	return w.use(ctx, func(ctx context.Context, f *openFile) error {
		return f.Verify(ctx, func(string, time.Time, int, int) {})
	})
}

// days gives the days that a table has rows of, in order.
func (w *warehouse) days(ctx context.Context, table string) (all []time.Time, err error) {
	err = w.use(ctx, func(ctx context.Context, f *openFile) error {
		all, err = f.Days(ctx, table)
		return err
	})
	return all, err
}

// View has do read one snapshot.
func (w *warehouse) View(ctx context.Context, do func(report.Reader) error) error {
	began := time.Now()
	err := w.use(ctx, func(ctx context.Context, f *openFile) error {
		return f.View(ctx, func(r report.Reader) error { return do(interruptible{r, f}) })
	})
	w.asked(time.Since(began), err)
	return err
}

// lost reports whether another file, or none, has taken the place of the open
// one.
func (w *warehouse) lost() bool {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.file == nil {
		return false
	}
	now, err := os.Stat(w.path)
	return missing(w.path) || err == nil && !os.SameFile(now, w.file.info)
}
