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
		FBCLID:        {"fbclid", nil},
		GCLID:         {"gclid", nil},
		GBRAID:        {"gbraid", nil},
		WBRAID:        {"wbraid", nil},
		TTCLID:        {"ttclid", nil},
		MSCLKID:       {"msclkid", nil},
		FBP:           {"fbp", []string{"_fbp"}},
		FBC:           {"fbc", []string{"_fbc"}},
		TTP:           {"ttp", []string{"_ttp"}},
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
	clickNames  = newIndex(Click)
	signalNames = newIndex(Signal)
)

// index finds names by hash, in open addressing. It takes half the time of a
// map, and looking up names is most of the work of a scan.
type index [512]struct {
	name string
	entry
}

func newIndex(d Door) *index {
	x := new(index)
	for n := range NumNames {
		if !d.Knows(n) {
			continue
		}
		x.add(n.String(), entry{n, 1})
		for i, alias := range d.Aliases(n) {
			x.add(alias, entry{n, uint8(i) + 2})
		}
	}
	return x
}

func (x *index) add(name string, e entry) {
	var buf [longestName]byte
	at := lower(&buf, name) % uint32(len(x))
	for x[at].name != "" {
		at = (at + 1) % uint32(len(x))
	}
	x[at].name, x[at].entry = name, e
}

// find gives the entry of a name that lower has written to buf.
func (x *index) find(buf []byte, hash uint32) (entry, bool) {
	for at := hash % uint32(len(x)); x[at].name != ""; at = (at + 1) % uint32(len(x)) {
		if x[at].name == string(buf) {
			return x[at].entry, true
		}
	}
	return entry{}, false
}

// longestName bounds the look-up; no name or alias is longer.
const longestName = 24

// find gives what name means at a door, and whether it carried the remains of
// an &amp;.
func (d Door) find(name string) (e entry, amp, ok bool) {
	if e, ok = d.look(name); ok {
		return e, false, true
	}
	plain, amp := plainName(name)
	if len(plain) == len(name) {
		return entry{}, false, false
	}
	e, ok = d.look(plain)
	return e, amp, ok
}

// look finds a name as it stands.
func (d Door) look(name string) (e entry, ok bool) {
	if len(name) == 0 || len(name) > longestName {
		return entry{}, false
	}
	var buf [longestName]byte
	hash := lower(&buf, name)
	x := signalNames
	if d == Click {
		x = clickNames
	}
	return x.find(buf[:len(name)], hash)
}

// Find gives the parameter that name means at a door.
func (d Door) Find(name string) (Name, bool) {
	e, _, ok := d.find(name)
	return e.name, ok
}

// lower writes name, which is not longer than longestName, into buf in ASCII
// lower case, and gives the hash of what it wrote.
func lower(buf *[longestName]byte, name string) uint32 {
	hash := uint32(2166136261) // FNV-1a
	for i := range len(name) {
		c := name[i]
		if c-'A' < 26 {
			c |= 0x20
		}
		buf[i] = c
		hash = (hash ^ uint32(c)) * 16777619
	}
	return hash ^ hash>>15
}

func equalFold(a, lowerB string) bool {
	for i := range len(a) {
		if a[i]|0x20 != lowerB[i]|0x20 {
			return false
		}
	}
	return len(a) == len(lowerB)
}
