package deliver

import (
	"io"
	"net"
	"net/http"
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

// TestAnswersThatRepeatTheRequest: what is not kept of the request is not kept of
// an answer either.
func TestAnswersThatRepeatTheRequest(t *testing.T) {
	const digest = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f"
	s := to(serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "refused: "+r.URL.RawQuery+" by "+r.Header.Get("Authorization"), http.StatusBadRequest)
	}) + "/?em={email_sha256}&token=token-of-the-query")
	s.Owner = delivery.Owner{Network: true}
	s.Headers = map[string]string{"Authorization": "Bearer of-the-header"}
	o := owed("d1")
	o.Values["email_sha256"] = digest
	a := sender(t, Settings{AllowPrivate: loopback()}).Send(t.Context(), s, o)
	if want := "refused: em=•••• f62f&token=•••• uery by •••• ader\n"; a.Status != 400 || a.Body != want {
		t.Errorf("Send() kept status %d, %q; want 400, %q", a.Status, a.Body, want)
	}
}
