package edge

import (
	"context"
	"net/netip"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

// TestVisit is a visit that nobody pays for, to try a shop's integration.
type TestVisit struct {
	OfferID     int64
	AffiliateID int64 // whose visitor it is to be; 0 for nobody's
	From        netip.Addr
	UserAgent   string
}

// TestClick writes a test click down, and gives its ID and the URL that the
// visitor would be sent to. Whether the offer is open is not asked: it is tried
// before it opens. Unlike a visitor's, a click that cannot be written down is an
// error.
func (e *Edge) TestClick(ctx context.Context, t TestVisit) (txid.ID, string, error) {
	v := e.visit(txid.Click)
	defer e.leave(v)
	v.now, v.catalog = e.time(), e.Catalog()
	v.name(t.OfferID, t.AffiliateID)
	if v.offer == nil {
		return txid.ID{}, "", fault.New(fault.NotFound, "there is no offer %d", t.OfferID)
	}
	c := &v.click
	c.At, c.Test, c.IP = v.now, true, t.From
	c.UserAgent = v.cut("user_agent", t.UserAgent)
	c.Visitor = e.Guide.Look(c.IP, c.UserAgent)
	e.begin(v, true)
	if !v.depart() {
		return txid.ID{}, "", fault.New(fault.Invalid, "the offer's destination_url cannot be used; save it again to see what is wrong with it")
	}
	c.VisitorHash = e.hasher.Hash(v.catalog.Ring(), c.ID.Time(), c.IP, c.UserAgent)
	id, ticket := c.ID, v.ticket
	v.ticket = txid.Ticket{} // the journal ends it from here on
	if err := e.Journal.Append(context.WithoutCancel(ctx), ticket, c.Append(nil), v.identities()...); err != nil {
		return txid.ID{}, "", fault.Because(err, fault.Unavailable, "the test click could not be written down")
	}
	return id, v.location, nil
}
