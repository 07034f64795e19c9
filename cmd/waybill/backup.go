package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"waybill/internal/fault"
)

// backupCmd is "waybill backup".
type backupCmd struct {
	common
	backup
}

// Run copies beside a running node or without one.
func (c *backupCmd) Run(e *env) error {
	dir, err := filepath.Abs(c.Dir) // the node works in another folder than the command
	if err != nil {
		return fmt.Errorf("find %s: %w", c.Dir, err)
	}
	c.Dir = dir
	return perform(e, c.common, &c.backup)
}

// backup copies an installation: the ledger first, then the journal, so that
// everything the ledger speaks of is in the journal's copy.
type backup struct {
	Dir string `arg:"" help:"The folder to write into; it must be empty or not exist."`
}

func (*backup) name() string { return "backup" }

func (*backup) creates() bool { return false }

func (b *backup) do(ctx context.Context, in *installation, out io.Writer) error {
	if err := emptyFolder(b.Dir); err != nil {
		return err
	}
	say := func(format string, args ...any) {
		fmt.Fprintf(out, format+"\n", args...) //nolint:errcheck // progress; the exit code tells
	}
	say("Copying the ledger …")
	if err := in.ledger.Backup(ctx, filepath.Join(b.Dir, ledgerFile), say); err != nil {
		return err
	}
	say("Copying the journal …")
	if err := in.journal.Checkpoint(ctx, filepath.Join(b.Dir, journalFolder)); err != nil {
		return err
	}
	say("The warehouse is left out: it is made anew from these two.")
	say("Done. Bring it back with: waybill restore --data NEWFOLDER %s", b.Dir)
	return nil
}

// restoreCmd is "waybill restore".
type restoreCmd struct {
	common
	Dir    string `arg:"" optional:"" help:"The backup's folder."`
	Resume bool   `help:"Let deliveries go out again: with a backup's folder right after it is restored, without one on an installation that was restored before."`
}

// Run brings a backup back.
func (r *restoreCmd) Run(e *env) error {
	if r.Dir == "" {
		if !r.Resume {
			return fault.New(fault.Invalid, "name the backup's folder, or say --resume to let a restored installation's deliveries go out")
		}
		return perform(e, r.common, new(resume))
	}
	if err := emptyFolder(r.Data); err != nil {
		return err
	}
	if err := r.restore(e); err != nil {
		return err
	}
	if r.Resume {
		return perform(e, r.common, new(resume))
	}
	_, err := fmt.Fprintf(e.stdout, "Restored. Reports fill by themselves once a node runs. Deliveries are parked, so that nothing is sent twice by accident: look at them, then run\n"+
		"  waybill restore --data %s --resume\n", r.Data)
	return err
}

// restore copies the journal and fills the ledger. The folder keeps no node
// number, so the node takes a new one at its next start.
func (r *restoreCmd) restore(e *env) error {
	from := filepath.Join(r.Dir, journalFolder)
	if _, err := os.Stat(filepath.Join(r.Dir, ledgerFile)); err != nil {
		return fault.New(fault.Invalid, "%s holds no backup: %s", r.Dir, err)
	}
	to := filepath.Join(r.Data, journalFolder)
	err := os.CopyFS(to, os.DirFS(from))
	if err == nil {
		err = syncTree(to)
	}
	if err != nil {
		return fmt.Errorf("copy the journal: %w", err)
	}
	in, err := openInstallation(e, r.common, true, 0)
	if err != nil {
		return err
	}
	err = in.ledger.Restore(e.ctx, filepath.Join(r.Dir, ledgerFile), func(format string, args ...any) {
		fmt.Fprintf(e.stdout, format+"\n", args...) //nolint:errcheck // progress; the exit code tells
	})
	return errors.Join(err, forgetIdentity(r.Data), in.close())
}

// syncTree brings a folder's files to the disk, and their names.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncDir(path) // a file is synced as a folder is
	})
}

// resume lets parked deliveries go out.
type resume struct{}

func (*resume) name() string { return "resume" }

func (*resume) creates() bool { return false }

func (*resume) do(ctx context.Context, in *installation, out io.Writer) error {
	if err := in.ledger.ParkDeliveries(ctx, false); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "Deliveries go out again.")
	return err
}

// emptyFolder makes sure that dir exists and is empty.
func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("create %s: %w", dir, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look into %s: %w", dir, err)
	}
	if len(entries) > 0 {
		return fault.New(fault.Invalid, "%s is not empty; choose a new folder", dir)
	}
	return nil
}
