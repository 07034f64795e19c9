package main

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"waybill/internal/fault"
	"waybill/internal/user"
)

// userCmd groups the commands about people.
type userCmd struct {
	Create    userCreateCmd `cmd:"" help:"Invite somebody to the console, and print the link to join, alone, on standard output."`
	Link      userLinkCmd   `cmd:"" help:"Print a link that sets a new password for somebody, or lets an invited person join. It works once."`
	OwnerLink ownerLinkCmd  `cmd:"" help:"Print the link that makes the first owner. It works once, within 24 hours, and only while there is no owner yet."`
}

// userCreateCmd is "waybill user create".
type userCreateCmd struct {
	common
	consoleAt
	userCreate
}

// userLinkCmd is "waybill user link".
type userLinkCmd struct {
	common
	consoleAt
	userLink
}

// ownerLinkCmd is "waybill user owner-link".
type ownerLinkCmd struct {
	common
	consoleAt
}

// Run invites somebody beside a running node or without one.
func (c *userCreateCmd) Run(e *env) error {
	if err := c.valid(); err != nil {
		return err
	}
	if err := c.user().Validate(); err != nil {
		return fault.New(fault.Invalid, "%s (see --role, --advertiser and --affiliate)", err)
	}
	c.At = c.here()
	return perform(e, c.common, &c.userCreate)
}

// Run makes the link beside a running node or without one.
func (c *userLinkCmd) Run(e *env) error {
	if err := c.valid(); err != nil {
		return err
	}
	c.At = c.here()
	return perform(e, c.common, &c.userLink)
}

// Run makes the link beside a running node or without one.
func (c *ownerLinkCmd) Run(e *env) error {
	if err := c.valid(); err != nil {
		return err
	}
	return perform(e, c.common, &ownerLink{At: c.here()})
}

// here is where the console is as far as a command knows. A running node knows
// better.
func (c consoleAt) here() string {
	if u := c.base(); u != nil {
		return u.String()
	}
	return "http://127.0.0.1:8080"
}

// byCommand is who did what a command does.
func byCommand() user.By { return user.By{Actor: "command line"} }

// userCreate invites somebody.
type userCreate struct {
	Email      string `arg:"" help:"The e-mail address to sign in with."`
	Role       string `required:"" enum:"owner,manager,analyst,advertiser,affiliate" help:"owner may everything, manager does the daily work, analyst looks; advertiser and affiliate see what is theirs."`
	Advertiser int64  `placeholder:"ID" help:"On whose side somebody of role advertiser is."`
	Affiliate  int64  `placeholder:"ID" help:"On whose side somebody of role affiliate is."`
	Name       string `placeholder:"TEXT" help:"What the person is called."`
	At         string `kong:"-" json:"at"`
}

// user is whom the command line describes.
func (c *userCreate) user() user.User {
	u := user.Default()
	u.Email, u.Name, u.Role = user.FoldEmail(c.Email), c.Name, user.Role(c.Role)
	u.AdvertiserID, u.AffiliateID = c.Advertiser, c.Affiliate
	return u
}

func (*userCreate) name() string { return "user-create" }

func (*userCreate) creates() bool { return true }

func (c *userCreate) do(ctx context.Context, in *installation, out io.Writer) error {
	made, err := in.ledger.CreateUser(ctx, byCommand(), c.user(), false)
	if err != nil {
		return err
	}
	link, err := in.newLink(ctx, byCommand(), user.LinkInvitation, made.ID, cmp.Or(in.consoleURL, c.At))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, link)
	return err
}

// userLink makes a link for somebody who is there already.
type userLink struct {
	Email   string `arg:"" help:"The e-mail address that the person signs in with."`
	TOTPOff bool   `name:"totp-off" help:"Also take the authenticator off, for somebody who has lost it."`
	At      string `kong:"-" json:"at"`
}

func (*userLink) name() string { return "user-link" }

func (*userLink) creates() bool { return false }

func (l *userLink) do(ctx context.Context, in *installation, out io.Writer) error {
	u, err := in.ledger.UserByEmail(ctx, l.Email)
	if err != nil && fault.Of(err) == fault.NotFound {
		err = fault.New(fault.Invalid, "nobody signs in as %.200q", l.Email)
	}
	if err != nil {
		return err
	}
	kind := user.LinkReset
	if u.JoinedAt == nil {
		kind = user.LinkInvitation
	}
	link, err := in.newLink(ctx, byCommand(), kind, u.ID, cmp.Or(in.consoleURL, l.At))
	if err != nil {
		return err
	}
	if l.TOTPOff {
		if err := in.ledger.DropTOTP(ctx, byCommand(), u.ID); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintln(out, link)
	return err
}

// ownerLink makes the link for the first owner.
type ownerLink struct {
	At string `json:"at"`
}

func (*ownerLink) name() string { return "user-owner-link" }

func (*ownerLink) creates() bool { return true }

func (l *ownerLink) do(ctx context.Context, in *installation, out io.Writer) error {
	link, err := in.newLink(ctx, byCommand(), user.LinkOwner, 0, cmp.Or(in.consoleURL, l.At))
	if fault.Of(err) == fault.Conflict {
		return fault.New(fault.Conflict, `there is an owner already; "waybill user link EMAIL" lets somebody in again`)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, link)
	return err
}
