package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"waybill/internal/chain"
)

// show prints the way of an ID out and back, and where it was lost.
func (d *chainDemo) show(w *chainWay, hops []chain.Hop, losses []chain.Loss) error {
	d.say("\nThe way %q:", w.name)
	t := tabwriter.NewWriter(d.env.stdout, 0, 0, 2, ' ', 0)
	for k := range hops {
		showOut(t, &hops[k])
	}
	for k := len(hops) - 1; k > 0; k-- {
		showBack(t, &hops[k], &hops[k-1])
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("print the way: %w", err)
	}
	for _, h := range hops[0].Part.Heard {
		d.say("  The tracker has its conversion: payout %s for its own click ID %s", h.ConversionID, h.ID)
	}
	for _, l := range losses {
		d.say("  LOST at %s: %s\n    To do: %s", hops[l.Hop].Name, l.Text, l.Fix)
	}
	if len(losses) == 0 {
		d.say("  No hop drops or changes an ID.")
	}
	return nil
}

// showOut prints what a hop calls the visitor, and what it was told.
func showOut(w io.Writer, h *chain.Hop) {
	id := h.Part.ID
	if id == "" {
		id = "(no ID of its own)"
	}
	before := ""
	if h.Role != chain.Tracker {
		before = "was handed " + or(h.Part.Before.ID, "no ID")
	}
	fmt.Fprintf(w, "  out\t%s\t%s\t%s\n", h.Name, id, before) //nolint:errcheck // Flush reports it
}

// showBack prints what a hop told the one before it.
func showBack(w io.Writer, h, to *chain.Hop) {
	if len(h.Part.Onward) == 0 {
		fmt.Fprintf(w, "  back\t%s\ttold %s nothing\t\n", h.Name, to.Name) //nolint:errcheck // as above
	}
	for _, o := range h.Part.Onward {
		place := chain.Find(o.URL, h.Part.Before.ID, nil)
		fmt.Fprintf(w, "  back\t%s\tnamed %s\tto %s, which answered %d\n", //nolint:errcheck // as above
			h.Name, or(place.Value, "no ID that it was handed"), to.Name, o.Status)
	}
}

// or gives text, or other where it is empty.
func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
