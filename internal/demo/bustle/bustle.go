// Package bustle is the demo's everyday life: who comes by which affiliate's link,
// with what, and what becomes of him, so that a newcomer looks at an installation
// in which something happens, and has happened for weeks.
//
// It only makes visitors up; sending them is another's. The same seed gives the
// same visitors in the same order. Most of them leave. Of those who buy, most are
// reported as they should be, and some as shops report them by mistake.
package bustle

import (
	"math/rand/v2"
	"time"
)

// Deed is what becomes of a visitor.
type Deed string

// The deeds. Those behind Pends are the shop's mistakes, each of which Waybill
// answers with another code.
const (
	Leaves     Deed = "leaves"
	Buys       Deed = "buys"
	Pends      Deed = "pends"       // buys, and the shop looks at the order first
	NoToken    Deed = "no token"    // token_missing
	WrongGoal  Deed = "wrong goal"  // goal_unknown
	ForgedID   Deed = "forged ID"   // transaction_id_invalid
	NoID       Deed = "no ID"       // macro_unexpanded
	WrongMoney Deed = "wrong money" // currency_invalid
	ToldTwice  Deed = "told twice"  // duplicate
)

// Visitor is one who comes by.
type Visitor struct {
	Wait      time.Duration // after the one before
	Affiliate int           // who sends him, from 0, the busiest first
	Campaign  int           // for which offer, from 0, the best known first
	Agent     string
	Address   string // where he comes from, by which his country is found
	Sub       string // the affiliate's placement
	Source    string
	Deed      Deed
	Amount    string // of what he buys
}

// Bustle makes visitors up.
type Bustle struct {
	random *rand.Rand
	market Market
	come   int // who came by Next
}

// Market is what visitors are drawn for.
type Market struct {
	Affiliates int
	Campaigns  int
	Agents     []string // the commonest first
}

// New begins with a seed.
func New(seed uint64, m Market) *Bustle {
	return &Bustle{random: rand.New(rand.NewPCG(seed, seed)), market: m} //nolint:gosec // nothing secret
}

// The first visitors come after a few seconds each, for whoever looks on. The
// others take their time, or an hour of today would outgrow the days of the past.
const (
	eager    = 20
	shortest = 2 * time.Second
	spread   = 4 * time.Second
	slower   = 6 // times as long between the others
)

// Next gives the next visitor.
func (b *Bustle) Next() Visitor {
	v := b.visitor()
	v.Wait = shortest + time.Duration(b.random.Int64N(int64(spread)))
	if b.come++; b.come > eager {
		v.Wait *= slower
	}
	v.Deed = b.deed(shares())
	return v
}

// visitor draws who comes.
func (b *Bustle) visitor() Visitor {
	return Visitor{
		Affiliate: b.early(b.market.Affiliates, 2),
		Campaign:  b.early(b.market.Campaigns, 2),
		Agent:     b.market.Agents[b.early(len(b.market.Agents), 3)],
		Address:   pick(b.random, addresses()),
		Sub:       pick(b.random, placements()),
		Source:    pick(b.random, sources()),
		Amount:    pick(b.random, amounts()),
	}
}

// early draws a number below n, the lower ones more often: the least of some
// draws.
func (b *Bustle) early(n, draws int) int {
	least := b.random.IntN(n)
	for range draws - 1 {
		least = min(least, b.random.IntN(n))
	}
	return least
}

// deed gives what becomes of one in a thousand visitors, by its share.
func (b *Bustle) deed(shares []share) Deed {
	at := b.random.IntN(whole)
	for _, s := range shares {
		if at < s.share {
			return s.deed
		}
		at -= s.share
	}
	return Leaves
}

// whole is what shares are of.
const whole = 1000

type share struct {
	deed  Deed
	share int
}

// shares are those of the deeds but leaving, of a thousand, while somebody looks
// on: each kind of mistake is soon to be seen.
func shares() []share {
	return []share{
		{Buys, 100}, {Pends, 40}, {ToldTwice, 15}, {NoToken, 15}, {WrongGoal, 15}, {ForgedID, 10}, {NoID, 10}, {WrongMoney, 10},
	}
}

func pick(random *rand.Rand, list []string) string { return list[random.IntN(len(list))] }

// addresses are well-known ones of many countries, those with more visitors more
// often. Nothing is sent to them.
func addresses() []string {
	return []string{
		"8.8.8.8", "8.8.8.8", "8.8.8.8", "141.20.1.1", "141.20.1.1", "212.58.244.1", "212.58.244.1",
		"212.27.48.10", "133.11.1.1", "200.160.2.3", "130.102.1.1",
	}
}

func placements() []string {
	return []string{"newsletter", "newsletter", "kettle-review", "kettle-review", "top-10", "sidebar", "app-banner"}
}

func sources() []string { return []string{"blog", "blog", "mail", "app"} }

func amounts() []string { return []string{"19.90", "29.90", "49.90", "49.90", "79.00", "129.00"} }
