package api

import (
	"fmt"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/link"
)

// TestAffiliatesManageTheirLinks goes the way of one link, as the affiliate whose
// it is, beside one who must not hear of it.
func TestAffiliatesManageTheirLinks(t *testing.T) {
	w := newWorld(t) // affiliate 1 has the link "spring" to offer 1
	w.answers(t, asAffiliate1, "POST", "links", `{"code":"may","offer_id":2,"query":"sub1=x"}`, 201, `"affiliate_id":1`, `"status":"active"`)
	w.answers(t, asAffiliate1, "POST", "links", `{"offer_id":2,"affiliate_id":1}`, 201, `"code":"`)
	w.answers(t, asAffiliate2, "POST", "links", `{"code":"june","offer_id":1}`, 201, `"affiliate_id":2`)
	w.answers(t, asAffiliate1, "GET", "links", "", 200, `"code":"may"`, `"code":"spring"`, "!june")
	w.answers(t, asAffiliate1, "GET", "links?offer_id=2", "", 200, `"code":"may"`, "!spring")
	w.answers(t, asAffiliate1, "GET", "links?affiliate_id=2", "", 200, `"data":[]`)
	w.answers(t, asNetwork, "GET", "links?affiliate_id=2", "", 200, `"code":"june"`, "!may")
	w.answers(t, asNetwork, "GET", "links?affiliate_id=x", "", 200, `"data":[]`)
	w.answers(t, asNetwork, "GET", "links", "", 200, `"code":"june"`, `"code":"may"`, `"code":"spring"`)

	w.answers(t, asAffiliate1, "PATCH", "links/may", `{"query":"sub1=y"}`, 200, `"query":"sub1=y"`)
	w.answers(t, asAffiliate1, "PATCH", "links/may", `{"affiliate_id":2}`, 422, `"location":"body.affiliate_id"`)
	w.answers(t, asAffiliate1, "PATCH", "links/may", `{"status":"deleted"}`, 422, `"location":"body.status"`)
	w.answers(t, asAffiliate1, "PATCH", "links/may", `{"status":"retired"}`, 200, `"status":"retired"`)
	for _, method := range []string{"GET", "PATCH", "DELETE"} {
		missing := w.do(t, asAffiliate1, method, "links/nothing", `{"status":"retired"}`)
		foreign := w.do(t, asAffiliate1, method, "links/june", `{"status":"retired"}`)
		if got, want := bare(foreign), strings.ReplaceAll(bare(missing), "nothing", "june"); foreign.status != 404 || got != want {
			t.Errorf("%s of a foreign link = %d %s\nwant what is told of none: %s", method, foreign.status, got, want)
		}
	}
	w.answers(t, asAffiliate1, "POST", "links", `{"offer_id":1,"status":"deleted"}`, 422, `"location":"body.status"`)
	w.answers(t, asAffiliate1, "POST", "links", `{"offer_id":1,"affiliate_id":2}`, 403, "somebody else")
	w.answers(t, asAdvertiser1, "POST", "links", `{"offer_id":1,"affiliate_id":1}`, 403)
	w.answers(t, asAffiliate1, "GET", "search?q=may", "", 200, `"kind":"link","id":"may"`, "!affiliate")
	w.answers(t, asAffiliate1, "GET", "search?q=june", "", 200, "!june")
	w.answers(t, asAdvertiser1, "GET", "search?q=may", "", 200, "!may")
}

func TestADeletedLinkIsGoneForGood(t *testing.T) {
	w := newWorld(t)
	w.answers(t, asAffiliate1, "DELETE", "links/spring", "", 200, `"code":"spring"`, `"status":"active"`)
	if l, ok := w.present.Link("spring"); !ok || l.Leads() {
		t.Errorf("the node has %+v, %v; want a link that leads nowhere", l, ok)
	}
	for _, as := range []string{asAffiliate1, asNetwork} {
		w.answers(t, as, "GET", "links", "", 200, "!spring")
		w.answers(t, as, "GET", "links?status=deleted", "", 200, `"data":[]`)
		w.answers(t, as, "GET", "links/spring", "", 404)
		w.answers(t, as, "PATCH", "links/spring", `{"status":"active"}`, 404)
		w.answers(t, as, "DELETE", "links/spring", "", 404)
		w.answers(t, as, "POST", "links", `{"code":"spring","offer_id":1,"affiliate_id":1}`, 409, `"location":"body.code"`)
		w.answers(t, as, "GET", "search?q=spring", "", 200, "!spring")
	}
	w.answers(t, asAffiliate1, "GET", "offers/1/links", "", 200, `"tracking_link"`, "!short_link")
	w.answers(t, asNetwork, "GET", "audit?entity=link&key=spring", "", 200, `"status":"deleted"`)
	w.answers(t, asAffiliate1, "POST", "links", `{"code":"again","offer_id":1}`, 201)
	w.answers(t, asNetwork, "DELETE", "links/again", "", 200)
}

func TestAffiliatesLinkToWhatTheyMayPromote(t *testing.T) {
	w := newWorld(t)
	none := w.do(t, asAffiliate2, "POST", "links", `{"offer_id":9}`)
	if none.status != 422 || !strings.Contains(none.text, `"location":"body.offer_id","message":"there is no offer 9"`) {
		t.Fatalf("a link to no offer = %d %s", none.status, none.text)
	}
	hidden := func(change string) {
		t.Helper()
		w.answers(t, asNetwork, "PATCH", "offers/1", change, 200)
		got := w.do(t, asAffiliate2, "POST", "links", `{"offer_id":1}`)
		if want := strings.ReplaceAll(bare(none), "offer 9", "offer 1"); bare(got) != want {
			t.Errorf("after %s a link to the offer = %s\nwant what is told of none: %s", change, bare(got), want)
		}
	}
	hidden(`{"access":"private"}`)
	hidden(`{"access":"open","status":"archived"}`)
	w.answers(t, asNetwork, "PATCH", "offers/1", `{"access":"request","status":"active"}`, 200)
	w.answers(t, asAffiliate2, "POST", "links", `{"code":"mine","offer_id":1}`, 422, `"location":"body.offer_id"`, "not approved for offer 1")
	w.answers(t, asNetwork, "PATCH", "offers/1/access/2", `{"status":"approved"}`, 200)
	w.answers(t, asAffiliate2, "POST", "links", `{"code":"mine","offer_id":1}`, 201)

	// What was made stays one's own when the approval goes, but leads nowhere anew.
	w.answers(t, asNetwork, "PATCH", "offers/1/access/2", `{"status":"rejected"}`, 200)
	w.answers(t, asAffiliate2, "PATCH", "links/mine", `{"query":"sub1=x"}`, 200)
	w.answers(t, asAffiliate2, "PATCH", "links/mine", `{"status":"retired"}`, 200)
	w.answers(t, asAffiliate2, "PATCH", "links/mine", `{"status":"active"}`, 422, `"location":"body.offer_id"`)
	w.answers(t, asNetwork, "PATCH", "links/mine", `{"status":"active"}`, 200)
	w.answers(t, asNetwork, "POST", "links", `{"offer_id":1,"affiliate_id":2}`, 201)
}

func TestAnAffiliateHasSoManyLinks(t *testing.T) {
	w := newWorld(t)
	src, err := w.db.Source(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range mostLinks - 1 { // with "spring" as many as there may be
		src.Links = append(src.Links, link.Link{Code: fmt.Sprintf("deleted-%d", i), OfferID: 1, AffiliateID: 1, Status: link.Deleted})
	}
	if w.present, err = catalog.New(src); err != nil {
		t.Fatal(err)
	}
	w.answers(t, asAffiliate1, "POST", "links", `{"offer_id":1}`, 409, "5000 links of yours")
	w.answers(t, asAffiliate1, "PATCH", "links/spring", `{"query":"sub1=x"}`, 200)
	w.answers(t, asAffiliate2, "POST", "links", `{"offer_id":1}`, 201)
	w.answers(t, asNetwork, "POST", "links", `{"offer_id":1,"affiliate_id":1}`, 201)
}
