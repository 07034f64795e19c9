package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/txid"
	"waybill/internal/user"
)

// keyCmd groups the commands about API keys.
type keyCmd struct {
	Create keyCreateCmd `cmd:"" help:"Create an API key and print it, alone, on standard output. It is shown only this once."`
}

// keyCreateCmd is "waybill key create".
type keyCreateCmd struct {
	common
	keyCreate
}

// keyCreate creates an API key.
type keyCreate struct {
	Role       string `required:"" enum:"network,advertiser,affiliate,publishable" help:"Whose key it is: network (sees and changes everything), advertiser, affiliate, or publishable (may stand in a web page; only sends conversions)."`
	Advertiser int64  `placeholder:"ID" help:"The advertiser whose key it is, for roles advertiser and publishable."`
	Affiliate  int64  `placeholder:"ID" help:"The affiliate whose key it is, for role affiliate."`
	Test       bool   `help:"What is reported with the key is test traffic, whatever it says."`
	Name       string `placeholder:"TEXT" help:"What the key is for, in your own words."`
}

// Run creates the key beside a running node or without one.
func (c *keyCreateCmd) Run(e *env) error {
	if err := c.key().Validate(); err != nil {
		return fault.New(fault.Invalid, "%s (see --advertiser and --affiliate)", err)
	}
	return perform(e, c.common, &c.keyCreate)
}

// key gives the key that the command line asks for.
func (k *keyCreate) key() account.Key {
	return account.Key{Role: account.Role(k.Role), AdvertiserID: k.Advertiser, AffiliateID: k.Affiliate, Test: k.Test, Name: k.Name}
}

func (*keyCreate) name() string { return "key-create" }

func (*keyCreate) creates() bool { return true }

func (k *keyCreate) do(ctx context.Context, in *installation, out io.Writer) error {
	key := k.key()
	key.CreatedAt = in.now().UTC()
	secret, err := account.NewSecret(key.Role, rand.Reader)
	if err != nil {
		return err
	}
	key.Prefix = account.Prefix(secret)
	if _, err := in.ledger.CreateKey(ctx, commandLine(), key, account.Hash(secret)); err != nil {
		return err
	}
	if err := in.changed(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, secret)
	return err
}

// commandLine is who acts by a command, as the audit names it.
func commandLine() user.By { return user.By{Actor: "command line"} }

// leastLead is how long before it signs a key is made known. A node that signs
// with the old key after that gives out IDs that nobody believes.
const leastLead = time.Minute

// rotateKey begins a new key for transaction IDs.
type rotateKey struct {
	In time.Duration `default:"10m" help:"When the new key comes into force. Every node must have heard of it by then."`
}

func (*rotateKey) name() string { return "txid-rotate" }

func (*rotateKey) creates() bool { return false }

func (r *rotateKey) do(ctx context.Context, in *installation, out io.Writer) error {
	if r.In < leastLead {
		return fault.New(fault.Invalid, "--in %s is too soon: every node must have heard of the key by then, so give them %s or more", r.In, leastLead)
	}
	ring, err := in.ledger.Ring(ctx)
	if err != nil {
		return err
	}
	from := in.now().Add(r.In).UTC().Truncate(time.Millisecond)
	number := 1
	for _, k := range ring {
		number = max(number, k.Number+1)
		if !k.ActiveFrom.Before(from) {
			return fault.New(fault.Conflict, "key %d comes into force only at %s; wait for it, or choose a longer --in",
				k.Number, k.ActiveFrom.Format(time.RFC3339))
		}
	}
	key, err := txid.NewKey(number, from, rand.Reader)
	if err != nil {
		return err
	}
	if err := in.ledger.AddRingKey(ctx, key); err != nil {
		return err
	}
	if err := in.changed(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Key %d signs transaction IDs from %s on. IDs given out before stay valid.\n",
		number, from.Format(time.RFC3339))
	return err
}
