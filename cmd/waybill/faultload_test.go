package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// grace is how long the edge waits for the journal. A click that was answered
// sooner is on disk; one that took as long may have gone unrecorded, which the
// node counts, but a node that was killed cannot be asked.
const grace = 500 * time.Millisecond

// book is what clients were told: the truth that an installation is held to.
type book struct {
	mu      sync.Mutex
	clicks  map[string]visitNote // by transaction ID
	answers []answerNote         // every verdict that came with a 2xx
	refused map[int]int          // other answers to postbacks, by status
}

// visitNote is a click that was answered.
type visitNote struct {
	own  string // the affiliate's click ID
	slow bool   // it took so long that it may have gone unrecorded
}

// answerNote is a verdict that a sender was given.
type answerNote struct {
	HTTP          int    `json:"http"`
	Status        string `json:"status"`
	Code          string `json:"code"`
	ConversionID  string `json:"conversion_id"`
	TransactionID string `json:"transaction_id"`
	SignalID      string `json:"request_id"`
}

func newBook() *book {
	return &book{clicks: map[string]visitNote{}, refused: map[int]int{}}
}

func (b *book) visited(id string, v visitNote) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clicks[id] = v
}

func (b *book) answered(all ...answerNote) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range all {
		if a.HTTP/100 == 2 {
			b.answers = append(b.answers, a)
			continue
		}
		b.refused[a.HTTP]++
	}
}

// known gives a transaction ID whose conversion was reported before, if any.
func (b *book) known() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.answers) == 0 {
		return ""
	}
	return b.answers[rand.IntN(len(b.answers))].TransactionID
}

// load is a crowd of visitors and of shops that report what they bought.
type load struct {
	site    *site
	node    *process // that they talk to
	book    *book
	offer   int64
	web     *http.Client
	clients sync.WaitGroup
	count   atomic.Int64
	mark    int64
	reached chan struct{} // closed when mark requests were answered
	leave   chan struct{} // closed to send everybody home
}

// crowd sets clients to work on the present node. They go home when it does not
// answer any more, which is an error unless it was told to end, or when told to.
func (s *site) crowd(b *book, offer int64, clients, mark int) *load {
	l := &load{
		site: s, node: s.node, book: b, offer: offer, web: newClient(), mark: int64(mark),
		reached: make(chan struct{}), leave: make(chan struct{}),
	}
	for range clients {
		l.clients.Go(func() {
			if err := l.client(); err != nil && !l.node.ending.Load() {
				s.t.Errorf("a client of a node in good health: %v", err)
			}
		})
	}
	return l
}

// await waits until mark requests were answered.
func (l *load) await() {
	l.site.t.Helper()
	select {
	case <-l.reached:
	case <-time.After(patience):
		l.site.t.Fatalf("only %d of %d requests were answered", l.count.Load(), l.mark)
	}
}

// gone waits until every client has gone home.
func (l *load) gone() {
	l.clients.Wait()
	l.web.CloseIdleConnections()
}

// end sends all clients home.
func (l *load) end() {
	close(l.leave)
	l.gone()
}

// client clicks, reports a part of its clicks as conversions, in all the ways
// there are, and some of them again.
func (l *load) client() error {
	for n := 0; ; n++ {
		select {
		case <-l.leave:
			return nil
		default:
		}
		id, err := l.click()
		if err != nil {
			return err
		}
		switch n % 4 {
		case 0:
			err = l.report(http.MethodGet, url.Values{"transaction_id": {id}})
		case 1:
			err = l.report(http.MethodPost, url.Values{"transaction_id": {id}, "amount": {"19.90"}})
		case 2:
			if id = l.book.known(); id != "" {
				err = l.report(http.MethodGet, url.Values{"transaction_id": {id}})
			}
		case 3: // a look around
		}
		if err != nil {
			return err
		}
	}
}

// visit has one visitor follow a link of the present node.
func (s *site) visit(b *book, offer int64) string {
	s.t.Helper()
	l := s.crowd(b, offer, 0, 0)
	defer l.gone()
	id, err := l.click()
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// convert has one conversion reported to the present node.
func (s *site) convert(id string) answerNote {
	s.t.Helper()
	a, err := postback(s.web, s.node.url, http.MethodGet, url.Values{"transaction_id": {id}})
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// answeredOne counts an answer.
func (l *load) answeredOne() {
	if l.count.Add(1) == l.mark {
		close(l.reached)
	}
}

// click follows a tracking link and notes the transaction ID.
func (l *load) click() (id string, err error) {
	own := fmt.Sprintf("%016x", rand.Uint64())
	began := time.Now()
	resp, err := l.web.Get(fmt.Sprintf("%s/click?offer_id=%d&affiliate_id=1&aff_click_id=%s", l.node.url, l.offer, own))
	if err != nil {
		return "", err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if err != nil {
		return "", err
	}
	id, ok := strings.CutPrefix(resp.Header.Get("Location"), destination)
	if resp.StatusCode != http.StatusFound || !ok {
		return "", fmt.Errorf("a click was answered %s, to %q", resp.Status, resp.Header.Get("Location"))
	}
	l.book.visited(id, visitNote{own: own, slow: time.Since(began) >= grace})
	l.answeredOne()
	return id, nil
}

// report sends a postback and notes the verdict.
func (l *load) report(method string, values url.Values) error {
	a, err := postback(l.web, l.node.url, method, values)
	if err != nil {
		return err
	}
	if a.HTTP/100 != 2 && a.HTTP != http.StatusServiceUnavailable {
		return fmt.Errorf("a postback was answered %+v", a)
	}
	l.book.answered(a)
	l.answeredOne()
	return nil
}

// postback sends a postback and gives the verdict.
func postback(web *http.Client, node, method string, values url.Values) (a answerNote, err error) {
	address, body := node+"/postback", ""
	if method == http.MethodGet {
		address += "?" + values.Encode()
	} else {
		body = values.Encode()
	}
	r, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return a, err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := web.Do(r)
	if err != nil {
		return a, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		return a, err
	}
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		return a, fmt.Errorf("503 without Retry-After: %+v", a)
	}
	a.HTTP = resp.StatusCode
	return a, nil
}

// receiver is the affiliate's tracker: it counts the postbacks it is sent.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	got      map[string]int    // times by delivery ID
	answered map[string]bool   // by delivery ID: the node was told that it has arrived
	told     map[string]string // the conversion by delivery ID
	wrong    []string
	holding  int           // how many more are not answered
	released chan struct{} // closed to answer them
}

// newReceiver starts a tracker.
func newReceiver(t *testing.T) *receiver {
	r := &receiver{
		got: map[string]int{}, answered: map[string]bool{}, told: map[string]string{}, released: make(chan struct{}),
	}
	r.Server = httptest.NewServer(http.HandlerFunc(r.take))
	t.Cleanup(func() {
		r.release()
		r.Close()
	})
	return r
}

// hold leaves the next n postbacks unanswered until release: they are under way
// when the node is killed.
func (r *receiver) hold(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holding, r.released = n, make(chan struct{})
}

func (r *receiver) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holding = 0
	select {
	case <-r.released:
	default:
		close(r.released)
	}
}

func (r *receiver) take(_ http.ResponseWriter, q *http.Request) {
	id, conversion := q.Header.Get("Waybill-Delivery-Id"), q.URL.Query().Get("conversion")
	r.mu.Lock()
	r.got[id]++
	if before := r.told[id]; id == "" || conversion == "" || before != "" && before != conversion {
		r.wrong = append(r.wrong, fmt.Sprintf("delivery %q speaks of conversion %q, before of %q", id, conversion, before))
	}
	r.told[id] = conversion
	wait := r.holding > 0
	if wait {
		r.holding--
	} else {
		r.answered[id] = true
	}
	released := r.released
	r.mu.Unlock()
	if wait {
		<-released
	}
}

// receipts gives how often each delivery was received.
func (r *receiver) receipts() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.got)
}

// list reads all pages of a list.
func list[T any](s *site, path string) []T {
	s.t.Helper()
	var all []T
	for cursor := ""; ; {
		var page struct {
			Data []T    `json:"data"`
			Next string `json:"next_cursor"`
		}
		s.must(http.MethodGet, path+"?limit=1000&cursor="+url.QueryEscape(cursor), nil, &page)
		all = append(all, page.Data...)
		if cursor = page.Next; cursor == "" {
			return all
		}
	}
}

// each calls f for each of a set, several at a time, and reports its errors.
func each[T any](t *testing.T, set []T, f func(T) error) {
	t.Helper()
	work := make(chan T)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for v := range work {
				if err := f(v); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for _, v := range set {
		work <- v
	}
	close(work)
	all.Wait()
}
