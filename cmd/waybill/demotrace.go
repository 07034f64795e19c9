package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"text/tabwriter"
	"time"

	"waybill/internal/demo/visit"
)

// traceStep is what the demo shows of a step of a trace.
type traceStep struct {
	At     time.Time `json:"at"`
	Store  string    `json:"store"`
	Kind   string    `json:"kind"`
	Text   string    `json:"text"`
	Record struct {
		URL string `json:"url"`
	} `json:"record"`
}

// trace prints everything that Waybill knows of a journey's transaction ID.
func (d *demo) trace(j visit.Journey) error {
	tid := ""
	for _, hop := range j.Hops {
		if u, err := url.Parse(hop); err == nil && u.Query().Has("tid") {
			tid = u.Query().Get("tid")
		}
	}
	if tid == "" {
		return fmt.Errorf("no transaction ID was seen in the landing page's URL: %q", j.Hops)
	}
	steps, err := d.steps(tid)
	if err != nil {
		return err
	}
	d.say("Trace of transaction %s:", tid)
	t := tabwriter.NewWriter(d.env.stdout, 0, 0, 2, ' ', 0)
	for _, s := range steps {
		gap := s.At.Sub(steps[0].At).Round(100 * time.Microsecond)
		fmt.Fprintf(t, "  +%s\t%s\t%s\n", gap, s.Store, s.Text) //nolint:errcheck // Flush reports it
		if s.Record.URL != "" {
			fmt.Fprintf(t, "  \t\t→ %s\n", s.Record.URL) //nolint:errcheck // as above
		}
	}
	return t.Flush()
}

// steps asks for a transaction's trace until it tells of the delivery, which is
// written down a moment after the tracker has it.
func (d *demo) steps(tid string) ([]traceStep, error) {
	ctx, cancel := context.WithTimeout(d.env.ctx, arrival)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		var trace struct {
			Steps []traceStep `json:"steps"`
		}
		if err := d.node.get(ctx, "trace/"+tid, &trace); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(trace.Steps, func(s traceStep) bool { return s.Kind == "attempt" }) {
			return trace.Steps, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("the trace of %s tells of no delivery for %s", tid, arrival)
		case <-tick.C:
		}
	}
}
