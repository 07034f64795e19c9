package signal

// Mendable reports whether what a code rejects may be counted when it is judged
// again, once the reason is mended on this side: by a change of the offer, its
// goals, its advertiser or its affiliate. What is wrong with the signal itself can
// only be sent again.
func (c Code) Mendable() bool {
	switch c {
	case AmountMissing, CurrencyInvalid, OrderIDMissing, TokenMissing, TokenInvalid, SignatureInvalid, SignatureExpired,
		IPNotAllowed, ChannelNotAllowed, ClickNotFound, OfferUnknown, GoalUnknown, Conflict, ClickExpired, TooFast, OfferInactive,
		CapReached, AffiliateBlocked, InvalidTraffic:
		return true
	default:
		return false
	}
}
