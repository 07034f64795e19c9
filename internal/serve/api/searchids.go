package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/txid"
)

// mostByID is how many records a store gives whose ID begins with a text.
const mostByID = mostMinted / 100

// ids looks for records whose ID begins with the text. IDs sort by time, so that
// those that begin alike lie side by side in every store.
func (q *search) ids(ctx context.Context) error {
	first, last, ok := txid.Beginning(q.text)
	if !ok || len(q.text) < leastID {
		return nil
	}
	from := first.String()[:len(q.text)] // as IDs are written
	to := from + "~"
	switch first.Kind() {
	case txid.Click, txid.Impression:
		return q.minted(ctx, first, last, from, q.visit)
	case txid.Signal:
		if err := q.minted(ctx, first, last, from, q.hit); err != nil {
			return err
		}
		return q.deliveries(ctx, from, to) // whose IDs begin as those of their signals
	case txid.Conversion:
		return q.conversions(ctx, from, to)
	default:
		return nil
	}
}

// minted looks through the journal. What is found by its whole ID is nowhere else.
func (q *search) minted(ctx context.Context, first, last txid.ID, begin string, add func(context.Context, txid.ID) (bool, error)) error {
	found := []txid.ID{first}
	if first != last {
		some, err := q.between(ctx, first, last, begin)
		if err != nil {
			return err
		}
		found = some
	}
	known := false
	for _, id := range found {
		added, err := add(ctx, id)
		if err != nil {
			return err
		}
		known = known || added
	}
	if first == last && known {
		return nil
	}
	return q.elsewhere(ctx, first, last)
}

// between gives what the journal has of IDs that begin so and may be the caller's.
func (q *search) between(ctx context.Context, first, last txid.ID, begin string) (found []txid.ID, err error) {
	looked := 0
	err = q.Finds.Minted(ctx, first.Kind(), first.Time(), last.Time().Add(time.Millisecond), func(id txid.ID) bool {
		if looked++; looked > mostMinted {
			q.missed(byID, time.Time{}, time.Time{})
			return false
		}
		if strings.HasPrefix(id.String(), begin) && q.mayOwn(id.String()) {
			found = append(found, id)
		}
		return len(found) < mostOfKind
	})
	return found, err
}

// elsewhere notes that other nodes may have written down what is looked for. Each
// has a journal of its own, which no other reads.
func (q *search) elsewhere(ctx context.Context, first, last txid.ID) error {
	others, err := q.Finds.OtherNodes(ctx)
	if err != nil {
		return err
	}
	for _, n := range others {
		if first.Tick() != last.Tick() || first.Node() <= n && n <= last.Node() {
			q.missed(byID, time.Time{}, time.Time{})
			q.out.Unsearched[slices.IndexFunc(q.out.Unsearched, func(u unsearched) bool { return u.By == byID })].OtherNodes = true
			return nil
		}
	}
	return nil
}

// mayOwn tells from an ID alone whether it can be the caller's. Of a signal that is
// for no offer its record tells.
func (q *search) mayOwn(transactionID string) bool {
	if q.who.IsNetwork() {
		return true
	}
	advertiserID, affiliateID, err := q.parties(transactionID)
	if err == nil && advertiserID == 0 && q.who.Role == account.Advertiser {
		return true
	}
	return err == nil && q.who.Owns(advertiserID, affiliateID)
}

// traced gives a transaction's ID if its trace is the caller's to see.
func (q *search) traced(transactionID string) string {
	advertiserID, affiliateID, err := q.parties(transactionID)
	if err != nil || !q.who.Owns(advertiserID, affiliateID) {
		return ""
	}
	return transactionID
}

// visit adds a click or impression that has a trace.
func (q *search) visit(ctx context.Context, id txid.ID) (bool, error) {
	text := q.traced(id.String())
	if text == "" {
		return false, nil
	}
	l := searchLine{Kind: "click", ID: text, TransactionID: text, Title: text, At: instant(id.Time()), By: byID, Exact: q.is(text)}
	if id.Kind() == txid.Impression {
		l.Kind = "impression"
	}
	c, err := q.readClick(ctx, id)
	switch {
	case err == nil:
		l.At, l.Detail = instant(c.At), q.called("offer", c.OfferID)+" · "+q.called("affiliate", c.AffiliateID)
		if c.TurnedAway != "" {
			l.Detail += " · turned away: " + string(c.TurnedAway)
		}
	case fault.Of(err) != fault.NotFound:
		return false, err
	default: // its record is gone; what came of it may be there
		all, err := q.Trace.Trace(ctx, text)
		if err != nil || len(all.Verdicts)+len(all.Conversions) == 0 {
			return false, err
		}
	}
	q.add(l)
	return true, nil
}

// hit adds a signal that the caller sees.
func (q *search) hit(ctx context.Context, id txid.ID) (bool, error) {
	r, err := q.presentSignal(ctx, id)
	if fault.Of(err) == fault.NotFound || err == nil && !q.seesRecord(q.who, &r) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	q.add(searchLine{
		Kind: "signal", ID: r.ID, TransactionID: q.traced(r.TransactionID), Title: r.ID, At: instant(r.ReceivedAt), By: byID, Exact: q.is(r.ID),
		Detail: string(r.Verdict.Status) + " · " + string(r.Verdict.Code) + " · " + r.Channel,
	})
	return true, nil
}

func (q *search) conversions(ctx context.Context, from, to string) error {
	all, err := q.Finds.FindConversions(ctx, from, to, mostByID)
	if err != nil {
		return err
	}
	q.missedOthers(len(all))
	n := 0
	for i := range all {
		if n < mostOfKind && q.conversion(&all[i], byID, all[i].ID) {
			n++
		}
	}
	return nil
}

// missedOthers notes that a store gave as many as it may: everybody's are among
// them, and a partner's may lie behind.
func (q *search) missedOthers(found int) {
	if found == mostByID && !q.who.IsNetwork() {
		q.missed(byID, time.Time{}, time.Time{})
	}
}

// conversion adds one that was found by something of it, if the caller sees it.
func (q *search) conversion(c *conversion.Conversion, by, found string) bool {
	if !q.who.Owns(c.AdvertiserID, c.AffiliateID) {
		return false
	}
	q.add(searchLine{
		Kind: "conversion", ID: c.ID, TransactionID: q.traced(c.Touch.TransactionID), Title: found, At: instant(c.CreatedAt), By: by, Exact: q.is(found),
		Detail: string(c.Status) + " · " + c.GoalCode + " · " + q.called("offer", c.OfferID),
	})
	return true
}

func (q *search) deliveries(ctx context.Context, from, to string) error {
	all, err := q.Finds.FindDeliveries(ctx, from, to, mostByID)
	if err != nil {
		return err
	}
	q.missedOthers(len(all))
	n := 0
	for i := range all {
		if n == mostOfKind {
			return nil
		}
		mine, err := q.ownsDelivery(ctx, q.who, all[i])
		if err != nil {
			return err
		}
		if mine {
			n++
			q.delivery(&all[i])
		}
	}
	return nil
}

func (q *search) delivery(d *delivery.Owed) {
	q.add(searchLine{
		Kind: "delivery", ID: d.ID, TransactionID: q.traced(d.TransactionID), Title: d.ID, At: instant(d.CreatedAt), By: byID, Exact: q.is(d.ID),
		Detail: string(d.Event) + " · " + string(d.State),
	})
}

// is reports whether a text is what is looked for, and not only begins so.
func (q *search) is(text string) bool { return strings.EqualFold(text, q.text) }
