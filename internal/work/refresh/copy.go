package refresh

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Load reads the copy of the catalog on disk.
func Load(path string) (*catalog.Catalog, error) {
	if path == "" {
		return nil, fault.New(fault.NotFound, "no copy of the catalog is kept")
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load the copy of the catalog: %w", err)
	}
	source, err := catalog.Decode(text)
	if err != nil {
		return nil, fmt.Errorf("load the copy of the catalog %s: %w", path, err)
	}
	c, err := catalog.New(source)
	if err != nil {
		return nil, fmt.Errorf("load the copy of the catalog %s: %w", path, err)
	}
	return c, nil
}

// save writes the present catalog to disk. A failure is tried again later: it
// matters only to a node that starts while the ledger is away.
func (w *Worker) save(ctx context.Context) {
	if w.Path == "" {
		w.unsaved = false
		return
	}
	text, err := catalog.Encode(w.current.Source())
	if err == nil {
		err = replace(w.Path, text)
	}
	w.saveAt = time.Now().Add(min(time.Duration(len(text))*time.Second/saveRate, saveLatest))
	if err != nil {
		w.saveAt = time.Now().Add(pause)
		w.Log.LogAttrs(ctx, slog.LevelWarn, "copy of the catalog cannot be written", slog.Any("error", err))
		return
	}
	w.unsaved = false
}

// saveLast writes what was not yet written when the node stops.
func (w *Worker) saveLast(ctx context.Context) {
	if w.unsaved {
		w.save(context.WithoutCancel(ctx))
	}
}

// replace puts text in place of the file at path: after a crash at any moment
// the file is the old one or the new one, whole. Only its owner may read it.
func replace(path string, text []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*") // 0600
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", path, errors.Join(err, os.Remove(f.Name())))
		}
	}()
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(dir)
}

// syncFolder puts the change of a folder's entries on disk.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
