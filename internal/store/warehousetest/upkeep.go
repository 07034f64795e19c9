package warehousetest

import (
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
	"waybill/internal/visitor"
)

const aDay = 24 * time.Hour

// threeDays appends a batch for each of three days, in turns, so that no day's
// rows lie together.
func threeDays(t *testing.T, w Warehouse, m *Maker) []fact.Batch {
	t.Helper()
	var all []fact.Batch
	for i := range 9 {
		b := m.Batch(Noon().Add(time.Duration(i%3)*aDay), 20, uint64(i)+1)
		all = append(all, b)
		mustAppend(t, w, b)
	}
	return all
}

func sortingKeepsFacts(t *testing.T, w Warehouse) {
	m := NewMaker(20)
	if err := w.Sort(within(t), Noon()); err != nil {
		t.Errorf("Sort() of nothing = %v", err)
	}
	all := threeDays(t, w, m)
	for _, before := range []time.Time{Noon(), Noon().Add(aDay), Noon().Add(2 * aDay), Noon().Add(9 * aDay), Noon().Add(9 * aDay)} {
		if err := w.Sort(within(t), before); err != nil {
			t.Errorf("Sort() = %v", err)
		}
		holds(t, w, all...)
	}
	late := m.Batch(Noon(), 5, 100)
	mustAppend(t, w, late)
	if err := w.Sort(within(t), Noon().Add(9*aDay)); err != nil {
		t.Errorf("Sort() = %v", err)
	}
	holds(t, w, append(all, late)...)
}

// appendsGoOn appends to the very days that are being sorted. A Sort may give
// way, never a batch.
func appendsGoOn(t *testing.T, w Warehouse) {
	all := threeDays(t, w, NewMaker(21))
	written := make(chan struct{})
	var sorting sync.WaitGroup
	sorting.Go(func() {
		for {
			if err := w.Sort(t.Context(), Noon().Add(9*aDay)); err != nil && fault.Of(err) != fault.Unavailable {
				t.Errorf("Sort() = %v", err)
			}
			select {
			case <-written:
				return
			default:
			}
		}
	})
	m := NewMaker(22)
	for i := range 20 {
		b := m.Batch(Noon().Add(time.Duration(i%4)*aDay), 10, uint64(i)+100)
		if i%5 == 0 {
			b.Clicks[0].Browser = fmt.Sprintf("New Browser %d", i)
		}
		all = append(all, b)
		if err := w.Append(within(t), b); err != nil {
			t.Errorf("Append() while days are sorted = %v", err)
		}
	}
	close(written)
	sorting.Wait()
	holds(t, w, all...)
}

func retentionDropsDays(t *testing.T, w Warehouse) {
	m := NewMaker(23)
	all := threeDays(t, w, m)
	for range 2 {
		if err := w.Retain(within(t), fact.Clicks, Noon().Add(aDay)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range all {
		if all[i].Clicks[0].ID.Time().Before(Noon().Add(time.Hour)) {
			all[i].Clicks = nil
		}
	}
	holds(t, w, all...)
	if got, err := w.Positions(within(t)); err != nil || len(got) != 2 || got[0].At != 9 {
		t.Errorf("Positions() = %v, %v; want those of the last batch", got, err)
	}
	again := m.Batch(Noon(), 5, 100)
	mustAppend(t, w, again)
	holds(t, w, append(all, again)...)
	if err := w.Retain(within(t), "nowhere", Noon()); fault.Of(err) != fault.Invalid {
		t.Errorf("Retain() of no table = %v, want that it is told so", err)
	}
	for _, table := range fact.Tables() {
		if err := w.Retain(within(t), table.Name, Noon().Add(9*aDay)); err != nil {
			t.Error(err)
		}
	}
	holds(t, w)
}

func anonymisedVisits(t *testing.T, w Warehouse) {
	cares := []visitor.Anonymiser{{Care: visitor.Shorten}, {Care: visitor.Hash, Key: [32]byte{1}}, {Care: visitor.Remove}}
	m := NewMaker(24)
	var all []fact.Batch
	for i, care := range cares {
		b := m.Batch(Noon().Add(time.Duration(i)*aDay), 20, uint64(i)+1)
		b.Clicks[3].IP, b.Clicks[4].IP, b.Clicks[5].IP = "2001:db8:1:2:3::4", "", "no address"
		b.Clicks[5].UserAgent, b.Impressions[6].UserAgent = "", "it's an agent"
		all = append(all, b)
		mustAppend(t, w, b)
		for range 2 {
			if err := w.Anonymise(within(t), Noon().Add(time.Duration(i+1)*aDay), care); err != nil {
				t.Fatal(err)
			}
		}
		anonymise(care, b)
		holds(t, w, all...)
	}
	if err := w.Sort(within(t), Noon().Add(9*aDay)); err != nil {
		t.Fatal(err)
	}
	holds(t, w, all...)
}

// anonymise does to a batch what a warehouse is to do.
func anonymise(a visitor.Anonymiser, b fact.Batch) {
	for _, visits := range [][]fact.Click{b.Clicks, b.Impressions} {
		for i := range visits {
			c := &visits[i]
			c.UserAgent = a.Agent(c.UserAgent)
			addr, err := netip.ParseAddr(c.IP)
			c.IP = ""
			if kept := a.Address(addr); err == nil && kept.IsValid() {
				c.IP = kept.String()
			}
		}
	}
}

func lateVisits(t *testing.T, w Warehouse) {
	m := NewMaker(25)
	care := visitor.Anonymiser{Care: visitor.Shorten}
	first := m.Batch(Noon(), 20, 1)
	mustAppend(t, w, first)
	if err := w.Anonymise(within(t), Noon().Add(aDay), care); err != nil {
		t.Fatal(err)
	}
	late := m.Batch(Noon(), 20, 2)
	mustAppend(t, w, late)
	if err := w.Anonymise(within(t), Noon().Add(aDay), care); err != nil {
		t.Fatal(err)
	}
	anonymise(care, first)
	anonymise(care, late)
	holds(t, w, first, late)
	agents := rows(t, w, "SELECT DISTINCT user_agent FROM click")
	if want := care.Agent(m.Click(Noon()).UserAgent); !slices.ContainsFunc(agents, func(r report.Row) bool { return r[0].Text == want }) {
		t.Errorf("the agents are %v, want %q among them", fmt.Sprint(agents), want)
	}
}
