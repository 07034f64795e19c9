//go:build !race

package pebblejournal

import (
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

// load is a journal filled with clicks of 400 days, and what that took.
type load struct {
	t      testing.TB
	dir    string
	mint   *txid.Mint
	clicks int
	bytes  int       // of records
	ids    []txid.ID // of some of them
	took   time.Duration
	peak   int // resident memory, now and then
	stats  Stats
}

// fillUp appends clicks from 256 callers and closes the journal.
func fillUp(t testing.TB, clicks int) *load {
	l := &load{t: t, dir: t.TempDir(), mint: txid.NewMint(testRing, 1, 0), clicks: clicks}
	j := open(t, l.dir, Options{MemTableSize: memTableSize})
	step := 400 * 24 * time.Hour / time.Duration(clicks)
	began := time.Now()
	var wg sync.WaitGroup
	var mu sync.Mutex
	next := 0
	for c := range 256 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(2, uint64(c)))
			var record []byte
			for {
				mu.Lock()
				n := next
				next++
				mu.Unlock()
				if n >= clicks {
					return
				}
				at := noon.Add(time.Duration(n) * step)
				record = click(record[:0], rng, at)
				id := l.one(j, at, rng, record)
				mu.Lock()
				l.bytes += len(record)
				if n%(clicks/10_000) == 0 {
					l.ids, l.peak = append(l.ids, id), max(l.peak, rss(t))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	l.took, l.stats = time.Since(began), j.Stats()
	shut(t, j)
	return l
}

// one appends a record, and again if the disk is slow.
func (l *load) one(j *Journal, at time.Time, rng *rand.Rand, record []byte) txid.ID {
	for {
		ticket := l.mint.Begin(at, txid.Subject{Kind: txid.Click, Offer: rng.Int64N(500), Affiliate: rng.Int64N(3000)})
		err := j.Append(l.t.Context(), ticket, record)
		if err == nil {
			return ticket.ID
		}
		if fault.Of(err) != fault.Unavailable {
			l.t.Error(err)
			return ticket.ID
		}
	}
}

// readBack opens the journal again and reads all of it, then some at random.
func (l *load) readBack() (opened, scanned, each time.Duration, bytes float64) {
	began := time.Now()
	j := open(l.t, l.dir, Options{MemTableSize: memTableSize})
	opened = time.Since(began)
	bytes = float64(tableBytes(j)) / float64(l.clicks)

	began = time.Now()
	n := 0
	q := Query{Kind: txid.Click, Node: 1, To: l.mint.Low()}
	err := j.Scan(l.t.Context(), q, func(txid.ID, []byte) error { n++; return nil })
	scanned = time.Since(began)
	if most := l.clicks + int(l.stats.Late); err != nil || n < l.clicks || n > most {
		l.t.Errorf("Scan() gives %d records, %v; want %d, or up to %d", n, err, l.clicks, most)
	}

	rand.Shuffle(len(l.ids), func(a, b int) { l.ids[a], l.ids[b] = l.ids[b], l.ids[a] })
	began = time.Now()
	for _, id := range l.ids {
		if _, err := j.Get(l.t.Context(), id); err != nil {
			l.t.Errorf("Get(%s): %v", id, err)
		}
	}
	each = time.Since(began) / time.Duration(len(l.ids))
	return opened, scanned, each, bytes
}

// checkLoad holds a loaded journal to its budgets.
func checkLoad(t testing.TB, clicks int) {
	l := fillUp(t, clicks)
	opened, scanned, each, bytes := l.readBack()
	rate := func(d time.Duration) float64 { return float64(clicks) / d.Seconds() }
	t.Logf("%d clicks of %d bytes: appended %.0f/s (p99 %s, %d late, %d stalls), %.0f bytes each on disk, opened in %s, scanned %.0f/s, got in %s each; memory %d MiB at most while loading, %d MiB after reading",
		clicks, l.bytes/clicks, rate(l.took), time.Duration(quantile(l.stats.AppendSeconds, 0.99)*1e9), l.stats.Late, l.stats.Stalls,
		bytes, opened, rate(scanned), each, l.peak>>20, rss(t)>>20)
	if bytes > 170 {
		t.Errorf("a click takes %.0f bytes on disk, want at most 170", bytes)
	}
	if opened > 2*time.Second {
		t.Errorf("the journal opens in %s, want at most 2s", opened)
	}
}

func TestBytesPerClick(t *testing.T) { checkLoad(t, 100_000) }

// rss gives the process's resident memory.
func rss(t testing.TB) int {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Error(err)
		return 0
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	if err != nil {
		t.Error(err)
	}
	return pages * os.Getpagesize()
}
