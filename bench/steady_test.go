package main

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestSteadySendsEachClickOnce(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.URL.Query().Get("aff_click_id")]++
		http.Redirect(w, r, "https://shop.example/", http.StatusFound)
	}))
	defer server.Close()
	s := newSteady(server.Listener.Addr().String(), newCrowd(1, offerCount, affiliateCount))
	got, err := s.send(t.Context(), 2000, 100*time.Millisecond)
	if err != nil || got.answered != 200 {
		t.Fatalf("send() = %+v, %v; want 200 answers", got, err)
	}
	if len(seen) != 200 || seen[""] > 0 {
		t.Errorf("%d different click IDs came, %d without one; want 200", len(seen), seen[""])
	}
	if got.took < 99*time.Millisecond || got.p50 <= 0 || got.p50 > got.p99 || got.p99 > got.max {
		t.Errorf("send() = %+v: it was to take 100 ms", got)
	}
}

// TestSteadyCountsWhatWaits holds a click's time to count from when it was due.
func TestSteadyCountsWhatWaits(t *testing.T) {
	t.Parallel()
	open, once := make(chan struct{}), sync.Once{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		once.Do(func() { time.AfterFunc(150*time.Millisecond, func() { close(open) }) })
		<-open
		http.Redirect(w, r, "/", http.StatusFound)
	}))
	defer server.Close()
	s := newSteady(server.Listener.Addr().String(), newCrowd(1, offerCount, affiliateCount))
	got, err := s.send(t.Context(), 10_000, 100*time.Millisecond) // more than there are connections
	if err != nil || got.answered != 1000 {
		t.Fatalf("send() = %+v, %v; want 1000 answers", got, err)
	}
	if got.p50 < 75*time.Millisecond {
		t.Errorf("half the clicks took %s or less, though none was answered for 150 ms", got.p50)
	}
}

func TestSteadyTakesRedirectsAlone(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	s := newSteady(server.Listener.Addr().String(), newCrowd(1, offerCount, affiliateCount))
	if got, err := s.send(t.Context(), 1000, 50*time.Millisecond); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("send() = %+v, %v; want an error that says 404", got, err)
	}
}

func TestReadRedirect(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, answers string
		whole         bool
	}{
		{"with a body, and another behind it", "HTTP/1.1 302 Found\r\ncontent-length: 5\r\n\r\nhelloHTTP/1.1 302 Found\r\n\r\n", true},
		{"cut short", "HTTP/1.1 302 Found\r\nContent-Length: 5\r\n\r\nhe", false},
		{"a length that is none", "HTTP/1.1 302 Found\r\nContent-Length: x\r\n\r\n", false},
		{"another status", "HTTP/1.1 200 OK\r\n\r\n", false},
	}
	for _, tt := range tests {
		in := bufio.NewReader(strings.NewReader(tt.answers))
		err := readRedirect(in)
		if (err == nil) != tt.whole {
			t.Errorf("%s: readRedirect() = %v, want it read: %t", tt.name, err, tt.whole)
		}
		if err == nil {
			if err := readRedirect(in); err != nil {
				t.Errorf("%s: the next one: %v", tt.name, err)
			}
		}
	}
}
