package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// trackerHosts is how many hosts the affiliates' trackers have between them.
const trackerHosts = 10

// trackers receives the affiliates' postbacks, on several addresses of loopback
// as if they were so many hosts.
type trackers struct {
	server    *http.Server
	port      int
	wg        sync.WaitGroup
	mu        sync.Mutex
	delivered map[string]bool // by delivery ID
	repeated  int64
	last      time.Time
}

// startTrackers opens the trackers' doors.
func startTrackers(ctx context.Context) (*trackers, error) {
	t := &trackers{delivered: map[string]bool{}}
	t.server = &http.Server{Handler: http.HandlerFunc(t.receive), ReadHeaderTimeout: 5 * time.Second}
	var config net.ListenConfig
	for i := range trackerHosts {
		l, err := config.Listen(ctx, "tcp", fmt.Sprintf("%s:%d", trackerHost(i), t.port))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open a tracker: %w", err), t.stop())
		}
		if a, ok := l.Addr().(*net.TCPAddr); ok {
			t.port = a.Port
		}
		t.wg.Go(func() { _ = t.server.Serve(l) }) // ends when it is closed
	}
	return t, nil
}

func trackerHost(i int) string { return fmt.Sprintf("127.0.0.%d", 2+i) }

// receive takes one postback.
func (t *trackers) receive(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("d")
	t.mu.Lock()
	if t.delivered[id] {
		t.repeated++
	}
	t.delivered[id], t.last = true, time.Now()
	t.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// url gives the address of an affiliate's tracker.
func (t *trackers) url(affiliate int64) string {
	return fmt.Sprintf("http://%s:%d/postback?d={delivery_id}&click={aff_click_id}&payout={payout}&status={status}",
		trackerHost(int(affiliate)%trackerHosts), t.port)
}

// count says how many postbacks have come, and when the last one did.
func (t *trackers) count() (delivered, repeated int64, last time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return int64(len(t.delivered)), t.repeated, t.last
}

// await waits until so many have come, or for as long as it may.
func (t *trackers) await(ctx context.Context, want int64, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for tick := time.Tick(5 * time.Millisecond); ; {
		got, _, _ := t.count()
		if got >= want {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("of %d postbacks %d have come within %s: %w", want, got, limit, ctx.Err())
		case <-tick:
		}
	}
}

// stop closes the doors.
func (t *trackers) stop() error {
	err := t.server.Close()
	t.wg.Wait()
	return err
}
