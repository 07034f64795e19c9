package identity_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"waybill/internal/click"
	"waybill/internal/identity"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

func secret() []byte { return []byte("the installation's own secret") }

// lenient gives an offer that credits by everything.
func lenient() *offer.Offer {
	o := offer.Default()
	o.ID, o.Attribution = 5, offer.Identifiers()
	return &o
}

func TestSpellingsOfOneIdentityMeet(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		by   offer.Identifier
		a, b string
	}{
		{"an e-mail in capitals", offer.ByEmail, "ann@example.com", " Ann@Example.COM "},
		{"an e-mail and its SHA-256", offer.ByEmail, "ann@example.com", param.Digest("ann@example.com")},
		{"an e-mail and its SHA-256 in capitals", offer.ByEmail, "ann@example.com", strings.ToUpper(param.Digest("ann@example.com"))},
		{"an e-mail and what a record holds of it", offer.ByEmail, "ann@example.com", param.Hash(secret(), "Ann@example.com")},
		{"a digest and what a record holds of it", offer.ByEmail, param.Digest("ann@example.com"), param.HashDigest(secret(), param.Digest("ann@example.com"))},
		{"a user name and its SHA-256", offer.ByUsername, "Ann", param.Digest("ann")},
		{"a device without its dashes", offer.ByDeviceID, "38400000-8cf0-11bd-b23e-10b96e40000d", "384000008CF011BDB23E10B96E40000D"},
		{"a customer with white space around", offer.ByCustomerID, "c-1", " c-1\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, b := identity.Key(secret(), 5, tt.by, tt.a), identity.Key(secret(), 5, tt.by, tt.b)
			if len(a) != identity.Size || !bytes.Equal(a, b) {
				t.Errorf("Key(%q) = %x, Key(%q) = %x; want one key of %d bytes", tt.a, a, tt.b, b, identity.Size)
			}
		})
	}
}

func TestIdentitiesThatDifferHaveOtherKeys(t *testing.T) {
	t.Parallel()
	key := identity.Key(secret(), 5, offer.ByCustomerID, "c-1")
	others := map[string][]byte{
		"of another offer":       identity.Key(secret(), 6, offer.ByCustomerID, "c-1"),
		"of another kind":        identity.Key(secret(), 5, offer.ByUsername, "c-1"),
		"of another customer":    identity.Key(secret(), 5, offer.ByCustomerID, "c-2"),
		"in capitals":            identity.Key(secret(), 5, offer.ByCustomerID, "C-1"),
		"under another secret":   identity.Key([]byte("other"), 5, offer.ByCustomerID, "c-1"),
		"of what a browser said": identity.Hearsay(key),
	}
	for name, other := range others {
		if len(other) != identity.Size || bytes.Equal(key, other) {
			t.Errorf("the key %s is %x; want another than %x", name, other, key)
		}
	}
}

func TestValuesThatIdentifyNobodyHaveNoKey(t *testing.T) {
	t.Parallel()
	tests := []struct {
		by    offer.Identifier
		value string
	}{
		{offer.ByDeviceID, "00000000-0000-0000-0000-000000000000"},
		{offer.ByDeviceID, " "},
		{offer.ByDeviceID, "{gaid}"},
		{offer.ByCustomerID, ""},
		{offer.ByCustomerID, "{customer_id}"},
		{offer.ByEmail, " "},
		{offer.ByTransactionID, "x"},
		{offer.ByCoupon, "SAVE10"},
		{offer.ByAffiliateID, "7"},
	}
	for _, tt := range tests {
		if key := identity.Key(secret(), 5, tt.by, tt.value); key != nil {
			t.Errorf("Key(%s, %q) = %x; want none", tt.by, tt.value, key)
		}
	}
	if key := identity.Hearsay(nil); key != nil {
		t.Errorf("Hearsay(nil) = %x; want none", key)
	}
}

func TestAVisitNeedsBothItsParts(t *testing.T) {
	t.Parallel()
	mapped := identity.Visit(netip.MustParseAddr("::ffff:192.0.2.1"), "agent")
	if plain := identity.Visit(netip.MustParseAddr("192.0.2.1"), " agent "); plain == "" || plain != mapped {
		t.Errorf("Visit = %q, of the mapped address %q; want the same", plain, mapped)
	}
	for _, v := range []string{
		identity.Visit(netip.Addr{}, "agent"), identity.Visit(netip.IPv4Unspecified(), "agent"),
		identity.Visit(netip.MustParseAddr("192.0.2.1"), " "),
	} {
		if v != "" {
			t.Errorf("Visit with a part missing = %q; want nothing", v)
		}
	}
}

func ring(t *testing.T) *txid.Ring {
	t.Helper()
	r, err := txid.NewRing([]txid.Key{{Number: 1, Secret: [32]byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func minted(t *testing.T, kind txid.Kind) txid.ID {
	t.Helper()
	id, err := ring(t).Seal(txid.Parts{Kind: kind, Time: time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC), Offer: 5, Affiliate: 7})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// bound gives a signal that ties a customer with an e-mail and a device to a click.
func bound(t *testing.T) signal.Signal {
	t.Helper()
	return signal.Signal{
		Channel: signal.Postback, Auth: signal.OK, Click: minted(t, txid.Click), Params: []signal.Param{
			{Name: param.CustomerID, Value: "c-1"},
			{Name: param.Email, Value: param.Hash(secret(), "ann@example.com")},
			{Name: param.EmailSHA256, Value: param.HashDigest(secret(), param.Digest("ann@example.com"))},
			{Name: param.GAID, Value: "38400000-8cf0-11bd-b23e-10b96e40000d"},
			{Name: param.IP, Value: "192.0.2.1"},
			{Name: param.UserAgent, Value: "agent"},
		},
	}
}

func TestASignalTiesWhatItsOfferCreditsBy(t *testing.T) {
	t.Parallel()
	o := lenient()
	device := identity.Key(secret(), 5, offer.ByDeviceID, "38400000-8cf0-11bd-b23e-10b96e40000d")
	customer := identity.Key(secret(), 5, offer.ByCustomerID, "c-1")
	email := identity.Key(secret(), 5, offer.ByEmail, "ann@example.com")
	tests := []struct {
		name   string
		change func(*offer.Offer, *signal.Signal)
		want   [][]byte
	}{
		{"all that it names, each once", func(*offer.Offer, *signal.Signal) {}, [][]byte{device, customer, email}},
		{"to a view, too", func(_ *offer.Offer, s *signal.Signal) { s.Click = minted(t, txid.Impression) }, [][]byte{device, customer, email}},
		{"no more than the offer lists", func(o *offer.Offer, _ *signal.Signal) { o.Attribution = []offer.Identifier{offer.ByEmail} }, [][]byte{email}},
		{"nothing for an offer that credits by ID alone", func(o *offer.Offer, _ *signal.Signal) { o.Attribution = []offer.Identifier{offer.ByTransactionID} }, nil},
		{"as hearsay, from a browser", func(_ *offer.Offer, s *signal.Signal) { s.Channel = signal.SDK }, [][]byte{
			identity.Hearsay(device), identity.Hearsay(customer), identity.Hearsay(email),
		}},
		{"nothing when it is not believed", func(_ *offer.Offer, s *signal.Signal) { s.Auth = signal.TokenInvalid }, nil},
		{"nothing when it cannot be read", func(_ *offer.Offer, s *signal.Signal) { s.Malformed = "cut" }, nil},
		{"nothing without a click", func(_ *offer.Offer, s *signal.Signal) { s.Click = txid.ID{} }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			own, s := *o, bound(t)
			tt.change(&own, &s)
			sameKeys(t, identity.OfSignal(secret(), &own, &s), tt.want)
		})
	}
}

func TestAClickIsFoundByWhatItShows(t *testing.T) {
	t.Parallel()
	c := click.Click{
		GAID: "38400000-8cf0-11bd-b23e-10b96e40000d", CustomerID: "c-1",
		IP: netip.MustParseAddr("192.0.2.1"), UserAgent: "agent",
	}
	device := identity.Key(secret(), 5, offer.ByDeviceID, c.GAID)
	visit := identity.Key(secret(), 5, offer.ByIPUserAgent, identity.Visit(c.IP, c.UserAgent))
	customer := identity.Key(secret(), 5, offer.ByCustomerID, "c-1")
	o := lenient()
	sameKeys(t, identity.OfClick(secret(), o, &c), [][]byte{device, identity.Hearsay(customer), visit})
	o.Attribution = []offer.Identifier{offer.ByTransactionID, offer.ByIPUserAgent}
	sameKeys(t, identity.OfClick(secret(), o, &c), [][]byte{visit})
	o.Attribution = []offer.Identifier{offer.ByTransactionID}
	sameKeys(t, identity.OfClick(secret(), o, &c), nil)
}

func TestAServerNamesTheVisitorABrowserIsOne(t *testing.T) {
	t.Parallel()
	o, s := lenient(), bound(t)
	o.Attribution = []offer.Identifier{offer.ByIPUserAgent}
	s.IP, s.UserAgent = netip.MustParseAddr("198.51.100.9"), "shop's server"
	for channel, want := range map[signal.Channel]string{signal.Postback: "192.0.2.1 agent", signal.Pixel: "198.51.100.9 shop's server"} {
		s.Channel = channel
		got := identity.Values(o, &s)
		if len(got) != 1 || got[0].Text != want {
			t.Errorf("by %s: Values = %v; want %q", channel, got, want)
		}
	}
}

func sameKeys(t *testing.T, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d keys %x; want %d: %x", len(got), got, len(want), want)
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Errorf("key %d = %x; want %x", i, got[i], want[i])
		}
	}
}
