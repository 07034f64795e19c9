package main

import (
	"io"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"waybill/internal/click"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
	"waybill/internal/visitor"
)

// TestPersonalDataLeavesTheJournal has old records anonymised a step at a time,
// and young ones left as they came.
func TestPersonalDataLeavesTheJournal(t *testing.T) {
	ctx := t.Context()
	e := &env{ctx: ctx, stdout: io.Discard, stderr: io.Discard}
	in, err := openInstallation(e, common{Data: filepath.Join(t.TempDir(), "data"), LogLevel: "error"}, true, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := in.close(); err != nil {
			t.Error(err)
		}
	}()
	ring, err := in.ring(ctx)
	if err != nil {
		t.Fatal(err)
	}
	today := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	mint := txid.NewMint(ring, 3, 0)
	addr := netip.MustParseAddr("203.0.113.77")
	days := map[int]txid.ID{}
	for _, day := range []int{-100, -99, -98, -97, -96, -1} {
		tk := mint.Begin(today.AddDate(0, 0, day).Add(time.Hour), txid.Subject{Kind: txid.Click})
		c := click.Click{ID: tk.ID, At: tk.ID.Time(), IP: addr, UserAgent: "App/2.1 (x)", OfferID: 7}
		if err := in.journal.Append(ctx, tk, c.Append(nil)); err != nil {
			t.Fatal(err)
		}
		days[day] = tk.ID
	}
	tk := mint.Begin(today, txid.Subject{Kind: txid.Signal})
	s := signal.Signal{ID: tk.ID, ReceivedAt: tk.ID.Time(), IP: addr, Raw: "ip=203.0.113.77", Params: []signal.Param{{Name: param.IP, Value: "203.0.113.77"}}}
	if err := in.journal.Append(ctx, tk, s.Append(nil)); err != nil {
		t.Fatal(err)
	}
	broken := mint.Begin(today, txid.Subject{Kind: txid.Click})
	if err := in.journal.Append(ctx, broken, []byte{0xff}); err != nil {
		t.Fatal(err)
	}

	a := visitor.Anonymiser{Care: visitor.Shorten}
	open := func(want map[int]bool) {
		t.Helper()
		for day, id := range days {
			b, err := in.journal.Get(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			c, err := click.Read(id, b)
			if err != nil || c.OfferID != 7 || (c.IP == addr) != want[day] || (c.UserAgent == "App/2.1 (x)") != want[day] {
				t.Errorf("the click of day %d is %s %q, %v; want it as it came: %t", day, c.IP, c.UserAgent, err, want[day])
			}
		}
	}
	step := func(before time.Time) {
		t.Helper()
		if err := in.anonymiseJournal(ctx, before, a); err != nil {
			t.Fatal(err)
		}
	}
	step(today.AddDate(0, 0, -99))
	open(map[int]bool{-99: true, -98: true, -97: true, -96: true, -1: true})
	step(today.AddDate(1, 0, 0)) // a clock that leaps ahead goes no further than a stride
	open(map[int]bool{-97: true, -96: true, -1: true})
	step(today.AddDate(0, 0, -97))
	open(map[int]bool{-97: true, -96: true, -1: true})
	for range 60 {
		step(today.AddDate(0, 0, 1))
	}
	open(nil)
	b, err := in.journal.Get(ctx, s.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := signal.Read(s.ID, b); err != nil || got.Raw != "ip=203.0.113.0" || got.IP == addr {
		t.Errorf("the signal is %+v, %v", got, err)
	}
	if b, err := in.journal.Get(ctx, broken.ID); err != nil || len(b) != 1 || b[0] != 0xff {
		t.Errorf("a record that cannot be read is %x, %v; want it as it was", b, err)
	}
}
