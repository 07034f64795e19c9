//go:build slow

package main

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSlowSilentClient holds connections on which a request begins and does not
// end. They are cut off, and nothing is answered as done.
func TestSlowSilentClient(t *testing.T) {
	s := newSite(t, filepath.Join(t.TempDir(), "data"))
	s.start()
	for _, half := range []string{halfHead, halfBody} {
		conn := s.begin(t, half)
		defer conn.Close()
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		said, err := io.ReadAll(conn)
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			t.Errorf("a connection that fell silent after %q is open after %s", half, time.Since(began))
		}
		if strings.HasPrefix(string(said), "HTTP/1.1 2") {
			t.Errorf("half a request was answered %q", said)
		}
	}
	s.stop()
}
