package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

// txidCmd groups the commands about transaction IDs.
type txidCmd struct {
	Inspect inspectCmd `cmd:"" help:"Show the parts of a transaction ID, or say why it is not one of this installation's."`
	Rotate  rotateCmd  `cmd:"" help:"Sign transaction IDs with a new key. IDs given out before stay valid."`
}

// rotateCmd is "waybill txid rotate".
type rotateCmd struct {
	common
	rotateKey
}

// Run rotates the key beside a running node or without one.
func (c *rotateCmd) Run(e *env) error { return perform(e, c.common, &c.rotateKey) }

// inspectCmd is "waybill txid inspect".
type inspectCmd struct {
	common
	inspect
}

// Run inspects an ID beside a running node or without one.
func (c *inspectCmd) Run(e *env) error { return perform(e, c.common, &c.inspect) }

// inspect takes a transaction ID apart.
type inspect struct {
	ID string `arg:"" help:"The transaction ID, 32 letters and digits."`
}

func (*inspect) name() string { return "txid-inspect" }

func (*inspect) creates() bool { return false }

func (i *inspect) do(ctx context.Context, in *installation, out io.Writer) error {
	id, err := txid.Parse(i.ID)
	if err != nil {
		return said(out, err)
	}
	ring, err := in.ring(ctx)
	if err != nil {
		return err
	}
	parts, err := ring.Open(id)
	if err != nil {
		return said(out, err)
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name string, value any) { fmt.Fprintf(t, "%s\t%v\n", name, value) } //nolint:errcheck // Flush reports it
	row("transaction ID", id)
	row("kind", parts.Kind)
	row("minted", parts.Time.Format("2006-01-02T15:04:05.000Z07:00")+" ("+ago(time.Since(parts.Time))+")")
	row("node", parts.Node)
	row("sequence", parts.Seq)
	row("offer", parts.Offer)
	row("affiliate", parts.Affiliate)
	row("test", yesNo(parts.Test))
	row("turned away", yesNo(parts.TurnedAway))
	return t.Flush()
}

// said prints why an ID is not one, as the command's own answer.
func said(out io.Writer, err error) error {
	if fault.Of(err) != fault.Invalid {
		return err
	}
	if _, err := fmt.Fprintf(out, "not a transaction ID of this installation: %s\n", err); err != nil {
		return err
	}
	return errSaid
}

// yesNo writes a flag for people.
func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// ago writes a length of time for people.
func ago(d time.Duration) string {
	switch {
	case d < 0:
		return "ahead of this machine's clock by " + (-d).Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(time.Second).String() + " ago"
	case d < 48*time.Hour:
		return d.Round(time.Minute).String() + " ago"
	default:
		return fmt.Sprintf("%d days ago", d/(24*time.Hour))
	}
}
