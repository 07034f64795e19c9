package pebblejournal

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"waybill/internal/txid"
)

// BenchmarkAppend measures durable appends by callers that each wait for their
// record, against the least that any log has to do: one write and one fsync
// for all that wait. Rounds of the two alternate, since disks have moods.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 64, 256, 1024} {
		for round := range 3 {
			b.Run(fmt.Sprintf("callers=%d/journal/%d", callers, round), func(b *testing.B) { benchJournal(b, callers) })
			b.Run(fmt.Sprintf("callers=%d/rawfile/%d", callers, round), func(b *testing.B) { benchRaw(b, callers) })
		}
	}
}

func benchJournal(b *testing.B, callers int) {
	j := open(b, b.TempDir(), Options{MemTableSize: memTableSize})
	mint := txid.NewMint(testRing, 1, 0)
	b.ReportAllocs()
	b.ResetTimer()
	inParallel(b, callers, func(record []byte) error {
		ticket := mint.Begin(time.Now(), txid.Subject{Kind: txid.Click, Offer: 7, Affiliate: 9})
		return j.Append(b.Context(), ticket, record)
	})
	st := j.Stats()
	b.ReportMetric(float64(st.Records)/float64(st.Commits), "entries/commit")
	b.ReportMetric(quantile(st.AppendSeconds, 0.99)*1e6, "p99-µs")
}

func benchRaw(b *testing.B, callers int) {
	f, err := os.Create(b.TempDir() + "/raw")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	r := &rawLog{f: f, ready: make(chan struct{}, 1)}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() { r.run(stop); close(stopped) }()
	done := sync.Pool{New: func() any { return make(chan error, 1) }}
	b.ReportAllocs()
	b.ResetTimer()
	inParallel(b, callers, func(record []byte) error {
		c := done.Get().(chan error)
		defer done.Put(c)
		return r.append(record, c)
	})
	close(stop)
	<-stopped
}

// BenchmarkRead measures reading from a million clicks of a year, of which each
// visitor makes ten.
func BenchmarkRead(b *testing.B) {
	const clicks = 1_000_000
	j := open(b, b.TempDir(), Options{MemTableSize: memTableSize})
	mint := txid.NewMint(testRing, 1, 0)
	ids := make([]txid.ID, clicks)
	var next atomic.Int64
	var wg sync.WaitGroup
	for c := range 256 {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(4, uint64(c)))
			var record []byte
			for n := next.Add(1) - 1; n < clicks; n = next.Add(1) - 1 {
				at := noon.Add(time.Duration(n) * 365 * 24 * time.Hour / clicks)
				record = click(record[:0], rng, at)
				ticket := mint.Begin(at, txid.Subject{Kind: txid.Click})
				if err := j.Append(b.Context(), ticket, record, visitor(rng.Uint64N(clicks/10))); err != nil {
					b.Error(err)
					return
				}
				ids[n] = ticket.ID
			}
		})
	}
	wg.Wait()
	rng := rand.New(rand.NewPCG(5, 5))
	b.Run("get", func(b *testing.B) {
		defer cpu(b)()
		for b.Loop() {
			if _, err := j.Get(b.Context(), ids[rng.IntN(clicks)]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("identity", func(b *testing.B) {
		n := 0
		defer cpu(b)()
		for b.Loop() {
			err := j.Identity(b.Context(), visitor(rng.Uint64N(clicks/10)), func(txid.ID) error { n++; return nil })
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(n)/float64(b.N), "IDs/op")
	})
	b.Run("scan", func(b *testing.B) {
		defer cpu(b)()
		for b.Loop() {
			n := 0
			q := Query{Kind: txid.Click, Node: 1, To: mint.Low()}
			err := j.Scan(b.Context(), q, func(txid.ID, []byte) error { n++; return nil })
			if err != nil || n != clicks {
				b.Fatalf("Scan() gives %d, %v", n, err)
			}
		}
		b.ReportMetric(clicks*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
}

// visitor makes an identity of 16 bytes, as a hash is.
func visitor(n uint64) []byte {
	h := binary.BigEndian.AppendUint64(nil, n*0x9e3779b97f4a7c15)
	return binary.BigEndian.AppendUint64(h, n*0xc2b2ae3d27d4eb4f)
}

// inParallel runs b.N appends in so many goroutines.
func inParallel(b *testing.B, callers int, do func(record []byte) error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	defer cpu(b)()
	for c := range callers {
		wg.Go(func() {
			rng := rand.New(rand.NewPCG(1, uint64(c)))
			record := click(nil, rng, noon)
			for left.Add(-1) >= 0 {
				if err := do(record); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// cpu starts to count the processor's time, and reports it when what it gives
// is called.
func cpu(b *testing.B) func() {
	before := cpuTime()
	return func() { b.ReportMetric(float64((cpuTime()-before).Nanoseconds())/float64(b.N), "cpu-ns/op") }
}

// cpuTime is what the process has used so far. Unlike the time that passes, it
// does not depend on what else the machine does.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// rawLog is a file with group commit and nothing else.
type rawLog struct {
	f       *os.File
	mu      sync.Mutex
	buf     []byte
	waiting []chan error
	ready   chan struct{}
}

func (r *rawLog) append(record []byte, c chan error) error {
	r.mu.Lock()
	r.buf = append(r.buf, record...)
	r.waiting = append(r.waiting, c)
	r.mu.Unlock()
	select {
	case r.ready <- struct{}{}:
	default:
	}
	return <-c
}

func (r *rawLog) run(stop chan struct{}) {
	var buf []byte
	var waiting []chan error
	for {
		select {
		case <-stop:
			return
		case <-r.ready:
		}
		r.mu.Lock()
		buf, r.buf = r.buf, buf[:0]
		waiting, r.waiting = r.waiting, waiting[:0]
		r.mu.Unlock()
		_, err := r.f.Write(buf)
		if err == nil {
			err = r.f.Sync()
		}
		for _, c := range waiting {
			c <- err
		}
	}
}

// quantile gives the upper bound of the bucket in which a quantile lies.
func quantile(h Histogram, q float64) float64 {
	rank := uint64(q * float64(h.Count()))
	for i, n := range h.Counts[:len(h.Bounds)] {
		if rank < n {
			return h.Bounds[i]
		}
		rank -= n
	}
	return h.Bounds[len(h.Bounds)-1] * 2
}

// click appends a click's record as they look: some 350 bytes of fields, of
// which about half are the same for many visitors.
func click(dst []byte, rng *rand.Rand, at time.Time) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(at.UnixNano()))
	dst = binary.AppendUvarint(dst, uint64(rng.IntN(500)))  // offer
	dst = binary.AppendUvarint(dst, uint64(rng.IntN(3000))) // affiliate
	field := func(format string, args ...any) {
		s := fmt.Sprintf(format, args...)
		dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...)
	}
	field("%d.%d.%d.%d", rng.IntN(223), rng.IntN(256), rng.IntN(256), rng.IntN(256))
	field("Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.%d.%d Safari/537.36",
		[]string{"Windows NT 10.0; Win64; x64", "Linux; Android 10; K", "Macintosh; Intel Mac OS X 10_15_7", "iPhone; CPU iPhone OS 18_1 like Mac OS X"}[rng.IntN(4)],
		130+rng.IntN(12), rng.IntN(3), rng.IntN(2))
	field("%016x%08x", rng.Uint64(), rng.Uint32()) // the affiliate's click ID
	field("https://%s.example/%s", []string{"news", "www", "deals", "m"}[rng.IntN(4)], []string{"", "article", "top10"}[rng.IntN(3)])
	field("utm_campaign=spring-%d&utm_medium=cpc", rng.IntN(40))
	field("campaign-%d", rng.IntN(2000))
	field("adset-%d", rng.IntN(20000))
	field("creative-%d", rng.IntN(5000))
	field("placement_%d", rng.IntN(300))
	field("%s", []string{"US", "DE", "FR", "BR", "IN", "GB"}[rng.IntN(6)])
	field("%s", []string{"desktop", "mobile", "tablet"}[rng.IntN(3)])
	field("%s", []string{"Windows", "Android", "macOS", "iOS"}[rng.IntN(4)])
	field("%s", []string{"Chrome", "Safari", "Firefox", "Edge"}[rng.IntN(4)])
	field("source-%d", rng.IntN(40))
	field("%s", []string{"de-DE,de;q=0.9", "en-US,en;q=0.9", "fr-FR,fr;q=0.8", "pt-BR"}[rng.IntN(4)])
	field("%012x", rng.Uint64N(1<<48)) // the visitor's hash
	return dst
}
