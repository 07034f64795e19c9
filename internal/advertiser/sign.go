package advertiser

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/signal"
)

// Header carries the signature of a JSON body.
const Header = "Waybill-Signature"

// skew is how far the time that was signed may be from ours, either way.
const skew = 5 * time.Minute

// Credential is the proof that a signal came with. Empty parts were not sent.
type Credential struct {
	Channel   signal.Channel
	Addr      netip.Addr
	Token     string
	Timestamp string // ts of a URL: Unix seconds
	Signature string // sig of a URL: hex
	Header    string // Waybill-Signature of a JSON body: t=…,v1=…
	Payload   string // what was signed: the raw query before &sig=, or the body
}

// Check says whether the sender is to be believed: signal.OK, or why not. What
// was sent is always judged. What must be sent follows from the advertiser's
// settings and binds postbacks: browsers hold no secrets, and calls of the API
// come with a key of their own. A signature proves more than a token and stands
// for it.
func (a *Advertiser) Check(c Credential, now time.Time) signal.Code {
	bound := binds(c.Channel)
	if bound && !a.allows(c.Addr) {
		return signal.IPNotAllowed
	}
	present, previous := same(c.Token, a.Token), same(c.Token, a.PreviousToken) // both, so that time does not tell which
	if c.Token != "" && !present && !previous {
		return signal.TokenInvalid
	}
	unix, mac, signed := c.signature()
	if signed {
		if code := a.verify(unix, mac, c.Payload, now); code != signal.OK {
			return code
		}
	}
	switch {
	case !bound || signed:
		return signal.OK
	case a.PostbackAuth == AuthSignature:
		return signal.SignatureInvalid
	case a.PostbackAuth == AuthToken && c.Token == "":
		return signal.TokenMissing
	default:
		return signal.OK
	}
}

// binds reports whether the settings say what a channel must bring. A channel
// that nobody named is bound too.
func binds(c signal.Channel) bool {
	switch c {
	case signal.Pixel, signal.SDK, signal.API, signal.Import:
		return false
	default:
		return true
	}
}

// signature gives the signature that was sent, the header's before the URL's. A
// header that is none gives an empty one, which nothing matches.
func (c *Credential) signature() (unix, mac string, sent bool) {
	if c.Header == "" {
		return c.Timestamp, c.Signature, c.Signature != ""
	}
	for part := range strings.SplitSeq(c.Header, ",") {
		switch name, v, _ := strings.Cut(strings.TrimSpace(part), "="); name {
		case "t":
			unix = v
		case "v1":
			mac = v
		}
	}
	return unix, mac, true
}

func (a *Advertiser) allows(ip netip.Addr) bool {
	if len(a.IPAllow) == 0 {
		return true
	}
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(a.IPAllow, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// same compares in a time that tells nothing of where two secrets part, nor of
// their length.
func same(got, want string) bool {
	g, w := sha256.Sum256([]byte(got)), sha256.Sum256([]byte(want))
	return subtle.ConstantTimeCompare(g[:], w[:]) == 1
}

func (a *Advertiser) verify(unix, mac, payload string, now time.Time) signal.Code {
	got, err := hex.DecodeString(mac)
	present, previous := signedBy(a.SigSecret, got, unix, payload), signedBy(a.PreviousSigSecret, got, unix, payload)
	if err != nil || !present && !previous {
		return signal.SignatureInvalid
	}
	seconds, err := strconv.ParseInt(unix, 10, 64)
	if err != nil {
		return signal.SignatureInvalid
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > skew || age < -skew {
		return signal.SignatureExpired
	}
	return signal.OK
}

// signedBy reports whether got is what secret makes of a payload. What is not
// set has signed nothing.
func signedBy(secret string, got []byte, unix, payload string) bool {
	return hmac.Equal(got, sum(secret, unix, payload)) && secret != ""
}

func sum(secret, unix, payload string) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(unix + "."))
	h.Write([]byte(payload))
	return h.Sum(nil)
}

// SignQuery gives query with ts and sig behind it, as an advertiser's server
// would send it.
func SignQuery(secret, query string, at time.Time) string {
	unix := strconv.FormatInt(at.Unix(), 10)
	if query != "" {
		query += "&"
	}
	query += "ts=" + unix
	return query + "&sig=" + hex.EncodeToString(sum(secret, unix, query))
}

// SignBody gives the value of Header for a JSON body.
func SignBody(secret, body string, at time.Time) string {
	unix := strconv.FormatInt(at.Unix(), 10)
	return "t=" + unix + ",v1=" + hex.EncodeToString(sum(secret, unix, body))
}
