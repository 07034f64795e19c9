package traffic

import (
	"strconv"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/fact"
	"waybill/internal/money"
	"waybill/internal/signal"
)

// tries is how often a click is drawn that may convert, before the next is
// taken as it comes.
const tries = 64

// convert turns so many of an hour's clicks into conversions, and makes what
// goes with them.
func (m *maker) convert(clicks []fact.Click, n int64) {
	for range n {
		c, ok := m.convertible(clicks)
		if !ok {
			return
		}
		m.earn(c)
		if m.random.IntN(100) < 8 {
			m.refuse(c)
		}
	}
}

// convertible draws a click that was sent on. Some offers convert better.
func (m *maker) convertible(clicks []fact.Click) (*fact.Click, bool) {
	var last *fact.Click
	for i := range tries * 4 {
		if len(clicks) == 0 {
			break
		}
		c := &clicks[m.random.IntN(len(clicks))]
		if c.TurnedAway != "" || c.Bot && m.random.IntN(20) > 0 {
			continue
		}
		last = c
		if i >= tries || m.random.Uint32() < m.market.offers[c.OfferID-1].converts {
			break
		}
	}
	return last, last != nil
}

// earn makes a click's conversion, its signal, its changes and its postbacks.
func (m *maker) earn(c *fact.Click) {
	r, o := m.random, &m.market.offers[c.OfferID-1]
	f := fact.Conversion{
		Sign: 1, TransactionID: c.ID.String(), At: m.later(c.ID.Time()), ClickAt: c.ID.Time(),
		OfferID: c.OfferID, AdvertiserID: c.AdvertiserID, AffiliateID: c.AffiliateID, GoalID: o.goal,
		Status: string(conversion.Pending), Channel: m.channel(), Attribution: "transaction_id", Test: c.ID.Test(), Bot: c.Bot,
		Currency: "USD", Source: c.Source, Sub: c.Sub, Country: c.Country, Device: c.Device, OS: c.OS, Browser: c.Browser,
	}
	f.ID = m.id(m.heads.conversion, f.At.UnixMilli()).String()
	f.OrderID = "o" + strconv.FormatUint(r.Uint64()>>20, 10)
	f.Adv[0] = m.market.plans[early(r, len(m.market.plans))]
	f.Adv[1] = "sku-" + strconv.Itoa(1000+m.market.items.draw(r))
	if o.atOnce {
		f.Status = string(conversion.Approved)
	}
	price(&f, o, (5+r.Int64N(40)*r.Int64N(40)/10)*1_000_000-10_000)
	m.signal(&f, signal.Accepted, signal.OK)
	m.change(nil, &f)
	m.live(o, f)
}

// price says what a conversion is worth.
func price(f *fact.Conversion, o *offer, amount int64) {
	f.Amount, f.Payout, f.Revenue = amount, o.payout, o.revenue
	if o.sale {
		f.Payout, f.Revenue = amount*o.payout/100, amount*o.revenue/100
	}
}

// live lets a conversion become what it becomes: approved or not, corrected,
// paid.
func (m *maker) live(o *offer, f fact.Conversion) {
	r := m.random
	become := func(status conversion.Status, event conversion.Event) {
		before := f
		f.Status = string(status)
		m.change(&before, &f)
		m.tell(&f, event)
	}
	m.tell(&f, conversion.EventCreated)
	if f.Status == string(conversion.Pending) {
		switch u := r.IntN(100); {
		case u < 78:
			become(conversion.Approved, conversion.EventApproved)
		case u < 91:
			become(conversion.Rejected, conversion.EventRejected)
		case u < 94:
			become(conversion.Hold, conversion.EventUpdated)
		}
	}
	if o.sale && r.IntN(50) == 0 {
		before := f
		price(&f, o, f.Amount/2)
		m.signal(&f, signal.Updated, signal.CodeUpdated)
		m.change(&before, &f)
		m.tell(&f, conversion.EventUpdated)
	}
	if f.Status == string(conversion.Approved) && r.IntN(100) < 40 {
		become(conversion.Paid, conversion.EventPaid)
	}
}

// change writes down what no longer holds, and what does.
func (m *maker) change(before, after *fact.Conversion) {
	m.changes++
	if before != nil {
		minus := *before
		minus.Sign, minus.ChangeID = -1, m.changes
		m.out.Conversions = append(m.out.Conversions, minus)
	}
	after.ChangeID = m.changes
	m.out.Conversions = append(m.out.Conversions, *after)
}

// later draws when what a click leads to happens: most often within the hour,
// sometimes days after, never beyond the last day.
func (m *maker) later(from time.Time) time.Time {
	spans := [...]time.Duration{5 * time.Minute, 30 * time.Minute, 6 * time.Hour, 48 * time.Hour, 20 * 24 * time.Hour}
	left := m.plan.Until.Sub(from)
	lag := time.Duration(m.random.Int64N(int64(spans[early(m.random, len(spans))])))
	if lag >= left {
		lag = time.Duration(m.random.Int64N(int64(left)))
	}
	return from.Add(lag).Truncate(time.Millisecond).UTC()
}

// channel draws the door that a signal comes through.
func (m *maker) channel() string {
	if m.random.IntN(5) == 0 {
		return string(signal.Pixel)
	}
	return string(signal.Postback)
}

// signal adds the hit that a conversion comes of.
func (m *maker) signal(f *fact.Conversion, status signal.Status, code signal.Code) {
	m.out.Signals = append(m.out.Signals, fact.Signal{
		ID: m.id(m.heads.signal, f.At.UnixMilli()), At: f.At, Channel: f.Channel, Status: string(status), Code: string(code),
		TransactionID: f.TransactionID, ConversionID: f.ID, OrderID: f.OrderID, OfferID: f.OfferID, AdvertiserID: f.AdvertiserID,
		AffiliateID: f.AffiliateID, GoalID: f.GoalID, Amount: money.Micros(f.Amount).String(), Test: f.Test,
	})
}

// refuse adds a hit that earns nothing.
func (m *maker) refuse(c *fact.Click) {
	at := m.later(c.ID.Time())
	refused := signal.Rejected
	code := [...]signal.Code{
		signal.CodeDuplicate, signal.CodeDuplicate, signal.ClickExpired, signal.TooFast, signal.CapReached, signal.GoalUnknown, signal.TokenInvalid,
	}[m.random.IntN(7)]
	if code == signal.CodeDuplicate {
		refused = signal.Duplicate
	}
	m.out.Signals = append(m.out.Signals, fact.Signal{
		ID: m.id(m.heads.signal, at.UnixMilli()), At: at, Channel: m.channel(), Status: string(refused), Code: string(code),
		TransactionID: c.ID.String(), OfferID: c.OfferID, AdvertiserID: c.AdvertiserID, AffiliateID: c.AffiliateID, Test: c.ID.Test(),
	})
}

// tell adds the attempts to deliver an event to the affiliate, if it wants
// them. A few need a second one.
func (m *maker) tell(f *fact.Conversion, event conversion.Event) {
	if !m.market.affiliates[f.AffiliateID-1].subscribed {
		return
	}
	r := m.random
	owed := "d" + strconv.FormatUint(r.Uint64(), 36)
	attempt := func(at time.Time, status int, class delivery.ErrorClass) {
		m.attempts++
		m.out.Attempts = append(m.out.Attempts, fact.Attempt{
			Number: m.attempts, DeliveryID: owed, ConversionID: f.ID, TransactionID: f.TransactionID, Event: string(event), At: at,
			Took: time.Duration(20+r.Int64N(400)) * time.Millisecond, SubscriptionID: f.AffiliateID,
			OfferID: f.OfferID, AdvertiserID: f.AdvertiserID, AffiliateID: f.AffiliateID,
			Status: status, Error: string(class), Delivered: class == "", Test: f.Test,
		})
	}
	at := f.At.Add(50 * time.Millisecond)
	if r.IntN(100) < 6 {
		attempt(at, 503, delivery.ErrStatus)
		at = at.Add(5 * time.Second)
	}
	attempt(at, 200, "")
}
