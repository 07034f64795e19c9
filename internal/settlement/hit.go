package settlement

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/attribution"
	"waybill/internal/conversion"
	"waybill/internal/money"
	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// hit is what a signal says, understood.
type hit struct {
	server       bool // it came from a server, not from a browser
	orderID      string
	hitID        string
	conversionID string            // of the conversion it wants to change
	status       conversion.Status // empty when it says none, or is not to be heard
	amount       int64             // of the sale, in micro-units
	amountKnown  bool
	written      money.Parsed   // the amount as it was written
	currency     money.Currency // of the amount; empty when it names none
	payout       *int64         // set by the partner; nil unless the goal allows it
	payoutIn     money.Currency // of the payout; empty when it names none
	occurredAt   time.Time
	items        string
	fingerprint  string // equal for hits with equal contents
}

// checkNamedOffer compares the offer that the signal names with the click's.
func (h *hearing) checkNamedOffer() *refusal {
	named := h.s.Value(param.OfferID)
	if named == "" {
		return nil
	}
	id, err := strconv.ParseInt(named, 10, 64)
	switch {
	case err != nil:
		return malformed("offer_id %.80q is not a number", named)
	case id != h.offer.ID:
		return refuse(signal.OfferMismatch, signal.Detail{Got: named},
			"the signal names offer %d, its transaction ID is of offer %d", id, h.offer.ID)
	}
	return nil
}

// checkGoal finds the goal.
func (h *hearing) checkGoal() *refusal {
	named := h.s.Value(param.Goal)
	if named == "" && h.target != nil {
		named = number(h.target.GoalID)
	}
	g, ok := h.offer.Goal(named)
	if ok {
		h.goal = g
		return nil
	}
	if id, err := strconv.ParseInt(named, 10, 64); err == nil {
		if g, ok := h.Catalog.Goal(id); ok {
			return refuse(signal.OfferMismatch, signal.Detail{Got: number(g.OfferID)},
				"goal %d is of offer %d, the click is of offer %d", id, g.OfferID, h.offer.ID)
		}
	}
	codes := make([]string, len(h.offer.Goals))
	for i, g := range h.offer.Goals {
		codes[i] = g.Code
	}
	return refuse(signal.GoalUnknown, signal.Detail{Got: named, Want: strings.Join(codes, ", ")},
		"offer %d has no goal %.80q", h.offer.ID, named)
}

// checkValues reads the rest of what the signal says.
func (h *hearing) checkValues() *refusal {
	s := h.s
	h.hit = hit{
		server: s.Channel.FromServer(), orderID: s.Value(param.OrderID), hitID: s.Value(param.HitID),
		items: s.Value(param.Items),
	}
	for _, read := range []func() *refusal{
		h.readStatus, h.readAmount, h.readPayout, h.readOccurredAt, h.readConversionID, h.readItems,
	} {
		if r := read(); r != nil {
			return r
		}
	}
	h.hit.fingerprint = s.Fingerprint()
	return nil
}

// readStatus reads the status by the advertiser's own words. A browser has none
// to give: anybody can write what it sends.
func (h *hearing) readStatus() *refusal {
	word := h.s.Value(param.Status)
	if word == "" || !h.hit.server {
		return nil
	}
	status, ok := h.offer.Advertiser.StatusWord(word)
	if !ok {
		return malformed("status %.80q is none of approved, pending, rejected and hold, nor one of the advertiser's own words", word)
	}
	h.hit.status = conversion.Status(status)
	return nil
}

// readAmount reads the amount of the sale and its currency, which may stand in
// either parameter but not differ.
func (h *hearing) readAmount() *refusal {
	var written money.Currency
	if text := h.s.Value(param.Amount); text != "" {
		p, err := money.Parse(text)
		if err != nil {
			return amountInvalid(param.Amount, text, err)
		}
		h.hit.amount, h.hit.amountKnown, h.hit.written, written = p.Units, true, p, p.Currency
	}
	if text := h.s.Value(param.Currency); text != "" {
		named, err := money.ParseCurrency(text)
		switch {
		case err != nil:
			return currencyInvalid(text, h.offer.Currency, "%s", err)
		case written != "" && written != named:
			return currencyInvalid(text, h.offer.Currency, "the amount is written in %s", written)
		}
		written = named
	}
	h.hit.currency = written
	return nil
}

// checkCurrency compares the currencies that the signal names with the one that
// its conversion has, or would have.
func (h *hearing) checkCurrency(want money.Currency, whose string) *refusal {
	for _, got := range [...]money.Currency{h.hit.currency, h.hit.payoutIn} {
		if got != "" && got != want {
			return currencyInvalid(string(got), want, "the %s is in %s", whose, want)
		}
	}
	if !h.hit.written.Fits(want) { // a dollar sign is of many currencies, but not of all
		return currencyInvalid(h.hit.written.Sign, want, "the %s is in %s", whose, want)
	}
	return nil
}

func amountInvalid(n param.Name, got string, err error) *refusal {
	return refuse(signal.AmountInvalid, signal.Detail{Param: n.String(), Got: got, Why: err.Error()}, "%s: %s", n, err)
}

func currencyInvalid(got string, want money.Currency, format string, args ...any) *refusal {
	why := fmt.Sprintf(format, args...)
	return refuse(signal.CurrencyInvalid, signal.Detail{Got: got, Why: why, Want: string(want)},
		"currency %.20q: %s", got, why)
}

// readPayout reads the payout that the partner sets, where the goal lets him.
func (h *hearing) readPayout() *refusal {
	text := h.s.Value(param.Payout)
	if text == "" || !h.goal.PartnerMaySetPayout || !h.hit.server {
		return nil
	}
	p, err := money.Parse(text)
	if err != nil {
		return amountInvalid(param.Payout, text, err)
	}
	h.hit.payout, h.hit.payoutIn = &p.Units, p.Currency
	return nil
}

// firstYear is the first that reports can be asked for. What is said to have
// happened before it is a mistake, such as a date without its dashes.
const firstYear = 2000

// readOccurredAt reads when it happened, from senders who prove who they are.
func (h *hearing) readOccurredAt() *refusal {
	h.hit.occurredAt = h.s.ReceivedAt
	text := h.s.Value(param.OccurredAt)
	if text == "" || !h.proven() {
		return nil
	}
	at, ok := parseTime(text)
	switch {
	case !ok:
		return malformed("occurred_at %.80q is neither RFC 3339 nor Unix time", text)
	case at.Year() < firstYear:
		return malformed("occurred_at %.80q means %s, before the year %d", text, at.Format(time.RFC3339), firstYear)
	case at.After(h.s.ReceivedAt.Add(attribution.ClockSkew)):
		return malformed("occurred_at %s lies in the future", at.Format(time.RFC3339))
	case at.Before(h.s.ReceivedAt):
		h.hit.occurredAt = at
	}
	return nil
}

// proven reports whether the sender has proved who he is.
func (h *hearing) proven() bool {
	switch h.s.Channel {
	case signal.API, signal.Import:
		return true
	case signal.Postback:
		return h.offer.Advertiser.PostbackAuth != advertiser.AuthOff
	default:
		return false
	}
}

// parseTime reads RFC 3339, or Unix time in seconds or milliseconds.
func parseTime(text string) (time.Time, bool) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), true
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return time.Time{}, false
	}
	const year5138 = 100_000_000_000 // in seconds; in milliseconds it is 1973
	if n < year5138 {
		return time.Unix(n, 0).UTC(), true
	}
	return time.UnixMilli(n).UTC(), n < year5138*1000
}

// readConversionID reads which conversion the signal wants to change.
func (h *hearing) readConversionID() *refusal {
	text := h.s.Value(param.ConversionID)
	if text == "" {
		return nil
	}
	id, err := txid.Parse(text)
	if err == nil {
		_, err = h.Catalog.Ring().Open(id)
	}
	if err != nil {
		return malformed("conversion_id: %s", err)
	}
	if id.Kind() != txid.Conversion {
		return malformed("conversion_id is the ID of a %s", id.Kind())
	}
	if h.target != nil && h.target.ID != id.String() {
		return malformed("conversion_id names another conversion than the rest")
	}
	h.hit.conversionID = id.String()
	return nil
}

// readItems checks the form of the line items, which are kept as they came.
func (h *hearing) readItems() *refusal {
	if h.hit.items == "" {
		return nil
	}
	var items []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(h.hit.items), &items); err != nil || items == nil {
		return malformed(`items is not a JSON array of objects, such as [{"sku":"A1","quantity":2,"amount":"9.90"}]`)
	}
	return nil
}
