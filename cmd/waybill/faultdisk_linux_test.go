package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDiskFull fills the disk under a node. Visitors go on their way, and that
// they are not recorded is counted; postbacks are sent back to come again. When
// there is room again everything goes on by itself.
func TestDiskFull(t *testing.T) {
	if !apart(t) {
		return
	}
	t.Run("down to the last byte", func(t *testing.T) { diskFull(t, 0) })
	t.Run("down to what is kept free", func(t *testing.T) { diskFull(t, 512<<10) })
}

func diskFull(t *testing.T, left int64) {
	t.Helper()
	disk := smallDisk(t, "96m")
	s, b := newSite(t, filepath.Join(disk, "data")), newBook()
	s.start()
	s.furnish("")
	offer := s.offer(nil)
	b.caughtUp(s, offer)
	crowd := s.crowd(b, offer, 8, 200)
	crowd.await()
	crowd.end()

	filler := fill(t, disk, left)
	lost := map[string]bool{}
	s.eventually("notice that the disk is full", func() error {
		lost[s.visitQuickly(t, offer)] = true
		if status, text := s.ready(); status != http.StatusServiceUnavailable || !strings.Contains(text, "journal") {
			return fmt.Errorf("readiness is %d: %s", status, text)
		}
		return nil
	})
	before := s.metric("waybill_clicks_unrecorded_total")
	for range 10 {
		lost[s.visitQuickly(t, offer)] = true
	}
	if got := s.metric("waybill_clicks_unrecorded_total") - before; got != 10 {
		t.Errorf("10 clicks on a full disk are counted as %v unrecorded", got)
	}
	for id := range lost {
		a, err := postback(s.web, s.node.url, http.MethodPost, url.Values{"transaction_id": {id}}) // checks Retry-After
		if err != nil || a.HTTP != http.StatusServiceUnavailable || a.Code != "unavailable" {
			t.Errorf("on a full disk a postback is answered %+v, %v", a, err)
		}
	}

	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	s.eventually("recover by itself", func() error {
		if status, text := s.ready(); status != http.StatusOK {
			return fmt.Errorf("readiness is %d: %s", status, text)
		}
		return nil
	})
	b.caughtUp(s, offer)
	crowd = s.crowd(b, offer, 8, 200)
	crowd.await()
	crowd.end()
	b.verify(s)
}

// visitQuickly has a visitor follow a link, who must not be kept waiting: the
// edge waits half a second for the journal.
func (s *site) visitQuickly(t *testing.T, offer int64) (id string) {
	t.Helper()
	const most = grace + 100*time.Millisecond
	began := time.Now()
	resp, err := s.web.Get(fmt.Sprintf("%s/click?offer_id=%d&affiliate_id=1", s.node.url, offer))
	took := time.Since(began)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	id, ok := strings.CutPrefix(resp.Header.Get("Location"), destination)
	if resp.StatusCode != http.StatusFound || !ok || took > most {
		t.Errorf("on a full disk a click was answered %s after %s, want %d within %s", resp.Status, took, http.StatusFound, most)
	}
	return id
}

// apartMark is set in the environment of a test process that may mount.
const apartMark = "WAYBILL_TEST_APART"

// apart reports whether this process has its mounts for itself. If not, it runs
// the test in one that has: nothing that is mounted there outlives it, and
// nobody needs to be root.
func apart(t *testing.T) bool {
	t.Helper()
	if os.Getenv(apartMark) != "" {
		return true
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+t.Name()+"$", "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), apartMark+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: uid, Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: gid, Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Fatalf("this test mounts a small disk, which is not allowed here: run it as root, with CAP_SYS_ADMIN if in a container: %v", err)
	}
	t.Logf("%s", out)
	if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name()+" ")) {
		t.Errorf("the test in a process of its own: %v", err)
	}
	return false
}

// smallDisk gives a file system of its own, of that size.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+size); err != nil {
		t.Fatalf("mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir
}

// fill writes a file until only so many bytes are left on a disk.
func fill(t *testing.T, disk string, left int64) (path string) {
	t.Helper()
	path = filepath.Join(disk, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for piece := make([]byte, 64<<10); ; {
		n := int64(len(piece))
		if left > 0 {
			var fs syscall.Statfs_t
			if err := syscall.Statfs(disk, &fs); err != nil {
				t.Fatal(err)
			}
			n = min(n, int64(fs.Bavail)*fs.Bsize-left)
		}
		if n <= 0 {
			return path
		}
		_, err := f.Write(piece[:n])
		if errors.Is(err, syscall.ENOSPC) {
			return path
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}
