package api

import (
	"context"
	"encoding/json"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/signal"
)

// conversionChange is what PATCH takes.
type conversionChange struct {
	Status string  `json:"status,omitempty" enum:"approved,pending,rejected,hold" doc:"What it becomes."`
	Amount *amount `json:"amount,omitempty" doc:"The sale amount, in the conversion's currency."`
	Note   string  `json:"note,omitempty" maxLength:"1000" doc:"Why; kept with the signal. The advertiser and the affiliate see it."`
}

// amount is money that may be written as a decimal string too, as postbacks do.
type amount struct{ money.Amount }

// UnmarshalJSON reads {"amount":"12.50","currency":"USD"} or "12.50".
func (m *amount) UnmarshalJSON(data []byte) error {
	if len(data) == 0 || data[0] != '"' {
		return m.Amount.UnmarshalJSON(data)
	}
	var units money.Micros
	if err := units.UnmarshalJSON(data); err != nil {
		return err
	}
	m.Amount = money.Amount{Units: int64(units)}
	return nil
}

func (c conversionChange) validate() error {
	if c.Status == "" && c.Amount == nil {
		return fault.New(fault.Invalid, "name a status, an amount or both")
	}
	if _, ok := conversion.ParseStatus(c.Status); !ok && c.Status != "" {
		return fault.At("status", "%.40q is not a status to set; use approved, pending, rejected or hold", c.Status)
	}
	if c.Amount != nil && c.Amount.Units < 0 {
		return fault.At("amount", "is never negative; to take a conversion back, reject it")
	}
	return fault.Note("note", c.Note)
}

type changeConversionIn struct {
	caller
	ID      string `path:"id"`
	IfMatch string `header:"If-Match" doc:"The ETag of an earlier answer: the change is refused (412) if the conversion is another by now."`
	RawBody []byte
}

func (a *API) changeConversion(ctx context.Context, in *changeConversionIn) (*answer, error) {
	wanted, err := version(in.IfMatch)
	if err != nil {
		return nil, err
	}
	c, err := a.findConversion(ctx, in.who(), in.ID)
	if err != nil {
		return nil, err
	}
	if in.who().Test && !c.Test {
		return nil, fault.New(fault.Forbidden, "what a test key sends is test traffic, and conversion %s is none", c.ID)
	}
	if wanted != 0 && wanted != int64(c.Version) {
		return nil, fault.New(fault.Stale, "conversion %s is at version %d by now", c.ID, c.Version)
	}
	var change conversionChange
	if err := merge(&change, conversionChange{}, in.RawBody); err != nil {
		return nil, err
	}
	if err := change.validate(); err != nil {
		return nil, err
	}
	hit := a.hit(&in.caller)
	hit.IfVersion = int(wanted)
	if hit.Parameters, err = json.Marshal(change.parameters(c)); err != nil {
		return nil, err
	}
	if in.who().UserID != 0 { // programs may do so all the time
		if err := a.noteDecision(ctx, in.who(), "change", c.ID, change); err != nil {
			return nil, err
		}
	}
	v := a.Signals.Submit(ctx, hit)
	if v.Code == signal.Conflict && wanted != 0 {
		return nil, fault.New(fault.Stale, "%s (signal %s)", v.Message, v.SignalID)
	}
	return &answer{Status: v.Code.HTTP(), Body: v}, nil
}

// parameters says the change in the words of a postback.
func (c conversionChange) parameters(of conversion.Conversion) map[string]string {
	p := map[string]string{
		"conversion_id": of.ID,
		"goal":          number(of.GoalID), // its code may be another by now
	}
	if id := of.Touch.TransactionID; id != "" {
		p["transaction_id"] = id
	} else { // a coupon or an affiliate alone earned it
		p["offer_id"] = number(of.OfferID)
	}
	if of.Test {
		p["test"] = "1"
	}
	if of.OrderID != "" {
		p["order_id"] = of.OrderID
	}
	if c.Status != "" {
		p["status"] = c.Status
	}
	if c.Amount != nil {
		p["amount"] = money.Decimal(c.Amount.Units, of.Amount.Currency)
		p["currency"] = string(of.Amount.Currency)
		if c.Amount.Currency != "" {
			p["currency"] = string(c.Amount.Currency)
		}
	}
	if c.Note != "" {
		p["note"] = c.Note
	}
	return p
}
