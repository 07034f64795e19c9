package offer_test

import (
	"strings"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/span"
	"waybill/internal/txid"
)

const retention = 400 * 24 * time.Hour

func usual() offer.Offer {
	o := offer.Default()
	o.ID, o.AdvertiserID, o.Name = 5, 3, "Spring sale"
	o.DestinationURL = "https://shop.example/?wb={transaction_id}"
	o.Payout.Amount, o.Revenue.Amount = 10*money.Unit, 12_500_000
	return o
}

// fields gives the places of err's faults with spaces between, and fails on a
// fault that is not Invalid.
func fields(t *testing.T, err error) string {
	t.Helper()
	var all []string
	for _, f := range fault.All(err) {
		if f.Kind != fault.Invalid || f.Text == "" {
			t.Errorf("fault %v is of kind %s, want an Invalid one with a text", f, f.Kind)
		}
		all = append(all, f.Field)
	}
	if err != nil && all == nil {
		t.Errorf("%v is not a fault", err)
	}
	return strings.Join(all, " ")
}

type offerTest struct {
	name   string
	change func(*offer.Offer)
	fields string
}

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, tt := range append(append(heads(), moneys()...), lists()...) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := usual()
			tt.change(&o)
			if err := o.Validate(retention); fields(t, err) != tt.fields {
				t.Errorf("Validate() = %v; want faults at %q", err, tt.fields)
			}
		})
	}
}

func heads() []offerTest {
	return []offerTest{
		{"takes a plain offer", func(*offer.Offer) {}, ""},
		{"takes a URL without macros", func(o *offer.Offer) { o.DestinationURL = "http://shop.example" }, ""},
		{"takes a fallback with a macro", func(o *offer.Offer) { o.FallbackURL = "https://x.example/?s={sub1}" }, ""},
		{"takes a fallback without one", func(o *offer.Offer) { o.FallbackURL = "https://x.example/" }, ""},
		{
			"names everything that is missing", func(o *offer.Offer) { *o = offer.Offer{} },
			"name status advertiser_id destination_url click_window currency payout.type revenue.type default_status credit_without_click attribution channels",
		},
		{"refuses a name of spaces", func(o *offer.Offer) { o.Name = " " }, "name"},
		{"refuses a name of 201 characters", func(o *offer.Offer) { o.Name = strings.Repeat("a", 201) }, "name"},
		{"refuses a status that is none", func(o *offer.Offer) { o.Status = "active " }, "status"},
		{"refuses another scheme", func(o *offer.Offer) { o.DestinationURL = "javascript:alert(1)" }, "destination_url"},
		{"refuses a host from a macro", func(o *offer.Offer) { o.DestinationURL = "https://{sub1}.example/" }, "destination_url"},
		{"refuses an unknown macro", func(o *offer.Offer) { o.DestinationURL = "https://a.example/?x={transactionid}" }, "destination_url"},
		{"refuses what is not known at a click", func(o *offer.Offer) { o.DestinationURL = "https://a.example/?x={payout}" }, "destination_url"},
		{"names each mistake in a URL", func(o *offer.Offer) { o.DestinationURL = "https://a.example/?x={payout}&y={nonsense}" }, "destination_url destination_url"},
		{"refuses a broken fallback", func(o *offer.Offer) { o.FallbackURL = "shop.example" }, "fallback_url"},
		{"takes a window as long as the retention", func(o *offer.Offer) { o.ClickWindow, o.ViewWindow = span.Days(400), span.Days(400) }, ""},
		{"refuses longer windows", func(o *offer.Offer) { o.ClickWindow, o.ViewWindow = span.Days(401), span.Days(401) }, "click_window view_window"},
		{"refuses a customer for longer than clicks are kept", func(o *offer.Offer) { o.CustomerWindow = span.Days(401) }, "customer_window"},
		{"refuses an address for longer than a day", func(o *offer.Offer) { o.IPWindow = span.Day + 1 }, "ip_window"},
		{"refuses no window", func(o *offer.Offer) { o.ClickWindow = 0 }, "click_window"},
		{"refuses negative spans", func(o *offer.Offer) { o.ViewWindow, o.MinConversionTime, o.CustomerWindow, o.IPWindow = -1, -1, -1, -1 }, "view_window customer_window ip_window min_conversion_time"},
		{"refuses a least time as long as the window", func(o *offer.Offer) { o.MinConversionTime = o.ClickWindow }, "min_conversion_time"},
		{"takes an end after the beginning", func(o *offer.Offer) { o.StartsAt = time.Unix(1, 0); o.EndsAt = time.Unix(2, 0) }, ""},
		{"takes an end alone", func(o *offer.Offer) { o.EndsAt = time.Unix(2, 0) }, ""},
		{"refuses an end at the beginning", func(o *offer.Offer) { o.StartsAt = time.Unix(2, 0); o.EndsAt = time.Unix(2, 0) }, "ends_at"},
	}
}

func moneys() []offerTest {
	share := func(typ offer.PriceType, amount money.Micros, percent money.Percent) offer.Price {
		return offer.Price{Type: typ, Amount: amount, Percent: percent * money.Unit}
	}
	return []offerTest{
		{"refuses no currency", func(o *offer.Offer) { o.Currency = "" }, "currency"},
		{"refuses a currency that is none", func(o *offer.Offer) { o.Currency = "XYZ" }, "currency"},
		{"refuses a currency in small letters", func(o *offer.Offer) { o.Currency = "usd" }, "currency"},
		{"takes a share of all", func(o *offer.Offer) { o.Payout, o.Revenue = share("cps", 0, 100), share("cps", 0, 100) }, ""},
		{"refuses to pay more than the sale", func(o *offer.Offer) { o.Payout, o.Revenue = share("cps", 0, 101), share("cps", 0, 101) }, "payout.percent"},
		{"refuses more revenue than any share", func(o *offer.Offer) { o.Revenue = share("cps", 0, 1001) }, "revenue.percent"},
		{"refuses a percentage beside cpa", func(o *offer.Offer) { o.Payout = share("cpa", 1, 1) }, "payout.percent"},
		{"refuses an amount beside cps", func(o *offer.Offer) { o.Payout = share("cps", 1, 1) }, "payout.amount"},
		{"takes both for cpa_cps", func(o *offer.Offer) { o.Payout = share("cpa_cps", 1, 1) }, ""},
		{"refuses negative prices", func(o *offer.Offer) { o.Payout = share("cpa_cps", -1, -1) }, "payout.amount payout.percent"},
		{"refuses a price beyond all reason", func(o *offer.Offer) { o.Revenue = share("cpa", 1_000_000_001*money.Unit, 0) }, "revenue.amount"},
		{"refuses clicks and views as what is paid for", func(o *offer.Offer) { o.Payout, o.Revenue = share("cpc", 1, 0), share("cpm", 1, 0) }, "payout.type revenue.type"},
		{"refuses a type that is none", func(o *offer.Offer) { o.Payout.Type = "CPA" }, "payout.type"},
	}
}

func lists() []offerTest {
	return []offerTest{
		{"takes every identifier", func(o *offer.Offer) { o.Attribution = offer.Identifiers() }, ""},
		{"refuses an identifier that is none", func(o *offer.Offer) { o.Attribution = []offer.Identifier{"transaction_id", "coupon", "ip"} }, "attribution[2]"},
		{"refuses a touch that is none", func(o *offer.Offer) { o.Touch = "middle" }, "touch"},
		{"refuses an identifier listed twice", func(o *offer.Offer) { o.Attribution = []offer.Identifier{"transaction_id", "transaction_id"} }, "attribution[1]"},
		{"refuses a channel that is none", func(o *offer.Offer) { o.Channels = []string{"postback", "fax"} }, "channels[1]"},
		{"refuses no channel", func(o *offer.Offer) { o.Channels = nil }, "channels"},
		{
			"refuses statuses that nothing begins with", func(o *offer.Offer) {
				o.DefaultStatus, o.ClientSideStatus, o.CreditWithoutClick = "paid", "rejected", "hold"
			},
			"default_status credit_without_click client_side_status",
		},
		{"takes hosts", func(o *offer.Offer) {
			o.AllowedDomains = []string{"example.com", "*.example.com", "xn--bcher-kva.example", "localhost", "127.0.0.1"}
		}, ""},
		{"refuses what is no host", func(o *offer.Offer) {
			o.DeepLinkHosts = []string{"https://example.com", "example.com:80", "*", "*.com", "a.*.com", "bücher.example", "-a.com", "a..com", "", "ex ample.com", "*example.com"}
		}, "deep_link_hosts[0] deep_link_hosts[1] deep_link_hosts[2] deep_link_hosts[3] deep_link_hosts[4] deep_link_hosts[5] deep_link_hosts[6] deep_link_hosts[7] deep_link_hosts[8] deep_link_hosts[9] deep_link_hosts[10]"},
		{"refuses a host listed twice", func(o *offer.Offer) { o.AllowedDomains = []string{"a.example", "A.example"} }, "allowed_domains[1]"},
		{"takes targeting", func(o *offer.Offer) {
			o.Targeting = offer.Targeting{Countries: []string{"DE", "xk"}, Devices: []string{"mobile", "console"}, OS: []string{"iOS"}, Browsers: []string{"Samsung Internet"}}
		}, ""},
		{"refuses targeting that means nothing", func(o *offer.Offer) {
			o.Targeting = offer.Targeting{
				Countries: []string{"DE", "UK"}, ExceptCountries: []string{"D", "AA", "D E"}, Devices: []string{"phone"}, OS: []string{""}, Browsers: []string{" Chrome"},
			}
		}, "targeting.countries[1] targeting.except_countries[0] targeting.except_countries[1] targeting.except_countries[2] targeting.devices[0] targeting.os[0] targeting.browsers[0]"},
		{"refuses a country that is taken and not", func(o *offer.Offer) {
			o.Targeting = offer.Targeting{Countries: []string{"DE"}, ExceptCountries: []string{"de"}}
		}, "targeting.except_countries[0]"},
		{"takes caps", func(o *offer.Offer) {
			o.Caps = []offer.Cap{
				{Metric: "conversions", Period: "day", Limit: 100 * money.Unit, TimeZone: "Europe/Berlin"},
				{Metric: "payout", Period: "total", Limit: 1, Goal: "sale", OnReached: "pending", PerAffiliate: true},
			}
		}, ""},
		{"refuses caps that mean nothing", func(o *offer.Offer) {
			o.Caps = []offer.Cap{
				{Metric: "clicks", Period: "hour", Limit: 1, Goal: "a b", OnReached: "stop", TimeZone: "Mars/Olympus"},
				{Metric: "conversions", Period: "day"},
				{Metric: "conversions", Period: "week", Limit: 1_500_000, TimeZone: "Local"},
			}
		}, "caps[0].metric caps[0].period caps[0].on_reached caps[0].goal caps[0].tz caps[1].limit caps[2].limit caps[2].tz"},
		{"refuses two caps on the same", func(o *offer.Offer) {
			o.Caps = []offer.Cap{
				{Metric: "revenue", Period: "day", Limit: 1, Goal: "sale"},
				{Metric: "revenue", Period: "day", Limit: 2, Goal: "lead"},
				{Metric: "revenue", Period: "day", Limit: 3, Goal: "SALE"},
			}
		}, "caps[2]"},
	}
}

func TestValidateSaysWhatToDo(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*offer.Offer)
		want   string
	}{
		{"about identifiers", func(o *offer.Offer) { o.Attribution[0] = "ip" }, "affiliate_id or ip_user_agent"},
		{"about addresses", func(o *offer.Offer) { o.IPWindow = span.Days(2) }, "may be somebody else's"},
		{"about clicks", func(o *offer.Offer) { o.Payout.Type = offer.CPC }, "cpc is not billed yet: clicks and views earn nothing in this version"},
		{"about windows", func(o *offer.Offer) { o.ClickWindow = span.Days(500) }, "longer than the 400d for which clicks and views are kept"},
		{"about the United Kingdom", func(o *offer.Offer) { o.Targeting.Countries = []string{"UK"} }, "the United Kingdom is GB"},
		{"about statuses", func(o *offer.Offer) { o.DefaultStatus = "rejected" }, `"rejected" is not understood; use approved, pending or hold`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := usual()
			tt.change(&o)
			if err := o.Validate(retention); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Validate() = %v; want it to say %q", err, tt.want)
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*offer.Offer)
		fields string
	}{
		{"a good offer has none", func(*offer.Offer) {}, ""},
		{"an ID among filters is one", func(o *offer.Offer) { o.DestinationURL = "https://a.example/{transaction_id|lower}" }, ""},
		{"no transaction ID", func(o *offer.Offer) { o.DestinationURL = "https://a.example/?s={sub1}" }, "destination_url"},
		{"a loss", func(o *offer.Offer) { o.Payout.Amount = o.Revenue.Amount + 1 }, "payout"},
		{"an address", func(o *offer.Offer) { o.Attribution = append(o.Attribution, offer.ByIPUserAgent) }, "attribution"},
		{"a window of no customer", func(o *offer.Offer) { o.CustomerWindow = span.Days(90) }, "customer_window"},
		{"a customer with a window is none", func(o *offer.Offer) {
			o.CustomerWindow, o.Attribution = span.Days(90), append(o.Attribution, offer.ByEmail)
		}, ""},
		{"what cannot be compared", func(o *offer.Offer) { o.Payout = offer.Price{Type: offer.CPS, Percent: money.Unit} }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := usual()
			tt.change(&o)
			var got []string
			for _, w := range o.Warnings() {
				got = append(got, w.Field)
			}
			if strings.Join(got, " ") != tt.fields {
				t.Errorf("Warnings() = %v; want them at %q", o.Warnings(), tt.fields)
			}
		})
	}
}

func TestGoalValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*offer.Goal)
		fields string
	}{
		{"takes a new goal with a code", func(*offer.Goal) {}, ""},
		{"takes every letter of codes", func(g *offer.Goal) { g.Code = "First-deposit_2.0" }, ""},
		{"takes a price of its own", func(g *offer.Goal) { g.Payout = &offer.Price{Type: offer.CPS, Percent: 1} }, ""},
		{"refuses no code", func(g *offer.Goal) { g.Code = "" }, "code"},
		{"refuses a long code", func(g *offer.Goal) { g.Code = strings.Repeat("a", 65) }, "code"},
		{"refuses a code with a space", func(g *offer.Goal) { g.Code = "a b" }, "code"},
		{"refuses a code beyond ASCII", func(g *offer.Goal) { g.Code = "käufe" }, "code"},
		{"refuses words that are none", func(g *offer.Goal) {
			g.Dedupe, g.OnRepeat, g.DefaultStatus, g.Name = "twice", "", "paid", "\n"
		}, "name dedupe on_repeat default_status"},
		{"refuses prices that are none", func(g *offer.Goal) { g.Payout, g.Revenue = &offer.Price{}, &offer.Price{Type: "cpm"} }, "payout.type revenue.type"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := offer.NewGoal(5)
			g.Code = "sale"
			tt.change(&g)
			if err := g.Validate(); fields(t, err) != tt.fields {
				t.Errorf("Validate() = %v; want faults at %q", err, tt.fields)
			}
		})
	}
}

func TestTermValidate(t *testing.T) {
	t.Parallel()
	price := &offer.Price{Type: offer.CPA, Amount: 1}
	tests := []struct {
		name   string
		term   offer.Term
		fields string
	}{
		{"takes a term for everybody", offer.Term{OfferID: 5, Payout: price}, ""},
		{"takes a term with every condition", offer.Term{
			OfferID: 5, AffiliateID: 7, Goal: "sale", Country: "DE", Revenue: price,
			From: time.Unix(1, 0), Until: time.Unix(2, 0), Note: "Christmas",
		}, ""},
		{"takes one until a date", offer.Term{OfferID: 5, Payout: price, Until: time.Unix(2, 0)}, ""},
		{"refuses a term without prices", offer.Term{OfferID: 5}, "payout"},
		{"refuses all that is wrong", offer.Term{
			AffiliateID: -1, Goal: "a b", Country: "UK", Payout: &offer.Price{Type: "cps", Percent: -1},
			From: time.Unix(2, 0), Until: time.Unix(2, 0), Note: "\x00",
		}, "offer_id affiliate_id goal country until note payout.percent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := tt.term.Validate(); fields(t, err) != tt.fields {
				t.Errorf("Validate() = %v; want faults at %q", err, tt.fields)
			}
		})
	}
}

func TestMaxIDFitsATransactionID(t *testing.T) {
	t.Parallel()
	if offer.MaxID != txid.MaxOffer {
		t.Errorf("MaxID = %d, transaction IDs have room for %d", offer.MaxID, txid.MaxOffer)
	}
}
