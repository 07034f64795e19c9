package api

import (
	"strconv"
	"strings"

	"waybill/internal/link"
)

// catalog looks through names, numbers and codes.
func (q *search) catalog() {
	q.offers()
	q.links()
	if !q.who.IsNetwork() { // the rest of the catalog is the network's alone
		return
	}
	source := q.Catalog().Source()
	n := 0
	for i := range source.Affiliates {
		one := &source.Affiliates[i]
		n += q.named("affiliate", one.ID, one.Name, string(one.Status), n)
	}
	n = 0
	for i := range source.Advertisers {
		one := &source.Advertisers[i]
		n += q.named("advertiser", one.ID, one.Name, string(one.Status), n)
	}
}

// links looks through the codes of those that the caller sees.
func (q *search) links() {
	n, source := 0, q.Catalog().Source()
	for i := range source.Links {
		l := &source.Links[i]
		exact := l.Code == q.text
		switch {
		case !exact && (n == mostOfKind || !q.begins(l.Code)):
			continue
		case l.Status == link.Deleted || !q.who.Owns(0, l.AffiliateID):
			continue
		}
		n++
		detail := string(l.Status) + " · " + q.called("offer", l.OfferID)
		if q.who.IsNetwork() {
			detail += " · " + q.called("affiliate", l.AffiliateID)
		}
		q.add(searchLine{Kind: "link", ID: l.Code, Title: l.Code, By: "code", Exact: exact, Detail: detail})
	}
}

// offers looks through those that the caller sees. Many may have a word in their
// names, so that no store is asked.
func (q *search) offers() {
	n := 0
	for o := range q.Catalog().Offers() {
		if q.seesOffer(q.who, &o.Offer) {
			n += q.named("offer", o.ID, o.Name, string(o.Status), n)
		}
	}
}

// fits tells by what one of the catalog is found: its number, its name, or
// nothing.
func (q *search) fits(id int64, name string) (by string, exact bool) {
	switch {
	case strconv.FormatInt(id, 10) == q.text:
		return byID, true
	case strings.EqualFold(name, q.text):
		return "name", true
	case len(q.text) >= leastPart && strings.Contains(strings.ToLower(name), strings.ToLower(q.text)):
		return "name", false
	default:
		return "", false
	}
}

// named adds one of the catalog if it fits, and tells how many it has added. have
// are those of its kind already.
func (q *search) named(kind string, id int64, name, status string, have int) int {
	by, exact := q.fits(id, name)
	if by == "" || have >= mostOfKind && !exact {
		return 0
	}
	q.add(searchLine{Kind: kind, ID: strconv.FormatInt(id, 10), Title: name, Detail: status, By: by, Exact: exact})
	return 1
}

// begins reports whether a text begins with what is looked for.
func (q *search) begins(text string) bool {
	return len(q.text) >= leastPart && len(text) >= len(q.text) && strings.EqualFold(text[:len(q.text)], q.text)
}

// called gives the name of an offer or affiliate; to an advertiser, affiliates are
// numbers.
func (q *search) called(kind string, id int64) string {
	number := kind + " " + strconv.FormatInt(id, 10)
	if !q.who.IsNetwork() && kind == "affiliate" {
		return number
	}
	if name := q.names(q.who, true)(kind, id); name != "" {
		return name
	}
	return number
}
