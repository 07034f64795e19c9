package settlement_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/advertiser"
	"waybill/internal/affiliate"
	"waybill/internal/attribution"
	"waybill/internal/catalog"
	"waybill/internal/click"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/ledger"
	"waybill/internal/money"
	"waybill/internal/offer"
	"waybill/internal/param"
	"waybill/internal/payout"
	"waybill/internal/settlement"
	"waybill/internal/signal"
	"waybill/internal/txid"
	"waybill/internal/visitor"
)

// clicked is when the visitor of these tests followed the link. Signals come an
// hour later unless they say otherwise.
func clicked() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// source is the configuration of these tests: offer 7 of advertiser 3, which
// pays affiliates 4 dollars of the 6 it is paid, and what its goals make of it.
func source(t testing.TB) catalog.Source {
	t.Helper()
	key, err := txid.NewKey(1, clicked().Add(-time.Hour), bytes.NewReader(bytes.Repeat([]byte{7}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	shop := advertiser.Default()
	shop.ID, shop.Name = 3, "Shop"
	shop.StatusWords = map[string]string{"confirmed": "approved", "void": "rejected"}

	o := offer.Default()
	o.ID, o.AdvertiserID, o.Name = 7, 3, "Spring sale"
	o.DestinationURL = "https://shop.example/?tid={transaction_id}"
	o.Payout, o.Revenue = fixed(4), fixed(6)
	other := o
	other.ID, other.Name = 8, "Another"

	share, dues := percent(10), percent(20)
	goals := []offer.Goal{
		goal(70, 7, "default"), goal(71, 7, "sale"), goal(72, 7, "ping"), goal(73, 7, "deal"), goal(74, 7, "strict"),
		goal(75, 7, "edit"), goal(80, 8, "default"),
	}
	goals[1].Payout, goals[1].Revenue, goals[1].Dedupe = &share, &dues, offer.PerOrder
	goals[2].Dedupe = offer.Every
	goals[3].PartnerMaySetPayout = true
	goals[4].OnRepeat = "conflict"
	goals[5].OnRepeat, goals[5].Payout, goals[5].Revenue = "update", &share, &dues
	return catalog.Source{
		Advertisers: []advertiser.Advertiser{shop},
		Affiliates:  []affiliate.Affiliate{{ID: 9, Name: "Blog", Status: affiliate.Active}},
		Offers:      []offer.Offer{o, other},
		Goals:       goals,
		Ring:        []txid.Key{key},
	}
}

func goal(id, offerID int64, code string) offer.Goal {
	g := offer.NewGoal(offerID)
	g.ID, g.Code = id, code
	return g
}

func fixed(units int64) offer.Price {
	return offer.Price{Type: offer.CPA, Amount: money.Micros(units * money.Unit)}
}

func percent(share int64) offer.Price {
	return offer.Price{Type: offer.CPS, Percent: money.Percent(share * money.Unit)}
}

// world is a catalog, a click, and a ledger that keeps its books in memory.
type world struct {
	t         testing.TB
	source    catalog.Source
	catalog   *catalog.Catalog
	mint      *txid.Mint
	click     *click.Click
	lost      bool                    // the click's record
	led       []attribution.Candidate // what other identifiers lead to
	customers map[string]txid.ID      // whom their customers are bound to, whose records are lost
	signals   int
	books
}

func newWorld(t testing.TB, change func(*catalog.Source)) *world {
	t.Helper()
	w := &world{t: t, source: source(t), books: newBooks()}
	if change != nil {
		change(&w.source)
	}
	w.rebuild()
	w.click = w.newClick(7)
	return w
}

// rebuild makes the catalog of the source as it is now.
func (w *world) rebuild() {
	w.t.Helper()
	c, err := catalog.New(w.source)
	if err != nil {
		w.t.Fatal(err)
	}
	if problems := c.Problems(); len(problems) > 0 {
		w.t.Fatalf("the catalog has problems: %+v", problems)
	}
	w.catalog = c
	w.mint = txid.NewMint(c.Ring(), 1, 0)
}

func (w *world) newClick(offerID int64) *click.Click { return w.newTouch(txid.Click, offerID) }

func (w *world) newTouch(kind txid.Kind, offerID int64) *click.Click {
	id := w.mint.Begin(clicked(), txid.Subject{Kind: kind, Offer: offerID, Affiliate: 9}).ID
	c := &click.Click{
		ID: id, At: clicked(), OfferID: offerID, AffiliateID: 9, AffClickID: "their-click", Source: "newsletter",
		IP: netip.MustParseAddr("203.0.113.7"), UserAgent: "Firefox",
		Visitor: visitor.Visitor{Country: "DE", Device: visitor.Desktop, OS: "Linux", Browser: "Firefox"},
	}
	c.Sub[0], c.Sub[2] = "may", "banner"
	return c
}

// signal reads a hit as these tests write it: its channel, then what it says.
// Words with a meaning of their own: @2h is how long after the click it came,
// auth=CODE what the check of its sender found, patch that it corrects, and
// version=N which version it is meant for.
func (w *world) signal(hit string) signal.Signal {
	w.t.Helper()
	words := strings.Fields(hit)
	s := signal.Signal{
		Channel: signal.Channel(words[0]), ReceivedAt: clicked().Add(time.Hour), Auth: signal.OK, Click: w.click.ID,
		IP: netip.MustParseAddr("198.51.100.1"),
	}
	said := map[param.Name]string{param.TransactionID: w.click.ID.String()}
	for _, word := range words[1:] {
		if after, ok := strings.CutPrefix(word, "@"); ok {
			d, err := time.ParseDuration(after)
			if err != nil {
				w.t.Fatal(err)
			}
			s.ReceivedAt = clicked().Add(d)
			continue
		}
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "auth":
			s.Auth = signal.Code(value)
			continue
		case "patch":
			s.Method = http.MethodPatch
			continue
		case "version":
			s.IfVersion, _ = strconv.Atoi(value)
			continue
		}
		n, ok := param.Signal.Find(name)
		if !ok {
			s.Extra = append(s.Extra, signal.Extra{Name: name, Value: value})
			continue
		}
		said[n] = value
		s.Test = s.Test || n == param.Test
		if n == param.TransactionID {
			s.Click = w.verified(value)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(said)) {
		s.Params = append(s.Params, signal.Param{Name: n, Value: said[n]})
	}
	w.signals++
	s.ID = w.mint.Begin(s.ReceivedAt.Add(time.Duration(w.signals)*time.Millisecond), txid.Subject{
		Kind: txid.Signal, Test: s.Test, Offer: 7, Affiliate: 9,
	}).ID
	return s
}

// verified gives a transaction ID as the edge hands it on.
func (w *world) verified(text string) txid.ID {
	id, err := txid.Parse(text)
	if err != nil {
		return txid.ID{}
	}
	if _, err := w.catalog.Ring().Open(id); err != nil {
		return txid.ID{}
	}
	return id
}

// hit settles a hit.
func (w *world) hit(text string) signal.Verdict {
	w.t.Helper()
	return w.settle(w.signal(text))
}

func (w *world) settle(s signal.Signal) signal.Verdict {
	w.t.Helper()
	in := settlement.Input{Signal: s, Catalog: w.catalog, Now: s.ReceivedAt.Add(time.Second)}
	if !w.lost && s.Click == w.click.ID {
		in.Touches = append(in.Touches, attribution.Candidate{By: offer.ByTransactionID, ID: w.click.ID, Record: w.click})
	}
	if id, ok := w.customers[s.Value(param.CustomerID)]; ok {
		in.Touches = append(in.Touches, attribution.Candidate{By: offer.ByCustomerID, ID: id})
	}
	in.Touches = append(in.Touches, w.led...)
	if t := settlement.LeadOf(&in).Target; t != nil {
		in.Targets = w.targets(t)
	}
	v, err := w.books.settle(settlement.Prepare(in))
	if err != nil {
		w.t.Fatalf("settle: %v", err)
	}
	return v
}

// books is a ledger that does what the real one must: it holds what it looks up
// until the outcome is applied, all of it, and notices what contradicts itself.
type books struct {
	verdicts    map[string]signal.Verdict
	conversions []conversion.Conversion // oldest first
	orders      map[string]string       // conversion by claim's offer, goal and order
	used        map[settlement.Counter]int64
	entries     []ledger.Entry
	owed        []delivery.Owed
	payout      *payout.Payout // the only one, if any
	asked       map[string]int // the versions of conversions that it is to pay
}

func newBooks() books {
	return books{
		verdicts: map[string]signal.Verdict{}, orders: map[string]string{}, used: map[settlement.Counter]int64{},
	}
}

func (b *books) settle(c settlement.Case) (signal.Verdict, error) {
	if v, ok := b.verdicts[c.SignalID]; ok {
		return v, nil
	}
	if c.Refusal != nil {
		b.verdicts[c.SignalID] = *c.Refusal
		return *c.Refusal, nil
	}
	out, err := c.Judge(b.state(c))
	if err != nil {
		return signal.Verdict{}, err
	}
	if len(out.Lacking) > 0 {
		more := c.With(out.Lacking)
		if len(more.Counters) <= len(c.Counters) {
			return signal.Verdict{}, fmt.Errorf("the case holds %+v, and still lacks %+v", c.Counters, out.Lacking)
		}
		return b.settle(more)
	}
	again, err := c.Judge(b.state(c))
	if err != nil {
		return signal.Verdict{}, err
	}
	if diff := cmp.Diff(out, again); diff != "" {
		return signal.Verdict{}, fmt.Errorf("judged again it is different:\n%s", diff)
	}
	if err := b.apply(c, out); err != nil {
		return signal.Verdict{}, err
	}
	b.verdicts[c.SignalID] = out.Verdict
	return out.Verdict, b.check()
}

// ask has a payout asked to pay all conversions as they stand.
func (b *books) ask(p *payout.Payout) {
	b.payout, b.asked = p, map[string]int{}
	for _, c := range b.conversions {
		b.asked[c.ID] = c.Version
	}
}

// state gives a copy, so that nothing that is judged can change the books.
func (b *books) state(c settlement.Case) settlement.State {
	st := settlement.State{Used: map[settlement.Counter]int64{}}
	for _, one := range b.conversions {
		if settlement.ClaimOf(&one) == c.Claim {
			st.Conversions = append(st.Conversions, one)
		}
		if c.OrderID != "" && b.orders[orderKey(c)] == one.ID {
			whose := one
			st.Order = &whose
		}
	}
	for _, k := range c.Counters {
		st.Used[k] = b.used[k]
	}
	if b.payout != nil && b.payout.ID == c.PayoutID {
		held := *b.payout
		st.Payout, st.Asked = &held, maps.Clone(b.asked)
	}
	return st
}

// targets gives the conversions that a signal names without a touch.
func (b *books) targets(t *settlement.Target) []conversion.Conversion {
	var byOrder, byTransaction []conversion.Conversion
	for _, c := range b.conversions {
		switch {
		case c.ID == t.ConversionID:
			return []conversion.Conversion{c}
		case c.OfferID != t.OfferID || c.Test != t.Test || !slices.Contains(t.GoalIDs, c.GoalID):
		case c.OrderID != "" && c.OrderID == t.OrderID:
			byOrder = append(byOrder, c)
		case c.Touch.TransactionID == t.TransactionID && t.TransactionID != "":
			byTransaction = append(byTransaction, c)
		}
	}
	if len(byOrder) > 0 {
		return byOrder
	}
	return byTransaction
}

func orderKey(c settlement.Case) string {
	return fmt.Sprintf("%t %d %d %s", c.Claim.Test, c.Claim.OfferID, c.Claim.GoalID, c.OrderID)
}

func (b *books) apply(c settlement.Case, out settlement.Outcome) error {
	if (out.Beside != nil) != (out.TakeOrder && b.orders[orderKey(c)] != "") {
		return fmt.Errorf("the order is %q's, and that one is changed to %+v", b.orders[orderKey(c)], out.Beside)
	}
	if out.Beside != nil {
		if out.Beside.ID != b.orders[orderKey(c)] {
			return fmt.Errorf("the order is %s's, and %s loses it", b.orders[orderKey(c)], out.Beside.ID)
		}
		if err := b.keep(*out.Beside); err != nil {
			return err
		}
	}
	if out.TakeOrder {
		if c.OrderID == "" || out.Conversion == nil {
			return fmt.Errorf("order %q is not there to be taken", c.OrderID)
		}
		b.orders[orderKey(c)] = out.Conversion.ID
	}
	for k, n := range out.Use {
		if !slices.Contains(c.Counters, k) {
			return fmt.Errorf("the case does not hold the cap %+v", k)
		}
		b.used[k] += n
	}
	b.entries = append(b.entries, out.Entries...)
	b.owed = append(b.owed, out.Owed...)
	if out.Conversion == nil {
		if len(out.Entries)+len(out.Owed)+len(out.Use) > 0 {
			return fmt.Errorf("without a conversion there is nothing to book: %+v", out)
		}
		return nil
	}
	return b.keep(*out.Conversion)
}

func (b *books) keep(c conversion.Conversion) error {
	i := slices.IndexFunc(b.conversions, func(o conversion.Conversion) bool { return o.ID == c.ID })
	switch {
	case i < 0 && c.Version == 1:
		b.conversions = append(b.conversions, c)
	case i >= 0 && c.Version == b.conversions[i].Version+1:
		b.conversions[i] = c
	default:
		return fmt.Errorf("version %d of conversion %s does not follow", c.Version, c.ID)
	}
	return nil
}

// check holds the books to what must always hold.
func (b *books) check() error {
	var positions []ledger.Entry
	used := map[settlement.Counter]int64{}
	for _, c := range b.conversions {
		positions = append(positions, ledger.Position(c)...)
		for _, u := range c.Memory.CapUse {
			used[settlement.Counter{OfferID: c.OfferID, AffiliateID: u.AffiliateID, Goal: u.Goal, Metric: u.Metric, Period: u.Period}] += u.Units
		}
	}
	want, err := ledger.Sum(positions)
	if err != nil {
		return err
	}
	got, err := ledger.Sum(b.entries)
	if err != nil {
		return err
	}
	if diff := cmp.Diff(want, got); diff != "" {
		return fmt.Errorf("entries are not the positions, -positions +entries:\n%s", diff)
	}
	for k, n := range b.used {
		if n != used[k] {
			return fmt.Errorf("cap %+v counts %d, the conversions say %d", k, n, used[k])
		}
	}
	for _, c := range b.conversions {
		key := fmt.Sprintf("%t %d %d %s", c.Test, c.OfferID, c.GoalID, c.OrderID)
		if c.OrderID != "" && !c.Superseded() && b.orders[key] != c.ID {
			return fmt.Errorf("conversion %s says order %s, which is %q's", c.ID, c.OrderID, b.orders[key])
		}
	}
	ids := map[string]bool{}
	for _, o := range b.owed {
		if ids[o.ID] {
			return fmt.Errorf("delivery %s is owed twice", o.ID)
		}
		ids[o.ID] = true
	}
	return nil
}

// summary writes the conversions as these tests expect them, oldest first, with
// payout and revenue in dollars: "approved order=A amount=50 pays=5/10".
func (b *books) summary() string {
	var all []string
	for _, c := range b.conversions {
		words := []string{string(c.Status)}
		if c.Superseded() {
			words = []string{string(c.Reason)}
		}
		add := func(name, value string) {
			if value != "" {
				words = append(words, name+"="+value)
			}
		}
		if c.GoalCode != offer.DefaultGoal {
			words = append(words, c.GoalCode)
		}
		if c.Test {
			words = append(words, "test")
		}
		add("order", c.OrderID)
		if c.AmountKnown {
			add("amount", money.Micros(c.Amount.Units).String())
		}
		add("pays", money.Micros(c.Payout.Units).String()+"/"+money.Micros(c.Revenue.Units).String())
		add("waits", string(c.Memory.Waits))
		all = append(all, strings.Join(words, " "))
	}
	return strings.Join(all, " | ")
}

// answer writes a verdict: "accepted ok 200".
func answer(v signal.Verdict) string {
	return fmt.Sprintf("%s %s %d", v.Status, v.Code, v.Code.HTTP())
}

func mustCatalog(t testing.TB, s catalog.Source) *catalog.Catalog {
	t.Helper()
	c, err := catalog.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// say gives a signal another value.
func say(s *signal.Signal, name, value string) {
	n, _ := param.Signal.Find(name)
	for i := range s.Params {
		if s.Params[i].Name == n {
			s.Params[i].Value = value
			return
		}
	}
	s.Params = append(s.Params, signal.Param{Name: n, Value: value})
}

// pay does what a payout does: it moves a conversion to paid.
func (w *world) pay(before, after conversion.Conversion) {
	w.t.Helper()
	entries, err := ledger.Change(before, after)
	if err != nil {
		w.t.Fatal(err)
	}
	w.entries = append(w.entries, entries...)
	if err := w.keep(after); err != nil {
		w.t.Fatal(err)
	}
}

// capped limits the offer's conversions a day.
func capped(limit, onReached string) func(*catalog.Source) {
	return func(s *catalog.Source) {
		var most money.Micros
		if err := most.UnmarshalText([]byte(limit)); err != nil {
			panic(err)
		}
		s.Offers[0].Caps = append(s.Offers[0].Caps, offer.Cap{
			Metric: offer.CapConversions, Period: "day", Limit: most, OnReached: onReached,
		})
	}
}

func micros(units int64) money.Micros { return money.Micros(units * money.Unit) }

// rebuildKeeping makes the catalog of the source as it is now, and goes on
// minting where it was.
func (w *world) rebuildKeeping() { w.catalog = mustCatalog(w.t, w.source) }
