package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"waybill/internal/fault"
	"waybill/internal/store/pebblejournal"
	"waybill/internal/store/sqlledger"
	"waybill/internal/txid"
	"waybill/internal/work/tally"
)

// The parts of a data folder.
const (
	journalFolder = "journal"
	ledgerFile    = "ledger.db"
	catalogFile   = "catalog.json"
)

// installation is the stores of one data folder, opened.
type installation struct {
	dir     string
	log     *slog.Logger
	now     func() time.Time // the clock
	journal *pebblejournal.Journal
	ledger  *sqlledger.DB
	// consoleURL is where people see the console, as a running node knows it.
	consoleURL string
	// warehouse is that of the running node, or one that is not open.
	warehouse *warehouse
	// sources gives what facts are made of.
	sources func(context.Context) (tally.Sources, error)
	// exchanged makes a running node go on with another warehouse file.
	exchanged func()
	// changed makes a running node act by a changed catalog before it returns.
	// Without a node nobody has to be told.
	changed func(context.Context) error
}

// openInstallation opens the stores of c's data folder, which must be there
// unless create is set. minFreeMiB is how much disk the journal leaves free, 0
// for its default.
func openInstallation(e *env, c common, create bool, minFreeMiB uint64) (*installation, error) {
	log := newLogger(e.stderr, c)
	if err := ensureFolder(c.Data, create); err != nil {
		return nil, err
	}
	journal, err := pebblejournal.Open(filepath.Join(c.Data, journalFolder), pebblejournal.Options{Log: log, FreeFloor: minFreeMiB << 20})
	if err != nil {
		return nil, err
	}
	return openLedger(e, c, journal, log)
}

// openLedger opens the ledger beside an open journal.
func openLedger(e *env, c common, journal *pebblejournal.Journal, log *slog.Logger) (*installation, error) {
	now := e.now
	if now == nil {
		now = time.Now
	}
	db, err := sqlledger.Open(e.ctx, ledgerURL(c), sqlledger.Options{Log: log, Later: true, Now: now})
	if err != nil {
		return nil, errors.Join(err, journal.Close())
	}
	in := &installation{
		dir: c.Data, log: log, now: now, journal: journal, ledger: db, warehouse: newWarehouse(reporting{Warehouse: noWarehouse}, c.Data, log),
		exchanged: func() {}, changed: func(context.Context) error { return nil },
	}
	in.sources = in.sourcesAlone
	return in, nil
}

// ledgerURL names the ledger: what the configuration says, or SQLite in the
// data folder.
func ledgerURL(c common) string {
	if c.Ledger != "" {
		return c.Ledger
	}
	return "sqlite:" + filepath.Join(c.Data, ledgerFile)
}

// ensureFolder makes sure that the data folder is there and nobody else's.
func ensureFolder(dir string, create bool) error {
	_, err := os.Stat(filepath.Join(dir, journalFolder))
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("open the data folder: %w", err)
	case !create:
		return fault.New(fault.Invalid,
			`there is no installation in %s; "waybill serve" creates one, or name its folder with --data`, dir)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create the data folder: %w", err)
	}
	return nil
}

// takeNode gets a new node number from the ledger and keeps it in the folder.
func (in *installation) takeNode(ctx context.Context) (uint16, error) {
	host, _ := os.Hostname()
	node, err := in.ledger.TakeNode(ctx, host+" "+in.dir, in.now())
	if err != nil {
		return 0, err
	}
	if err := writeIdentity(in.dir, node); err != nil {
		// The number is ours all the same: only the next start takes another.
		in.log.LogAttrs(ctx, slog.LevelWarn, "node number could not be kept in the data folder", slog.Any("error", err))
	}
	return node, nil
}

// node gives the folder's node number, a new one when it has none that holds.
func (in *installation) node(ctx context.Context) (uint16, error) {
	id, holds, err := readIdentity(in.dir)
	if err != nil || holds {
		return id.Node, err
	}
	return in.takeNode(ctx)
}

// reportsFrom makes the warehouse that r names the installation's. It is not open
// yet.
func (in *installation) reportsFrom(r reporting) {
	in.warehouse = newWarehouse(r, in.dir, in.log)
	in.warehouse.held = func(ctx context.Context) (bool, error) {
		may, err := in.olderDays(ctx)
		return !may, err
	}
}

// ring gives the keys of transaction IDs, as the ledger holds them.
func (in *installation) ring(ctx context.Context) (*txid.Ring, error) {
	keys, err := in.ledger.Ring(ctx)
	if err != nil {
		return nil, err
	}
	return txid.NewRing(keys)
}

// close closes the stores. A journal that is still at work is left to it: what it
// has answered for is on disk.
func (in *installation) close() error {
	left := in.warehouse.leave()
	err := in.journal.Close()
	if errors.Is(err, pebblejournal.ErrUnfinished) {
		in.log.LogAttrs(context.Background(), slog.LevelWarn, "journal left at work; the next start reads back its log", slog.Any("error", err))
		err = nil
	}
	return errors.Join(left, err, in.ledger.Close())
}
