package main

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/fact"
	"waybill/internal/fault"
)

// TestAFileThatSomebodyElseHasOpenIsNotGivenUp rebuilds while another process has
// the old file open, which is readable.
func TestAFileThatSomebodyElseHasOpenIsNotGivenUp(t *testing.T) {
	y, shipped := older(t)
	if err := y.warehouse.close(fault.New(fault.Unavailable, "closed")); err != nil {
		t.Fatal(err)
	}
	other := newSite(t, filepath.Join(t.TempDir(), "data"), "--warehouse", "duckdb:"+y.warehouse.path)
	other.start()
	other.eventually("open the file", func() error {
		if up := other.metric("waybill_warehouse_up"); up != 1 {
			return fmt.Errorf("waybill_warehouse_up is %v", up)
		}
		return nil
	})
	for _, r := range []rebuild{{}, {Discard: true}} {
		err := y.rebuild(r)
		_, loses := errors.AsType[loseError](err)
		if loses || fault.Of(err) != fault.Unavailable || !strings.Contains(err.Error(), "another process") {
			t.Errorf("rebuild with %+v = %v, want to be told to come again", r, err)
		}
	}
	other.stop()
	if err := y.rebuild(rebuild{}); err != nil {
		t.Fatal(err)
	}
	if got := y.digests(); got[fact.Clicks] != shipped[fact.Clicks] {
		t.Errorf("rebuilt, the warehouse holds %v, before %v", got, shipped)
	}
}

// TestReadableDaysAreNotDiscarded allows a rebuild to give up days that it can
// read.
func TestReadableDaysAreNotDiscarded(t *testing.T) {
	y, shipped := older(t)
	if err := y.rebuild(rebuild{Discard: true}); err != nil {
		t.Fatal(err)
	}
	if got := y.digests(); !maps.Equal(got, shipped) {
		t.Errorf("rebuilt, the warehouse holds %v, before %v", got, shipped)
	}
}

func TestWhatMayPass(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"another process", fault.New(fault.Unavailable, "the file is open in another process"), true},
		{"damage", fault.New(fault.Damaged, "the file cannot be read; run \"waybill rebuild warehouse\""), false},
		{"a fatal error of the engine", fault.New(fault.Unavailable, "if it does not pass, run \"waybill rebuild warehouse\""), false},
		{"another version", fault.New(fault.Invalid, "the file has another schema"), false},
	}
	for _, tt := range tests {
		if got := mayPass(tt.err); got != tt.want {
			t.Errorf("%s: mayPass() = %t, want %t", tt.name, got, tt.want)
		}
	}
}
