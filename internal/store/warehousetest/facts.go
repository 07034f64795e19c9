package warehousetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"waybill/internal/fact"
	"waybill/internal/txid"
)

// Maker makes facts that look like real ones, the same ones for the same seed.
type Maker struct {
	rand *rand.Rand
	seq  uint16
}

// NewMaker makes a maker.
func NewMaker(seed uint64) *Maker {
	return &Maker{rand: rand.New(rand.NewPCG(seed, 1))} //nolint:gosec // test data
}

// Noon is when the facts of most tests happen.
func Noon() time.Time { return time.Date(2026, time.March, 14, 12, 0, 0, 0, time.UTC) }

// first is the first byte of the ID of a click.
const first = byte(1<<5 | txid.Click<<2)

// ID makes an ID of a time.
func (m *Maker) ID(at time.Time) txid.ID {
	m.seq = (m.seq + 1) & txid.MaxSeq
	return txid.Columns{
		Head: first, Milli: at.UnixMilli(), Node: 5, Seq: m.seq, Mask: m.rand.Uint64() >> 18, Tag: m.rand.Uint32(),
	}.ID()
}

func (m *Maker) pick(words ...string) string { return words[m.rand.IntN(len(words))] }

// Click makes a click of a time.
func (m *Maker) Click(at time.Time) fact.Click {
	return fact.Click{
		ID: m.ID(at), OfferID: m.rand.Int64N(50), AdvertiserID: m.rand.Int64N(9), AffiliateID: m.rand.Int64N(500),
		Visitor: m.rand.Uint64(), Bot: m.rand.IntN(50) == 0, TurnedAway: m.pick("", "", "", "cap_reached"),
		Source:  m.pick("", "mail", "a source of more than twelve bytes"),
		Sub:     [fact.Subs]string{m.pick("spring", "autumn"), 4: fmt.Sprintf("%016x", m.rand.Uint64()), 9: m.pick("", "x")},
		Country: m.pick("DE", "FR", "US", ""), Device: m.pick("mobile", "desktop", "tablet"),
		OS: m.pick("Android", "iOS", ""), Browser: m.pick("Chrome", "Samsung Internet", ""),
		Link: m.pick("", "k3x"), AffClickID: m.pick("", "their-own-click-id-0001"), Referrer: m.pick("", "https://blog.example/a"),
		UserAgent: "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
		IP:        fmt.Sprintf("203.0.113.%d", m.rand.IntN(256)),
	}
}

// Clicks makes n clicks, a millisecond apart.
func (m *Maker) Clicks(from time.Time, n int) []fact.Click {
	all := make([]fact.Click, n)
	for i := range all {
		all[i] = m.Click(from.Add(time.Duration(i) * time.Millisecond))
	}
	return all
}

// Conversion makes a conversion of a time.
func (m *Maker) Conversion(at time.Time) fact.Conversion {
	return fact.Conversion{
		Sign: 1, ID: m.ID(at).String(), TransactionID: m.ID(at).String(), ChangeID: m.rand.Int64(), At: at,
		ClickAt: at.Add(-time.Duration(m.rand.IntN(1e6)) * time.Millisecond),
		OfferID: m.rand.Int64N(50), AdvertiserID: m.rand.Int64N(9), AffiliateID: m.rand.Int64N(500), GoalID: m.rand.Int64N(100),
		Status: m.pick("approved", "pending"), Channel: m.pick("postback", "pixel"), Attribution: "transaction_id",
		ViewThrough: m.rand.IntN(9) == 0, Test: m.rand.IntN(9) == 0, Bot: m.rand.IntN(9) == 0,
		Amount: m.rand.Int64N(1e9), Payout: m.rand.Int64N(1e8), Revenue: m.rand.Int64N(1e8), Currency: m.pick("USD", "EUR"),
		OrderID: m.pick("", "A-1000000000001"), Source: m.pick("", "mail"),
		Sub: [fact.Subs]string{m.pick("spring", "autumn")}, Adv: [fact.Subs]string{1: m.pick("", "x")},
		Country: m.pick("DE", "FR"), Device: m.pick("mobile", "desktop"), OS: "iOS", Browser: m.pick("", "Safari"),
	}
}

// Signal makes a signal of a time.
func (m *Maker) Signal(at time.Time) fact.Signal {
	return fact.Signal{
		ID: m.ID(at).As(txid.Signal), At: at, Channel: "postback", Status: m.pick("accepted", "rejected"), Code: m.pick("ok", "click_expired"),
		TransactionID: m.ID(at).String(), ConversionID: m.pick("", "c"), OrderID: m.pick("", "A-1"),
		OfferID: m.rand.Int64N(50), AdvertiserID: m.rand.Int64N(9), AffiliateID: m.rand.Int64N(500), GoalID: m.rand.Int64N(100),
		Amount: m.pick("", "12.50", "1e3"), Test: m.rand.IntN(9) == 0, Correction: m.rand.IntN(9) == 0,
	}
}

// Attempt makes a try to deliver of a time.
func (m *Maker) Attempt(at time.Time) fact.Attempt {
	return fact.Attempt{
		Number: m.rand.Int64(), DeliveryID: m.ID(at).String(), ConversionID: m.ID(at).String(), TransactionID: m.ID(at).String(),
		Event: "conversion.created", At: at, Took: time.Duration(m.rand.IntN(1e4)) * time.Millisecond, SubscriptionID: m.rand.Int64N(99),
		OfferID: m.rand.Int64N(50), AdvertiserID: m.rand.Int64N(9), AffiliateID: m.rand.Int64N(500),
		Status: 200 + m.rand.IntN(300), Error: m.pick("", "timeout"), Delivered: m.rand.IntN(2) == 0, Test: m.rand.IntN(9) == 0,
	}
}

// Batch makes a batch of n facts of each kind, a millisecond apart. Its
// positions are up to at.
func (m *Maker) Batch(from time.Time, n int, at uint64) fact.Batch {
	b := fact.Batch{Clicks: m.Clicks(from, n), Positions: upTo(at, from)}
	for i := range n {
		when := from.Add(time.Duration(i) * time.Millisecond)
		view := m.Click(when)
		view.ID = view.ID.As(txid.Impression)
		b.Impressions = append(b.Impressions, view)
		b.Conversions = append(b.Conversions, m.Conversion(when))
		b.Signals = append(b.Signals, m.Signal(when))
		b.Attempts = append(b.Attempts, m.Attempt(when))
	}
	return b
}

func upTo(at uint64, through time.Time) []fact.Position {
	return []fact.Position{{Source: "attempt", At: at, Through: through}, {Source: "click/5", At: at, Through: through.Add(time.Second)}}
}
