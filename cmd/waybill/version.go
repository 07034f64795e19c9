package main

import (
	"fmt"
	"runtime/debug"

	"github.com/alecthomas/kong"

	"waybill/internal/fault"
	"waybill/internal/visitor"
)

// version is set when a release is built.
var version = "dev"

// versionCmd is "waybill version".
type versionCmd struct{}

// Run prints the version, and whose data the binary carries.
func (versionCmd) Run(e *env) error {
	text := version
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				text += " (" + s.Value[:min(12, len(s.Value))] + ")"
			}
		}
		text += " " + info.GoVersion
	}
	_, err := fmt.Fprintf(e.stdout, "waybill %s\nCountry data: %s\n", text, visitor.Credit)
	return err
}

// helpCmd is "waybill help".
type helpCmd struct {
	Command []string `arg:"" optional:"" help:"The command to explain."`
}

// Run shows the help of a command, or of all.
func (h *helpCmd) Run(e *env) error {
	ctx, err := kong.Trace(e.model, h.Command)
	if err != nil {
		return fmt.Errorf("show help: %w", err)
	}
	if ctx.Error != nil && len(h.Command) > 0 && ctx.Command() == "" {
		return fault.New(fault.Invalid, "no command %q; try waybill help", h.Command[0])
	}
	return ctx.PrintUsage(false)
}
