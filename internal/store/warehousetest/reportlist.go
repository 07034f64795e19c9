package warehousetest

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"waybill/internal/account"
	"waybill/internal/fact"
	"waybill/internal/report"
)

// Lists holds that a list has each fact once, newest first, and finds one by its
// ID.
func Lists(t *testing.T, open func(t *testing.T) Warehouse) {
	w := opened(t, open)
	b := reported(9, []string{"USD"})
	b.Clicks = append(b.Clicks, sameMilli(b.Clicks[0], 30)...)
	b.Attempts = append(b.Attempts, fact.Attempt{Number: 1, DeliveryID: "d1", At: Noon(), Delivered: true}, fact.Attempt{Number: 2, DeliveryID: "d1", At: Noon()})
	mustAppend(t, w, b)
	network := report.Viewer{Role: account.Network}

	var clicks, conversions []string
	for i := range b.Clicks {
		clicks = append(clicks, b.Clicks[i].ID.String())
	}
	holds := map[string]int8{}
	for _, c := range b.Conversions {
		holds[c.ID+c.Status] += c.Sign
	}
	for id, n := range holds {
		if n > 0 {
			conversions = append(conversions, id)
		}
	}
	tests := []struct {
		name, table, query string
		fields             []string
		want               []string
	}{
		{"clicks, bots and tests among them", fact.Clicks, "filter=test=true,false", []string{"transaction_id"}, clicks},
		{"one click", fact.Clicks, "filter=test=true,false&filter=transaction_id=" + clicks[7], []string{"transaction_id"}, clicks[7:8]},
		{"all but one click", fact.Clicks, "filter=test=true,false&filter=transaction_id!=" + clicks[0], []string{"transaction_id"}, clicks[1:]},
		{"conversions as they are now", fact.Conversions, "filter=test=true,false", []string{"conversion_id", "status"}, conversions},
		{"attempts that delivered nothing", fact.Deliveries, "filter=delivered=false", []string{"delivery_id", "delivered"}, []string{"d1false"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			values, err := url.ParseQuery(tt.query + "&from=2026-01-01&to=2026-12-31&limit=100")
			if err != nil {
				t.Fatal(err)
			}
			got := listed(t, w, tt.table, values, network, tt.fields)
			slices.Sort(got)
			want := slices.Sorted(slices.Values(tt.want))
			if !slices.Equal(got, want) {
				t.Errorf("the list has %d facts, want %d: %v", len(got), len(want), fmt.Sprintf("%.300q", got))
			}
		})
	}
}

// sameMilli makes clicks that nothing but the rest of their ID tells apart.
func sameMilli(c fact.Click, n int) []fact.Click {
	all := make([]fact.Click, n)
	for i := range all {
		all[i] = c
		columns := c.ID.Columns()
		columns.Seq, columns.Node = uint16(1000+i/3), uint16(6+i%3)
		all[i].ID = columns.ID()
	}
	return all
}

// listed reads a list to its end, and gives the fields put together.
func listed(t *testing.T, w Warehouse, table string, values url.Values, v report.Viewer, fields []string) []string {
	t.Helper()
	var all, times []string
	err := w.View(within(t), func(r report.Reader) error {
		for {
			page, err := readPage(t, r, table, values, v)
			if err != nil {
				return err
			}
			for _, line := range page.Rows {
				all = append(all, joined(page.Fields, line, fields...))
				times = append(times, joined(page.Fields, line, "at"))
			}
			if page.Next == "" {
				return nil
			}
			values.Set("cursor", page.Next)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(times)
	if !slices.IsSorted(times) {
		t.Error("the list is not in the order of time, newest first")
	}
	return all
}

func readPage(t *testing.T, r report.Reader, table string, values url.Values, v report.Viewer) (report.Page, error) {
	l, err := report.ParseList(table, values, now().Add(24*time.Hour), v)
	if err != nil {
		return report.Page{}, err
	}
	return l.Read(t.Context(), r)
}

// joined puts the texts of some fields together.
func joined(fields []report.Field, line report.Line, names ...string) string {
	text := ""
	for i, f := range fields {
		if slices.Contains(names, f.Name) {
			text += line.Cells[i].String()
		}
	}
	return text
}
