// Command waybill records clicks, matches conversions to them and tells
// affiliates what they have earned.
//
// This is the only place where the parts meet: it reads the configuration, opens
// the stores, hands each part what it needs, and waits for all of them.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
	_ "time/tzdata" // reports and caps know time zones on machines that have no zone files

	"github.com/alecthomas/kong"

	"waybill/internal/fault"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, errSaid) {
		fmt.Fprintln(os.Stderr, "waybill:", err)
	}
	os.Exit(exitCode(err))
}

// errSaid is the failure of a command that has already told the user why.
var errSaid = errors.New("said above")

// Exit codes: what scripts may rely on.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// exitCode tells wrong use and configuration apart from failure.
func exitCode(err error) int {
	switch {
	case err == nil:
		return exitDone
	case fault.Of(err) == fault.Invalid:
		return exitUsage
	default:
		return exitFailed
	}
}

// env is what a command runs in.
type env struct {
	ctx    context.Context //nolint:containedctx // kong hands commands one value; this is a call's argument list
	stdout io.Writer
	stderr io.Writer
	model  *kong.Kong       // the whole command line, for help
	now    func() time.Time // the clock of installations; time.Now when nil
}
