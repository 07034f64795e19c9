package fact

import (
	"cmp"
	"net/netip"
	"time"

	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// OfClick gives the fact of a visit or a view. A record does not name the
// offer's advertiser; whoever reads it does.
func OfClick(c *click.Click, advertiserID int64) Click {
	return Click{
		ID: c.ID, OfferID: c.OfferID, AdvertiserID: advertiserID, AffiliateID: c.AffiliateID,
		Visitor: c.VisitorHash, Bot: c.Visitor.Bot, TurnedAway: string(c.TurnedAway),
		Source: c.Source, Sub: c.Sub,
		Country: c.Visitor.Country, Device: string(c.Visitor.Device), OS: c.Visitor.OS, Browser: c.Visitor.Browser,
		Link: c.LinkCode, AffClickID: c.AffClickID, Referrer: c.Referrer, UserAgent: c.UserAgent, IP: address(c.IP),
	}
}

// milli gives t as a fact has it: in UTC, to the millisecond.
func milli(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func address(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// byTransactionID is the rule that has credited a conversion that names none.
const byTransactionID = "transaction_id"

// OfChange gives the facts of a change: one that takes back what before said,
// and one that says what holds after it. before is nil for a new conversion. A
// change of nothing that is reported is no fact at all.
func OfChange(before, after *conversion.Conversion, changeID int64) []Conversion {
	plus := ofConversion(after, changeID)
	if before == nil {
		return []Conversion{plus}
	}
	minus := ofConversion(before, changeID)
	if minus == plus {
		return nil
	}
	minus.Sign = -1
	return []Conversion{minus, plus}
}

func ofConversion(c *conversion.Conversion, changeID int64) Conversion {
	t := &c.Touch
	f := Conversion{
		Sign: 1, ID: c.ID, TransactionID: t.TransactionID, ChangeID: changeID, At: milli(c.OccurredAt), ClickAt: milli(t.At),
		OfferID: c.OfferID, AdvertiserID: c.AdvertiserID, AffiliateID: c.AffiliateID, GoalID: c.GoalID,
		Status: string(c.Status), Channel: c.Channel, Attribution: cmp.Or(t.By, byTransactionID),
		ViewThrough: t.Kind == txid.Impression.String(), Test: c.Test, Bot: t.Bot,
		Amount: c.Amount.Units, Payout: c.Payout.Units, Revenue: c.Revenue.Units, Currency: string(cmp.Or(c.Amount.Currency, c.Payout.Currency)),
		OrderID: c.OrderID, Source: t.Source,
		Country: t.Country, Device: t.Device, OS: t.OS, Browser: t.Browser,
	}
	copy(f.Sub[:], t.Sub)
	copy(f.Adv[:], c.Adv)
	return f
}

// OfSignal gives the fact of a signal and the verdict on it. Neither names the
// offer's advertiser, nor the affiliate of the click.
func OfSignal(s *signal.Signal, v signal.Verdict, advertiserID, affiliateID int64) Signal {
	return Signal{
		ID: s.ID, At: milli(s.ReceivedAt), Channel: string(s.Channel), Status: string(v.Status), Code: string(v.Code),
		TransactionID: v.TransactionID, ConversionID: v.ConversionID, OrderID: said(s, "order_id"),
		OfferID: v.OfferID, AdvertiserID: advertiserID, AffiliateID: affiliateID, GoalID: v.GoalID,
		Amount: said(s, "amount"), Test: s.Test || v.Test, Correction: !s.Reports(),
	}
}

// said gives what a signal says under a canonical name.
func said(s *signal.Signal, name string) string {
	for i := range s.Params {
		if s.Params[i].Name.String() == name {
			return s.Params[i].Value
		}
	}
	return ""
}

// OfAttempt gives the fact of a try to deliver o. number is its place in the
// ledger's order; c is the conversion that o tells of.
func OfAttempt(number int64, a *delivery.Attempt, o *delivery.Owed, c *conversion.Conversion) Attempt {
	return Attempt{
		Number: number, DeliveryID: a.DeliveryID, ConversionID: o.ConversionID, TransactionID: o.TransactionID,
		Event: string(o.Event), At: milli(a.At), Took: a.Took.Truncate(time.Millisecond),
		SubscriptionID: o.SubscriptionID, OfferID: c.OfferID, AdvertiserID: c.AdvertiserID, AffiliateID: c.AffiliateID,
		Status: a.Status, Error: string(a.Error), Delivered: a.Error == "", Test: o.Test,
	}
}
