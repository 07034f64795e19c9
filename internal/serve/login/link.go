package login

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"waybill/internal/fault"
	"waybill/internal/user"
)

// linkView is what somebody sees who has opened a link.
type linkView struct {
	Kind      user.LinkKind `json:"kind"`
	Email     string        `json:"email,omitempty"`
	Name      string        `json:"name,omitempty"`
	Role      user.Role     `json:"role"`
	PartyName string        `json:"party_name,omitempty"`
	ExpiresAt time.Time     `json:"expires_at"`
}

// opened gives a link by its token, and whom it is for. One for the first owner
// is for nobody yet.
func (x *exchange) opened(token string) (user.Link, user.User, error) {
	if token == "" || len(token) > longestToken {
		return user.Link{}, user.User{}, fault.At("token", "is missing, or too long")
	}
	link, err := x.l.ledger.LinkByHash(x.ctx(), user.Hash(token), x.now)
	if err != nil || link.Kind == user.LinkOwner {
		return link, user.User{Role: user.Owner}, err
	}
	if link.Kind != user.LinkInvitation && link.Kind != user.LinkReset {
		return link, user.User{}, fault.New(fault.NotFound, "the link is not one to open here")
	}
	u, err := x.l.ledger.User(x.ctx(), link.UserID)
	return link, u, err
}

// readLink tells what a link is for, and leaves it as it is.
func (x *exchange) readLink() (answer, error) {
	var b struct {
		Token string `json:"token"`
	}
	if err := x.read(&b); err != nil {
		return nil, err
	}
	link, u, err := x.opened(b.Token)
	if err != nil {
		return nil, err
	}
	v := linkView{Kind: link.Kind, Email: u.Email, Name: u.Name, Role: u.Role, ExpiresAt: link.ExpiresAt}
	if x.l.set.PartyName != nil {
		v.PartyName = x.l.set.PartyName(u)
	}
	return v, nil
}

// acceptance is what somebody says who follows a link.
type acceptance struct {
	Token    string `json:"token"`
	Email    string `json:"email"`
	Name     string `json:"name"`
	Password string `json:"password"`
	Zone     string `json:"zone"`
	Locale   string `json:"locale"`
}

// accept uses a link up: it makes the first owner, lets an invited person in, or
// sets a new password. Whoever has an authenticator still has to show its code.
func (x *exchange) accept() (answer, error) {
	var a acceptance
	if err := x.read(&a); err != nil {
		return nil, err
	}
	link, u, err := x.opened(a.Token)
	if err != nil {
		return nil, err
	}
	if link.Kind == user.LinkOwner {
		u.Email, u.Status = user.FoldEmail(a.Email), user.Active
	}
	u.Name, u.Zone, u.Locale = a.Name, a.Zone, a.Locale
	if err := errors.Join(u.Validate(), knownZone(a.Zone), user.CheckPassword(a.Password, u.Email)); err != nil {
		return nil, err
	}
	made, err := x.l.hashing.hash(x.ctx(), a.Password)
	if err != nil {
		return nil, err
	}
	said := Accepted{Email: u.Email, Name: a.Name, Password: made, Zone: a.Zone, Locale: a.Locale, Address: textOf(x.from)}
	_, u, err = x.l.ledger.AcceptLink(x.ctx(), user.Hash(a.Token), said, x.now)
	if err != nil {
		return nil, err
	}
	if u.TOTP {
		return next{nextTOTP}, nil
	}
	return next{nextDone}, x.signIn(u, user.Shown{How: "link of kind " + string(link.Kind), Password: made, At: x.now})
}

// forgotten asks for mail with a link for a new password. The answer is the same
// whether there is such a person or not, and so is its time: the rest is done
// behind the caller's back.
func (x *exchange) forgotten() (answer, error) {
	var b struct {
		Email string `json:"email"`
	}
	if err := x.read(&b); err != nil {
		return nil, err
	}
	const longest = 254
	if b.Email == "" || len(b.Email) > 4*longest {
		return nil, fault.At("email", "is missing, or too long")
	}
	mails := x.l.set.SendReset != nil
	if mails {
		if err := x.attempt(user.AccountDoor(b.Email).Apart(byMail), x.door().Apart(byMail)); err != nil {
			return nil, err
		}
		select {
		case x.l.forgot <- plea{user.FoldEmail(b.Email), x.visitor()}:
		default:
			return nil, fault.New(fault.Unavailable, "too many ask for mail at this moment; try again in a minute")
		}
	}
	return accepted{map[string]bool{"mail": mails}}, nil
}

// byMail is the way in by a link for a new password.
const byMail = "reset"

// maxForgotten is how many may wait for their mail.
const maxForgotten = 100

// Run sends mail to those who forgot their passwords, until ctx is done.
func (l *Login) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case p := <-l.forgot:
			l.remind(ctx, p)
		}
	}
}

// plea is somebody asking for a new password of whoever has an address.
type plea struct {
	email string
	by    user.By
}

// remind makes a link for whoever has an address, and sends it there. That nobody
// has it is no news.
func (l *Login) remind(ctx context.Context, p plea) {
	u, err := l.ledger.UserByEmail(ctx, p.email)
	if fault.Of(err) == fault.NotFound || err == nil && u.Status != user.Active {
		return
	}
	if err == nil {
		err = l.sendReset(ctx, p.by, u)
	}
	if err != nil && ctx.Err() == nil && l.log != nil {
		l.log.LogAttrs(ctx, slog.LevelWarn, "link for a new password was not sent", slog.Int64("user_id", u.ID), slog.Any("error", err))
	}
}

func (l *Login) sendReset(ctx context.Context, by user.By, u user.User) error {
	token, err := user.NewToken(rand.Reader)
	if err != nil {
		return err
	}
	link := user.NewLink(user.LinkReset, u.ID, l.now())
	if err := l.ledger.CreateLink(ctx, by, link, user.Hash(token)); err != nil {
		return err
	}
	return l.set.SendReset(ctx, u, token, link.ExpiresAt)
}
