package api

import (
	"context"
	"net/url"
	"strconv"
	"strings"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/reconcile"
)

// readSide reads whose list it is. A partner's key is on its own side alone.
func (r *reconciler) readSide(t *task, query url.Values) error {
	var err error
	if t.params.OfferID, err = positive(query, "offer_id"); err != nil {
		return err
	}
	side := reconcile.Side(query.Get("side"))
	if side != "" && side != reconcile.Advertiser && side != reconcile.Affiliate {
		return fault.At("query.side", "is neither advertiser nor affiliate")
	}
	if !t.who.IsNetwork() {
		return r.ownSide(t, query, side)
	}
	if t.params.Party.AdvertiserID, err = positive(query, "advertiser_id"); err != nil {
		return err
	}
	if t.params.Party.AffiliateID, err = positive(query, "affiliate_id"); err != nil {
		return err
	}
	if err := t.settleSide(side); err != nil || t.params.OfferID == 0 {
		return err
	}
	party, owner := &t.params.Party, r.advertiserOf(t.params.OfferID)
	if owner == 0 || party.AdvertiserID != 0 && party.AdvertiserID != owner {
		return fault.At("query.offer_id", "there is no such offer")
	}
	if t.params.Side == reconcile.Advertiser {
		party.AdvertiserID = owner
	}
	return nil
}

// settleSide tells the side by the party where it was not said.
func (t *task) settleSide(side reconcile.Side) error {
	party := &t.params.Party
	switch {
	case party.AffiliateID != 0 && (party.AdvertiserID != 0 || side == reconcile.Advertiser):
		return fault.At("query.affiliate_id", "is for an affiliate's list; an advertiser's has advertiser_id")
	case party.AdvertiserID != 0 && side == reconcile.Affiliate:
		return fault.At("query.advertiser_id", "is for an advertiser's list; an affiliate's has affiliate_id")
	case side == "" && party.AffiliateID != 0:
		side = reconcile.Affiliate
	case side == "":
		side = reconcile.Advertiser
	}
	t.reading.Side, t.params.Side = side, side
	return nil
}

func (r *reconciler) ownSide(t *task, query url.Values, side reconcile.Side) error {
	own := reconcile.Owner{AdvertiserID: t.who.AdvertiserID, AffiliateID: t.who.AffiliateID}
	mine := reconcile.Affiliate
	if t.who.Role == account.Advertiser {
		mine = reconcile.Advertiser
	}
	for name, id := range map[string]int64{"advertiser_id": own.AdvertiserID, "affiliate_id": own.AffiliateID} {
		if text := query.Get(name); text != "" && text != strconv.FormatInt(id, 10) {
			return fault.New(fault.Forbidden, "a key of role %s compares its own lists alone", t.who.Role)
		}
	}
	if side != "" && side != mine {
		return fault.New(fault.Forbidden, "a key of role %s compares lists of side %s alone", t.who.Role, mine)
	}
	if offer := t.params.OfferID; offer != 0 && mine == reconcile.Advertiser && r.advertiserOf(offer) != own.AdvertiserID {
		return fault.At("query.offer_id", "there is no such offer")
	}
	t.reading.Side, t.params.Side, t.params.Party, t.owner = mine, mine, own, own
	return nil
}

func positive(query url.Values, name string) (int64, error) {
	text := query.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return 0, fault.At("query."+name, "is not a number of one")
	}
	return n, nil
}

// learnWords takes the advertiser's own words for statuses, and those that came
// with the request.
func (r *reconciler) learnWords(ctx context.Context, t *task, text string) error {
	t.reading.Words = map[string]string{}
	if id := t.params.Party.AdvertiserID; id != 0 {
		row, err := r.Advertisers.Get(ctx, id)
		if fault.Of(err) == fault.NotFound {
			return fault.At("query.advertiser_id", "there is no such advertiser")
		}
		if err != nil {
			return err
		}
		for word, means := range row.Value.StatusWords {
			t.reading.Words[word] = means
		}
	}
	if text == "" {
		return nil
	}
	for pair := range strings.SplitSeq(text, ",") {
		word, means, _ := strings.Cut(pair, ":")
		word, means = strings.TrimSpace(word), strings.TrimSpace(means)
		if word == "" || !strings.Contains(" approved pending rejected hold paid ", " "+means+" ") {
			return fault.At("query.status_words", "write a word and what it means, such as shipped:approved; a meaning is approved, pending, hold, rejected or paid")
		}
		t.reading.Words[word] = means
	}
	return nil
}

// findParty tells from the transaction IDs in a list whose it is, where the
// network has not said so: almost all of them must agree.
func (r *reconciler) findParty(t *task, list *reconcile.List) error {
	party := &t.params.Party
	if party.AdvertiserID != 0 || party.AffiliateID != 0 {
		return nil
	}
	offers, affiliates := list.Parties(t.params)
	votes, field := affiliates, "affiliate_id"
	if t.params.Side == reconcile.Advertiser {
		votes, field = map[int64]int{}, "advertiser_id"
		for offer, n := range offers {
			votes[r.advertiserOf(offer)] += n
		}
	}
	all, best := 0, int64(0)
	for id, n := range votes {
		all += n
		if n > votes[best] || n == votes[best] && id < best {
			best = id
		}
	}
	if best == 0 || votes[best]*10 < all*9 {
		return fault.At("query."+field, "say whose list this is: the transaction IDs in it do not tell")
	}
	if t.params.Side == reconcile.Advertiser {
		party.AdvertiserID = best
	} else {
		party.AffiliateID = best
	}
	list.Notes = append(list.Notes, "It was taken to be the list of "+string(t.params.Side)+" "+strconv.FormatInt(best, 10)+", by the transaction IDs in it.")
	return nil
}
