package warehousetest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"waybill/internal/fact"
	"waybill/internal/report"
	"waybill/internal/txid"
)

// line is a row of a table as a text, its columns by name.
type line map[string]any

func (l line) in(t *testing.T, table string) string {
	t.Helper()
	def, ok := fact.TableOf(table)
	if !ok || len(def.Columns) != len(l) {
		t.Fatalf("%s has %d columns, the test knows %d", table, len(def.Columns), len(l))
	}
	var b strings.Builder
	for _, c := range def.Columns {
		value, ok := l[c.Name]
		if !ok {
			t.Fatalf("the test does not know %s.%s", table, c.Name)
		}
		fmt.Fprintf(&b, "%s=%v|", c.Name, value)
	}
	return b.String()
}

// stored gives the rows of a table as texts, in order.
func stored(t *testing.T, w Warehouse, table string) []string {
	t.Helper()
	def, _ := fact.TableOf(table)
	st := report.Statement{}
	names := make([]string, 0, len(def.Columns))
	for _, c := range def.Columns {
		names = append(names, c.Name)
		st.Columns = append(st.Columns, report.Column{Name: c.Name, Text: c.Type == fact.Text || c.Type == fact.Word})
	}
	st.SQL = fmt.Sprintf("SELECT %s FROM %s", strings.Join(names, ", "), table)
	var all []string
	err := w.View(within(t), func(r report.Reader) error {
		return r.Rows(t.Context(), st, func(row report.Row) error {
			var b strings.Builder
			for i, c := range def.Columns {
				fmt.Fprintf(&b, "%s=%v|", c.Name, value(row[i], c.Type))
			}
			all = append(all, b.String())
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

func value(v report.Value, t fact.Type) any {
	switch {
	case v.Null:
		return "missing"
	case t == fact.Text || t == fact.Word:
		return strconv.Quote(v.Text)
	case t == fact.Bool:
		return v.Number == 1
	case t == fact.Uint64:
		return uint64(v.Number) //nolint:gosec // bit by bit
	default:
		return v.Number
	}
}

func clickLine(c fact.Click) line {
	id := c.ID.Columns()
	return with(line{
		"ms": c.ID.Time().UnixMilli(), "quarter": fact.Quarter(c.ID.Time()), "day": fact.Day(c.ID.Time()),
		"id_head": id.Head, "id_node": id.Node, "id_seq": id.Seq, "id_mask": id.Mask, "id_tag": id.Tag,
		"traffic": c.Traffic(), "offer": c.OfferID, "advertiser": c.AdvertiserID, "affiliate": c.AffiliateID, "visitor": c.Visitor,
	}, map[string]string{
		"turned_away": c.TurnedAway, "source": c.Source, "country": c.Country, "region": c.Region, "device": c.Device,
		"os": c.OS, "browser": c.Browser, "link": c.Link, "aff_click_id": c.AffClickID, "referrer": c.Referrer,
		"user_agent": c.UserAgent, "ip": c.IP,
	}, map[string][fact.Subs]string{"sub": c.Sub})
}

func conversionLine(c fact.Conversion) line {
	return with(line{
		"sign": c.Sign, "ms": fact.Milli(c.At), "quarter": fact.Quarter(c.At), "day": fact.Day(c.At),
		"click_ms": fact.Milli(c.ClickAt), "click_quarter": fact.Quarter(c.ClickAt), "change_id": c.ChangeID,
		"traffic": c.Traffic(), "offer": c.OfferID, "advertiser": c.AdvertiserID, "affiliate": c.AffiliateID, "goal": c.GoalID,
		"view_through": c.ViewThrough, "amount": c.Amount, "payout": c.Payout, "revenue": c.Revenue,
	}, map[string]string{
		"conversion_id": c.ID, "transaction_id": c.TransactionID, "status": c.Status, "channel": c.Channel,
		"attribution": c.Attribution, "currency": c.Currency, "order_id": c.OrderID, "source": c.Source,
		"country": c.Country, "region": c.Region, "device": c.Device, "os": c.OS, "browser": c.Browser,
	}, map[string][fact.Subs]string{"sub": c.Sub, "adv": c.Adv})
}

func signalLine(s fact.Signal) line {
	return with(line{
		"ms": fact.Milli(s.At), "quarter": fact.Quarter(s.At), "day": fact.Day(s.At), "offer": s.OfferID, "advertiser": s.AdvertiserID,
		"affiliate": s.AffiliateID, "goal": s.GoalID, "test": s.Test, "correction": s.Correction,
	}, map[string]string{
		"signal_id": s.ID.String(), "channel": s.Channel, "status": s.Status, "code": s.Code, "transaction_id": s.TransactionID,
		"conversion_id": s.ConversionID, "order_id": s.OrderID, "amount_sent": s.Amount,
	}, nil)
}

func attemptLine(a fact.Attempt) line {
	return with(line{
		"ms": fact.Milli(a.At), "quarter": fact.Quarter(a.At), "day": fact.Day(a.At), "number": a.Number, "took_ms": a.Took.Milliseconds(),
		"subscription": a.SubscriptionID, "offer": a.OfferID, "advertiser": a.AdvertiserID, "affiliate": a.AffiliateID,
		"http_status": a.Status, "delivered": a.Delivered, "test": a.Test,
	}, map[string]string{
		"delivery_id": a.DeliveryID, "conversion_id": a.ConversionID, "transaction_id": a.TransactionID,
		"event": a.Event, "error": a.Error,
	}, nil)
}

func with(l line, texts map[string]string, numbered map[string][fact.Subs]string) line {
	for name, text := range texts {
		l[name] = strconv.Quote(text)
	}
	for name, values := range numbered {
		for i, text := range values {
			l[name+strconv.Itoa(i+1)] = strconv.Quote(text)
		}
	}
	return l
}

// expected gives the rows of a table that batches make, as texts, in order.
func expected(t *testing.T, table string, batches ...fact.Batch) []string {
	t.Helper()
	var all []string
	add := func(l line) { all = append(all, l.in(t, table)) }
	for _, b := range batches {
		switch table {
		case fact.Clicks:
			each(b.Clicks, clickLine, add)
		case fact.Impressions:
			each(b.Impressions, clickLine, add)
		case fact.Conversions:
			each(b.Conversions, conversionLine, add)
		case fact.Signals:
			each(b.Signals, signalLine, add)
		case fact.Deliveries:
			each(b.Attempts, attemptLine, add)
		}
	}
	slices.Sort(all)
	return all
}

func each[T any](rows []T, of func(T) line, add func(line)) {
	for _, r := range rows {
		add(of(r))
	}
}

// ids reads the IDs of clicks from their columns.
func ids(t *testing.T, w Warehouse) []txid.ID {
	t.Helper()
	var all []txid.ID
	for _, r := range rows(t, w, "SELECT ms, id_head, id_node, id_seq, id_mask, id_tag FROM click") {
		all = append(all, txid.Columns{
			Milli: r[0].Number, Head: uint8(r[1].Number), Node: uint16(r[2].Number), Seq: uint16(r[3].Number), //nolint:gosec // as stored
			Mask: uint64(r[4].Number), Tag: uint32(r[5].Number), //nolint:gosec // as stored
		}.ID())
	}
	return all
}

// holds fails unless the warehouse holds what the batches say, and no more.
func holds(t *testing.T, w Warehouse, batches ...fact.Batch) {
	t.Helper()
	for _, table := range fact.Tables() {
		got, want := stored(t, w, table.Name), expected(t, table.Name, batches...)
		if len(got) != len(want) {
			t.Errorf("%s has %d rows, want %d", table.Name, len(got), len(want))
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s, row %d:\n got %s\nwant %s", table.Name, i, got[i], want[i])
				break
			}
		}
	}
}
