package delivery

import (
	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

// Owner is whose subscription it is; it decides which values may be told.
// Exactly one of the fields is set.
type Owner struct {
	AffiliateID  int64 `json:"affiliate_id,omitempty" doc:"An affiliate's tracker: hears of that affiliate's conversions, never of revenue."`
	AdvertiserID int64 `json:"advertiser_id,omitempty" doc:"An advertiser's system: hears of its offers' conversions, never of payouts."`
	Network      bool  `json:"network,omitempty" doc:"The network's own systems: hear of everything."`
}

// Use gives the macros that a template of this owner may hold, but for the
// visitor's address and user agent. An owner who is nobody, or several, may know
// nothing.
func (o Owner) Use() macro.Use {
	switch {
	case o.Validate() != nil:
		return 0
	case o.AffiliateID != 0:
		return macro.AffiliatePostback
	case o.AdvertiserID != 0:
		return macro.AdvertiserPostback
	default:
		return macro.NetworkPostback
	}
}

// Validate reports an owner who is not exactly one.
func (o Owner) Validate() error {
	owners := 0
	for _, set := range [...]bool{o.AffiliateID != 0, o.AdvertiserID != 0, o.Network} {
		if set {
			owners++
		}
	}
	switch {
	case owners == 0:
		return fault.New(fault.Invalid, "is missing; name one of affiliate_id, advertiser_id and network")
	case owners > 1:
		return fault.New(fault.Invalid, "names %d owners; a postback has exactly one of affiliate_id, advertiser_id and network", owners)
	case o.AffiliateID < 0:
		return fault.At("affiliate_id", "is not an affiliate's number")
	case o.AdvertiserID < 0:
		return fault.At("advertiser_id", "is not an advertiser's number")
	default:
		return nil
	}
}

// hears reports whether c is one of the owner's conversions.
func (o Owner) hears(c *conversion.Conversion) bool {
	switch o.Use() {
	case macro.AffiliatePostback:
		return c.AffiliateID == o.AffiliateID
	case macro.AdvertiserPostback:
		return c.AdvertiserID == o.AdvertiserID
	case macro.NetworkPostback:
		return true
	default:
		return false
	}
}
