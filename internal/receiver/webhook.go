package receiver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

// SecretPrefix begins the secrets of webhooks, as their specification has it.
const SecretPrefix = "whsec_"

// The headers of webhooks, as http.Header has them.
const (
	webhookID     = "Webhook-Id"
	webhookTime   = "Webhook-Timestamp"
	webhookSigned = "Webhook-Signature"
)

// The length of a webhook's secret in bytes, as the specification has it.
const (
	minKey = 24
	maxKey = 64
	newKey = 32
)

// NewSecret draws a secret.
func NewSecret(random io.Reader) (string, error) {
	var key [newKey]byte
	if _, err := io.ReadFull(random, key[:]); err != nil {
		return "", fmt.Errorf("draw a secret: %w", err)
	}
	return SecretPrefix + base64.StdEncoding.EncodeToString(key[:]), nil
}

// webhookKind is Standard Webhooks 1.0 (standardwebhooks.com): an event as JSON,
// signed with a secret that only its receiver knows.
func webhookKind() kind {
	return kind{
		methods: []string{http.MethodPost}, headers: true,
		open: func(s *delivery.Subscription) (payload, error) {
			w := &webhook{event: newEvent(s), until: s.PreviousUntil}
			if s.Secret == "" {
				return nil, fault.At("secret", "is missing")
			}
			var err error
			if w.key, err = webhookKey(s.Secret); err != nil {
				return nil, fault.Within("secret", err)
			}
			if s.PreviousSecret == "" {
				return w, nil
			}
			if w.previous, err = webhookKey(s.PreviousSecret); err != nil {
				return nil, fault.Within("previous_secret", err)
			}
			return w, nil
		},
	}
}

// webhookKey reads a secret.
func webhookKey(secret string) ([]byte, error) {
	text, ok := strings.CutPrefix(secret, SecretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(key) < minKey || len(key) > maxKey {
		return nil, fault.New(fault.Invalid, "is not the secret of a webhook: %s and %d to %d bytes in base64; leave it out, and Waybill draws one",
			SecretPrefix, minKey, maxKey)
	}
	return key, nil
}

// event is the payload that tells of an event as it is:
// {"type":"conversion.created","timestamp":"…","data":{…}}.
type event struct {
	owner delivery.Owner
	use   macro.Use
}

func newEvent(s *delivery.Subscription) event { return event{owner: s.Owner, use: s.Use()} }

// names gives what a receiver needs to know which click it is about. All else is
// told as far as it is known.
func (e *event) names() []macro.Name {
	needed := []macro.Name{macro.TransactionID, macro.ConversionID}
	if e.owner.AffiliateID != 0 {
		needed = append(needed, macro.AffClickID)
	}
	return needed
}

func (e *event) write(r *Request, o *delivery.Owed, _ *macro.Values, _ Moment) error {
	r.Body = e.append(make([]byte, 0, 1<<10), o)
	set(r.Header, "Content-Type", contentJSON)
	return nil
}

func (e *event) append(dst []byte, o *delivery.Owed) []byte {
	dst = append(dst, `{"type":`...)
	dst = appendString(dst, string(o.Event))
	dst = append(dst, `,"timestamp":`...)
	dst = appendString(dst, o.CreatedAt.UTC().Format(time.RFC3339Nano))
	dst = append(dst, `,"data":{"delivery_id":`...)
	dst = appendString(dst, o.ID)
	if delivery.AboutDestination(o.Event) {
		dst = appendAlert(dst, o.Values)
	} else {
		dst = e.appendConversion(dst, o)
	}
	return append(dst, "}}"...)
}

// appendConversion appends the members of data for a conversion: its sequence,
// whether it is test traffic, and every value that its owner is told and that is
// there, under its macro's name.
func (e *event) appendConversion(dst []byte, o *delivery.Owed) []byte {
	dst = append(dst, `,"sequence":`...)
	dst = strconv.AppendInt(dst, int64(o.Sequence), 10)
	dst = append(dst, `,"test":`...)
	dst = strconv.AppendBool(dst, o.Test)
	for n := range macro.NumNames {
		value := o.Values[n.String()]
		switch {
		case value == "" || ofAttempt(n) || !e.use.Tells(n):
			continue
		case n == macro.Items && json.Valid([]byte(value)), numeric(n) && integer(value):
			dst = appendMember(dst, n.String())
			dst = append(dst, value...)
		default:
			dst = appendMember(dst, n.String())
			dst = appendString(dst, value)
		}
	}
	return dst
}

// appendAlert appends the members of data for what became of a destination.
func appendAlert(dst []byte, values map[string]string) []byte {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		dst = appendMember(dst, name)
		if counted(name) && integer(value) {
			dst = append(dst, value...)
		} else {
			dst = appendString(dst, value)
		}
	}
	return dst
}

// ofAttempt reports whether n is none of a conversion's values, or told already.
func ofAttempt(n macro.Name) bool {
	switch n {
	case macro.DeliveryID, macro.Test, macro.Random, macro.Sig, macro.Timestamp, macro.Date:
		return true
	default:
		return false
	}
}

// numeric reports whether a value is one of our numbers.
func numeric(n macro.Name) bool {
	switch n {
	case macro.OfferID, macro.AffiliateID, macro.AdvertiserID, macro.GoalID:
		return true
	default:
		return false
	}
}

// counted reports whether an alert's value is a number.
func counted(name string) bool {
	switch name {
	case "subscription_id", "offer_id", "affiliate_id", "advertiser_id", "failures", "trips", "waiting", "status":
		return true
	default:
		return false
	}
}

// integer reports whether text is a whole number as JSON writes it.
func integer(text string) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && strconv.FormatInt(n, 10) == text
}

func appendMember(dst []byte, name string) []byte {
	return append(appendString(append(dst, ','), name), ':')
}

func appendString(dst []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil { // never of a string
		return append(dst, `""`...)
	}
	return append(dst, text...)
}

// webhook is an event that is signed.
type webhook struct {
	event
	key      []byte
	previous []byte // signs too until then; nil: none
	until    time.Time
}

func (w *webhook) write(r *Request, o *delivery.Owed, v *macro.Values, m Moment) error {
	if err := w.event.write(r, o, v, m); err != nil {
		return err
	}
	at := strconv.FormatInt(m.At.Unix(), 10)
	signed := webhookSignature(w.key, o.ID, at, r.Body)
	if w.previous != nil && m.At.Before(w.until) {
		signed += " " + webhookSignature(w.previous, o.ID, at, r.Body)
	}
	set(r.Header, webhookID, o.ID)
	set(r.Header, webhookTime, at)
	set(r.Header, webhookSigned, signed)
	return nil
}

// webhookSignature signs by the specification: HMAC-SHA256 over id.timestamp.body
// in base64.
func webhookSignature(key []byte, id, at string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + at + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
