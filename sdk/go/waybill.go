// Package waybill is what an advertiser's Go server imports to have its
// conversions counted.
//
// A visitor arrives with a transaction ID in the landing page's URL. A Keeper
// stores it in a first-party cookie, set by the server, and gives it back when
// the visitor does what the offer pays for. A Client reports that to Waybill:
//
//	keep := waybill.Keeper{}
//	http.ListenAndServe(":80", keep.Middleware(shop))
//
//	client := waybill.Client{URL: "https://go.example.com", Secret: secret}
//	verdict, err := client.Convert(ctx, waybill.Conversion{
//		TransactionID: keep.FromRequest(r), OrderID: "A-1001", Amount: "59.90", Currency: "USD",
//	})
//
// These always hold: only what has the form of a Waybill ID is kept. A report is
// sent again only while nobody has answered for it, and it says the same each
// time, so that it counts once. What Waybill decided is a Verdict, also when it
// is a refusal; an error means that nobody knows, and that the report has to be
// made again later.
//
// It uses the standard library alone.
package waybill

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// names are the parameters that carry a transaction ID, the first of them first
// in weight. Case does not matter.
func names() []string {
	return []string{"transaction_id", "tid", "click_id", "clickid", "cid"}
}

// idLen is the length of a transaction ID.
const idLen = 32

// Clean gives the transaction ID that s is, in lower case and without the space
// around it; empty if s is none, or that of a visitor who was turned away, whose
// visit earns nothing and should take no other's place. It knows the form alone:
// whether the ID is genuine only Waybill can tell.
func Clean(s string) string {
	id := strings.ToLower(strings.TrimSpace(s))
	if len(id) != idLen {
		return ""
	}
	for i := range len(id) {
		if digit(id[i]) < 0 {
			return ""
		}
	}
	// 3 bits of version, which is 1, 3 of kind: a click or an impression, one for
	// tests and one for visitors who were turned away.
	switch first, second := digit(id[0]), digit(id[1]); {
	case second&4 != 0:
		return ""
	case first == 4 && second >= 16, first == 5 && second < 16:
		return id
	default:
		return ""
	}
}

// digit gives the value of a letter of Crockford's base32, -1 of any other. The
// letters o, i and l are read as the digits that they look like.
func digit(c byte) int {
	switch c {
	case 'o':
		return 0
	case 'i', 'l':
		return 1
	}
	return strings.IndexByte("0123456789abcdefghjkmnpqrstvwxyz", c)
}

// FromQuery gives the transaction ID in a URL's query, under any of the names
// that Waybill takes; empty if there is none.
func FromQuery(query url.Values) string {
	keys := slices.Sorted(maps.Keys(query)) // so that TID and tid are always taken in one order
	for _, name := range names() {
		for _, key := range keys {
			if !strings.EqualFold(key, name) {
				continue
			}
			for _, v := range query[key] {
				if id := Clean(v); id != "" {
					return id
				}
			}
		}
	}
	return ""
}
