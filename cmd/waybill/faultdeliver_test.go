package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestKillNineDelivering kills a node that is busy delivering.
func TestKillNineDelivering(t *testing.T) {
	killDelivering(t, delivering{kills: 2, receivers: 3, conversions: 12})
}

// delivering says how a node that delivers is killed.
type delivering struct {
	kills, receivers int
	conversions      int      // in each round
	args             []string // of the nodes
}

// killDelivering kills a node again and again while it tells several receivers,
// some of which fail now and then, of what becomes of conversions, and holds what
// arrived against what was owed.
func killDelivering(t *testing.T, k delivering) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	// Short time-outs make short leases: what was in hand is soon taken up again.
	s := newSite(t, filepath.Join(t.TempDir(), "data"), append([]string{"--delivery-timeout", "2s", "--delivery-connect-timeout", "1s"}, k.args...)...)
	s.start()
	s.furnish("")
	far := newSink(t, s, k.receivers)
	offer := s.offer(map[string]any{"default_status": "pending"})
	clicks := newBook()
	for round := range k.kills {
		if round > 0 {
			s.start()
		}
		ended := s.changes(clicks, offer, k.conversions)
		far.await(t, 1+rng.IntN(k.conversions*k.receivers))
		s.kill()
		<-ended
	}
	s.start()
	far.verify(s, k.kills)
	s.check()
}

// changes has conversions made, approved and reversed until that is done or the
// node is gone, and gives when it has ended.
func (s *site) changes(b *book, offer int64, conversions int) <-chan struct{} {
	s.t.Helper()
	var clicks []string
	for range conversions {
		clicks = append(clicks, s.visit(b, offer))
	}
	node, ended := s.node, make(chan struct{})
	work := make(chan string, conversions)
	for _, id := range clicks {
		work <- id
	}
	close(work)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for id := range work {
				if err := s.life(id); err != nil && !node.ending.Load() {
					s.t.Errorf("a node in good health: %v", err)
				}
			}
		})
	}
	go func() {
		defer close(ended)
		all.Wait()
	}()
	return ended
}

// life makes a click's conversion and takes it through its statuses.
func (s *site) life(click string) error {
	var made struct {
		Data []answerNote `json:"data"`
	}
	body := []map[string]string{{"transaction_id": click}}
	if err := s.insist(http.MethodPost, "conversions", body, &made); err != nil {
		return err
	}
	if len(made.Data) != 1 || made.Data[0].ConversionID == "" {
		return fmt.Errorf("a conversion is answered %+v", made)
	}
	for _, status := range []string{"approved", "rejected"} {
		var after struct{}
		if err := s.insist(http.MethodPatch, "conversions/"+made.Data[0].ConversionID, map[string]string{"status": status}, &after); err != nil {
			return err
		}
	}
	return nil
}

// insist asks again as long as the node says that it could not write down what it
// was told, as it does where the disk takes too long.
func (s *site) insist(method, path string, body, into any) error {
	for {
		err := s.call(method, path, body, into)
		if err == nil || s.node.ending.Load() || !strings.Contains(err.Error(), "answered 503") {
			return err
		}
	}
}

// sink is several receivers that keep what arrives, and in which order.
type sink struct {
	mu       sync.Mutex
	got      map[string]int      // times by delivery ID
	answered map[string]bool     // with a 200
	of       map[string]string   // receiver and conversion by delivery ID
	order    map[string][]string // statuses by receiver and conversion
	wrong    []string
	more     int           // how many are to arrive
	enough   chan struct{} // closed when they have
}

// newSink starts receivers, and subscribes them to the affiliate's conversions.
func newSink(t *testing.T, s *site, receivers int) *sink {
	t.Helper()
	f := &sink{got: map[string]int{}, answered: map[string]bool{}, of: map[string]string{}, order: map[string][]string{}}
	for n := range receivers {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.take(w, r, n) }))
		t.Cleanup(server.Close)
		s.must(http.MethodPost, "postbacks", map[string]any{
			"owner": map[string]int64{"affiliate_id": 1},
			"url":   server.URL + "/?conversion={conversion_id}&status={status}&own={aff_click_id}",
			"on":    []string{"conversion.created", "conversion.approved", "conversion.reversed"},
			"retry": []string{"1s", "1s", "1s", "1s", "2s", "2s", "2s", "2s", "2s", "2s", "2s", "2s"},
		}, new(named))
	}
	return f
}

func (f *sink) take(w http.ResponseWriter, r *http.Request, receiver int) {
	id, q := r.Header.Get("Waybill-Delivery-Id"), r.URL.Query()
	about := fmt.Sprintf("%d %s", receiver, q.Get("conversion"))
	fail := rand.IntN(20) == 0
	f.mu.Lock()
	f.got[id]++
	if before, known := f.of[id]; id == "" || known && before != about+" "+q.Get("status") {
		f.wrong = append(f.wrong, fmt.Sprintf("delivery %q is about %s %s, before about %s", id, about, q.Get("status"), before))
	}
	f.of[id] = about + " " + q.Get("status")
	f.order[about] = append(f.order[about], q.Get("status"))
	f.answered[id] = f.answered[id] || !fail
	if f.more--; f.more == 0 {
		close(f.enough)
	}
	f.mu.Unlock()
	if fail {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// await waits until so many more postbacks have arrived.
func (f *sink) await(t *testing.T, more int) {
	t.Helper()
	enough := make(chan struct{})
	f.mu.Lock()
	f.more, f.enough = more, enough
	f.mu.Unlock()
	select {
	case <-enough:
	case <-time.After(patience):
		t.Fatalf("%d more postbacks do not arrive", more)
	}
}

// owedNote is what the API says of an owed postback here.
type owedNote struct {
	deliveryNote
	SubscriptionID int64 `json:"subscription_id"`
	Sequence       int   `json:"sequence"`
}

// verify waits until all is delivered and compares it with what arrived: all of
// it, in order, and no more often than kills explain.
func (f *sink) verify(s *site, kills int) {
	s.t.Helper()
	var owed []owedNote
	s.eventually("deliver all", func() error {
		owed = list[owedNote](s, "deliveries")
		waiting := 0
		for _, d := range owed {
			if d.State != "delivered" {
				waiting++
			}
		}
		if waiting > 0 {
			return fmt.Errorf("%d of %d postbacks are not delivered", waiting, len(owed))
		}
		return nil
	})
	f.mu.Lock()
	defer f.mu.Unlock()
	created, attempts, received := map[string]int{}, 0, 0
	for _, d := range owed {
		attempts += d.Attempts
		received += f.got[d.ID]
		if d.Sequence == 1 {
			created[d.ConversionID]++
		}
		if f.got[d.ID] < d.Attempts || !f.answered[d.ID] {
			s.t.Errorf("delivery %+v arrived %d times, answered: %t", d, f.got[d.ID], f.answered[d.ID])
		}
		delete(f.got, d.ID)
	}
	conversions := list[conversionNote](s, "conversions")
	receivers := len(list[named](s, "postbacks"))
	for _, c := range conversions {
		if created[c.ID] != receivers {
			s.t.Errorf("conversion %s is owed to %d of %d receivers", c.ID, created[c.ID], receivers)
		}
	}
	for id, n := range f.got {
		s.t.Errorf("%s arrived %d times and is not owed", id, n)
	}
	rank := map[string]int{"pending": 1, "approved": 2, "rejected": 3}
	for about, order := range f.order {
		for i := 1; i < len(order); i++ {
			if rank[order[i]] < rank[order[i-1]] || rank[order[i]] == 0 {
				s.t.Errorf("receiver and conversion %s heard %v", about, order)
				break
			}
		}
	}
	for _, wrong := range f.wrong {
		s.t.Error(wrong)
	}
	if extra := received - attempts; extra < 0 || extra > kills*inFlight {
		s.t.Errorf("%d postbacks arrived in %d recorded attempts; %d kills explain %d more at most", received, attempts, kills, kills*inFlight)
	}
	s.t.Logf("%d conversions, %d postbacks owed, arrived %d times in %d recorded attempts; %d kills",
		len(conversions), len(owed), received, attempts, kills)
}
