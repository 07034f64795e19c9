package traffic_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/demo/traffic"
	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/txid"
)

func plan(clicks int64) traffic.Plan {
	return traffic.Plan{
		Clicks: clicks, Conversions: clicks * 3 / 200, Days: 9, Offers: 50, Affiliates: 200, Seed: 1,
		Until: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	}
}

// memory keeps all that is appended. Texts of clicks are the caller's own.
type memory struct {
	fact.Batch
	batches int
	fail    error
}

func (m *memory) Positions(context.Context) ([]fact.Position, error) {
	return append([]fact.Position{{Source: "change", At: 77}}, m.Batch.Positions...), nil
}

func (m *memory) Append(_ context.Context, b fact.Batch) error {
	if len(b.Positions) != 1 || len(m.Batch.Positions) == 1 && b.Positions[0].At <= m.Batch.Positions[0].At {
		return fmt.Errorf("positions %+v follow %+v", b.Positions, m.Batch.Positions)
	}
	m.batches++
	m.Batch.Positions = slices.Clone(b.Positions)
	m.Clicks = append(m.Clicks, b.Clicks...)
	m.Conversions = append(m.Conversions, b.Conversions...)
	m.Signals = append(m.Signals, b.Signals...)
	m.Attempts = append(m.Attempts, b.Attempts...)
	return m.fail
}

func fill(t *testing.T, p traffic.Plan) (*memory, traffic.Count) {
	t.Helper()
	network, err := traffic.New(p)
	if err != nil {
		t.Fatal(err)
	}
	w := new(memory)
	var last traffic.Count
	count, err := network.Fill(t.Context(), w, func(c traffic.Count) { last = c })
	if err != nil {
		t.Fatal(err)
	}
	if last != count {
		t.Errorf("the last progress was %+v, the result %+v", last, count)
	}
	return w, count
}

func (m *memory) sum() []byte {
	h := sha256.New()
	write(h, m.Clicks)
	write(h, m.Conversions)
	write(h, m.Signals)
	write(h, m.Attempts)
	return h.Sum(nil)
}

func write[T any](h hash.Hash, all []T) {
	for i := range all {
		_, _ = fmt.Fprintf(h, "%+v\n", all[i])
	}
}

func TestTheSamePlanGivesTheSameFacts(t *testing.T) {
	t.Parallel()
	p := plan(3000)
	first, _ := fill(t, p)
	again, _ := fill(t, p)
	if !slices.Equal(first.sum(), again.sum()) {
		t.Error("two runs of one plan give different facts")
	}
	p.Seed = 2
	other, _ := fill(t, p)
	if slices.Equal(first.sum(), other.sum()) {
		t.Error("two seeds give the same facts")
	}
}

func TestCountsAreThePlans(t *testing.T) {
	t.Parallel()
	p := plan(600_000) // more than two batches
	w, count := fill(t, p)
	if int64(len(w.Clicks)) != p.Clicks || count.Clicks != p.Clicks {
		t.Errorf("%d clicks were appended and %d counted, want %d", len(w.Clicks), count.Clicks, p.Clicks)
	}
	if w.batches < 3 {
		t.Errorf("%d clicks came in %d batches, want 3 at least", len(w.Clicks), w.batches)
	}
	net, made := int64(0), map[string]bool{}
	for i := range w.Conversions {
		net += int64(w.Conversions[i].Sign)
		made[w.Conversions[i].ID] = true
	}
	if net != p.Conversions || int64(len(made)) != p.Conversions {
		t.Errorf("the signs of conversions add up to %d, and %d have an ID, want %d", net, len(made), p.Conversions)
	}
	if n := int64(len(w.Conversions)); n <= p.Conversions || count.Conversions != n || count.Signals != int64(len(w.Signals)) || count.Attempts != int64(len(w.Attempts)) {
		t.Errorf("counted %+v of %d conversions, %d signals and %d attempts", count, n, len(w.Signals), len(w.Attempts))
	}
}

// TestChangesTakeBackWhatWasSaid adds up every column of a conversion: what
// is left is its last state.
func TestChangesTakeBackWhatWasSaid(t *testing.T) {
	t.Parallel()
	w, _ := fill(t, plan(40_000))
	last, change := map[string]fact.Conversion{}, int64(0)
	for _, c := range w.Conversions {
		before, known := last[c.ID]
		switch number := c.ChangeID; {
		case known && c.Sign == -1 && number == change+1: // and what holds now follows
			c.Sign, c.ChangeID = 1, before.ChangeID
			if c != before {
				t.Fatalf("taken back is %+v, said was %+v", c, before)
			}
			change = number
		case known && c.Sign == 1 && number == change, !known && c.Sign == 1 && number == change+1:
			last[c.ID], change = c, number
		default:
			t.Fatalf("after change %d comes %+v, known: %t", change, c, known)
		}
	}
	for i := range w.Attempts {
		if w.Attempts[i].Number != int64(i+1) {
			t.Fatalf("attempt %d has the number %d", i+1, w.Attempts[i].Number)
		}
	}
}

func TestTrafficIsSkewedAsItShouldBe(t *testing.T) {
	t.Parallel()
	p := plan(300_000)
	w, _ := fill(t, p)
	var bots, turned, tests, withID, night, evening int
	offers, affiliates, visitors := map[int64]int{}, map[int64]int{}, map[uint64]int{}
	subs, devices, lands := [fact.Subs]map[string]int{}, map[string]int{}, map[string]bool{}
	for i := range subs {
		subs[i] = map[string]int{}
	}
	runs := map[int64]map[int64]bool{}
	for i := range w.Clicks {
		c := &w.Clicks[i]
		bots += count(c.Bot)
		turned += count(c.TurnedAway != "")
		tests += count(c.ID.Test())
		withID += count(c.AffClickID != "")
		night += count(c.ID.Time().Hour() == 3)
		evening += count(c.ID.Time().Hour() == 18)
		offers[c.OfferID]++
		affiliates[c.AffiliateID]++
		visitors[c.Visitor]++
		devices[c.Device]++
		lands[c.Country] = true
		for i := range subs {
			subs[i][c.Sub[i]]++
		}
		if runs[c.AffiliateID] == nil {
			runs[c.AffiliateID] = map[int64]bool{}
		}
		runs[c.AffiliateID][c.OfferID] = true
	}
	share := func(n int) float64 { return float64(n) / float64(p.Clicks) }
	tests2 := []struct {
		what      string
		got       float64
		low, high float64
	}{
		{"bots", share(bots), 0.02, 0.04},
		{"turned away", share(turned), 0.015, 0.025},
		{"test traffic", share(tests), 0.008, 0.012},
		{"the affiliate's own click ID", share(withID), 0.3, 0.9},
		{"the evening over the night", float64(evening) / float64(night), 2.5, 3.7},
		{"the largest offer", share(slices.Max(slices.Collect(maps.Values(offers)))), 0.05, 0.4},
		{"the largest affiliate", share(affiliates[1]), 0.03, 0.2},
		{"offers with a click", float64(len(offers)), 40, 50},
		{"affiliates with a click", float64(len(affiliates)), 200, 200},
		{"offers of the largest affiliate", float64(len(runs[1])), 1, 14},
		{"distinct visitors", share(len(visitors)), 0.7, 0.8},
		{"countries", float64(len(lands)), 30, 200},
		{"phones", share(devices["mobile"]), 0.55, 0.8},
		{"computers", share(devices["desktop"]), 0.15, 0.4},
		{"values of sub1", float64(len(subs[0])), 1000, 5000},
		{"values of sub2", float64(len(subs[1])), 20_000, 200_000},
		{"values of sub3", float64(len(subs[2])), 10, 50},
		{"without sub4", share(subs[3][""]), 0.85, 0.999},
		{"values of sub5", share(len(subs[4])), 1, 1},
		{"without sub6", share(subs[5][""]), 1, 1},
	}
	for _, tt := range tests2 {
		if tt.got < tt.low || tt.got > tt.high {
			t.Errorf("%s: %.4g, want %g to %g", tt.what, tt.got, tt.low, tt.high)
		}
	}
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestFactsAreSound holds every fact to what a real one keeps.
func TestFactsAreSound(t *testing.T) {
	t.Parallel()
	p := plan(20_000)
	w, _ := fill(t, p)
	begin := p.Until.AddDate(0, 0, -p.Days)
	clicks, before := map[string]*fact.Click{}, int64(0)
	for i := range w.Clicks {
		c := &w.Clicks[i]
		clicks[c.ID.String()] = c
		at := c.ID.Time()
		if at.Before(begin) || !at.Before(p.Until) || at.UnixMilli() < before {
			t.Fatalf("click %d is of %s, the one before of %d", i, at, before)
		}
		before = at.UnixMilli()
		if c.ID.Kind() != txid.Click || c.ID.TurnedAway() != (c.TurnedAway != "") {
			t.Fatalf("click %s is of kind %s, turned away: %t, reason %q", c.ID, c.ID.Kind(), c.ID.TurnedAway(), c.TurnedAway)
		}
		if addr, err := netip.ParseAddr(c.IP); err != nil || !addr.IsGlobalUnicast() || addr.IsPrivate() {
			t.Fatalf("click %s comes from %q (%v)", c.ID, c.IP, err)
		}
	}
	if len(clicks) != len(w.Clicks) {
		t.Errorf("%d clicks have %d IDs", len(w.Clicks), len(clicks))
	}
	for i := range w.Conversions {
		c := &w.Conversions[i]
		of := clicks[c.TransactionID]
		if of == nil || of.TurnedAway != "" || of.Sub != c.Sub || of.Country != c.Country || !of.ID.Time().Equal(c.ClickAt) {
			t.Fatalf("conversion %+v is of click %+v", c, of)
		}
		if c.At.Before(c.ClickAt) || !c.At.Before(p.Until) || c.Payout <= 0 || c.Revenue <= c.Payout || c.Amount < c.Revenue && c.Payout*10 < c.Amount {
			t.Fatalf("conversion %+v: time or price", c)
		}
	}
	if !slices.ContainsFunc(w.Signals, func(s fact.Signal) bool { return s.Status == "rejected" && strings.HasPrefix(s.Code, "click_") }) {
		t.Errorf("none of %d signals was refused", len(w.Signals))
	}
}

// TestFillGoesOn lets one fill follow another: a warehouse refuses what it
// holds already.
func TestFillGoesOn(t *testing.T) {
	t.Parallel()
	p := plan(2000)
	w, count := fill(t, p)
	if got := w.Batch.Positions[0]; got.Source != traffic.Source || !got.Through.Equal(p.Until) {
		t.Errorf("after the last batch the position is %+v, want %s through %s", got, traffic.Source, p.Until)
	}
	p.Seed++
	network, err := traffic.New(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := network.Fill(t.Context(), w, func(traffic.Count) {}); err != nil {
		t.Fatal(err)
	}
	if got := int64(len(w.Clicks)); got != 2*count.Clicks {
		t.Errorf("after two fills there are %d clicks, want %d", got, 2*count.Clicks)
	}
}

func TestFillStops(t *testing.T) {
	t.Parallel()
	network, err := traffic.New(plan(2_000_000))
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("the disk is full")
	if _, err := network.Fill(t.Context(), &memory{fail: full}, func(traffic.Count) {}); !errors.Is(err, full) {
		t.Errorf("Fill() = %v, want %v", err, full)
	}
	ctx, cancel := context.WithCancel(t.Context())
	got, err := network.Fill(ctx, new(memory), func(traffic.Count) { cancel() })
	if !errors.Is(err, context.Canceled) || got.Clicks >= 2_000_000 {
		t.Errorf("Fill() = %+v, %v; want it to end early", got, err)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		field string
		spoil func(*traffic.Plan)
	}{
		{"clicks", func(p *traffic.Plan) { p.Clicks = 0 }},
		{"conversions", func(p *traffic.Plan) { p.Conversions = p.Clicks }},
		{"days", func(p *traffic.Plan) { p.Days = 0 }},
		{"offers", func(p *traffic.Plan) { p.Offers = 0 }},
		{"affiliates", func(p *traffic.Plan) { p.Affiliates = -1 }},
		{"until", func(p *traffic.Plan) { p.Until = p.Until.Add(time.Second) }},
	}
	for _, tt := range tests {
		p := plan(1000)
		tt.spoil(&p)
		_, err := traffic.New(p)
		if all := fault.All(err); len(all) != 1 || all[0].Field != tt.field {
			t.Errorf("New(%+v) = %v, want a fault at %s", p, err, tt.field)
		}
	}
}

type nowhere struct{}

func (nowhere) Append(context.Context, fact.Batch) error { return nil }

func (nowhere) Positions(context.Context) ([]fact.Position, error) { return nil, nil }

func BenchmarkFill(b *testing.B) {
	network, err := traffic.New(plan(1_000_000))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := network.Fill(b.Context(), nowhere{}, func(traffic.Count) {}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*1e6/b.Elapsed().Seconds(), "clicks/s")
}
