// Package identity names people and devices without saying who they are: the
// keys under which the journal finds the clicks, views and signals of one
// customer, device or address.
//
// A key is a keyed hash over what was sent, so nobody reads an identity out of a
// journal, or finds somebody in it without the installation's secret. It is of
// one offer: what one advertiser knows of a customer never credits another's
// conversion.
//
// There are two kinds of keys for each identity. What a server has said, and the
// device and address that a click came from, stand under the one; what a browser
// has said stands under the other (see Hearsay), where it can neither hide nor
// outnumber the first.
package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"strings"

	"waybill/internal/click"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// Size is the length of a key: the kind, the offer, the hash.
const Size = 1 + 4 + 16

// hearsay marks the kind of a key under which stands what a browser has said.
const hearsay = 0x80

// Key gives the key of a value that an identifier has for an offer; nil when the
// value identifies nobody. Spellings of one value give one key: devices and
// e-mails in any case, with white space around, an e-mail as its address, its
// SHA-256, or the keyed hash that records hold. Of ByIPUserAgent the value is
// what Visit gives.
func Key(secret []byte, offerID int64, by offer.Identifier, value string) []byte {
	value = normal(secret, by, value)
	if value == "" {
		return nil
	}
	key := make([]byte, 1, Size+sha256.Size)
	key[0] = byte(1 + by.Trust())                             //nolint:gosec // a handful
	key = binary.BigEndian.AppendUint32(key, uint32(offerID)) //nolint:gosec // 22 bits
	mac := hmac.New(sha256.New, secret)
	mac.Write(key)
	mac.Write([]byte(value))
	return mac.Sum(key)[:Size:Size]
}

// Hearsay gives the key under which stands what browsers have said of the same
// identity; nil of nil.
func Hearsay(key []byte) []byte {
	if len(key) == 0 {
		return nil
	}
	other := append([]byte(nil), key...)
	other[0] |= hearsay
	return other
}

// Visit joins an address and a user agent into the value of ByIPUserAgent; empty
// when either is missing.
func Visit(addr netip.Addr, agent string) string {
	agent = strings.TrimSpace(agent)
	if !addr.IsValid() || addr.IsUnspecified() || agent == "" {
		return ""
	}
	return addr.Unmap().WithZone("").String() + " " + agent
}

// normal gives the one spelling of a value, empty when it identifies nobody.
func normal(secret []byte, by offer.Identifier, value string) string {
	value = strings.TrimSpace(value)
	if value == "" || param.Unexpanded(value) {
		return ""
	}
	switch by {
	case offer.ByDeviceID:
		return device(value)
	case offer.ByEmail, offer.ByUsername:
		return param.HashDigest(secret, value)
	case offer.ByCustomerID, offer.ByIPUserAgent:
		return value
	default: // these lead to no record: the ID names one, the catalog the others
		return ""
	}
}

// device gives a device's ID without its punctuation; empty for the zeros that a
// device sends whose owner does not want to be followed.
func device(id string) string {
	id = strings.Map(func(r rune) rune {
		if strings.ContainsRune("-{}", r) {
			return -1
		}
		return r
	}, strings.ToLower(id))
	if strings.Trim(id, "0") == "" {
		return ""
	}
	return id
}

// Value is one identity that a record shows.
type Value struct {
	By   offer.Identifier
	Text string
}

// values picks of all those that the offer credits by.
func values(o *offer.Offer, all ...Value) []Value {
	var listed []Value
	for _, v := range all {
		if v.Text != "" && o.Credits(v.By) {
			listed = append(listed, v)
		}
	}
	return listed
}

// Values gives the identities in a signal that the offer credits by, the most
// trusted first.
func Values(o *offer.Offer, s *signal.Signal) []Value {
	all := append(people(s), Value{offer.ByIPUserAgent, named(s)})
	return values(o, all...)
}

// people gives the devices and customers that a signal names.
func people(s *signal.Signal) []Value {
	return []Value{
		{offer.ByDeviceID, s.Value(param.GAID)},
		{offer.ByDeviceID, s.Value(param.IDFA)},
		{offer.ByDeviceID, s.Value(param.IDFV)},
		{offer.ByCustomerID, s.Value(param.CustomerID)},
		{offer.ByEmail, s.Value(param.Email)},
		{offer.ByEmail, s.Value(param.EmailSHA256)},
		{offer.ByUsername, s.Value(param.Username)},
	}
}

// named gives the visitor's address and user agent: as a server names them, or
// the browser's own.
func named(s *signal.Signal) string {
	if !s.Channel.FromServer() {
		return Visit(s.IP, s.UserAgent)
	}
	addr, err := netip.ParseAddr(s.Value(param.IP))
	if err != nil {
		return ""
	}
	return Visit(addr, s.Value(param.UserAgent))
}

// OfClick gives the keys that a click or view is found by, for the identifiers
// that its offer credits by; none when it credits by its ID alone. What a link
// says of a customer came through the visitor's browser.
func OfClick(secret []byte, o *offer.Offer, c *click.Click) [][]byte {
	if !o.CreditsMore() {
		return nil
	}
	return keys(secret, o, offer.Identifier.Customer, values(o,
		Value{offer.ByDeviceID, c.GAID}, Value{offer.ByDeviceID, c.IDFA}, Value{offer.ByDeviceID, c.IDFV},
		Value{offer.ByCustomerID, c.CustomerID}, Value{offer.ByEmail, c.Email}, Value{offer.ByUsername, c.Username},
		Value{offer.ByIPUserAgent, Visit(c.IP, c.UserAgent)},
	))
}

// OfSignal gives the keys that tie the identities in a signal to its click or
// view. Only a signal that is believed and whose transaction ID verified ties
// anything. An address is not tied: it would be anybody's in an hour.
func OfSignal(secret []byte, o *offer.Offer, s *signal.Signal) [][]byte {
	if !o.CreditsMore() || s.Auth != signal.OK || s.Malformed != "" || !touch(s.Click) {
		return nil
	}
	fromBrowser := func(offer.Identifier) bool { return !s.Channel.FromServer() }
	return keys(secret, o, fromBrowser, values(o, people(s)...))
}

func touch(id txid.ID) bool {
	return id.Kind() == txid.Click || id.Kind() == txid.Impression
}

// keys gives each key once; of those that are hearsay, the other.
func keys(secret []byte, o *offer.Offer, hearsay func(offer.Identifier) bool, listed []Value) [][]byte {
	var all [][]byte
	for _, v := range listed {
		key := Key(secret, o.ID, v.By, v.Text)
		if hearsay(v.By) {
			key = Hearsay(key)
		}
		if key != nil && !holds(all, key) {
			all = append(all, key)
		}
	}
	return all
}

func holds(all [][]byte, key []byte) bool {
	for _, k := range all {
		if string(k) == string(key) {
			return true
		}
	}
	return false
}
