package main

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"
)

// TestKillNine kills a node at random moments of a busy day, again and again.
func TestKillNine(t *testing.T) {
	killNine(t, killing{rounds: 3, clients: 16})
}

// killing says how a node is killed.
type killing struct {
	rounds, clients int
	args            []string // of the nodes
	early           bool     // kill some nodes while they start
	deliver         bool     // wait until all postbacks are delivered
}

func killNine(t *testing.T, k killing) {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	s := newSite(t, filepath.Join(t.TempDir(), "data"), k.args...)
	far, b := newReceiver(t), newBook()
	kills := 0
	s.start()
	s.furnish(far.URL)
	offer := s.offer(nil)
	for round := range k.rounds {
		if round > 0 {
			s.start()
		}
		far.hold(3)
		crowd := s.crowd(b, offer, k.clients, 100+rng.IntN(500))
		crowd.await()
		s.kill()
		kills++
		crowd.gone()
		far.release()
		if k.early && rng.IntN(2) == 0 {
			s.startAndKill(time.Duration(rng.IntN(400)) * time.Millisecond)
			kills++
		}
	}
	s.start()
	b.caughtUp(s, offer)
	far.verifyDeliveries(s, kills, kills*perHost, k.deliver)
	b.verify(s)
}

// startAndKill starts a node and kills it that long after, wherever it is with
// its start.
func (s *site) startAndKill(after time.Duration) {
	s.t.Helper()
	s.launch()
	select {
	case <-s.node.exited:
		s.t.Errorf("the node ended while it started: %s", s.node.cmd.ProcessState)
	case <-time.After(after):
	}
	s.kill()
}
