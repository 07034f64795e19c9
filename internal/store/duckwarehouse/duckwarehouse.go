// Package duckwarehouse keeps facts in a DuckDB file, for reports.
//
// The warehouse is derived: whatever is in it can be made again from the
// journal and the ledger, for the days the journal still holds. So a file that
// cannot be read is said to be Damaged and is never mended here, and nothing
// but reports waits for it.
//
// What always holds: a batch and the positions it moves are stored together or
// not at all. A View sees one state of all tables, whatever is appended
// meanwhile. Readers hold up no writer and no writer a reader. Facts stay what
// they are: Sort moves them, Anonymise takes what is personal out of them, and
// only Retain drops any, whole days at a time.
package duckwarehouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"

	"waybill/internal/fault"
)

// Options are the warehouse's settings. Their zero values are the defaults.
type Options struct {
	Memory  int64 // how many bytes DuckDB may use; 1 GiB
	Threads int   // how many threads a report may use; 2, and no more than there are cores
	Log     *slog.Logger
}

const (
	defaultMemory  = 1 << 30
	defaultThreads = 2

	// checkpointAt is how long the write-ahead log grows before it goes into the
	// file. At a thousand clicks a second that is every few minutes.
	checkpointAt = "256MiB"
)

// Warehouse is an open file. It may be used from many goroutines.
type Warehouse struct {
	path     string
	settings map[string]string
	log      *slog.Logger

	// open is held for reading by whatever uses the database, and for writing by
	// what opens or closes it.
	open   sync.RWMutex
	db     *database // nil when it is closed or could not be opened again
	closed bool
	broken bool       // a fatal error: it must be opened again
	state  sync.Mutex // guards broken

	// Turns, taken in this order. A batch with a new word waits for changing, and
	// so for the day under way, never for all days that are to be tidied.
	tidying   turn // one Sort, Anonymise, Retain or CopyDays at a time
	changing  turn // one change of what is stored already: of a day, or of a column's words
	appending turn // one Append at a time; guards days
	days      days
}

// Open opens the warehouse's file, or makes it.
func Open(ctx context.Context, path string, o Options) (*Warehouse, error) {
	w := &Warehouse{path: path, settings: settings(path, o), log: o.Log, tidying: newTurn(), changing: newTurn(), appending: newTurn()}
	if w.log == nil {
		w.log = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("make the warehouse's folder: %w", err)
	}
	if err := w.openFile(ctx); err != nil {
		return nil, fmt.Errorf("open the warehouse %s: %w", path, err)
	}
	if err := os.WriteFile(path+made, nil, 0o600); err != nil {
		w.db.close()
		return nil, fmt.Errorf("mark the warehouse as made: %w", err)
	}
	return w, nil
}

func settings(path string, o Options) map[string]string {
	if o.Memory <= 0 {
		o.Memory = defaultMemory
	}
	if o.Threads <= 0 {
		o.Threads = defaultThreads
	}
	return map[string]string{
		"memory_limit":                 strconv.FormatInt(o.Memory, 10) + "B",
		"threads":                      strconv.Itoa(min(o.Threads, runtime.NumCPU())),
		"temp_directory":               path + temporary,
		"max_temp_directory_size":      strconv.FormatInt(spill(filepath.Dir(path)), 10) + "B",
		"checkpoint_threshold":         checkpointAt,
		"autoinstall_known_extensions": "false",
		"autoload_known_extensions":    "false",
		"allow_community_extensions":   "false",
		"preserve_insertion_order":     "false",
		"allow_persistent_secrets":     "false",
	}
}

// spill is how much a report may write beside the file when memory does not hold
// it. The journal must never run out of disk for a report.
func spill(dir string) int64 {
	const most, least = 16 << 30, 64 << 20
	free, ok := freeSpace(dir)
	if !ok {
		return most / 4
	}
	return min(most, max(least, free/4))
}

// freshTemp empties the folder for what does not fit into memory, of which a
// process that was killed leaves files behind. It is called once the file is
// open, and so locked.
func freshTemp(folder string) error {
	if err := os.RemoveAll(folder); err != nil {
		return fmt.Errorf("empty the warehouse's temporary folder: %w", err)
	}
	return os.MkdirAll(folder, 0o700)
}

// openFile opens the file and learns which days it has. It is called with
// w.open locked, or before anybody else has w.
func (w *Warehouse) openFile(ctx context.Context) error {
	if err := isThere(w.path); err != nil {
		return err
	}
	db, err := openDatabase(w.path, w.settings)
	if err != nil {
		return err
	}
	err = errors.Join(os.Chmod(w.path, 0o600), freshTemp(w.settings["temp_directory"]))
	if err == nil {
		err = w.prepare(ctx, db)
	}
	if err != nil {
		db.close()
		return err
	}
	w.db = db
	return nil
}

func (w *Warehouse) prepare(ctx context.Context, db *database) error {
	c, err := db.connect()
	if err != nil {
		return err
	}
	defer c.close()
	if err := makeSchema(ctx, c); err != nil {
		return err
	}
	w.days, err = readDays(ctx, c)
	return err
}

// with runs do on a connection of its own.
func (w *Warehouse) with(ctx context.Context, do func(c *connection) error) error {
	if err := w.reopen(ctx); err != nil {
		return err
	}
	w.open.RLock()
	defer w.open.RUnlock()
	if w.db == nil {
		return errClosed()
	}
	c, err := w.db.connect()
	if err != nil {
		return err
	}
	defer c.close()
	err = do(c)
	if fatal(err) {
		w.state.Lock()
		w.broken = true
		w.state.Unlock()
	}
	return err
}

func errClosed() error { return fault.New(fault.Unavailable, "the warehouse is closed") }

// reopen opens the database again after a fatal error, which leaves all of it
// unusable. It waits for whoever still uses it.
func (w *Warehouse) reopen(ctx context.Context) error {
	if !w.isBroken() {
		return nil
	}
	w.open.Lock()
	defer w.open.Unlock()
	if !w.isBroken() || w.closed {
		return nil
	}
	if w.db != nil {
		w.db.close()
		w.db = nil
	}
	if err := w.openFile(ctx); err != nil {
		return fmt.Errorf("open the warehouse again: %w", err)
	}
	w.state.Lock()
	w.broken = false
	w.state.Unlock()
	w.log.LogAttrs(ctx, slog.LevelWarn, "warehouse opened again after a fatal error")
	return nil
}

func (w *Warehouse) isBroken() bool {
	w.state.Lock()
	defer w.state.Unlock()
	return w.broken
}

// Close writes all into the file and closes it. It waits for whoever still
// uses the warehouse.
func (w *Warehouse) Close() error {
	w.open.Lock()
	defer w.open.Unlock()
	if w.closed {
		return nil
	}
	w.closed = true
	if w.db == nil {
		return nil
	}
	err := w.checkpoint()
	w.db.close()
	w.db = nil
	return errors.Join(err, os.RemoveAll(w.settings["temp_directory"]))
}

// checkpoint moves the write-ahead log into the file. What it writes at a close is
// not cut short.
func (w *Warehouse) checkpoint() error {
	c, err := w.db.connect()
	if err != nil {
		return err
	}
	defer c.close()
	if _, err := c.execute("CHECKPOINT", nil); err != nil {
		return fmt.Errorf("close the warehouse: %w", err)
	}
	return nil
}
