// Package param knows the parameters of clicks, impressions and signals: their
// names and aliases, how long they may be, and what of them must not be kept.
//
// A request is scanned into Values. Names are matched without regard to case.
// Of several aliases in one request the canonical name wins, else the order of
// the table; of one name given twice, the first that is not empty; an empty
// value is no value. A transaction ID is the exception: all candidates are kept
// in that order, since only the caller can tell which one verifies.
//
// Text is understood with good will, for it comes from links and systems that
// nobody here can mend: a broken escape stands for itself, &amp; is read as &,
// and whatever cannot be kept as text (bytes that are not UTF-8, NUL) stays
// percent-encoded.
package param

// Name is a tracking parameter, by number.
type Name uint8

// The parameters. Sub1 and Adv1 are followed by nine more: the third value of
// the affiliate is Sub1 + 2. FBCLID to TTP are the AdIDs.
const (
	OfferID Name = iota
	AffiliateID
	TransactionID
	AffClickID
	Sub1
	Adv1        = Sub1 + 10
	Source Name = iota + 18
	Amount
	Currency
	Payout
	OrderID
	Items
	HitID
	ConversionID
	Goal
	Status
	OccurredAt
	CustomerID
	Email
	Username
	EmailSHA256
	IP
	UserAgent
	GAID
	IDFA
	IDFV
	Coupon
	FBCLID  // of a click on Facebook or Instagram
	GCLID   // of one on an advertisement of Google's
	GBRAID  // of one from the web into an app, where GCLID may not be had
	WBRAID  // of one from an app into the web
	TTCLID  // of one on TikTok
	MSCLKID // of one on an advertisement of Microsoft's
	FBP     // Meta's ID of the browser
	FBC     // Meta's ID of the click, as its cookie holds it
	TTP     // TikTok's ID of the browser
	Token
	TS
	Sig
	URL
	Test
	Format
	NumNames // how many there are
)

// AdIDs is how many IDs of ad platforms there are, FBCLID first.
const AdIDs = int(TTP-FBCLID) + 1

// Door is where a request came in. It decides what the names of click IDs mean.
type Door uint8

const (
	// Click is for clicks and impressions, whose click ID is the affiliate's.
	Click Door = iota + 1
	// Signal is for postbacks, pixels and the SDK, whose click ID is ours.
	Signal
)

// The longest values, in bytes, by what happens to longer ones.
const (
	maxText  = 1 << 10  // cut: free text
	maxID    = 1 << 10  // too long: IDs, orders, coupons, customers and the rest
	maxURL   = 4 << 10  // too long: the deep link
	maxItems = 64 << 10 // too long: line items, bounded by the body
)

// limit gives the longest value of n, and whether a longer one is cut rather
// than refused.
func (n Name) limit() (most int, cut bool) {
	switch {
	case n >= Sub1 && n <= Source, n == UserAgent:
		return maxText, true
	case n == URL:
		return maxURL, false
	case n == Items:
		return maxItems, false
	default:
		return maxID, false
	}
}

// Set is a set of names.
type Set uint64

const _ = uint(64 - NumNames) // every name has its bit

// Has reports whether n is in the set.
func (s Set) Has(n Name) bool { return n < NumNames && s&(1<<n) != 0 }

// Names gives the members in order.
func (s Set) Names() []Name {
	var all []Name
	for n := range NumNames {
		if s.Has(n) {
			all = append(all, n)
		}
	}
	return all
}

// With gives the set and n.
func (s Set) With(n Name) Set { return s | 1<<n }
