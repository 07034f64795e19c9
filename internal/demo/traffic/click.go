package traffic

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"

	"waybill/internal/fact"
	"waybill/internal/txid"
)

// How much of the traffic is not what it should be, in thousandths, and how
// often somebody comes again within the hour.
const (
	botShare    = 30
	turnedShare = 20
	testShare   = 10
	againShare  = 250
)

// remembered is how many people an hour remembers.
const remembered = 512

// maker makes the facts of one hour after another.
type maker struct {
	*Traffic
	out    *fact.Batch
	random *rand.Rand
	buf    []byte // text that is not there yet
	seen   [remembered]person
	people int

	milli int64 // of the last ID
	seq   uint16

	changes, attempts int64 // made so far
}

// person is who comes, and by whom.
type person struct {
	affiliate *affiliate
	offer     *offer
	agent     *agent
	land      string
	referrer  string
	ip        string
	visitor   uint64
}

// hour makes an hour's facts, in the order of their clicks.
func (m *maker) hour(hour int) {
	m.random = rand.New(rand.NewPCG(m.plan.Seed, uint64(hour)+1)) //nolint:gosec // traffic is drawn, no secrets
	m.people, m.milli, m.seq = 0, 0, 0
	first := len(m.out.Clicks)
	n := m.clicksBefore(hour+1) - m.clicksBefore(hour)
	begin := m.begins(hour).UnixMilli()
	for i := range n {
		at, next := begin+portion(int64(time.Hour/time.Millisecond), i, n), begin+portion(int64(time.Hour/time.Millisecond), i+1, n)
		m.click(at + m.random.Int64N(max(1, next-at)))
	}
	m.convert(m.out.Clicks[first:], m.conversionsBefore(hour+1)-m.conversionsBefore(hour))
}

// click makes one click.
func (m *maker) click(milli int64) {
	r := m.random
	p := m.come()
	m.out.Clicks = append(m.out.Clicks, fact.Click{})
	c := &m.out.Clicks[len(m.out.Clicks)-1]
	flags := 0
	if chance(r, testShare) {
		flags = 1
	}
	if chance(r, turnedShare) {
		flags |= 2
		c.TurnedAway = m.crowd.reasons[m.crowd.reason.draw(r)]
	}
	c.ID = m.id(m.heads.click[flags], milli)
	c.OfferID, c.AdvertiserID, c.AffiliateID = p.offer.id, p.offer.advertiser, p.affiliate.id
	c.Visitor, c.Bot, c.Country, c.IP = p.visitor, p.agent.Bot, p.land, p.ip
	c.Device, c.OS, c.Browser, c.UserAgent = string(p.agent.Device), p.agent.OS, p.agent.Browser, p.agent.text
	c.Referrer = p.referrer
	m.say(c, p.affiliate)
}

// come draws who comes: somebody new, or one of the last.
func (m *maker) come() *person {
	r := m.random
	if known := min(m.people, remembered); known > 0 && chance(r, againShare) {
		return &m.seen[r.IntN(known)]
	}
	p := &m.seen[m.people%remembered]
	m.people++
	p.affiliate = &m.market.affiliates[m.market.affiliate.draw(r)]
	p.offer = &m.market.offers[p.affiliate.offers[early(r, len(p.affiliate.offers))]]
	land := p.affiliate.lands[early(r, len(p.affiliate.lands))]
	p.land = m.crowd.lands[land]
	people := m.crowd.people[p.affiliate.taste]
	if chance(r, botShare) {
		people = m.crowd.robots
	}
	p.agent = &m.crowd.agents[people.draw(r)]
	p.visitor, p.ip, p.referrer = r.Uint64(), m.address(land), ""
	if r.IntN(2) == 0 {
		p.referrer = m.market.referrers[early(r, len(m.market.referrers))]
	}
	return p
}

// address draws an address of a country: a fifth are of IPv6.
func (m *maker) address(land uint8) string {
	var b [16]byte
	u := m.random.Uint64()
	binary.BigEndian.PutUint64(b[:], u)
	var text [40]byte
	if u%5 != 0 {
		b[0] = 80 + land%40 // from 80 to 119 no network is private
		return string(netip.AddrFrom4([4]byte(b[:4])).AppendTo(text[:0]))
	}
	b = [16]byte{0x2a, land, b[2], b[3]}
	binary.BigEndian.PutUint64(b[8:], m.random.Uint64())
	return string(netip.AddrFrom16(b).AppendTo(text[:0]))
}

// say gives a click its affiliate's values. All that is new of them shares one
// text.
func (m *maker) say(c *fact.Click, a *affiliate) {
	r := m.random
	c.Source = m.market.sources[a.sources[early(r, len(a.sources))]]
	b := append(m.buf[:0], "camp-"...)
	b = strconv.AppendInt(b, 100*a.id+int64(early(r, a.campaigns)), 10)
	sub1 := len(b)
	b = strconv.AppendUint(b, uint64(a.placement)+uint64(early(r, a.placements))*3, 10) //nolint:gosec // small
	sub2 := len(b)
	b = append(b, "cr"...)
	b = strconv.AppendInt(b, int64(early(r, a.creatives)), 10)
	sub3 := len(b)
	b = appendHex(b, r.Uint64(), 16)
	sub5 := len(b)
	b = m.appendClickID(b, a.clickIDs, c.ID)
	m.buf = b
	text := string(b)
	c.Sub[0], c.Sub[1], c.Sub[2], c.Sub[4] = text[:sub1], text[sub1:sub2], text[sub2:sub3], text[sub3:sub5]
	c.AffClickID = text[sub5:]
	if a.sub4 {
		c.Sub[3] = m.market.plans[r.IntN(len(m.market.plans))]
	}
	if a.links && r.IntN(2) == 0 {
		c.Link = c.Sub[0]
	}
}

// appendClickID writes an affiliate's own ID of a click, as trackers make them.
func (m *maker) appendClickID(b []byte, form int, id txid.ID) []byte {
	r := m.random
	switch form {
	case 1: // seconds, then what never comes again
		return appendHex(appendHex(b, uint64(id.Time().Unix()), 8), r.Uint64(), 16) //nolint:gosec // after 1970
	case 2:
		b = append(b, 'w')
		return append(b, strconv.FormatUint(r.Uint64()|1<<63, 36)...)
	case 3:
		u, v := r.Uint64(), r.Uint64()
		b = append(appendHex(b, u>>32, 8), '-')
		b = append(appendHex(b, u>>16, 4), '-')
		b = append(appendHex(b, u&0x0fff|0x4000, 4), '-')
		b = append(appendHex(b, v>>48&0x3fff|0x8000, 4), '-')
		return appendHex(b, v, 12)
	default:
		return b
	}
}

// appendHex writes the lowest digits of a number.
func appendHex(b []byte, n uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		b = append(b, "0123456789abcdef"[n>>(4*i)&15])
	}
	return b
}

// id makes an ID of the form that the mint gives them.
func (m *maker) id(head uint8, milli int64) txid.ID {
	if milli == m.milli {
		m.seq++
	} else {
		m.milli, m.seq = milli, 0
	}
	u := m.random.Uint64()
	return txid.Columns{Head: head, Milli: milli, Node: 1 + uint16(u>>63), Seq: m.seq, Mask: u, Tag: m.random.Uint32()}.ID()
}
