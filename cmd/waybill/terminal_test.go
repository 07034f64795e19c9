package main

import (
	"os"
	"testing"
)

func TestWhoCanBeAsked(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	for name, f := range map[string]*os.File{"a pipe": r, os.DevNull: null} {
		if terminal(f) {
			t.Errorf("%s is taken for a terminal", name)
		}
	}
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("this machine gives no terminal: %v", err)
	}
	defer tty.Close()
	if !terminal(tty) {
		t.Error("a terminal is not known as one")
	}
}
