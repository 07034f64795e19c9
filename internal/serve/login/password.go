package login

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"waybill/internal/fault"
	"waybill/internal/user"
)

// hashing is what passwords are hashed with. A hash takes 19 MiB and tens of
// milliseconds on purpose, so only a few are made at once: clicks come first.
type hashing struct {
	params *argon2id.Params
	slots  chan struct{}
	nobody string // the hash of a password that nobody has
}

// The bounds of hashing.
const (
	hashesAtOnce = 2
	longestQueue = 5 * time.Second
)

// strong is what OWASP asks of Argon2id.
func strong() *argon2id.Params {
	return &argon2id.Params{Memory: 19 << 10, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}

func newHashing(params *argon2id.Params) (*hashing, error) {
	h := &hashing{params: params, slots: make(chan struct{}, hashesAtOnce)}
	token, err := user.NewToken(rand.Reader)
	if err != nil {
		return nil, err
	}
	h.nobody, err = argon2id.CreateHash(token, h.params)
	return h, err
}

// enter waits for a turn, and gives what ends it.
func (h *hashing) enter(ctx context.Context) (leave func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, longestQueue)
	defer cancel()
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, fault.New(fault.Unavailable, "too many sign in at this moment; try again in a few seconds")
	}
}

// hash makes the hash of a password. The same letters typed on another keyboard
// are the same password.
func (h *hashing) hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	made, err := argon2id.CreateHash(norm.NFKC.String(password), h.params)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return made, nil
}

// matches reports whether a password is the one of a hash, and whether the hash
// is weaker than those made now. Without a hash it does the same work in vain.
func (h *hashing) matches(ctx context.Context, password, hash string) (right, weak bool, err error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	against := hash
	if against == "" {
		against = h.nobody
	}
	right, made, err := argon2id.CheckHash(norm.NFKC.String(password), against)
	if err != nil {
		return false, false, fault.Because(err, fault.Damaged, "the password's hash cannot be read; ask for a new link")
	}
	weak = made.Memory < h.params.Memory || made.Iterations < h.params.Iterations
	return right && hash != "", weak, nil
}

// credentials is what the body of a log-in holds.
type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
	Code     string `json:"code"`
}

// next tells the page what comes now.
type next struct {
	Next string `json:"next"`
}

// What may come next.
const (
	nextDone = "done"
	nextTOTP = "totp"
)

// logIn lets somebody in by e-mail address, password and, where an authenticator
// is set up, a code.
func (x *exchange) logIn() (answer, error) {
	var c credentials
	if err := x.read(&c); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	u, secrets, err := x.l.find(x.ctx(), c.Email)
	if err != nil {
		return nil, err
	}
	doors := x.doors(c.Email, u, secrets)
	if err := x.attempt(doors...); err != nil {
		return nil, err
	}
	right, weak, err := x.l.hashing.matches(x.ctx(), c.Password, secrets.Password)
	if err != nil {
		return nil, err
	}
	if !right || u.Status != user.Active {
		return nil, x.failed(u, "password", wrongPassword())
	}
	shown := user.Shown{How: "password", Password: secrets.Password, At: x.now}
	if secrets.TOTPSecret != "" {
		if c.Code == "" {
			return next{nextTOTP}, nil
		}
		if err := x.takeCode(u, secrets, c.Code); err != nil {
			return nil, err
		}
		shown.How, shown.Authenticator = "password and code", secrets.TOTPSecret
	}
	if err := x.l.ledger.AttemptSucceeded(x.ctx(), doors...); err != nil {
		return nil, err
	}
	if err := x.signIn(u, shown); err != nil {
		return nil, err
	}
	if weak {
		x.rehash(u, secrets.Password, c.Password)
	}
	return next{nextDone}, nil
}

// check looks for what no account has, before anything is counted.
func (c credentials) check() error {
	const longest = 1000
	var faults []error
	if c.Email == "" || len(c.Email) > longest {
		faults = append(faults, fault.At("email", "is missing, or too long"))
	}
	if c.Password == "" || len(c.Password) > longest {
		faults = append(faults, fault.At("password", "is missing, or too long"))
	}
	if len(c.Code) > longestToken {
		faults = append(faults, fault.At("code", "is too long"))
	}
	return errors.Join(faults...)
}

// find gives the account of an address. Where there is none it asks the ledger as
// much, and gives one that nothing matches.
func (l *Login) find(ctx context.Context, email string) (user.User, user.Credentials, error) {
	u, err := l.ledger.UserByEmail(ctx, email)
	if err != nil && fault.Of(err) != fault.NotFound {
		return user.User{}, user.Credentials{}, err
	}
	c, err := l.ledger.Credentials(ctx, u.ID)
	if err != nil && fault.Of(err) != fault.NotFound {
		return user.User{}, user.Credentials{}, err
	}
	return u, c, nil
}

// wrongPassword is the one answer to a wrong password, a disabled account and an
// address that nobody has.
func wrongPassword() error {
	return fault.New(fault.Unauthorized, "the e-mail address or the password is wrong")
}

// door is where attempts are counted that name no account: the caller's session,
// which no stranger uses up, or the caller's address.
func (x *exchange) door() user.Door {
	if x.session.ID != 0 {
		return user.SessionDoor(x.session.ID)
	}
	return user.AddressDoor(x.from)
}

// doors are where an attempt to sign in to an account is counted: the account and
// the caller's address, which strangers may have used up; or, where this very person
// has signed in from it before, the browser alone.
func (x *exchange) doors(email string, u user.User, secrets user.Credentials) []user.Door {
	if mark := x.mark(); user.Marked(mark, u.ID, secrets.Password) {
		return []user.Door{user.BrowserDoor(mark)}
	}
	return []user.Door{user.AccountDoor(email), x.door()}
}

// attempt counts an attempt at some doors, and refuses it while there is to be a
// wait at one of them.
func (x *exchange) attempt(doors ...user.Door) error {
	wait, err := x.l.ledger.Attempt(x.ctx(), x.now, doors...)
	if err != nil {
		return err
	}
	if wait > 0 {
		return &waitError{wait}
	}
	return nil
}

// failed notes an attempt that came to nothing, and gives what is answered.
func (x *exchange) failed(u user.User, by string, why error) error {
	if err := x.note(u, by); err != nil {
		return err
	}
	return why
}

// note tells the audit of an attempt that came to nothing. What was typed for an
// address is not kept where nobody has it: it may be a password.
func (x *exchange) note(u user.User, by string) error {
	key := ""
	if u.ID != 0 {
		key = strconv.FormatInt(u.ID, 10)
	}
	who := x.visitor()
	if x.session.ID != 0 {
		who = x.by(x.who)
	}
	return x.l.ledger.Note(x.ctx(), who, "log_in_failed", "user", key, detail(map[string]string{"by": by}))
}

// visitor is whoever calls, before anything is known of them but the address.
func (x *exchange) visitor() user.By { return user.By{Actor: "visitor", Address: textOf(x.from)} }

// detail is what the audit keeps of something, as JSON.
func detail(values map[string]string) string {
	b, err := json.Marshal(values)
	if err != nil { // strings can always be written
		return ""
	}
	return string(b)
}

// textOf gives an address as it is kept, empty where it is not known.
func textOf(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// rehash makes a stronger hash of a password that was right. That it did not
// work is no reason to keep somebody out.
func (x *exchange) rehash(u user.User, old, password string) {
	made, err := x.l.hashing.hash(x.ctx(), password)
	if err == nil {
		err = x.l.ledger.Rehash(x.ctx(), u.ID, old, made)
	}
	if err != nil {
		x.cause = err
	}
}

// newPassword is what the body of a change holds.
type newPassword struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// changePassword sets a new password for whoever knows the old one, ends all other
// sessions, and gives this one another token. Whoever has none yet, having come by
// another way, must have confirmed lately.
func (x *exchange) changePassword() (answer, error) {
	var p newPassword
	if err := x.read(&p); err != nil {
		return nil, err
	}
	if err := renamed(user.CheckPassword(p.New, x.who.Email), "new"); err != nil {
		return nil, err
	}
	secrets, err := x.l.ledger.Credentials(x.ctx(), x.who.ID)
	if err != nil {
		return nil, err
	}
	shown := x.unconfirmed()
	if secrets.Password == "" {
		err = x.confirmedLately()
	} else {
		shown.At = x.now
		err = x.guarded(func() error { return x.checkPassword(secrets, p.Old, "old") })
	}
	if err != nil {
		return nil, err
	}
	made, err := x.l.hashing.hash(x.ctx(), p.New)
	if err != nil {
		return nil, err
	}
	if err := x.l.ledger.SetPassword(x.ctx(), x.by(x.who), x.who.ID, secrets.Password, made, x.session.ID); err != nil {
		return nil, err
	}
	shown.How, shown.Password = "new password", made
	return next{nextDone}, x.renew(shown)
}

// renamed gives faults about the field password the name that the request has
// for it.
func renamed(err error, field string) error {
	var all []error
	for _, f := range fault.All(err) {
		all = append(all, fault.At(field, "%s", f.Text))
	}
	return errors.Join(all...)
}
