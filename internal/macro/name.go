package macro

// Name is a macro, by number.
type Name uint8

// The macros. Sub1 and Adv1 are followed by nine more: the third value of the
// affiliate is Sub1 + 2.
const (
	OfferID Name = iota
	OfferName
	AffiliateID
	AdvertiserID
	TransactionID
	AffClickID
	Sub1
	Adv1        = Sub1 + 10
	Source Name = iota + 18
	Amount
	Currency
	Payout
	Revenue
	Status
	OrderID
	Items
	HitID
	ConversionID
	DeliveryID
	Goal
	GoalID
	GoalName
	CustomerID
	EmailSHA256
	GAID
	IDFA
	IDFV
	Coupon
	FBCLID // the IDs of ad platforms, up to TTP, in the order of package param
	GCLID
	GBRAID
	WBRAID
	TTCLID
	MSCLKID
	FBP
	FBC
	TTP
	DeepLink
	Test
	Country
	Device
	OS
	Browser
	IP
	UserAgent
	Random
	Sig
	ClickTime
	ConversionTime
	OccurredAt
	Timestamp
	Date
	NumNames // how many there are
)

const numTimes = NumNames - ClickTime

//nolint:gochecknoglobals // a table that never changes
var names = [NumNames]string{
	OfferID: "offer_id", OfferName: "offer_name", AffiliateID: "affiliate_id", AdvertiserID: "advertiser_id",
	TransactionID: "transaction_id", AffClickID: "aff_click_id",
	Sub1: "sub1", Sub1 + 1: "sub2", Sub1 + 2: "sub3", Sub1 + 3: "sub4", Sub1 + 4: "sub5",
	Sub1 + 5: "sub6", Sub1 + 6: "sub7", Sub1 + 7: "sub8", Sub1 + 8: "sub9", Sub1 + 9: "sub10",
	Adv1: "adv1", Adv1 + 1: "adv2", Adv1 + 2: "adv3", Adv1 + 3: "adv4", Adv1 + 4: "adv5",
	Adv1 + 5: "adv6", Adv1 + 6: "adv7", Adv1 + 7: "adv8", Adv1 + 8: "adv9", Adv1 + 9: "adv10",
	Source: "source", Amount: "amount", Currency: "currency", Payout: "payout", Revenue: "revenue",
	Status: "status", OrderID: "order_id", Items: "items", HitID: "hit_id", ConversionID: "conversion_id",
	DeliveryID: "delivery_id", Goal: "goal", GoalID: "goal_id", GoalName: "goal_name",
	CustomerID: "customer_id", EmailSHA256: "email_sha256", GAID: "gaid", IDFA: "idfa", IDFV: "idfv",
	Coupon: "coupon", FBCLID: "fbclid", GCLID: "gclid", GBRAID: "gbraid", WBRAID: "wbraid", TTCLID: "ttclid",
	MSCLKID: "msclkid", FBP: "fbp", FBC: "fbc", TTP: "ttp", DeepLink: "url", Test: "test", Country: "country", Device: "device", OS: "os",
	Browser: "browser", IP: "ip", UserAgent: "user_agent", Random: "random", Sig: "sig",
	ClickTime: "click_time", ConversionTime: "conversion_time", OccurredAt: "occurred_at",
	Timestamp: "timestamp", Date: "date",
}

// String gives the name as it stands between the braces.
func (n Name) String() string {
	if n < NumNames {
		return names[n]
	}
	return ""
}

// ParseName gives the macro called text, exactly as written.
func ParseName(text string) (Name, bool) {
	for n, name := range names {
		if name == text {
			return Name(n), true
		}
	}
	return NumNames, false
}

func (n Name) time() bool { return n >= ClickTime }

// Set is a set of names.
type Set [2]uint64

// Has reports whether n is in the set.
func (s Set) Has(n Name) bool { return n < NumNames && s[n/64]&(1<<(n%64)) != 0 }

func (s *Set) add(n Name) { s[n/64] |= 1 << (n % 64) }

// Use says what a template is for, and so which macros it may hold.
type Use uint8

const (
	// OfferURL is where a visitor is sent: what is known at the click. The
	// visitor arrives there in person, so his address and user agent are no
	// secret.
	OfferURL Use = iota + 1
	// AffiliatePostback goes to an affiliate, who never learns the revenue.
	AffiliatePostback
	// AdvertiserPostback goes to an advertiser, who never learns the payout.
	AdvertiserPostback
	// NetworkPostback stays with the network, which sees all.
	NetworkPostback

	// WithVisitor added to a postback's use allows what tells who the visitor is:
	// the address and user agent, and, to an affiliate, the digest of the e-mail
	// that the advertiser's customer gave: AffiliatePostback | WithVisitor.
	WithVisitor Use = 1 << 7
)

// Allows reports whether a template of this use may hold n.
func (u Use) Allows(n Name) bool {
	visitor, shared := n == IP || n == UserAgent, u&WithVisitor != 0
	switch u &^ WithVisitor {
	case OfferURL:
		return n < NumNames && atClick(n)
	case AffiliatePostback:
		return n < NumNames && n != Revenue && (!visitor && n != EmailSHA256 || shared)
	case AdvertiserPostback:
		return n < NumNames && n != Payout && (!visitor || shared)
	case NetworkPostback:
		return n < NumNames
	default:
		return false
	}
}

// Tells reports whether n is told to a postback's owner unasked, in a payload
// that is no template and where values are shown: what its owner sees of a
// conversion elsewhere, too. What else Allows lets through stands only where a
// template names it.
func (u Use) Tells(n Name) bool {
	if !u.Allows(n) {
		return false
	}
	switch u &^ WithVisitor {
	case AffiliatePostback:
		return n != AdvertiserID && n != CustomerID && n != Items && (n < Adv1 || n >= Adv1+10)
	case AdvertiserPostback:
		return !ofAffiliate(n)
	default:
		return true
	}
}

// ofAffiliate reports whether n is an affiliate's own: its click ID and values,
// and what its ad platform and device call the click.
func ofAffiliate(n Name) bool {
	if n >= Sub1 && n < Adv1 || n >= FBCLID && n <= TTP {
		return true
	}
	switch n {
	case AffClickID, Source, GAID, IDFA, IDFV:
		return true
	default:
		return false
	}
}

// atClick reports whether n is known when a visitor is sent to the offer.
func atClick(n Name) bool {
	if n >= Sub1 && n < Adv1 || n >= FBCLID && n <= TTP {
		return true
	}
	switch n {
	case OfferID, OfferName, AffiliateID, AdvertiserID, TransactionID, AffClickID, Source,
		GAID, IDFA, IDFV, Coupon, DeepLink, Test, Country, Device, OS, Browser, IP, UserAgent,
		Random, ClickTime, Timestamp, Date:
		return true
	default:
		return false
	}
}

// String names the use as it reads in a sentence.
func (u Use) String() string {
	switch u &^ WithVisitor {
	case OfferURL:
		return "an offer's URL"
	case AffiliatePostback:
		return "an affiliate's postback"
	case AdvertiserPostback:
		return "an advertiser's postback"
	case NetworkPostback:
		return "the network's postback"
	default:
		return "an unknown use"
	}
}
