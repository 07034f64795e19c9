// Package chain finds where an ID was lost between trackers of which each is an
// affiliate of the next.
//
// A visitor goes out from a tracker to a network, perhaps to another network,
// and to the shop in the end; the conversion comes back the same way. Nobody
// knows the ID of anybody but its neighbours: each hop gives the visitor an ID
// of its own, hands it to the next, and is named it when the conversion comes
// back. So a chain is whole where each hop hands on its own ID, and gives back
// the one that it was handed.
//
// Part is one hop's part in that, by its own books. Check lays the parts of all
// hops side by side and names the hop where something must be changed. It reads
// no clock and no store, so it serves wherever the parts come from.
package chain

import (
	"slices"
	"time"

	"waybill/internal/param"
	"waybill/internal/signal"
)

// Part is what one tracker knows of one visitor's way.
type Part struct {
	ID     string   `json:"transaction_id" doc:"The ID that the visitor has here."`
	Before Before   `json:"before" doc:"The hop that the visitor came from: the affiliate."`
	Next   Next     `json:"next" doc:"The hop that the visitor was sent to: the advertiser, or the next network."`
	Heard  []Heard  `json:"heard" doc:"The hits of the next hop that named the ID."`
	Onward []Onward `json:"onward" doc:"Where the conversion went on to."`
}

// Before is the hop that a visitor came from.
type Before struct {
	AffiliateID int64  `json:"affiliate_id,omitempty"`
	ID          string `json:"id,omitempty" doc:"The ID that the hop before knows the visitor by, as it came (aff_click_id)."`
}

// Next is the hop that a visitor was sent to.
type Next struct {
	Host       string `json:"host,omitempty"`
	URL        string `json:"url,omitempty" doc:"Where the visitor was sent."`
	Parameter  string `json:"parameter,omitempty" doc:"Where in the URL the next hop is told the ID."`
	ID         string `json:"id,omitempty" doc:"The ID as it stands there; none where the URL does not tell it."`
	TurnedAway string `json:"turned_away,omitempty" doc:"Why the visitor was not sent to the offer."`
}

// Heard is a hit that named the ID.
type Heard struct {
	SignalID     string        `json:"signal_id,omitempty"`
	At           time.Time     `json:"at,omitzero"`
	Channel      string        `json:"channel,omitempty"`
	ID           string        `json:"id,omitempty" doc:"The ID that it named."`
	OrderID      string        `json:"order_id,omitempty" doc:"The next hop's own number of the conversion, where it told one."`
	Status       signal.Status `json:"status"`
	Code         signal.Code   `json:"code"`
	ConversionID string        `json:"conversion_id,omitempty"`
}

// took reports whether a hit was counted, now or before.
func (h *Heard) took() bool { return h.Status != signal.Rejected }

// Onward is a postback about the conversion, to the hop that the visitor came
// from or to another receiver.
type Onward struct {
	DeliveryID     string `json:"delivery_id,omitempty"`
	SubscriptionID int64  `json:"subscription_id,omitempty"`
	Event          string `json:"event,omitempty"`
	State          string `json:"state,omitempty"`
	Host           string `json:"host,omitempty"`
	Parameter      string `json:"parameter,omitempty" doc:"Where in the URL the receiver is told its own ID."`
	ID             string `json:"id,omitempty" doc:"The ID as it stands there; none where the URL does not tell it."`
	URL            string `json:"url,omitempty" doc:"Of the last attempt; none before the first."`
	Body           string `json:"body,omitempty" doc:"What the last attempt sent beside the URL, as far as it is kept."`
	Attempts       int    `json:"attempts"`
	Status         int    `json:"status,omitempty" doc:"The HTTP status of the last answer, 0 when none came."`
	Error          string `json:"error,omitempty" doc:"What kind of failure the last attempt was; empty when it was delivered."`
	Answer         string `json:"answer,omitempty" doc:"The last answer, as far as it is kept."`
}

// Role is what a hop is.
type Role uint8

// The roles.
const (
	Waybill Role = iota // one of ours, which reads the parameters of our links and postbacks
	Tracker             // the first hop: somebody else's tracker
	Shop                // the last hop: it gives no ID of its own, and sends nobody on
)

// Hop is one of those whom the visitor passed.
type Hop struct {
	Name string
	Role Role
	// Reads are the parameters that it takes the ID from which it is told; open:
	// nobody knows. A Waybill's are known.
	Reads []string
	// Part is what its books say; nil when they cannot be read. One without an ID
	// has been read in vain: the visitor is not in them.
	Part *Part
}

// Way is the direction in which an ID is handed on.
type Way string

// The ways.
const (
	Out  Way = "out"  // with the visitor, to the shop
	Back Way = "back" // with the conversion, from the shop
)

// reads gives the parameters that a hop takes an ID from; none when nobody knows.
func (h *Hop) reads(w Way) []string {
	if h.Role != Waybill {
		return h.Reads
	}
	door, name := param.Click, param.AffClickID
	if w == Back {
		door, name = param.Signal, param.TransactionID
	}
	return append([]string{name.String()}, door.Aliases(name)...)
}

// took reports whether a hop has counted the conversion of its visitor.
func (h *Hop) took() bool {
	return slices.ContainsFunc(h.Part.Heard, func(one Heard) bool { return one.took() })
}
