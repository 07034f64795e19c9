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

// destinationCount is how many receivers postbacks go to, each a host of its own.
const destinationCount = 100

// manner is how a receiver behaves.
type manner uint8

const (
	well  manner = iota
	hangs        // it takes a request and never answers
	flees        // it refuses the connection
)

// destinations are receivers on addresses of loopback, as if they were so many
// hosts. Each notes when a postback came.
type destinations struct {
	server *http.Server
	port   int
	wg     sync.WaitGroup
	over   chan struct{} // closed at the end, for those that hang

	mu       sync.Mutex
	came     map[string]time.Time // by delivery ID, the first time
	order    map[string]time.Time // by order ID, the first time
	repeated int64
	last     time.Time
}

// startDestinations opens the doors; behave says how each behaves.
func startDestinations(ctx context.Context, behave func(i int) manner) (*destinations, error) {
	d := &destinations{over: make(chan struct{}), came: map[string]time.Time{}, order: map[string]time.Time{}}
	d.server = &http.Server{Handler: http.HandlerFunc(d.receive), ReadHeaderTimeout: 5 * time.Second}
	var config net.ListenConfig
	for i := range destinationCount {
		m := behave(i)
		if m == flees {
			continue
		}
		l, err := config.Listen(ctx, "tcp", fmt.Sprintf("%s:%d", destinationHost(i), d.port))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open a destination: %w", err), d.stop())
		}
		if a, ok := l.Addr().(*net.TCPAddr); ok {
			d.port = a.Port
		}
		s := d.server
		if m == hangs {
			s = &http.Server{Handler: http.HandlerFunc(d.hang), ReadHeaderTimeout: 5 * time.Second}
		}
		d.wg.Go(func() { _ = s.Serve(l) }) // ends when it is closed
		if m == hangs {
			d.wg.Go(func() {
				<-d.over
				_ = s.Close()
			})
		}
	}
	return d, nil
}

func destinationHost(i int) string { return fmt.Sprintf("127.0.1.%d", 1+i) }

// url gives a receiver's template.
func (d *destinations) url(i int) string {
	return fmt.Sprintf("http://%s:%d/postback?d={delivery_id}&o={order_id}&payout={payout}", destinationHost(i), d.port)
}

func (d *destinations) receive(w http.ResponseWriter, r *http.Request) {
	now, q := time.Now(), r.URL.Query()
	id, order := q.Get("d"), q.Get("o")
	d.mu.Lock()
	if _, again := d.came[id]; again {
		d.repeated++
	} else {
		d.came[id], d.last = now, now
	}
	if _, again := d.order[order]; !again {
		d.order[order] = now
	}
	d.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func (d *destinations) hang(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-d.over:
	}
}

// count says how many postbacks have come, how many of them again, and when the
// last new one did.
func (d *destinations) count() (came, repeated int64, last time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return int64(len(d.came)), d.repeated, d.last
}

// await waits until so many have come, or for as long as it may.
func (d *destinations) await(ctx context.Context, want int64, limit time.Duration) error {
	return until(ctx, limit, func() error {
		if got, _, _ := d.count(); got < want {
			return fmt.Errorf("of %d postbacks %d have come within %s", want, got, limit)
		}
		return nil
	})
}

// until asks again and again, for as long as it may, until there is no error.
func until(ctx context.Context, limit time.Duration, ask func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for tick := time.Tick(5 * time.Millisecond); ; {
		err := ask()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick:
		}
	}
}

// delays waits for the postbacks of orders, and gives how long after an instant
// each came.
func (d *destinations) delays(ctx context.Context, since map[string]time.Time) (all []time.Duration, err error) {
	err = until(ctx, deliveryLimit, func() error {
		d.mu.Lock()
		defer d.mu.Unlock()
		all = all[:0]
		for order, at := range since {
			if came, ok := d.order[order]; ok {
				all = append(all, came.Sub(at))
			}
		}
		if len(all) < len(since) {
			return fmt.Errorf("of %d postbacks to good receivers %d have come", len(since), len(all))
		}
		return nil
	})
	return all, err
}

// stop closes the doors.
func (d *destinations) stop() error {
	close(d.over)
	err := d.server.Close()
	d.wg.Wait()
	return err
}
