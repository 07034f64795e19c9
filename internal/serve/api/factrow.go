package api

import (
	"context"
	"strconv"
	"time"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/report"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// factRow is one row of a list of facts.
type factRow struct {
	fields []report.Field
	cells  []report.Cell
}

// cell gives the cell of a field; an empty one where there is none.
func (f factRow) cell(name string) report.Cell {
	for i := range f.fields {
		if f.fields[i].Name == name && i < len(f.cells) {
			return f.cells[i]
		}
	}
	return report.Cell{Null: true}
}

func (f factRow) text(name string) string  { return f.cell(name).Text }
func (f factRow) number(name string) int64 { return f.cell(name).Number }
func (f factRow) flag(name string) bool    { return f.cell(name).Number != 0 }

// at gives when the fact was.
func (f factRow) at() time.Time { return f.time("at") }

// time gives an instant, the zero time where it is not known.
func (f factRow) time(name string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, f.text(name))
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// texts gives the values name1, name2, …, cut behind the last that is set.
func (f factRow) texts(name string, n int) []string {
	var all []string
	for i := range n {
		all = append(all, f.text(name+strconv.Itoa(i+1)))
	}
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

// money gives an amount in the fact's currency, none where the caller may not
// see it.
func (f factRow) money(name string) money.Amount {
	units, err := money.ParseSigned(f.text(name))
	if err != nil {
		return money.Amount{}
	}
	return money.Amount{Units: units, Currency: money.Currency(f.text("currency"))}
}

// clicks lists clicks by their records. Of one whose record is gone, or lies on
// another node, the fact is shown.
func (p *reporter) clicks() listing {
	return listing{table: fact.Clicks, plural: "clicks", record: func(ctx context.Context, who account.Principal, f factRow) (object, error) {
		shown := f.click()
		id, err := txid.Parse(shown.TransactionID)
		if err != nil {
			return nil, err
		}
		switch c, err := p.readClick(ctx, id); {
		case err == nil:
			shown = showClick(c)
		case fault.Of(err) != fault.NotFound:
			return nil, err
		}
		return view(who.Role, kindClick, shown)
	}}
}

// impressions lists impressions by what reports know of them.
func impressions() listing {
	return listing{table: fact.Impressions, plural: "impressions", record: func(_ context.Context, who account.Principal, f factRow) (object, error) {
		return view(who.Role, kindClick, f.click())
	}}
}

// click gives what a fact knows of a click.
func (f factRow) click() clickRecord {
	return clickRecord{
		TransactionID: f.text("transaction_id"), At: f.at(), Test: f.flag("test"), OfferID: f.number("offer"), AffiliateID: f.number("affiliate"),
		Link: f.text("link"), AffClickID: f.text("aff_click_id"), Source: f.text("source"), Sub: f.texts("sub", fact.Subs),
		IP: f.text("ip"), UserAgent: f.text("user_agent"), Referrer: f.text("referrer"), TurnedAway: f.text("turned_away"),
		Visitor: visitorRecord{
			Country: f.text("country"), Device: f.text("device"), OS: f.text("os"), Browser: f.text("browser"), Bot: f.flag("is_bot"),
		},
	}
}

// conversions lists conversions as the ledger has them.
func (p *reporter) conversions() listing {
	return listing{table: fact.Conversions, plural: "conversions", record: func(ctx context.Context, who account.Principal, f factRow) (object, error) {
		c, err := p.Conversions.Conversion(ctx, f.text("conversion_id"))
		if fault.Of(err) == fault.NotFound {
			c, err = f.conversion(), nil
		}
		if err != nil {
			return nil, err
		}
		return view(who.Role, kindConversion, c)
	}}
}

// conversion gives what a fact knows of a conversion that the ledger no longer
// has.
func (f factRow) conversion() conversion.Conversion {
	return conversion.Conversion{
		ID: f.text("conversion_id"), Test: f.flag("test"), OfferID: f.number("offer"), GoalID: f.number("goal"),
		AdvertiserID: f.number("advertiser"), AffiliateID: f.number("affiliate"), OrderID: f.text("order_id"),
		Channel: f.text("channel"), Status: conversion.Status(f.text("status")), OccurredAt: f.at(),
		Amount: f.money("amount"), Payout: f.money("payout"), Revenue: f.money("revenue"),
		Touch: conversion.Touch{
			TransactionID: f.text("transaction_id"), Kind: f.touched(), At: f.time("click_at"),
			Source: f.text("source"), Sub: f.texts("sub", fact.Subs),
			Country: f.text("country"), Device: f.text("device"), OS: f.text("os"), Browser: f.text("browser"), Bot: f.flag("is_bot"),
		},
		Adv: f.texts("adv", fact.Subs),
	}
}

// touched says what earned a conversion: a click, a view, or neither.
func (f factRow) touched() string {
	switch {
	case f.text("transaction_id") == "":
		return ""
	case f.flag("view_through"):
		return txid.Impression.String()
	default:
		return txid.Click.String()
	}
}

// verdicts lists what became of signals, as the ledger has it.
func (p *reporter) verdicts() listing {
	return listing{table: fact.Signals, plural: "signals", record: func(ctx context.Context, who account.Principal, f factRow) (object, error) {
		v, err := p.Verdicts.Verdict(ctx, f.text("signal_id"))
		if fault.Of(err) == fault.NotFound {
			v, err = f.verdict(), nil
		}
		if err != nil || !p.seesSignal(who, &v) {
			return nil, err
		}
		return view(who.Role, kindVerdict, showVerdict(v))
	}}
}

func (f factRow) verdict() signal.Verdict {
	return signal.Verdict{
		SignalID: f.text("signal_id"), Status: signal.Status(f.text("status")), Code: signal.Code(f.text("code")), Test: f.flag("test"),
		TransactionID: f.text("transaction_id"), ConversionID: f.text("conversion_id"), OfferID: f.number("offer"),
		GoalID: f.number("goal"), Channel: signal.Channel(f.text("channel")), SettledAt: f.at(),
	}
}

// attempts lists tries to deliver, each with its postback as the ledger has it.
func (p *reporter) attempts() listing {
	return listing{table: fact.Deliveries, plural: "deliveries", record: func(ctx context.Context, who account.Principal, f factRow) (object, error) {
		id := f.text("delivery_id")
		d, err := p.Deliveries.Delivery(ctx, id)
		if fault.Of(err) == fault.NotFound {
			d, err = f.owed(), nil
		}
		if err != nil {
			return nil, err
		}
		tries, err := p.Deliveries.Attempts(ctx, id)
		if err != nil {
			return nil, err
		}
		if err := p.disclose(ctx, &d); err != nil {
			return nil, err
		}
		shown := listedDelivery{Owed: d, Tries: []attemptRecord{f.attempt()}}
		for _, t := range tries {
			if fact.Milli(t.At) == fact.Milli(f.at()) {
				shown.Tries = []attemptRecord{showAttempt(t)}
			}
		}
		return view(who.Role, kindDelivery, shown)
	}}
}

func (f factRow) owed() delivery.Owed {
	return delivery.Owed{
		ID: f.text("delivery_id"), SubscriptionID: f.number("subscription"), ConversionID: f.text("conversion_id"),
		TransactionID: f.text("transaction_id"), Event: conversion.Event(f.text("event")), Test: f.flag("test"),
	}
}

func (f factRow) attempt() attemptRecord {
	return attemptRecord{
		At: f.at(), Took: (time.Duration(f.number("took_ms")) * time.Millisecond).String(),
		Status: int(f.number("http_status")), Error: f.text("error"),
	}
}
