package inbound_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/ledger"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/store/sqlledger"
)

// state gives what the ledger holds of a case, in the words of the documents,
// and checks that each conversion's entries amount to what it is.
func (p *player) state() []string {
	p.Helper()
	var lines []string
	var booked []ledger.Entry
	var owed []string
	for _, c := range p.conversions() {
		lines = append(lines, "= "+p.describe(&c))
		entries, err := p.ledger.Entries(p.Context(), c.ID)
		if err != nil {
			p.Fatal(err)
		}
		p.checkEntries(&c, entries)
		booked = append(booked, entries...)
		owed = append(owed, p.owed(c.ID)...)
	}
	if lines == nil {
		return []string{"= nothing is counted"}
	}
	lines = append(lines, "= "+balance(booked))
	if owed != nil {
		lines = append(lines, "= the affiliate hears: "+strings.Join(owed, ", "))
	}
	return lines
}

// conversions gives those of the case's offers, the oldest first, test traffic
// last.
func (p *player) conversions() []conversion.Conversion {
	p.Helper()
	var all []conversion.Conversion
	for _, test := range []bool{false, true} {
		for _, base := range []int64{offers, others} {
			found, _, err := p.ledger.Conversions(p.Context(), sqlledger.ConversionFilter{OfferID: base + p.number, Test: test})
			if err != nil {
				p.Fatal(err)
			}
			slices.Reverse(found)
			all = append(all, found...)
		}
	}
	return all
}

// describe gives a conversion in words. What is as in most is not said.
func (p *player) describe(c *conversion.Conversion) string {
	words := []string{cmp.Or(string(c.Reason), string(c.Status))}
	say := func(name, value string) {
		if value != "" {
			words = append(words, strings.TrimSpace(name+" "+value))
		}
	}
	say("payout", decimal(c.Payout))
	say("revenue", decimal(c.Revenue))
	if c.AmountKnown {
		say("amount", decimal(c.Amount))
	}
	if c.Payout.Currency != money.USD {
		say("in", string(c.Payout.Currency))
	}
	say("order", p.plain(c.OrderID))
	if c.GoalCode != "default" {
		say("goal", c.GoalCode)
	}
	if c.OfferID == others+p.number {
		say("offer", "OTHER")
	}
	if touch := p.plain(c.Touch.TransactionID); touch != "" && touch != "CLICK" {
		say("credited to", touch)
	}
	if by := c.Touch.By; by != "" && by != string(offer.ByTransactionID) {
		say("found by", by)
	}
	if c.AffiliateID != affiliates+p.number {
		say("of affiliate", p.plain(strconv.FormatInt(c.AffiliateID, 10)))
	}
	say("seen by", seenBy(c))
	say("waits for a", string(c.Memory.Waits))
	say("customer", c.CustomerID)
	say("coupon", c.Coupon)
	for i, v := range c.Adv {
		if v != "" {
			say("adv"+strconv.Itoa(i+1), p.short(v))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Extra)) {
		say(name+" =", p.short(c.Extra[name]))
	}
	if age := c.CreatedAt.Sub(c.OccurredAt).Round(time.Hour); age > 0 {
		say("happened", fmt.Sprintf("%d hours before it came", age/time.Hour))
	}
	if c.Test {
		say("a", "test")
	}
	return strings.Join(words, ", ")
}

// short gives a value, or how long it is.
func (p *player) short(value string) string {
	const most = 200
	if len(value) > most {
		return fmt.Sprintf("of %d characters", utf8.RuneCountInString(value))
	}
	return strings.NewReplacer("\r", `\r`, "\n", `\n`).Replace(p.plain(value))
}

func decimal(a money.Amount) string { return money.Decimal(a.Units, a.Currency) }

func seenBy(c *conversion.Conversion) string {
	switch {
	case c.SeenByServer && c.SeenByClient:
		return "server and browser"
	case c.SeenByClient:
		return "browser"
	case c.SeenByServer:
		return "server"
	default:
		return "nobody"
	}
}

// checkEntries compares a conversion's entries with what it amounts to, and
// wants those of each signal to sum to zero.
func (p *player) checkEntries(c *conversion.Conversion, entries []ledger.Entry) {
	p.Helper()
	want, err := ledger.Sum(ledger.Position(*c))
	if err != nil {
		p.Fatal(err)
	}
	got, err := ledger.Sum(entries)
	if err != nil {
		p.Fatal(err)
	}
	if !maps.EqualFunc(got, want, maps.Equal) {
		p.Errorf("the entries of conversion %s sum to %v, want %v", c.ID, got, want)
	}
	sums := map[string]int64{}
	for _, e := range entries {
		sums[e.SignalID+" "+string(e.Amount.Currency)] += e.Amount.Units
	}
	for of, sum := range sums {
		if sum != 0 {
			p.Errorf("the entries of signal %s sum to %d, want 0", of, sum)
		}
	}
}

// balance gives what the parties' accounts hold: what the affiliate is owed,
// what the advertiser owes.
func balance(entries []ledger.Entry) string {
	type account struct {
		party ledger.Party
		book  ledger.Book
		test  bool
		cur   money.Currency
	}
	sums := map[account]int64{}
	for _, e := range entries {
		units := e.Amount.Units
		if e.Account.Party == ledger.Affiliate {
			units = -units
		}
		sums[account{e.Account.Party, e.Account.Book, e.Account.Test, e.Amount.Currency}] += units
	}
	var parts []string
	accounts := slices.SortedFunc(maps.Keys(sums), func(a, b account) int {
		live := 0
		if a.test != b.test {
			live = 1
			if b.test {
				live = -1
			}
		}
		return cmp.Or(live, cmp.Compare(b.party, a.party), cmp.Compare(a.book, b.book), cmp.Compare(a.cur, b.cur))
	})
	for _, a := range accounts {
		if a.party == ledger.Network || sums[a] == 0 {
			continue
		}
		verb := "is owed "
		if a.party == ledger.Advertiser {
			verb = "owes "
		}
		text := string(a.party) + " " + verb + money.Amount{Units: sums[a], Currency: a.cur}.String() + " " + string(a.book)
		if a.test {
			text += " in test money"
		}
		parts = append(parts, text)
	}
	if parts == nil {
		return "nobody owes anything"
	}
	return strings.Join(parts, ", ")
}

// owed gives the events that a conversion's postbacks tell, in order.
func (p *player) owed(conversionID string) []string {
	p.Helper()
	found, _, err := p.ledger.Deliveries(p.Context(), sqlledger.DeliveryFilter{Filter: delivery.Filter{ConversionID: conversionID}})
	if err != nil {
		p.Fatal(err)
	}
	slices.SortFunc(found, func(a, b delivery.Owed) int { return cmp.Compare(a.Sequence, b.Sequence) })
	var events []string
	for _, d := range found {
		events = append(events, strings.TrimPrefix(string(d.Event), "conversion."))
	}
	return events
}
