package login

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"waybill/internal/fault"
	"waybill/internal/user"
)

// What authenticators take for granted: a new code every half minute, six digits,
// SHA-1.
const (
	totpPeriod = 30
	totpDigits = 6
	totpSkew   = 1 // how many codes before and after the present one are good
)

// stepOf gives the step of a code that is good at a time and later than after.
// Every code there may be is looked at, so that the time taken tells nothing.
func stepOf(code, secret string, now time.Time, after int64) (step int64, ok bool, err error) {
	present := now.Unix() / totpPeriod
	for s := present - totpSkew; s <= present+totpSkew; s++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(s), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}) //nolint:gosec // a step of our age is positive
		if err != nil {
			return 0, false, fault.Because(err, fault.Damaged, "the authenticator's secret cannot be read; ask for the authenticator to be taken off")
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && s > after {
			step, ok = s, true
		}
	}
	return step, ok, nil
}

// digits gives a code as it was made, however it was typed; empty for what is no
// code of an authenticator.
func digits(typed string) string {
	bare := strings.NewReplacer(" ", "", "-", "").Replace(strings.TrimSpace(typed))
	if len(bare) != totpDigits || strings.Trim(bare, "0123456789") != "" {
		return ""
	}
	return bare
}

// wrongCode is the answer to a code that is wrong, too old, or was used before.
func wrongCode() error {
	return &fault.Error{Kind: fault.Unauthorized, Field: "code", Text: "is wrong, or was used before; wait for the next one"}
}

// takeCode takes a code of the authenticator, or a recovery code, once.
func (x *exchange) takeCode(u user.User, secrets user.Credentials, typed string) error {
	var good bool
	var err error
	if code := digits(typed); code != "" {
		var step int64
		step, good, err = stepOf(code, secrets.TOTPSecret, x.now, secrets.TOTPStep)
		if err == nil && good {
			good, err = x.l.ledger.UseTOTPStep(x.ctx(), u.ID, step)
		}
	} else {
		good, err = x.l.ledger.UseRecoveryCode(x.ctx(), x.by(u), u.ID, user.RecoveryCode(typed))
	}
	if err != nil {
		return err
	}
	if !good {
		return x.failed(u, "code", wrongCode())
	}
	return nil
}

// totpKey is what an authenticator is set up with.
type totpKey struct {
	Secret string `json:"secret"`
	URI    string `json:"uri"`
}

// beginTOTP draws the secret of a new authenticator. It is of no use before a
// code of it was shown.
func (x *exchange) beginTOTP() (answer, error) {
	if x.who.TOTP {
		return nil, fault.New(fault.Conflict, "an authenticator is set up already; turn its codes off first")
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: "Waybill", AccountName: x.who.Email, Rand: rand.Reader})
	if err != nil {
		return nil, fmt.Errorf("draw an authenticator's secret: %w", err)
	}
	if err := x.l.ledger.BeginTOTP(x.ctx(), x.who.ID, key.Secret()); err != nil {
		return nil, err
	}
	return totpKey{Secret: key.Secret(), URI: key.URL()}, nil
}

// confirmTOTP makes an authenticator good whose code is shown, and gives the
// codes for the day it is lost.
func (x *exchange) confirmTOTP() (answer, error) {
	var b struct {
		Code string `json:"code"`
	}
	if err := x.read(&b); err != nil {
		return nil, err
	}
	secret, err := x.l.ledger.TOTPDraft(x.ctx(), x.who.ID)
	if err != nil {
		return nil, err
	}
	if secret == "" {
		return nil, fault.New(fault.Conflict, "no authenticator is being set up; begin again")
	}
	step, ok, err := stepOf(digits(b.Code), secret, x.now, 0)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fault.At("code", "is not the code that belongs to this secret now; look at the clock of the phone, too")
	}
	codes, err := user.NewRecoveryCodes(rand.Reader)
	if err != nil {
		return nil, err
	}
	hashes := make([]string, len(codes))
	for i, code := range codes {
		hashes[i] = user.RecoveryCode(code)
	}
	if err := x.l.ledger.ConfirmTOTP(x.ctx(), x.by(x.who), x.who.ID, secret, step, hashes); err != nil {
		return nil, err
	}
	return map[string][]string{"recovery_codes": codes}, x.renew(x.unconfirmed())
}

// disableTOTP turns codes off.
func (x *exchange) disableTOTP() (answer, error) {
	if err := x.l.ledger.DropTOTP(x.ctx(), x.by(x.who), x.who.ID); err != nil {
		return nil, err
	}
	return nil, x.renew(x.unconfirmed())
}
