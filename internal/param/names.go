package param

import "strconv"

// row is a parameter with its aliases, in the order in which they win.
type row struct {
	name    string
	aliases []string
}

//nolint:gochecknoglobals // a table that never changes
var rows = table()

// table is the contract's list of names. Click IDs, which mean one thing in a
// click and another in a signal, stand in clickIDs.
func table() [NumNames]row {
	t := [NumNames]row{
		OfferID:       {"offer_id", []string{"oid", "offer"}},
		AffiliateID:   {"affiliate_id", []string{"aff_id", "affid", "pid", "a"}},
		TransactionID: {"transaction_id", nil},
		AffClickID:    {"aff_click_id", nil},
		Source:        {"source", []string{"source_id"}},
		Amount:        {"amount", []string{"sale_amount", "sum"}},
		Currency:      {"currency", nil},
		Payout:        {"payout", nil},
		OrderID:       {"order_id", []string{"txid", "conversion_unique_id", "txn_id"}},
		Items:         {"items", nil},
		HitID:         {"hit_id", nil},
		ConversionID:  {"conversion_id", nil},
		Goal:          {"goal", []string{"goal_id", "goal_name", "event", "event_id", "et"}},
		Status:        {"status", nil},
		OccurredAt:    {"occurred_at", []string{"conversion_date"}},
		CustomerID:    {"customer_id", []string{"user_id", "external_id"}},
		Email:         {"email", nil},
		Username:      {"username", nil},
		EmailSHA256:   {"email_sha256", nil},
		IP:            {"ip", nil},
		UserAgent:     {"user_agent", []string{"ua"}},
		GAID:          {"gaid", []string{"google_aid"}},
		IDFA:          {"idfa", []string{"ios_ifa"}},
		IDFV:          {"idfv", []string{"ios_ifv"}},
		Coupon:        {"coupon", []string{"coupon_code", "promo_code"}},
		Token:         {"token", []string{"security_token", "verification_token", "secure"}},
		TS:            {"ts", nil},
		Sig:           {"sig", nil},
		URL:           {"url", []string{"deep_link"}},
		Test:          {"test", nil},
		Format:        {"format", nil},
	}
	for i := range Name(10) {
		n := strconv.Itoa(int(i) + 1)
		t[Sub1+i] = row{"sub" + n, []string{"aff_sub" + n, "s" + n}}
		t[Adv1+i] = row{"adv" + n, []string{"adv_sub" + n}}
	}
	t[Sub1].aliases = []string{"aff_sub", "s1", "aff_sub1"}
	t[Adv1].aliases = []string{"adv_sub", "adv_sub1"}
	return t
}

// clickIDs gives the aliases of the click ID that the requests of a door carry.
func clickIDs(d Door) (n Name, aliases []string) {
	if d == Click {
		return AffClickID, []string{"click_id", "clickid", "cid", "tid"}
	}
	return TransactionID, []string{"tid", "click_id", "clickid", "cid"}
}

// String gives the canonical name.
func (n Name) String() string {
	if n < NumNames {
		return rows[n].name
	}
	return ""
}

// Aliases gives the other names of n at a door, in the order in which they win.
func (d Door) Aliases(n Name) []string {
	if id, aliases := clickIDs(d); n == id {
		return aliases
	}
	if n >= NumNames {
		return nil
	}
	return append([]string(nil), rows[n].aliases...)
}

// Knows reports whether n means anything at a door.
func (d Door) Knows(n Name) bool {
	return n < NumNames && (n != TransactionID || d == Signal)
}

// entry is what a name means: the parameter, and its place among the aliases,
// 1 for the canonical name.
type entry struct {
	name Name
	rank uint8
}

//nolint:gochecknoglobals // tables that never change
var (
	clickNames  = index(Click)
	signalNames = index(Signal)
)

func index(d Door) map[string]entry {
	all := make(map[string]entry)
	for n := range NumNames {
		if !d.Knows(n) {
			continue
		}
		all[n.String()] = entry{n, 1}
		for i, alias := range d.Aliases(n) {
			all[alias] = entry{n, uint8(i) + 2} //nolint:gosec // a few aliases
		}
	}
	return all
}

// longestName bounds the look-up; no name or alias is longer.
const longestName = 24

// find gives what name means at a door, and whether it carried the remains of
// an &amp;.
func (d Door) find(name string) (e entry, amp, ok bool) {
	const entity = "amp;"
	if len(name) > len(entity) && equalFold(name[:len(entity)], entity) {
		name, amp = name[len(entity):], true
	}
	if len(name) == 0 || len(name) > longestName {
		return entry{}, amp, false
	}
	var buf [longestName]byte
	n := lower(buf[:], name)
	if d == Click {
		e, ok = clickNames[string(buf[:n])]
		return e, amp, ok
	}
	e, ok = signalNames[string(buf[:n])]
	return e, amp, ok
}

// Find gives the parameter that name means at a door.
func (d Door) Find(name string) (Name, bool) {
	e, _, ok := d.find(name)
	return e.name, ok
}

// lower writes name into dst, which has room, in ASCII lower case.
func lower(dst []byte, name string) int {
	for i := range len(name) {
		c := name[i]
		if c-'A' < 26 {
			c |= 0x20
		}
		dst[i] = c
	}
	return len(name)
}

func equalFold(a, lowerB string) bool {
	for i := range len(a) {
		if a[i]|0x20 != lowerB[i]|0x20 {
			return false
		}
	}
	return len(a) == len(lowerB)
}
