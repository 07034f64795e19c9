package warehousetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
	"waybill/internal/txid"
)

// factsComeBack also crosses the bounds of whatever an engine writes at once.
func factsComeBack(t *testing.T, w Warehouse) {
	m := NewMaker(1)
	one, two := m.Batch(Noon(), 1, 1), m.Batch(Noon(), 2049, 2)
	two.Conversions[0].ClickAt = time.Time{}
	two.Conversions[1].At = time.Date(1969, time.December, 31, 23, 59, 0, 0, time.UTC)
	mustAppend(t, w, one)
	mustAppend(t, w, two)
	holds(t, w, one, two)
}

func textsComeBack(t *testing.T, w Warehouse) {
	texts := []string{
		"", "x", "twelve bytes", "thirteen byte", strings.Repeat("long ", 2000), "it's", `back\slash "quoted"`,
		"größer", "日本語のテキスト", "🦀", "line\nbreak\ttab", "null\x00byte", " blank ", "NULL", "%_",
	}
	b := fact.Batch{Positions: upTo(1, Noon())}
	for _, s := range texts {
		c := NewMaker(2).Click(Noon())
		c.Source, c.Sub[2], c.Referrer, c.UserAgent = s, s, s, s
		b.Clicks = append(b.Clicks, c)
	}
	mustAppend(t, w, b)
	holds(t, w, b)

	broken := NewMaker(3).Click(Noon())
	broken.Source, broken.Browser = "cut \xe2\x82", "\xff"
	mustAppend(t, w, fact.Batch{Clicks: []fact.Click{broken}, Positions: upTo(2, Noon())})
	if got := rows(t, w, "SELECT browser FROM click WHERE source = $1", "cut \ufffd"); len(got) != 1 || got[0][0].Text != "\ufffd" {
		t.Errorf("texts that are none come back as %v, want them mended", got)
	}
}

func idsComeBack(t *testing.T, w Warehouse) {
	m := NewMaker(4)
	b := fact.Batch{Positions: upTo(1, Noon())}
	var want []txid.ID
	extreme := []txid.Columns{
		{}, {Head: 0xFF, Milli: 1<<48 - 1, Node: txid.MaxNode, Seq: txid.MaxSeq, Mask: 1<<46 - 1, Tag: 1<<32 - 1},
	}
	for _, columns := range extreme {
		want = append(want, columns.ID())
	}
	for range 500 {
		want = append(want, m.ID(Noon().Add(time.Duration(m.rand.Int64N(1e15)))))
	}
	for _, id := range want {
		b.Clicks = append(b.Clicks, fact.Click{ID: id})
	}
	mustAppend(t, w, b)
	got := ids(t, w)
	compare := func(a, b txid.ID) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(got, compare)
	slices.SortFunc(want, compare)
	if !slices.Equal(got, want) {
		t.Errorf("%d IDs went in, %d come back, and not the same", len(want), len(got))
	}
}

func aBatchCountsOnce(t *testing.T, w Warehouse) {
	m := NewMaker(5)
	first := m.Batch(Noon(), 10, 7)
	mustAppend(t, w, first)
	back := m.Batch(Noon(), 10, 8)
	back.Positions[1].At = 6
	unmoved := m.Batch(Noon(), 10, 7)
	unsaid := m.Batch(Noon(), 10, 8)
	unsaid.Positions = nil
	tests := []struct {
		name  string
		batch fact.Batch
	}{
		{"the same again", first},
		{"one that moves a source back", back},
		{"one that moves none forward", unmoved},
		{"one without positions", unsaid},
	}
	for _, tt := range tests {
		if err := w.Append(within(t), tt.batch); fault.Of(err) != fault.Conflict {
			t.Errorf("%s: Append() = %v, want a conflict", tt.name, err)
		}
	}
	holds(t, w, first)

	half := m.Batch(Noon(), 10, 7)
	half.Positions[1].At = 8
	mustAppend(t, w, half)
	holds(t, w, first, half)
}

func aFailedBatchLeavesNothing(t *testing.T, w Warehouse) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := NewMaker(6).Batch(Noon(), 10, 1)
	if err := w.Append(ctx, b); !errors.Is(err, context.Canceled) {
		t.Errorf("Append() = %v, want that it was canceled", err)
	}
	holds(t, w)
	if got, err := w.Positions(within(t)); err != nil || len(got) != 0 {
		t.Errorf("Positions() = %v, %v; want none", got, err)
	}
	mustAppend(t, w, b)
	holds(t, w, b)
}

func positionsSayHowFar(t *testing.T, w Warehouse) {
	steps := []struct {
		name  string
		moved []fact.Position
		want  []fact.Position
		asOf  time.Time
	}{
		{name: "at first nowhere"},
		{
			name:  "sources come in any order and are given by name",
			moved: []fact.Position{{Source: "click/12", At: 1<<63 + 5, Through: Noon()}, {Source: "change", At: 3, Through: Noon().Add(-time.Second)}},
			want:  []fact.Position{{Source: "change", At: 3, Through: Noon().Add(-time.Second)}, {Source: "click/12", At: 1<<63 + 5, Through: Noon()}},
			asOf:  Noon().Add(-time.Second),
		},
		{
			name:  "a source without news may be seen through to a later time",
			moved: []fact.Position{{Source: "change", At: 3, Through: Noon().Add(time.Second)}},
			want:  []fact.Position{{Source: "change", At: 3, Through: Noon().Add(time.Second)}, {Source: "click/12", At: 1<<63 + 5, Through: Noon()}},
			asOf:  Noon(),
		},
		{
			name:  "the time seen through never falls",
			moved: []fact.Position{{Source: "click/12", At: 1<<63 + 6, Through: Noon().Add(-time.Hour)}},
			want:  []fact.Position{{Source: "change", At: 3, Through: Noon().Add(time.Second)}, {Source: "click/12", At: 1<<63 + 6, Through: Noon()}},
			asOf:  Noon(),
		},
		{
			name:  "a source seen through to no time leaves reports without one",
			moved: []fact.Position{{Source: "signal/1", At: 1}},
			want:  []fact.Position{{Source: "change", At: 3, Through: Noon().Add(time.Second)}, {Source: "click/12", At: 1<<63 + 6, Through: Noon()}, {Source: "signal/1", At: 1}},
		},
	}
	for _, s := range steps {
		if s.moved != nil {
			mustAppend(t, w, fact.Batch{Positions: s.moved})
		}
		got, err := w.Positions(within(t))
		if err != nil || !slices.Equal(got, s.want) {
			t.Errorf("%s: Positions() = %v, %v; want %v", s.name, got, err, s.want)
		}
		err = w.View(within(t), func(r report.Reader) error {
			if !r.AsOf().Equal(s.asOf) {
				t.Errorf("%s: AsOf() = %s, want %s", s.name, r.AsOf(), s.asOf)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func takenBackSumsToNothing(t *testing.T, w Warehouse) {
	m := NewMaker(7)
	plus := m.Batch(Noon(), 100, 1)
	minus := fact.Batch{Positions: upTo(2, Noon())}
	for _, c := range plus.Conversions {
		c.Sign, c.ChangeID = -1, c.ChangeID+1
		minus.Conversions = append(minus.Conversions, c)
	}
	const sums = "SELECT sum(sign), sum(sign * payout), sum(sign * amount), count(*) FROM conversion"
	mustAppend(t, w, plus)
	before := rows(t, w, sums)[0]
	mustAppend(t, w, minus)
	after := rows(t, w, sums)[0]
	if before[0].Number != 100 || before[1].Number <= 0 {
		t.Errorf("100 conversions sum to %v", before)
	}
	if after[0].Number != 0 || after[1].Number != 0 || after[2].Number != 0 || after[3].Number != 200 {
		t.Errorf("taken back they sum to %v, want 0, 0, 0 in 200 rows", after)
	}
}

func newWordsAreLearned(t *testing.T, w Warehouse) {
	m := NewMaker(8)
	var batches []fact.Batch
	for i, browser := range []string{"Chrome", "Netscape Navigator", "it's new", "Chrome"} {
		b := m.Batch(Noon(), 5, uint64(i)+1)
		b.Clicks[0].Browser, b.Clicks[1].Country, b.Conversions[2].OS, b.Impressions[3].Device = browser, "Atlantis", browser, browser
		batches = append(batches, b)
		mustAppend(t, w, b)
	}
	many := fact.Batch{Positions: upTo(9, Noon())}
	for i := range 400 {
		c := m.Click(Noon())
		c.Browser = "Browser " + string(rune('A'+i%26)) + strings.Repeat("x", i/26)
		many.Clicks = append(many.Clicks, c)
	}
	mustAppend(t, w, many)
	holds(t, w, append(batches, many)...)
	if got := number(t, w, "SELECT count(*) FROM click WHERE browser = $1", "Netscape Navigator"); got != 1 {
		t.Errorf("%d clicks by the new word, want 1", got)
	}
	if got := number(t, w, "SELECT count(*) FROM click WHERE browser IN ($1, $2)", "Lynx", "it's new"); got != 1 {
		t.Errorf("%d clicks by one word that is known and one that is not, want 1", got)
	}
}

func aViewSeesOneState(t *testing.T, w Warehouse) {
	m := NewMaker(9)
	mustAppend(t, w, m.Batch(Noon(), 10, 1))
	err := w.View(within(t), func(r report.Reader) error {
		for at := uint64(2); at < 5; at++ {
			mustAppend(t, w, m.Batch(Noon().Add(time.Hour), 10, at))
			for _, table := range fact.Tables() {
				got, err := read(t.Context(), r, "SELECT count(*) FROM "+table.Name)
				if err != nil || got[0][0].Number != 10 {
					t.Errorf("a view sees %v of %s, %v; want the 10 rows it began with", got, table.Name, err)
				}
			}
		}
		if want := Noon(); !r.AsOf().Equal(want) {
			t.Errorf("AsOf() = %s, want %s", r.AsOf(), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := number(t, w, "SELECT count(*) FROM click"); got != 40 {
		t.Errorf("the next view sees %d clicks, want 40", got)
	}
}

// nobodyWaits reads while a writer writes. Each reader must see a whole number
// of batches, and its tables must agree.
func nobodyWaits(t *testing.T, w Warehouse) {
	const batches, size, readers = 30, 50, 3
	m := NewMaker(10)
	written := make(chan struct{})
	var all sync.WaitGroup
	for range readers {
		all.Go(func() { lookUntil(t, w, written, size) })
	}
	for i := range batches {
		mustAppend(t, w, m.Batch(Noon(), size, uint64(i)+1))
	}
	close(written)
	all.Wait()
	if got := number(t, w, "SELECT count(*) FROM signal"); got != batches*size {
		t.Errorf("%d signals, want %d", got, batches*size)
	}
}

// lookUntil reads until written is closed, and once more.
func lookUntil(t *testing.T, w Warehouse, written <-chan struct{}, size int64) {
	for last := false; ; {
		if err := w.View(t.Context(), func(r report.Reader) error { return agree(t, r, size) }); err != nil {
			t.Errorf("View() = %v", err)
			return
		}
		if last {
			return
		}
		select {
		case <-written:
			last = true
		default:
		}
	}
}

func agree(t *testing.T, r report.Reader, size int64) error {
	clicks, err := read(t.Context(), r, "SELECT count(*) FROM click")
	if err != nil {
		return err
	}
	attempts, err := read(t.Context(), r, "SELECT count(*) FROM delivery")
	if err != nil {
		return err
	}
	if n := clicks[0][0].Number; n%size != 0 || n != attempts[0][0].Number {
		t.Errorf("a view sees %d clicks and %d attempts, want as many, by %d", n, attempts[0][0].Number, size)
	}
	return nil
}

// aViewStops tries it thrice, since a busy machine may keep anybody waiting.
func aViewStops(t *testing.T, w Warehouse) {
	mustAppend(t, w, NewMaker(11).Batch(Noon(), 3000, 1))
	const bound = 200 * time.Millisecond
	took := bound
	for try := 0; try < 3 && took >= bound; try++ {
		took = leave(t, w)
	}
	if took >= bound {
		t.Errorf("a view ends %s after it was left, want less than %s", took, bound)
	}
	if got := number(t, w, "SELECT count(*) FROM click"); got != 3000 {
		t.Errorf("the next view sees %d clicks, want 3000", got)
	}
	enough := errors.New("enough")
	err := w.View(t.Context(), func(r report.Reader) error {
		return r.Rows(t.Context(), report.Statement{SQL: "SELECT ms FROM click"}, func(report.Row) error { return enough })
	})
	if !errors.Is(err, enough) {
		t.Errorf("View() = %v, want what its reader said", err)
	}
}

// leave begins a view that would take hours, leaves it and gives how long it
// then goes on.
func leave(t *testing.T, w Warehouse) time.Duration {
	ctx, cancel := context.WithCancel(t.Context())
	var left time.Time
	time.AfterFunc(100*time.Millisecond, func() {
		left = time.Now()
		cancel()
	})
	err := w.View(ctx, func(r report.Reader) error {
		_, err := read(ctx, r, "SELECT count(*) FROM click a, click b, click c WHERE a.sub5 || b.sub5 < c.sub5")
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("View() = %v, want that it was canceled", err)
	}
	return time.Since(left)
}

func aWrongStatement(t *testing.T, w Warehouse) {
	b := NewMaker(12).Batch(Noon(), 3, 1)
	mustAppend(t, w, b)
	for _, text := range []string{"SELECT nothing FROM click", "SELEC", "SELECT * FROM nowhere", "SELECT CAST('x' AS BIGINT)"} {
		err := w.View(within(t), func(r report.Reader) error {
			_, err := read(t.Context(), r, text)
			return err
		})
		if err == nil || fault.Of(err) != fault.Internal {
			t.Errorf("%s: %v, want an error that is shown to nobody", text, err)
		}
	}
	holds(t, w, b)
}
