package deliver

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"waybill/internal/delivery"
)

// hijack starts a receiver that answers each request with text as it is, and
// then keeps the connection open and is silent.
func hijack(t *testing.T, text string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
			_, _ = io.ReadAtLeast(conn, make([]byte, 4<<10), 1)
			_, _ = io.WriteString(conn, text)
		}
	}()
	return "http://" + l.Addr().String()
}

// TestAConnectionThatIsTakenOverEnds: the body of a 101 is the bare connection,
// which would hold an attempt for as long as its receiver likes.
func TestAConnectionThatIsTakenOverEnds(t *testing.T) {
	url := hijack(t, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n")
	w := sender(t, Settings{AllowPrivate: loopback(), Timeout: 200 * time.Millisecond})
	done := make(chan delivery.Attempt, 1)
	go func() { done <- w.Send(t.Context(), to(url+"/{aff_click_id}"), owed("d1")) }()
	select {
	case a := <-done:
		if a.Status != 101 || a.Error != delivery.ErrStatus || !strings.Contains(a.Detail, "101 Switching Protocols") {
			t.Errorf("Send() = status %d, error %q, %q; want a 101 that is a failure", a.Status, a.Error, a.Detail)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Send() still reads the connection, long after its time-out")
	}
}
