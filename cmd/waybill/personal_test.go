package main

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"waybill/internal/click"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/store/pebblejournal"
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

// TestTheFirstTimeGoesOnWhereItWasInterrupted has the first removal end amid the
// history that it has before it. The next one takes up the rest at once.
func TestTheFirstTimeGoesOnWhereItWasInterrupted(t *testing.T) {
	y := newYard(t)
	today := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for day := -100; day <= -1; day += 3 {
		y.clicks(today.AddDate(0, 0, day).Add(time.Hour), 1)
	}
	first := today.AddDate(0, 0, -100).Add(time.Hour)
	a := visitor.Anonymiser{Care: visitor.Remove}
	const mark = "personal/remove/click/1"
	reached := func() time.Time {
		t.Helper()
		b, err := y.journal.Mark(t.Context(), mark)
		if err != nil || len(b) != 16 {
			t.Fatalf("the mark is %x, %v", b, err)
		}
		return txid.Tick(binary.BigEndian.Uint64(b)).Time()
	}
	goal := tickAt(today)
	ctx := &ending{Context: t.Context(), over: func() bool {
		b, err := y.journal.Mark(t.Context(), mark)
		return err == nil && txid.Tick(binary.BigEndian.Uint64(b)).Time().After(first.Add(10*stride))
	}}
	if err := y.anonymiseJournal(ctx, today, a); !errors.Is(err, context.Canceled) {
		t.Fatalf("anonymiseJournal() = %v, want it interrupted", err)
	}
	if got, want := reached(), first.Add(11*stride); !got.Equal(want) {
		t.Errorf("interrupted, it has come to %s, want %s: whole strides from the first record on", got, want)
	}
	if err := y.anonymiseJournal(t.Context(), today, a); err != nil {
		t.Fatal(err)
	}
	if got := reached(); !got.Equal(goal.Time()) {
		t.Errorf("the next time it comes to %s, want %s", got, goal.Time())
	}
	left := 0
	err := y.journal.Scan(t.Context(), pebblejournal.Query{Kind: txid.Click, Node: 1, To: goal}, func(id txid.ID, record []byte) error {
		if c, err := click.Read(id, record); err != nil || c.IP.IsValid() {
			left++
		}
		return nil
	})
	if err != nil || left > 0 {
		t.Errorf("%d clicks are left as they came, %v", left, err)
	}
}

// TestForwardedEMailsLeaveTheJournal some days after they came, whatever is kept
// of addresses.
func TestForwardedEMailsLeaveTheJournal(t *testing.T) {
	y := newYard(t)
	now := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	digest, addr := param.Digest("jane@example.com"), netip.MustParseAddr("203.0.113.77")
	ages := map[string]time.Duration{"of last month": 30 * 24 * time.Hour, "just too old": emailsKept + time.Minute, "young enough": emailsKept - time.Minute}
	ids := map[string]txid.ID{}
	for _, name := range []string{"of last month", "just too old", "young enough"} {
		tk := y.mint.Begin(now.Add(-ages[name]), txid.Subject{Kind: txid.Signal})
		s := signal.Signal{
			ID: tk.ID, ReceivedAt: tk.ID.Time(), IP: addr, Raw: "email=emailhash:0e", EmailSHA256: digest,
			Params: []signal.Param{{Name: param.Email, Value: "emailhash:0e"}},
		}
		if err := y.journal.Append(t.Context(), tk, s.Append(nil)); err != nil {
			t.Fatal(err)
		}
		ids[name] = tk.ID
	}
	kept := func(want map[string]bool) {
		t.Helper()
		for name, id := range ids {
			b, err := y.journal.Get(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			s, err := signal.Read(id, b)
			if err != nil || (s.EmailSHA256 == digest) != want[name] || s.IP != addr || s.Value(param.Email) != "emailhash:0e" || s.Raw != "email=emailhash:0e" {
				t.Errorf("the signal %s is %+v, %v; want it with its digest: %t, and with all else", name, s, err, want[name])
			}
		}
	}
	for _, step := range []struct {
		at   time.Time
		want map[string]bool
	}{
		{now, map[string]bool{"young enough": true}},
		{now, map[string]bool{"young enough": true}},
		{now.Add(time.Hour), nil},
	} {
		if err := y.forgetEmails(t.Context(), step.at); err != nil {
			t.Fatal(err)
		}
		kept(step.want)
	}
}

// ending is a context that is over when a condition holds.
type ending struct {
	context.Context //nolint:containedctx // it is one
	over            func() bool
}

// Err says whether it is over.
func (e *ending) Err() error {
	if e.over() {
		return context.Canceled
	}
	return e.Context.Err()
}
