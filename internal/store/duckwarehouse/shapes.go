package duckwarehouse

import (
	"strconv"
	"time"

	"waybill/internal/fact"
)

// click holds what the columns of a click are written from. Its ID is cut once
// for all of them.
func clickShape() shape[fact.Click] {
	type row = fact.Click
	s := newShape(func(c *row) time.Time { return c.ID.Time() })
	s.fills["id_head"] = number(func(c *row) uint8 { return c.ID.Columns().Head })
	s.fills["id_node"] = number(func(c *row) uint16 { return c.ID.Node() })
	s.fills["id_seq"] = number(func(c *row) uint16 { return c.ID.Seq() })
	s.fills["id_mask"] = number(func(c *row) uint64 { return c.ID.Columns().Mask })
	s.fills["id_tag"] = number(func(c *row) uint32 { return c.ID.Columns().Tag })
	s.fills["traffic"] = number(func(c *row) uint8 { return c.Traffic() })
	s.fills["offer"] = number(func(c *row) int64 { return c.OfferID })
	s.fills["advertiser"] = number(func(c *row) int64 { return c.AdvertiserID })
	s.fills["affiliate"] = number(func(c *row) int64 { return c.AffiliateID })
	s.fills["visitor"] = number(func(c *row) uint64 { return c.Visitor })
	s.fills["turned_away"] = texts(func(c *row) string { return c.TurnedAway })
	s.fills["source"] = texts(func(c *row) string { return c.Source })
	s.numbered("sub", func(c *row) *[fact.Subs]string { return &c.Sub })
	s.word("country", func(c *row) string { return c.Country })
	s.fills["region"] = texts(func(c *row) string { return c.Region })
	s.word("device", func(c *row) string { return c.Device })
	s.word("os", func(c *row) string { return c.OS })
	s.word("browser", func(c *row) string { return c.Browser })
	s.fills["link"] = texts(func(c *row) string { return c.Link })
	s.fills["aff_click_id"] = texts(func(c *row) string { return c.AffClickID })
	s.fills["referrer"] = texts(func(c *row) string { return c.Referrer })
	s.fills["user_agent"] = texts(func(c *row) string { return c.UserAgent })
	s.fills["ip"] = texts(func(c *row) string { return c.IP })
	return s
}

func conversionShape() shape[fact.Conversion] {
	type row = fact.Conversion
	s := newShape(func(c *row) time.Time { return c.At })
	s.fills["sign"] = number(func(c *row) int8 { return c.Sign })
	s.fills["click_ms"] = number(func(c *row) int64 { return fact.Milli(c.ClickAt) })
	s.fills["click_quarter"] = number(func(c *row) int32 { return fact.Quarter(c.ClickAt) })
	s.fills["conversion_id"] = texts(func(c *row) string { return c.ID })
	s.fills["transaction_id"] = texts(func(c *row) string { return c.TransactionID })
	s.fills["change_id"] = number(func(c *row) int64 { return c.ChangeID })
	s.fills["traffic"] = number(func(c *row) uint8 { return c.Traffic() })
	s.fills["offer"] = number(func(c *row) int64 { return c.OfferID })
	s.fills["advertiser"] = number(func(c *row) int64 { return c.AdvertiserID })
	s.fills["affiliate"] = number(func(c *row) int64 { return c.AffiliateID })
	s.fills["goal"] = number(func(c *row) int64 { return c.GoalID })
	s.fills["status"] = texts(func(c *row) string { return c.Status })
	s.fills["channel"] = texts(func(c *row) string { return c.Channel })
	s.fills["attribution"] = texts(func(c *row) string { return c.Attribution })
	s.fills["view_through"] = number(func(c *row) bool { return c.ViewThrough })
	s.fills["amount"] = number(func(c *row) int64 { return c.Amount })
	s.fills["payout"] = number(func(c *row) int64 { return c.Payout })
	s.fills["revenue"] = number(func(c *row) int64 { return c.Revenue })
	s.fills["currency"] = texts(func(c *row) string { return c.Currency })
	s.fills["order_id"] = texts(func(c *row) string { return c.OrderID })
	s.fills["source"] = texts(func(c *row) string { return c.Source })
	s.numbered("sub", func(c *row) *[fact.Subs]string { return &c.Sub })
	s.numbered("adv", func(c *row) *[fact.Subs]string { return &c.Adv })
	s.word("country", func(c *row) string { return c.Country })
	s.fills["region"] = texts(func(c *row) string { return c.Region })
	s.word("device", func(c *row) string { return c.Device })
	s.word("os", func(c *row) string { return c.OS })
	s.word("browser", func(c *row) string { return c.Browser })
	return s
}

func signalShape() shape[fact.Signal] {
	type row = fact.Signal
	s := newShape(func(c *row) time.Time { return c.At })
	s.fills["signal_id"] = texts(func(c *row) string { return c.ID.String() })
	s.fills["channel"] = texts(func(c *row) string { return c.Channel })
	s.fills["status"] = texts(func(c *row) string { return c.Status })
	s.fills["code"] = texts(func(c *row) string { return c.Code })
	s.fills["transaction_id"] = texts(func(c *row) string { return c.TransactionID })
	s.fills["conversion_id"] = texts(func(c *row) string { return c.ConversionID })
	s.fills["order_id"] = texts(func(c *row) string { return c.OrderID })
	s.fills["offer"] = number(func(c *row) int64 { return c.OfferID })
	s.fills["advertiser"] = number(func(c *row) int64 { return c.AdvertiserID })
	s.fills["affiliate"] = number(func(c *row) int64 { return c.AffiliateID })
	s.fills["goal"] = number(func(c *row) int64 { return c.GoalID })
	s.fills["amount_sent"] = texts(func(c *row) string { return c.Amount })
	s.fills["test"] = number(func(c *row) bool { return c.Test })
	s.fills["correction"] = number(func(c *row) bool { return c.Correction })
	return s
}

func attemptShape() shape[fact.Attempt] {
	type row = fact.Attempt
	s := newShape(func(c *row) time.Time { return c.At })
	s.fills["number"] = number(func(c *row) int64 { return c.Number })
	s.fills["delivery_id"] = texts(func(c *row) string { return c.DeliveryID })
	s.fills["conversion_id"] = texts(func(c *row) string { return c.ConversionID })
	s.fills["transaction_id"] = texts(func(c *row) string { return c.TransactionID })
	s.fills["event"] = texts(func(c *row) string { return c.Event })
	s.fills["took_ms"] = number(func(c *row) int64 { return c.Took.Milliseconds() })
	s.fills["subscription"] = number(func(c *row) int64 { return c.SubscriptionID })
	s.fills["offer"] = number(func(c *row) int64 { return c.OfferID })
	s.fills["advertiser"] = number(func(c *row) int64 { return c.AdvertiserID })
	s.fills["affiliate"] = number(func(c *row) int64 { return c.AffiliateID })
	s.fills["http_status"] = number(func(c *row) int32 { return int32(c.Status) }) //nolint:gosec // three digits
	s.fills["error"] = texts(func(c *row) string { return c.Error })
	s.fills["delivered"] = number(func(c *row) bool { return c.Delivered })
	s.fills["test"] = number(func(c *row) bool { return c.Test })
	return s
}

// newShape has the columns of all tables.
func newShape[T any](when func(*T) time.Time) shape[T] {
	return shape[T]{
		words: map[string]func(*T) string{},
		day:   func(row *T) int32 { return fact.Day(when(row)) },
		fills: map[string]fill[T]{
			"ms":      number(func(row *T) int64 { return fact.Milli(when(row)) }),
			"quarter": number(func(row *T) int32 { return fact.Quarter(when(row)) }),
			"day":     number(func(row *T) int32 { return fact.Day(when(row)) }),
		},
	}
}

func (s shape[T]) word(name string, get func(*T) string) {
	s.words[name] = get
	s.fills[name] = words(get)
}

func (s shape[T]) numbered(name string, get func(*T) *[fact.Subs]string) {
	for i := range fact.Subs {
		s.fills[name+strconv.Itoa(i+1)] = texts(func(row *T) string { return get(row)[i] })
	}
}
