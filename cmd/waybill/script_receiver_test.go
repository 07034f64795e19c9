package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// receivers are those of one script that postbacks are sent to, by address.
type receivers struct {
	t  testing.TB
	mu sync.Mutex
	on map[string]*standIn
}

// receiversKey is where a script keeps its receivers.
type receiversKey struct{}

// standIn takes whatever comes, and answers as it is told to.
type standIn struct {
	server http.Server
	mu     sync.Mutex
	status int
	body   string
	seen   []string // "GET /in?x=1 {body}"
}

// ServeHTTP notes a request.
func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 64<<10))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, r.RequestURI, body)))
	w.WriteHeader(s.status)
	_, _ = io.WriteString(w, s.body)
}

// cmdReceiver plays the receivers of postbacks:
//
//	receiver answer ADDR STATUS [BODY]   begins to listen, or answers otherwise from now on
//	receiver seen ADDR N                 waits until N different requests have come, and prints them
//	receiver stop ADDR                   listens no more
func cmdReceiver(ts *testscript.TestScript, neg bool, args []string) {
	all, ok := ts.Value(receiversKey{}).(*receivers)
	if neg || len(args) < 2 || !ok {
		ts.Fatalf("usage: receiver answer ADDR STATUS [BODY] | seen ADDR N | stop ADDR")
	}
	switch {
	case args[0] == "answer" && len(args) >= 3:
		status, err := strconv.Atoi(args[2])
		ts.Check(err)
		ts.Check(all.answer(args[1], status, strings.Join(args[3:], " ")))
	case args[0] == "seen" && len(args) == 3:
		n, err := strconv.Atoi(args[2])
		ts.Check(err)
		var seen []string
		ts.Check(poll(20*time.Second, func() error {
			if seen = all.seen(args[1]); len(seen) < n {
				return fmt.Errorf("%d different requests came; want %d:\n%s", len(seen), n, strings.Join(seen, "\n"))
			}
			return nil
		}))
		_, _ = fmt.Fprintln(ts.Stdout(), strings.Join(seen, "\n"))
	case args[0] == "stop":
		ts.Check(all.stop(args[1]))
	default:
		ts.Fatalf("receiver: %v is not understood", args)
	}
}

func (r *receivers) answer(addr string, status int, body string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.on[addr]
	if s == nil {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return err
		}
		s = &standIn{}
		s.server.Handler = s
		r.on[addr] = s
		go func() {
			if err := s.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				r.t.Errorf("receiver at %s: %v", addr, err)
			}
		}()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.body = status, body
	return nil
}

// seen gives the different requests that came, sorted.
func (r *receivers) seen(addr string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.on[addr]
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := slices.Clone(s.seen)
	slices.Sort(all)
	return slices.Compact(all)
}

func (r *receivers) stop(addr string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.on[addr]
	delete(r.on, addr)
	if s == nil {
		return fmt.Errorf("nobody listens at %s", addr)
	}
	return s.server.Close()
}

// close stops all.
func (r *receivers) close() {
	for addr := range r.on {
		if err := r.stop(addr); err != nil {
			r.t.Errorf("stop receiver at %s: %v", addr, err)
		}
	}
}
