package pebblejournal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"go.uber.org/goleak"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

// childFolder names the variable that makes the test binary a child which
// appends to the journal in a folder until it is killed.
const childFolder = "WAYBILL_JOURNAL_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childFolder); dir != "" {
		if err := appendUntilKilled(dir, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("waybill/internal/store/pebblejournal.(*pebbleLog).Fatalf"))
}

// TestPowerLoss takes copies of the disk as a power loss would have left it at
// that moment, with some, none or all of what was not synced. What had been
// acknowledged before is in each.
func TestPowerLoss(t *testing.T) {
	for _, kept := range []int{0, 50, 100} {
		t.Run(fmt.Sprintf("%d%% of what was not synced is kept", kept), func(t *testing.T) {
			t.Parallel()
			mem, disk := vfs.NewCrashableMem(), new(badDisk)
			j := open(t, "journal", Options{FS: disk.on(mem), MemTableSize: 256 << 10})
			tr := start(t, j, 8, 2000)
			rng := rand.New(rand.NewPCG(3, uint64(kept)))
			for round := range 6 {
				tr.awaitAcks(1 + rng.IntN(400))
				if round%3 == 2 { // the disk is failing while the power goes
					disk.breaks(on(syscall.EIO, "", errorfs.OpFileSync, errorfs.OpFileSyncData))
					tr.awaitRefusals(1)
				}
				tr.mu.Lock()
				acked := make([]txid.ID, 0, len(tr.acked))
				for id := range tr.acked {
					acked = append(acked, id)
				}
				tr.mu.Unlock()
				clone := mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: kept, RNG: rng})
				disk.mends()
				contains(t, clone, acked)
			}
			tr.check("journal", mem)
		})
	}
}

// contains opens the journal on a copy of the disk and looks for records.
func contains(t *testing.T, fs vfs.FS, ids []txid.ID) {
	t.Helper()
	j := open(t, "journal", Options{FS: fs, MemTableSize: 256 << 10})
	defer shut(t, j)
	lost := 0
	for _, id := range ids {
		if record, err := j.Get(t.Context(), id); err != nil || len(record) != 2000 {
			lost++
		}
	}
	if lost > 0 {
		t.Errorf("%d of %d acknowledged records are lost", lost, len(ids))
	}
	if err := j.Append(t.Context(), txid.NewMint(testRing, 2, 0).Begin(noon, txid.Subject{Kind: txid.Click}), nil); err != nil {
		t.Errorf("Append() after the power loss: %v", err)
	}
}

// TestKill kills a process that appends from 64 goroutines, five times, at
// random moments. Every record it had acknowledged is there afterwards.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var acked []txid.ID
	for round := range 5 {
		ids := killedChild(t, dir)
		if len(ids) == 0 {
			t.Fatalf("round %d: the child has acknowledged nothing", round)
		}
		acked = append(acked, ids...)
		j := open(t, dir, Options{})
		for _, id := range acked {
			if record, err := j.Get(t.Context(), id); err != nil || !bytes.HasPrefix(record, id[:]) {
				t.Fatalf("round %d: Get(%s) = %d bytes, %v; it was acknowledged", round, id, len(record), err)
			}
		}
		shut(t, j)
	}
	t.Logf("%d records were acknowledged and are there", len(acked))
}

// killedChild lets a child append for a random time and gives what it has
// acknowledged.
func killedChild(t *testing.T, dir string) (acked []txid.ID) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), childFolder+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var id txid.ID
	for {
		if _, err := io.ReadFull(out, id[:]); err != nil {
			break // the child is dead, or its last words are cut
		}
		if acked = append(acked, id); len(acked) == 1 {
			time.AfterFunc(time.Duration(50+rand.IntN(400))*time.Millisecond, func() { _ = child.Process.Kill() })
		}
	}
	_ = child.Wait() // it was killed
	return acked
}

// appendUntilKilled is the child: it writes the ID of each acknowledged record
// to out.
func appendUntilKilled(dir string, out io.Writer) error {
	j, err := Open(dir, Options{MemTableSize: 1 << 20})
	if err != nil {
		return err
	}
	ctx := context.Background()
	last, err := j.Last(ctx, 1)
	if err != nil {
		return err
	}
	mint := txid.NewMint(testRing, 1, last)
	var wg sync.WaitGroup
	errs := make(chan error, 64)
	for range 64 {
		wg.Go(func() {
			record := make([]byte, 350)
			for {
				ticket := mint.Begin(time.Now(), txid.Subject{Kind: txid.Click})
				copy(record, ticket.ID[:])
				err := j.Append(ctx, ticket, record)
				if fault.Of(err) == fault.Unavailable {
					continue // a slow disk
				}
				if err == nil {
					_, err = out.Write(ticket.ID[:])
				}
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	return <-errs
}

// smallDisk names the variable that makes the test binary a child which has a
// folder of its own to mount a small disk on.
const smallDisk = "WAYBILL_JOURNAL_TMPFS"

// TestASmallDisk fills a real file system of 64 MiB, in a child with mounts of
// its own. Where none can be made, the failures injected by the other tests
// have to do, except in CI.
func TestASmallDisk(t *testing.T) {
	if dir := os.Getenv(smallDisk); dir != "" {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64m"); err != nil {
			t.Fatalf("mount: %v", err)
		}
		t.Run("stops at the floor", func(t *testing.T) { fillToTheFloor(t, dir+"/floor") })
		t.Run("outlives a full disk", func(t *testing.T) { fillTheDisk(t, dir+"/full") })
		return
	}
	t.Parallel()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestASmallDisk$", "-test.v")
	child.Env = append(os.Environ(), smallDisk+"="+t.TempDir())
	child.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := child.CombinedOutput()
	switch {
	case err == nil:
		t.Logf("%s", out)
	case !errors.As(err, new(*exec.ExitError)) || bytes.Contains(out, []byte("mount: ")):
		if os.Getenv("CI") != "" {
			t.Fatalf("no small disk can be mounted: %v\n%s", err, out)
		}
		t.Logf("NOT TESTED on a small disk, which cannot be mounted here: %v", err)
	default:
		t.Errorf("on a small disk: %v\n%s", err, out)
	}
}

// fillToTheFloor appends until the free space is at the floor, then gives
// space back.
func fillToTheFloor(t *testing.T, dir string) {
	j := open(t, dir, Options{FreeFloor: 40 << 20, MemTableSize: 1 << 20})
	acked, err := fill(t, j)
	if err == nil || j.Stats().Failures > 0 || j.Health() == nil {
		t.Errorf("Append() = %v, Health() = %v after %d failures; want to be told that the disk is nearly full", err, j.Health(), j.Stats().Failures)
	}
	began := time.Now()
	if _, err := fill(t, j); err == nil || time.Since(began) > 100*time.Millisecond {
		t.Errorf("Append() = %v after %s, want to be refused at once", err, time.Since(began))
	}
	for _, id := range acked {
		if _, err := j.Get(t.Context(), id); err != nil {
			t.Fatalf("Get() while the disk is nearly full: %v", err)
		}
	}
	if err := j.Retain(t.Context(), noon.AddDate(1, 0, 0)); err != nil {
		t.Errorf("Retain() while the disk is nearly full: %v", err)
	}
	poll(t, "space", func() bool { return j.Health() == nil })
	put(t, j, txid.NewMint(testRing, 2, 0), noon, txid.Click, "x")
	shut(t, j)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}

// fillTheDisk appends until nothing fits on the disk any more, then gives space
// back.
func fillTheDisk(t *testing.T, dir string) {
	ballast := dir + ".ballast"
	if err := os.WriteFile(ballast, make([]byte, 40<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	j := open(t, dir, Options{FreeFloor: 1, MemTableSize: 1 << 20})
	acked, err := fill(t, j)
	if err == nil {
		t.Fatal("the disk is never full")
	}
	poll(t, "the journal to notice", func() bool { return j.Stats().Failures > 0 && j.Health() != nil })
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	poll(t, "the journal to work again", func() bool { return j.Health() == nil })
	put(t, j, txid.NewMint(testRing, 2, 0), noon, txid.Click, "x")
	for range 2 { // the second time after opening again
		for _, id := range acked {
			if record, err := j.Get(t.Context(), id); err != nil || len(record) != 32<<10 {
				t.Fatalf("Get() of an acknowledged record: %d bytes, %v", len(record), err)
			}
		}
		shut(t, j)
		j = open(t, dir, Options{FreeFloor: 1, MemTableSize: 1 << 20})
	}
}

// fill appends until it is refused.
func fill(t *testing.T, j *Journal) (acked []txid.ID, err error) {
	m := txid.NewMint(testRing, 1, 0)
	noise := rand.NewChaCha8([32]byte{2})
	record := make([]byte, 32<<10)
	for range 64 << 20 / len(record) {
		if _, err := noise.Read(record); err != nil {
			t.Fatal(err)
		}
		ticket := m.Begin(noon, txid.Subject{Kind: txid.Click})
		if err := j.Append(t.Context(), ticket, record); err != nil {
			if fault.Of(err) != fault.Unavailable {
				t.Errorf("Append() = %v, want unavailable", err)
			}
			return acked, err
		}
		acked = append(acked, ticket.ID)
	}
	return acked, nil
}
