package reconcile

// Reason is why a line or a conversion is in its class: a word for programs,
// stable for ever.
type Reason string

// The reasons of missing_here.
const (
	Refused            Reason = "rejected"               // its signal earned nothing, and the code says why
	BadID              Reason = "transaction_id_invalid" // not ours, cut, mistyped, forged
	UnknownID          Reason = "transaction_id_unknown" // not one of the caller's
	OtherParty         Reason = "other_party"            // ours, but of another affiliate or advertiser
	WrongKind          Reason = "not_a_click"            // an ID of ours that names no click
	NoSignal           Reason = "no_signal"              // the click is known, and nothing was ever sent for it
	ClickUnknown       Reason = "click_unknown"          // the ID is ours, but its click is not on record here
	ClickTurnedAway    Reason = "turned_away"            // the visitor was never sent to the offer
	OrderUnknown       Reason = "order_unknown"          // nothing was ever sent with this order
	OrderAmbiguous     Reason = "order_ambiguous"        // several offers know this order
	OtherOffer         Reason = "other_offer"            // it counts, but under another offer
	OtherOrder         Reason = "other_order"            // its transaction counts, but with another order
	OtherTransaction   Reason = "other_transaction"      // its order counts, but for another click
	TestTraffic        Reason = "test"                   // test traffic
	OutsidePeriod      Reason = "outside_period"         // it counts, but on a day outside the period
	CountedBefore      Reason = "counted_before"         // its signal was a duplicate of a conversion that is matched elsewhere
	Unnamed            Reason = "unnamed"                // the line names neither transaction nor order
	CountedElsewhere   Reason = "counted"                // it was counted, but lies outside of what was looked at
	nearByMoneyAndTime Reason = "same_amount_and_time"
	nearByCut          Reason = "transaction_id_cut"
	nearByLetter       Reason = "transaction_id_mistyped"
)

// The reasons of missing_there.
const (
	RejectedHere     Reason = "rejected_here"     // we count it for nothing, too
	PendingHere      Reason = "pending_here"      // it waits for a decision
	PixelOnly        Reason = "client_only"       // only a browser reported it, no server
	NearEdge         Reason = "near_edge"         // so close to the period's end that a clock may explain it
	ListedOutside    Reason = "listed_outside"    // the list has it on a day outside the period
	ListedOtherwise  Reason = "listed_otherwise"  // the list has its order with another click
	ListedMistyped   Reason = "listed_mistyped"   // a line looks like it, see likely
	NotListed        Reason = "not_listed"        // it is not in the list
	SameInList       Reason = "repeated"          // duplicate_in_list: said twice
	ReversedInList   Reason = "reversal"          // duplicate_in_list: takes back what was said before
	StatusOtherwise  Reason = "status"            // status_differs
	CurrencyDiffers  Reason = "currency"          // amount_differs: in another currency
	Rounding         Reason = "rounding"          // by no more than the smallest coin
	ConstantFactor   Reason = "factor"            // by the same factor as many others: taxes, a rate
	ChangedHere      Reason = "updated_here"      // ours was changed after it was made
	AmountUnsaid     Reason = "not_said"          // the line has no amount
	AmountUnknown    Reason = "unknown_here"      // no signal named an amount
	AmountOtherwise  Reason = "other"             // by nothing that is known
	OrderWritten     Reason = "order_differs"     // matched, though the order is written otherwise
	MatchedByOrder   Reason = "by_order"          // matched by its order alone
	MatchedByNumbers Reason = "by_order_digits"   // likewise, without leading zeros
	MatchedByID      Reason = "by_conversion_id"  // matched by the conversion ID
	MatchedByClick   Reason = "by_transaction_id" // matched by the transaction ID
)
