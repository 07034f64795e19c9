package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/work/tally"
)

// TestAStopEndsWhatTakesLong stops a node amid commands that it works for. They
// end at once, and the warehouse's file stays what it was.
func TestAStopEndsWhatTakesLong(t *testing.T) {
	for name, long := range map[string]task{"a rebuild": &rebuild{}, "a check": &check{Warehouse: true}} {
		t.Run(name, func(t *testing.T) {
			y := newYard(t)
			y.clicks(time.Now().UTC().AddDate(0, 0, -3), 5)
			y.mustRebuild()
			before, err := os.Stat(y.warehouse.path)
			if err != nil {
				t.Fatal(err)
			}
			begun := make(chan struct{})
			y.sources = func(ctx context.Context) (tally.Sources, error) {
				close(begun)
				<-ctx.Done()
				return tally.Sources{}, ctx.Err()
			}
			stopped, stop := context.WithCancel(t.Context())
			defer stop()
			n := &node{installation: y.installation}
			var ctx context.Context
			n.group, ctx = newGroup(stopped)
			l, err := listenControl(y.dir)
			if err != nil {
				t.Fatal(err)
			}
			n.serve(ctx, door{name: "control", listener: l, handler: controlHandler(y.installation), patient: true})
			answer := make(chan error, 1)
			go func() {
				answer <- perform(&env{ctx: t.Context(), stdout: io.Discard, stderr: t.Output()}, common{Data: y.dir}, long)
			}()
			<-begun
			began := time.Now()
			stop()
			if err := n.group.wait(); err != nil {
				t.Errorf("the node stops with %v", err)
			}
			if took := time.Since(began); took >= shutdownTime {
				t.Errorf("the stop took %s: it waited for the command", took)
			}
			if err := <-answer; fault.Of(err) != fault.Unavailable || !strings.Contains(err.Error(), "stopped") {
				t.Errorf("the command ends with %v, want to be told that the node stopped", err)
			}
			after, err := os.Stat(y.warehouse.path)
			if err != nil || !os.SameFile(before, after) || !missing(y.warehouse.fresh()) {
				t.Errorf("the file is another one, or a new one is left beside it: %v", err)
			}
		})
	}
}

func TestFailuresPassTheSocket(t *testing.T) {
	for name, want := range map[string]error{
		"nothing":     nil,
		"said":        errSaid,
		"wrong":       fault.New(fault.Invalid, "wrong"),
		"conflict":    fault.New(fault.Conflict, "conflict"),
		"not now":     fault.New(fault.Unavailable, "not now"),
		"would lose":  fmt.Errorf("copy: %w", refuse(errors.New("broken"))),
		"any failure": errors.New("any"),
	} {
		got := end(want).failure()
		_, wanted := errors.AsType[loseError](want)
		_, loses := errors.AsType[loseError](got)
		if (got == nil) != (want == nil) || fault.Of(got) != fault.Of(want) || loses != wanted || errors.Is(got, errSaid) != errors.Is(want, errSaid) {
			t.Errorf("%s: %v arrives as %v", name, want, got)
		}
	}
}
