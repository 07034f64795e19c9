// Package signal holds an inbound hit, as it came, and the verdict on it.
//
// A signal is written down before it is judged, whoever sent it and whatever
// is wrong with it. Its record is protobuf wire format by the schema in
// signal.proto. E-mails, user names, tokens and signatures are taken out before
// that, so no record ever holds one: the first two become keyed hashes, the
// last two the result of their check. Only where somebody subscribed to the
// conversions forwards e-mails' digests does a record hold that digest, for as
// long as it takes to forward it.
package signal

import (
	"net/netip"
	"time"

	"waybill/internal/param"
	"waybill/internal/txid"
)

// Channel is the door a signal came through.
type Channel string

// The channels.
const (
	Postback Channel = "postback"
	Pixel    Channel = "pixel"
	SDK      Channel = "sdk"
	API      Channel = "api"
	Import   Channel = "import"
)

// FromServer reports whether the channel is used by servers, whose word counts
// for more than a browser's.
func (c Channel) FromServer() bool { return c == Postback || c == API || c == Import }

// Signal is one claim that something worth paying for has happened.
type Signal struct {
	ID         txid.ID   // not in the record: it is its key
	ReceivedAt time.Time // by the true clock
	Channel    Channel
	Method     string
	Path       string
	Raw        string // query, form or JSON as it came, without secrets
	IP         netip.Addr
	UserAgent  string
	Referrer   string
	Auth       Code   // Ok, or why the sender is not believed
	Malformed  string // what about its form is wrong; empty when nothing is
	Index      int    // its place in an array
	Test       bool   // asked for by test=1
	IfVersion  int    // the conversion's version that it is meant for; 0 for any
	Binds      bool   // it only ties a customer to a click or view, and claims nothing
	PayoutID   int64  // the payout that pays the conversion it names; 0 for all that came from outside
	SentBy     int64  // the advertiser with whose key it came through the API; 0 for anybody else

	// Page is the scheme, http or https, of the page that answers the signal, if
	// that can show pixels. It is not in the record: a signal that is taken up later
	// has no page any more.
	Page string

	// Click is the first transaction ID sent that verifies, zero when none
	// does. It decides which offer the signal belongs to.
	Click  txid.ID
	Params []Param  // what it says, by canonical names, in the order of param.Name
	Extra  []Extra  // parameters that Waybill does not know
	Marks  []string // what was mended on the way: "amp; removed"

	// EmailSHA256 is the plain digest of the customer's e-mail, in lower-case hex,
	// which ad platforms know him by. It is empty unless it is to be forwarded to
	// one; see ForgetEmail.
	EmailSHA256 string
}

// Param is one value under its canonical name.
type Param struct {
	Name  param.Name
	Value string
}

// Extra is one value under a name that Waybill does not know.
type Extra struct {
	Name, Value string
}

// patch is how somebody who changes a conversion on purpose sends it.
const patch = "PATCH"

// Corrects reports whether the signal changes a conversion on purpose, through
// the API, and so is never a repetition of what was said before.
func (s *Signal) Corrects() bool { return s.Channel == API && s.Method == patch }

// Reports tells whether the signal says that a conversion happened. One that
// corrects it, or pays it, is no sighting.
func (s *Signal) Reports() bool { return s.PayoutID == 0 && !s.Corrects() }

// Value gives the signal's value of a name, empty when it has none.
func (s *Signal) Value(n param.Name) string {
	for i := range s.Params {
		if s.Params[i].Name == n {
			return s.Params[i].Value
		}
	}
	return ""
}
