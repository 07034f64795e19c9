package pebblejournal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const patience = time.Minute // the time after which a test gives up waiting

// open opens a journal and closes it with the test.
func open(t testing.TB, dir string, o Options) *Journal {
	t.Helper()
	if o.MemTableSize == 0 {
		o.MemTableSize = 4 << 20
	}
	if o.AppendTimeout == 0 {
		o.AppendTimeout = patience // the machine may be busy
	}
	j, err := Open(dir, o)
	if err != nil {
		t.Fatalf("Open(): %v", err)
	}
	t.Cleanup(func() { j.Close() }) // closing twice does no harm
	return j
}

func shut(t testing.TB, j *Journal) {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatalf("Close(): %v", err)
	}
}

// put appends a record and fails the test if that fails.
func put(t testing.TB, j *Journal, m *txid.Mint, at time.Time, k txid.Kind, record string, identities ...[]byte) txid.ID {
	t.Helper()
	ticket := m.Begin(at, txid.Subject{Kind: k, Offer: 7, Affiliate: 9})
	if err := j.Append(t.Context(), ticket, []byte(record), identities...); err != nil {
		t.Fatalf("Append(%q): %v", record, err)
	}
	return ticket.ID
}

// scan gives what a query finds, as "record" by ID.
func scan(t testing.TB, j *Journal, q Query) (ids []txid.ID, records []string) {
	t.Helper()
	err := j.Scan(t.Context(), q, func(id txid.ID, record []byte) error {
		ids, records = append(ids, id), append(records, string(record))
		return nil
	})
	if err != nil {
		t.Fatalf("Scan(%+v): %v", q, err)
	}
	return ids, records
}

func identity(t testing.TB, j *Journal, key string) (ids []txid.ID) {
	t.Helper()
	err := j.Identity(t.Context(), []byte(key), func(id txid.ID) error {
		ids = append(ids, id)
		return nil
	})
	if err != nil {
		t.Fatalf("Identity(%s): %v", key, err)
	}
	return ids
}

func TestWhatIsAppendedIsFound(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	m := txid.NewMint(testRing, 3, 0)
	click := put(t, j, m, noon, txid.Click, "a click")
	empty := put(t, j, m, noon, txid.Signal, "")

	for range 2 { // the second time after opening again
		for id, want := range map[txid.ID]string{click: "a click", empty: ""} {
			got, err := j.Get(t.Context(), id)
			if err != nil || string(got) != want {
				t.Errorf("Get(%s) = %q, %v; want %q", id, got, err, want)
			}
		}
		if _, err := j.Get(t.Context(), click.As(txid.Impression)); fault.Of(err) != fault.NotFound {
			t.Errorf("Get() of another kind = %v, want not found", err)
		}
		shut(t, j)
		j = open(t, dir, Options{})
	}
}

func TestAppendCopiesTheRecord(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	m := txid.NewMint(testRing, 3, 0)
	ticket := m.Begin(noon, txid.Subject{Kind: txid.Click})
	record, who := []byte("as it was"), []byte("who")
	if err := j.Append(t.Context(), ticket, record, who); err != nil {
		t.Fatal(err)
	}
	copy(record, "changed!!")
	copy(who, "eve")
	got, err := j.Get(t.Context(), ticket.ID)
	if err != nil || string(got) != "as it was" {
		t.Errorf("Get() = %q, %v; want %q", got, err, "as it was")
	}
	if ids := identity(t, j, "who"); len(ids) != 1 {
		t.Errorf("Identity(who) = %v, want one ID", ids)
	}
}

func TestAppendRefusesWhatIsTooLarge(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	m := txid.NewMint(testRing, 3, 0)
	tests := []struct {
		name       string
		record     []byte
		identities [][]byte
		want       fault.Kind
	}{
		{name: "a record above 4 MiB", record: make([]byte, maxRecord+1), want: fault.Invalid},
		{name: "an identity above 255 bytes", identities: [][]byte{make([]byte, 256)}, want: fault.Invalid},
		{name: "an empty identity", identities: [][]byte{{}}, want: fault.Invalid},
		{name: "the largest that fits", record: make([]byte, maxRecord), identities: [][]byte{make([]byte, 255)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ticket := m.Begin(noon, txid.Subject{Kind: txid.Signal})
			err := j.Append(t.Context(), ticket, tt.record, tt.identities...)
			if (err == nil) != (tt.want == fault.Internal) || fault.Of(err) != tt.want {
				t.Errorf("Append() = %v, want %s", err, tt.want)
			}
			if got, want := m.Low(), ticket.ID.Tick()+1; got != want {
				t.Errorf("Low() = %d, want %d: the ticket is not done", got, want)
			}
		})
	}
}

func TestScanGivesOneKindAndNodeInOrder(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	a, b := txid.NewMint(testRing, 1, 0), txid.NewMint(testRing, 2, 0)
	var clicks []txid.ID
	var records []string
	for i := range 2000 {
		at := noon.Add(time.Duration(i) * time.Millisecond)
		record := fmt.Sprintf("click %d", i)
		clicks, records = append(clicks, put(t, j, a, at, txid.Click, record)), append(records, record)
		if i%10 == 0 {
			put(t, j, a, at, txid.Impression, "impression")
			put(t, j, b, at, txid.Click, "the other node's")
		}
	}
	tests := []struct {
		name     string
		from, to int // of clicks
	}{
		{name: "all of it", from: 0, to: len(clicks)},
		{name: "from is inclusive, to exclusive", from: 500, to: 501},
		{name: "a stretch", from: 17, to: 1234},
		{name: "nothing", from: 30, to: 30},
		{name: "from after to", from: 31, to: 30},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q := Query{Kind: txid.Click, Node: 1, From: clicks[tt.from].Tick(), To: a.Low()}
			if tt.to < len(clicks) {
				q.To = clicks[tt.to].Tick()
			}
			want := records[tt.from:max(tt.from, tt.to)]
			ids, got := scan(t, j, q)
			if !slices.Equal(got, want) {
				t.Errorf("Scan() = %d records, want %d: %s", len(got), len(want), cmp.Diff(want, got))
			}
			if want := clicks[tt.from:max(tt.from, tt.to)]; !slices.Equal(ids, want) {
				t.Errorf("Scan() gives other IDs: %s", cmp.Diff(want, ids))
			}
		})
	}
}

func TestScanStopsWhenToldTo(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	m := txid.NewMint(testRing, 1, 0)
	for range 3 * checkEvery {
		put(t, j, m, noon, txid.Click, "x")
	}
	all := Query{Kind: txid.Click, Node: 1, To: m.Low()}

	enough := errors.New("enough")
	n := 0
	err := j.Scan(t.Context(), all, func(txid.ID, []byte) error {
		if n++; n == 5 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || n != 5 {
		t.Errorf("Scan() = %v after %d records, want the function's own error after 5", err, n)
	}

	ctx, cancel := context.WithCancel(t.Context())
	n = 0
	err = j.Scan(ctx, all, func(txid.ID, []byte) error {
		n++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || n >= 2*checkEvery {
		t.Errorf("Scan() = %v after %d records, want context.Canceled soon", err, n)
	}
}

func TestNodesAndLast(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	last := map[uint16]txid.Tick{0: 0, 9: 0}
	var want []uint16
	for _, node := range []uint16{1, 2, 300, txid.MaxNode} {
		m := txid.NewMint(testRing, node, 0)
		for i := range 50 {
			put(t, j, m, noon.Add(time.Duration(rand.IntN(9))*time.Second), txid.Kind(1+i%4), "x")
		}
		last[node], want = m.Last(), append(want, node)
	}
	got, err := j.Nodes(t.Context())
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("Nodes() = %v, %v; want %v", got, err, want)
	}
	for node, want := range last {
		if got, err := j.Last(t.Context(), node); err != nil || got != want {
			t.Errorf("Last(%d) = %d, %v; want %d", node, got, err, want)
		}
	}
}

func TestIdentityGivesTheNewestFirst(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	a, b := txid.NewMint(testRing, 1, 0), txid.NewMint(testRing, 2, 0)
	var want []txid.ID
	for i := range 30 {
		at := noon.AddDate(0, 0, 7*i) // through many buckets
		want = append(want, put(t, j, a, at, txid.Click, "x", []byte("who"), fmt.Appendf(nil, "only %d", i)))
		want = append(want, put(t, j, b, at.Add(time.Hour), txid.Impression, "x", []byte("who")))
		put(t, j, a, at.Add(time.Minute), txid.Click, "x", []byte("who else"), []byte("wh"))
	}
	slices.Reverse(want)
	if got := identity(t, j, "who"); !slices.Equal(got, want) {
		t.Errorf("Identity(who) = %s", cmp.Diff(want, got))
	}
	if got, want := identity(t, j, "only 7"), want[len(want)-1-14:][:1]; !slices.Equal(got, want) {
		t.Errorf("Identity(only 7) = %v, want %v", got, want)
	}
	if got := identity(t, j, "nobody"); got != nil {
		t.Errorf("Identity(nobody) = %v, want none", got)
	}
	n, enough := 0, errors.New("enough")
	err := j.Identity(t.Context(), []byte("who"), func(txid.ID) error { n++; return enough })
	if !errors.Is(err, enough) || n != 1 {
		t.Errorf("Identity() = %v after %d, want the function's own error after 1", err, n)
	}
}

func TestMarks(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	if _, err := j.Mark(t.Context(), "floor"); fault.Of(err) != fault.NotFound {
		t.Errorf("Mark() = %v, want not found", err)
	}
	for _, v := range []string{"1", "2"} {
		if err := j.SetMark(t.Context(), "floor", []byte(v)); err != nil {
			t.Fatal(err)
		}
	}
	shut(t, j)
	j = open(t, dir, Options{})
	if got, err := j.Mark(t.Context(), "floor"); err != nil || string(got) != "2" {
		t.Errorf("Mark() = %q, %v; want 2", got, err)
	}
}

func TestRetainDeletesWhatIsOlder(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	ring := []*txid.Mint{txid.NewMint(testRing, 1, 0), txid.NewMint(testRing, 2, 0)}
	var ids []txid.ID
	for day := range 100 {
		for _, m := range ring {
			for k := txid.Click; k <= txid.Conversion; k++ {
				ids = append(ids, put(t, j, m, noon.AddDate(0, 0, day), k, "x", []byte("who")))
			}
		}
	}
	if err := j.SetMark(t.Context(), "stays", []byte("1")); err != nil {
		t.Fatal(err)
	}
	before := noon.AddDate(0, 0, 60)
	if got := j.Horizon(); !got.IsZero() {
		t.Errorf("Horizon() = %s before anything was deleted", got)
	}
	if err := j.Retain(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	if err := j.Retain(t.Context(), noon); err != nil { // what is deleted stays so
		t.Fatal(err)
	}
	err := j.iterate(t.Context(), []byte{spaceIdentity}, []byte{spaceIdentity + 1}, func(_ *store, it *pebble.Iterator) error {
		if !it.First() || identityBucket(it.Key()) != bucketOf(tickOf(before)) {
			t.Errorf("the oldest identity left has the key %x, want it in bucket %d", it.Key(), bucketOf(tickOf(before)))
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	for range 2 { // the second time after opening again
		var kept int
		for _, id := range ids {
			_, err := j.Get(t.Context(), id)
			want := fault.NotFound
			if !id.Time().Before(before) {
				want, kept = fault.Internal, kept+1
			}
			if fault.Of(err) != want || want == fault.Internal && err != nil {
				t.Errorf("Get() of %s = %v", id.Time(), err)
			}
		}
		if got := identity(t, j, "who"); len(got) != kept {
			t.Errorf("Identity() gives %d IDs, want %d", len(got), kept)
		}
		if _, err := j.Mark(t.Context(), "stays"); err != nil {
			t.Errorf("Mark() = %v", err)
		}
		if got := j.Horizon(); !got.Equal(before) {
			t.Errorf("Horizon() = %s, want %s", got, before)
		}
		shut(t, j)
		j = open(t, dir, Options{})
	}
}

func TestRetainFreesSpace(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	m := txid.NewMint(testRing, 1, 0)
	noise := rand.NewChaCha8([32]byte{1})
	record := make([]byte, 64<<10)
	for i := range 512 { // 32 MiB
		if _, err := noise.Read(record); err != nil {
			t.Fatal(err)
		}
		put(t, j, m, noon.Add(time.Duration(i)*time.Second), txid.Click, string(record))
	}
	poll(t, "the records to be on disk", func() bool { return j.Stats().DiskBytes > 24<<20 })
	if err := j.Retain(t.Context(), noon.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	// The write-ahead log's files are kept, to be written again.
	poll(t, "the space to be free", func() bool { return tableBytes(j) < 1<<20 })
}

func tableBytes(j *Journal) (n int64) {
	s := j.current.Load()
	m := s.db.Metrics()
	total := m.Total()
	return total.TablesSize + int64(m.Table.ObsoleteSize+m.Table.ZombieSize)
}

func TestCheckpointIsAJournal(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	m := txid.NewMint(testRing, 1, 0)
	before := put(t, j, m, noon, txid.Click, "before", []byte("who"))
	dir := t.TempDir() + "/copy"
	if err := j.Checkpoint(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	after := put(t, j, m, noon, txid.Click, "after")

	c := open(t, dir, Options{})
	if got, err := c.Get(t.Context(), before); err != nil || string(got) != "before" {
		t.Errorf("Get() in the copy = %q, %v", got, err)
	}
	if ids := identity(t, c, "who"); !slices.Equal(ids, []txid.ID{before}) {
		t.Errorf("Identity() in the copy = %v, want %v", ids, before)
	}
	if _, err := c.Get(t.Context(), after); fault.Of(err) != fault.NotFound {
		t.Errorf("Get() of what came after the copy = %v, want not found", err)
	}
	if err := j.Checkpoint(t.Context(), dir); err == nil {
		t.Error("Checkpoint() into a folder that exists succeeds")
	}
	if err := j.Health(); err != nil {
		t.Errorf("Health() = %v", err)
	}
}

func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	const writers, each = 32, 200
	mint := txid.NewMint(testRing, 1, 0)
	var wg sync.WaitGroup
	ids := make([][]txid.ID, writers)
	for w := range writers {
		wg.Go(func() {
			record := bytes.Repeat([]byte{byte(w)}, 300)
			for range each {
				ticket := mint.Begin(noon, txid.Subject{Kind: txid.Click})
				if err := j.Append(t.Context(), ticket, record, record[:8]); err != nil {
					t.Errorf("Append(): %v", err)
					return
				}
				ids[w] = append(ids[w], ticket.ID)
				if got, err := j.Get(t.Context(), ticket.ID); err != nil || !bytes.Equal(got, record) {
					t.Errorf("Get() right after = %d bytes, %v", len(got), err)
				}
			}
		})
	}
	wg.Wait()
	if got, want := mint.Low(), mint.Last()+1; got != want {
		t.Errorf("Low() = %d, want %d: a ticket is not done", got, want)
	}
	if _, records := scan(t, j, Query{Kind: txid.Click, Node: 1, To: mint.Low()}); len(records) != writers*each {
		t.Errorf("Scan() gives %d records, want %d", len(records), writers*each)
	}
	st := j.Stats()
	if st.Records != writers*each || st.AppendSeconds.Count() != writers*each || st.Commits == 0 || st.Commits > st.Records {
		t.Errorf("Stats() = %d records, %d timed, %d commits; want %d", st.Records, st.AppendSeconds.Count(), st.Commits, writers*each)
	}
	shut(t, j)
	j = open(t, dir, Options{})
	for w := range ids {
		for _, id := range ids[w] {
			if got, err := j.Get(t.Context(), id); err != nil || got[0] != byte(w) {
				t.Fatalf("Get(%s) after opening again = %v, %v", id, got, err)
			}
		}
	}
}

func TestOnlyOneHasTheFolder(t *testing.T) {
	for name, fs := range map[string]vfs.FS{"disk": vfs.Default, "memory": vfs.NewMem()} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			open(t, dir, Options{FS: fs})
			if _, err := Open(dir, Options{FS: fs}); err == nil {
				t.Error("a second Open() succeeds")
			}
		})
	}
}

func TestAClosedJournalRefuses(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	m := txid.NewMint(testRing, 1, 0)
	id := put(t, j, m, noon, txid.Click, "x")
	shut(t, j)
	ticket := m.Begin(noon, txid.Subject{Kind: txid.Click})
	if err := j.Append(t.Context(), ticket, nil); fault.Of(err) != fault.Unavailable {
		t.Errorf("Append() = %v, want unavailable", err)
	}
	if got, want := m.Low(), ticket.ID.Tick()+1; got != want {
		t.Errorf("Low() = %d, want %d: the ticket is not done", got, want)
	}
	if _, err := j.Get(t.Context(), id); fault.Of(err) != fault.Unavailable {
		t.Errorf("Get() = %v, want unavailable", err)
	}
	if err := j.SetMark(t.Context(), "x", nil); fault.Of(err) != fault.Unavailable {
		t.Errorf("SetMark() = %v, want unavailable", err)
	}
	if err := j.Health(); err == nil {
		t.Error("Health() = nil")
	}
}

func TestAnotherFormatIsNotOpened(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	if err := j.current.Load().db.Set(noteKey(noteFormat), []byte("99"), nil); err != nil {
		t.Fatal(err)
	}
	shut(t, j)
	if _, err := Open(dir, Options{}); err == nil {
		t.Error("Open() reads a format it does not know")
	}
}

// poll waits until a condition holds.
func poll(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(patience)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !ok() {
		select {
		case <-deadline:
			t.Fatalf("waited %s for %s", patience, what)
		case <-ticker.C:
		}
	}
}
