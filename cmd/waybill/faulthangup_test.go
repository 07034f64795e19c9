package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHangUp has senders close their connection right behind the last byte of
// their request. They lose nothing, whatever the request looks like.
func TestHangUp(t *testing.T) {
	const each = 10
	form := func(body string) string {
		return fmt.Sprintf("POST /postback HTTP/1.1\r\nHost: waybill\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	requests := []struct {
		name string
		of   func(id string) string
	}{
		{"a GET", func(id string) string {
			return "GET /postback?transaction_id=" + id + " HTTP/1.1\r\nHost: waybill\r\n\r\n"
		}},
		{"a GET of HTTP/1.0", func(id string) string {
			return "GET /postback?transaction_id=" + id + " HTTP/1.0\r\n\r\n"
		}},
		{"a form", func(id string) string { return form("transaction_id=" + id + "&amount=12.50") }},
		{"an array", func(id string) string {
			return form(`[{"transaction_id":"not one"},{"transaction_id":"` + id + `"}]`)
		}},
	}
	s, b := newSite(t, filepath.Join(t.TempDir(), "data")), newBook()
	s.start()
	s.furnish("")
	offer := s.offer(nil)
	b.caughtUp(s, offer)
	for _, request := range requests {
		t.Run(request.name, func(t *testing.T) {
			for range each {
				id := s.visit(b, offer)
				s.begin(t, request.of(id)).Close()
				err := poll(patience, func() error {
					var found struct {
						Data []conversionNote `json:"data"`
					}
					if err := s.call(http.MethodGet, "conversions?transaction_id="+id, nil, &found); err != nil {
						return err
					}
					if len(found.Data) != 1 {
						return fmt.Errorf("there are %d conversions", len(found.Data))
					}
					return nil
				})
				if err != nil {
					t.Fatalf("convert click %s: %v", id, err)
				}
			}
		})
	}

	before := s.metric("waybill_journal_records_total")
	for range each {
		s.begin(t, fmt.Sprintf("GET /click?offer_id=%d&affiliate_id=1 HTTP/1.1\r\nHost: waybill\r\n\r\n", offer)).Close()
	}
	s.eventually("record the visitors", func() error {
		if got := s.metric("waybill_journal_records_total") - before; got != each {
			return fmt.Errorf("%v of %d are recorded", got, each)
		}
		return nil
	})
	b.verify(s)
}

// Requests whose sender falls silent in the middle.
const (
	halfHead = "POST /postback HTTP/1.1\r\nHost: waybill\r\nContent-Le"
	halfBody = "POST /postback HTTP/1.1\r\nHost: waybill\r\nContent-Length: 60\r\n\r\ntransaction_id="
)

// TestStop tells a node to stop while it is busy. It finishes what it was asked,
// in the time it has, and clients that are in the middle of a request do not
// keep it.
func TestStop(t *testing.T) {
	t.Parallel() // it waits most of the time
	const limit = 10 * time.Second
	s, far, b := newSite(t, filepath.Join(t.TempDir(), "data")), newReceiver(t), newBook()
	s.start()
	s.furnish(far.URL)
	offer := s.offer(nil)
	for _, silent := range [][]string{nil, {halfHead, halfBody}} {
		for _, half := range silent {
			defer s.begin(t, half).Close()
		}
		crowd := s.crowd(b, offer, 16, 200)
		crowd.await()
		code, took := s.terminate()
		crowd.gone()
		if code != exitDone || took > limit {
			t.Errorf("after %q the node left with exit code %d in %s, want %d within %s", silent, code, took, exitDone, limit)
		}
		t.Logf("stopped in %s", took)
		s.start()
	}
	b.caughtUp(s, offer)
	far.verifyDeliveries(s, 0, 0, true) // whatever was under way was recorded, or given back
	b.verify(s)
}

// begin opens a connection and sends a request, or the beginning of one.
func (s *site) begin(t *testing.T, half string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.node.url, "http://"))
	if err == nil {
		_, err = io.WriteString(conn, half)
	}
	if err != nil {
		t.Fatal(err)
	}
	return conn
}
