package api

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"waybill/internal/click"
	"waybill/internal/fact"
	"waybill/internal/money"
	"waybill/internal/store/duckwarehouse"
	"waybill/internal/txid"
)

// seed is the trade of testdata/reports, whose README works out what reports
// say about it.
type seed struct {
	batch  fact.Batch
	visits map[string]*fact.Click // by their names in the file
}

// csvLine is a line of a CSV file, by the names in its header.
type csvLine map[string]string

func linesOf(t *testing.T, file string) []csvLine {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "reports", file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	all := make([]csvLine, 0, len(lines))
	for _, line := range lines[1:] {
		r := csvLine{}
		for i, name := range lines[0] {
			r[name] = line[i]
		}
		all = append(all, r)
	}
	return all
}

func (r csvLine) number(t *testing.T, name string) int64 {
	t.Helper()
	return must[int64](t)(strconv.ParseInt(r[name], 10, 64))
}

func (r csvLine) micros(t *testing.T, name string) int64 {
	t.Helper()
	return must[int64](t)(money.ParseDecimal(r[name]))
}

func (r csvLine) at(t *testing.T) time.Time {
	t.Helper()
	return must[time.Time](t)(time.Parse(time.RFC3339, r["at"]))
}

// sow reads the seed.
func (w *world) sow(t *testing.T) *seed {
	t.Helper()
	s := &seed{visits: map[string]*fact.Click{}}
	// A mint's IDs only rise in time, and the file has one kind after the other.
	clicks, impressions := txid.NewMint(w.present.Ring(), 7, 0), txid.NewMint(w.present.Ring(), 7, 0)
	for _, r := range linesOf(t, "visits.csv") {
		mint := clicks
		if r["kind"] == "impression" {
			mint = impressions
		}
		c := w.visit(t, mint, r)
		if !c.ID.Time().Equal(r.at(t)) {
			t.Fatalf("%s is at %s; the file has it in another order than that of time", r["n"], c.ID.Time())
		}
		if r["kind"] == "impression" {
			s.batch.Impressions = append(s.batch.Impressions, c)
		} else {
			s.batch.Clicks = append(s.batch.Clicks, c)
		}
		s.visits[r["n"]] = &c
	}
	last := map[string]fact.Conversion{}
	for i, r := range linesOf(t, "conversions.csv") {
		now := s.conversion(t, r, int64(i+1))
		if before, changed := last[now.ID]; changed {
			before.Sign, before.ChangeID = -1, now.ChangeID
			s.batch.Conversions = append(s.batch.Conversions, before)
		}
		s.batch.Conversions = append(s.batch.Conversions, now)
		last[now.ID] = now
	}
	for _, source := range [...]string{"click/7", "impression/7", "signal/7", "change", "attempt"} {
		s.batch.Positions = append(s.batch.Positions, fact.Position{Source: source, At: 1, Through: noon.Add(-time.Second)})
	}
	return s
}

func (w *world) visit(t *testing.T, mint *txid.Mint, r csvLine) fact.Click {
	t.Helper()
	kind := txid.Click
	if r["kind"] == "impression" {
		kind = txid.Impression
	}
	offerID := r.number(t, "offer")
	ticket := mint.Begin(r.at(t), txid.Subject{
		Kind: kind, Test: r["traffic"] == "test", TurnedAway: r["traffic"] == "turned away",
		Offer: offerID, Affiliate: r.number(t, "affiliate"),
	})
	ticket.Done()
	c := fact.Click{
		ID: ticket.ID, OfferID: offerID, AdvertiserID: offerID, AffiliateID: r.number(t, "affiliate"),
		Visitor: uint64(r.number(t, "visitor")), Bot: r["traffic"] == "bot", Source: r["source"],
		Country: r["country"], Device: r["device"], UserAgent: "secret-agent", IP: "192.0.2.99",
	}
	c.Sub[0] = r["sub1"]
	if r["traffic"] == "turned away" {
		c.TurnedAway = string(click.CountryNotTaken)
	}
	return c
}

func (s *seed) conversion(t *testing.T, r csvLine, change int64) fact.Conversion {
	t.Helper()
	v := s.visits[r["click"]]
	c := fact.Conversion{
		Sign: 1, ID: "conversion-" + r["n"], TransactionID: v.ID.String(), ChangeID: change, At: r.at(t), ClickAt: v.ID.Time(),
		OfferID: v.OfferID, AdvertiserID: v.AdvertiserID, AffiliateID: v.AffiliateID, GoalID: v.OfferID, Status: r["status"],
		Channel: "postback", Attribution: "transaction_id", Test: v.ID.Test(),
		Amount: r.micros(t, "amount"), Payout: r.micros(t, "payout"), Revenue: r.micros(t, "revenue"), Currency: r["currency"],
		OrderID: "order-" + r["n"], Source: v.Source, Sub: v.Sub, Country: v.Country, Device: v.Device,
	}
	c.Adv[0] = r["adv1"]
	return c
}

// newWarehouse makes an empty one.
func newWarehouse(t *testing.T) *duckwarehouse.Warehouse {
	t.Helper()
	d, err := duckwarehouse.Open(t.Context(), filepath.Join(t.TempDir(), "warehouse.duckdb"), duckwarehouse.Options{Memory: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// newReportingWorld is a world with the seed in its warehouse.
func newReportingWorld(t *testing.T) (*world, *seed) {
	t.Helper()
	w, d := newWorld(t), newWarehouse(t)
	s := w.sow(t)
	if err := d.Append(t.Context(), s.batch); err != nil {
		t.Fatal(err)
	}
	w.Warehouse = d
	return w, s
}
