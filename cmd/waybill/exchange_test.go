package main

import (
	"testing"

	"waybill/internal/fault"
)

// TestALentFileIsNotOpened has everything that opens the warehouse when it needs
// it ask for it while its file is read by somebody else.
func TestALentFileIsNotOpened(t *testing.T) {
	y := newYard(t)
	w := y.warehouse
	if err := w.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.lend(fault.New(fault.Unavailable, "it is being copied")); err != nil {
		t.Fatal(err)
	}
	for name, open := range map[string]func() error{
		"ready":  func() error { return w.ready(t.Context()) },
		"open":   func() error { return w.open(t.Context()) },
		"look":   func() error { w.look(t.Context(), true); return w.state() },
		"export": func() error { return (&export{Tables: tableList{"click"}}).do(t.Context(), y.installation, t.Output()) },
	} {
		if err := open(); fault.Of(err) != fault.Unavailable || w.file != nil {
			t.Errorf("%s: %v, and the file is open: %v; want to be told that it is lent", name, err, w.file != nil)
		}
	}
	if err := w.takeBack(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.ready(t.Context()); err != nil || w.file == nil {
		t.Errorf("when it is back: %v", err)
	}
}
