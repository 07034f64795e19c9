package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// steadyConnections is over how many connections a steady stream comes: enough
// for many to wait for the disk at the same time.
const steadyConnections = 256

// steady sends clicks at a rate of its own, whether or not the ones before were
// answered: as visitors do, and other than wrk.
type steady struct {
	address  string
	requests [][2]string // what stands before and behind the affiliate's click ID
	run      string      // what no other run's click IDs have
}

// stream is what one steady stream has seen.
type stream struct {
	answered      int64
	took          time.Duration
	p50, p99, max time.Duration // from when a click was due
}

func newSteady(address string, c *crowd) *steady {
	s := &steady{address: address}
	for range requestCount {
		v := c.next()
		head, tail := v.request()
		s.requests = append(s.requests, [2]string{head, tail})
	}
	return s
}

// due is a click to be sent.
type due struct {
	number int
	at     time.Time
}

// send sends so many clicks a second for a while. A click's time counts from
// when it was due, so that whatever holds up the ones behind it counts too.
func (s *steady) send(ctx context.Context, rate int, d time.Duration) (stream, error) {
	ctx, cancel := context.WithTimeout(ctx, d+startLimit)
	defer cancel()
	total := int(float64(rate) * d.Seconds())
	queue := make(chan due, total)
	s.run = strconv.FormatInt(time.Now().UnixNano(), 36)
	var wg sync.WaitGroup
	took, errs := make([][]time.Duration, steadyConnections), make([]error, steadyConnections)
	began := time.Now()
	for i := range steadyConnections {
		wg.Go(func() {
			took[i], errs[i] = s.caller(ctx, queue)
			if errs[i] != nil {
				cancel()
			}
		})
	}
	pace(ctx, queue, began, rate, total)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return stream{}, fmt.Errorf("send %d clicks a second: %w", rate, err)
	}
	all := slices.Concat(took...)
	if len(all) == 0 {
		return stream{}, errors.New("no click was sent")
	}
	slices.Sort(all)
	return stream{
		answered: int64(len(all)), took: time.Since(began),
		p50: all[len(all)/2], p99: all[len(all)*99/100], max: all[len(all)-1],
	}, nil
}

// pace hands out the clicks when they are due.
func pace(ctx context.Context, queue chan<- due, began time.Time, rate, total int) {
	defer close(queue)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for sent := 0; sent < total; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for ; sent < total; sent++ {
			at := began.Add(time.Duration(float64(sent) / float64(rate) * float64(time.Second)))
			if at.After(time.Now()) {
				break
			}
			queue <- due{sent, at}
		}
	}
}

// caller sends clicks over one connection, one after another.
func (s *steady) caller(ctx context.Context, queue <-chan due) (took []time.Duration, err error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", s.address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()                                                               //nolint:errcheck // all that mattered was read
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // wakes a read
	defer stop()
	in := bufio.NewReader(conn)
	var out []byte
	for next := range queue {
		r := &s.requests[next.number%len(s.requests)]
		out = append(append(out[:0], r[0]...), s.run...)
		out = append(strconv.AppendInt(append(out, 'x'), int64(next.number), 36), r[1]...)
		if _, err := conn.Write(out); err != nil {
			return nil, err
		}
		if err := readRedirect(in); err != nil {
			return nil, err
		}
		took = append(took, time.Since(next.at))
	}
	return took, ctx.Err()
}

// readRedirect reads one answer, which must be a redirect.
func readRedirect(in *bufio.Reader) error {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 302 ")) {
		return fmt.Errorf("a click is answered with %q", line)
	}
	length := 0
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return err
		}
		text := bytes.TrimRight(line, "\r\n")
		if len(text) == 0 {
			break
		}
		if name, value, ok := strings.Cut(string(text), ":"); ok && strings.EqualFold(name, "Content-Length") {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		}
	}
	_, err = io.CopyN(io.Discard, in, int64(length))
	return err
}
