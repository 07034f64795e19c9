// Package click holds a visit: what is written down before a visitor moves on,
// or when an advertisement was shown to him.
//
// A view of an advertisement is kept in the same record as a click. The kind of
// its ID, click or impression, says which it is; a view has led nowhere, so its
// Location is empty.
//
// A click's record is protobuf wire format by the schema in click.proto. It
// grows by new field numbers; numbers are never used again. What the record
// keeps is what came, cut to size, without secrets; the click's ID is the
// record's key and is not repeated inside.
package click

import (
	"net/netip"
	"strconv"
	"time"

	"waybill/internal/txid"
	"waybill/internal/visitor"
)

// Reason says why a visitor was not sent to the offer.
type Reason string

// The reasons, in the order in which they are looked for.
const (
	Sent              Reason = "" // the visitor went to the offer
	OfferUnknown      Reason = "offer_unknown"
	AffiliateUnknown  Reason = "affiliate_unknown"
	LinkUnknown       Reason = "link_unknown"
	LinkRetired       Reason = "link_retired"
	AffiliateBlocked  Reason = "affiliate_blocked"
	NotApproved       Reason = "not_approved" // the offer asks for approval, and the affiliate has none
	AdvertiserPaused  Reason = "advertiser_paused"
	OfferPaused       Reason = "offer_paused"
	OfferNotStarted   Reason = "offer_not_started"
	OfferEnded        Reason = "offer_ended"
	CountryNotTaken   Reason = "country_not_targeted"
	DeviceNotTaken    Reason = "device_not_targeted"
	OSNotTaken        Reason = "os_not_targeted"
	BrowserNotTaken   Reason = "browser_not_targeted"
	BotNotTaken       Reason = "bot_not_targeted"
	CapReached        Reason = "cap_reached"
	DestinationBroken Reason = "destination_broken" // the rendered URL would not have been one
)

// Gone reports whether the reason is that what was asked for is over (HTTP
// 410), rather than not there (404).
func (r Reason) Gone() bool {
	switch r {
	case LinkRetired, OfferPaused, OfferEnded, AdvertiserPaused, CapReached:
		return true
	default:
		return false
	}
}

// Subs is how many free values an affiliate may send.
const Subs = 10

// AdIDs is how many IDs of ad platforms a visit may bring.
const AdIDs = 9

// FBC gives a click on Facebook or Instagram as Meta's cookie of that name holds
// it: when its fbclid was first seen, and the fbclid itself.
func FBC(fbclid string, at time.Time) string {
	if fbclid == "" || at.IsZero() {
		return ""
	}
	return "fb.1." + strconv.FormatInt(at.UnixMilli(), 10) + "." + fbclid
}

// Click is one visit through a tracking link, or one view of an advertisement.
type Click struct {
	ID          txid.ID   // not in the record: it is its key
	At          time.Time // by the true clock, also where the ID's time was clamped
	OfferID     int64     // 0 when the link named none that exists
	AffiliateID int64
	LinkCode    string // of a short link

	AffClickID string // the affiliate's own ID for this click
	Source     string
	Sub        [Subs]string
	Coupon     string
	GAID       string // device IDs
	IDFA       string
	IDFV       string
	// AdIDs are the IDs that ad platforms gave the visit and its browser: fbclid,
	// gclid, gbraid, wbraid, ttclid, msclkid, fbp, fbc, ttp.
	AdIDs      [AdIDs]string
	CustomerID string // the advertiser's customer, where the link names one
	Email      string // keyed hash; see param.Hash
	Username   string // keyed hash

	IP        netip.Addr
	UserAgent string
	Referrer  string
	Visitor   visitor.Visitor
	// VisitorHash tells visitors apart within the UTC day of the ID; see
	// visitor.Hasher.
	VisitorHash uint64

	Location   string // the URL the visitor was sent to; empty when to none
	TurnedAway Reason
	Marks      []string // what was cut, dropped or mended: "sub1 cut", "aff_click_id dropped"
	Test       bool     // also a flag of the ID
}
