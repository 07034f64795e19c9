package report_test

import (
	"context"
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/account"
	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/report"
)

func list(t *testing.T, table, query string, v report.Viewer) (*report.List, error) {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return report.ParseList(table, values, now, v)
}

func TestParseListSaysWhatIsWrong(t *testing.T) {
	tests := []struct {
		name, table, query string
		viewer             report.Viewer
		kind               fault.Kind
		says               string
	}{
		{"an advertiser counts clicks and lists none", fact.Clicks, "", advertiser, fault.Forbidden, "cannot list clicks"},
		{"nor views", fact.Impressions, "", advertiser, fault.Forbidden, "cannot list impressions"},
		{"whose a delivery is nobody can tell", fact.Deliveries, "", affiliate, fault.Forbidden, "cannot list deliveries"},
		{"a filter that the table lacks", fact.Clicks, "filter=goal=1", network, fault.Invalid, "clicks cannot be filtered by goal"},
		{"an affiliate and orders it did not earn", fact.Signals, "filter=order_id=A-1", affiliate, fault.Invalid, "signals cannot be filtered by order_id"},
		{"a metric", fact.Clicks, "filter=clicks>=1", network, fault.Invalid, "not a dimension"},
		{"a transaction ID that is none", fact.Clicks, "filter=transaction_id=abc", network, fault.Invalid, "query.filter"},
		{"a dimension of reports", fact.Clicks, "dimensions=day", network, fault.Invalid, "not a parameter"},
		{"too long a page", fact.Clicks, "limit=1001", network, fault.Invalid, "from 1 to 1000"},
		{"a cursor of no list", fact.Clicks, "cursor=x", network, fault.Invalid, "not a next_cursor"},
		{"a cursor of another list", fact.Clicks, "cursor=" + base64.RawURLEncoding.EncodeToString([]byte("1763000000000 5 abc")), network, fault.Invalid, "not a next_cursor"},
		{"a cursor with SQL in it", fact.Deliveries, "cursor=" + base64.RawURLEncoding.EncodeToString([]byte("1763000000000 5 1)--")), network, fault.Invalid, "not a next_cursor"},
		{"a cursor of no time", fact.Deliveries, "cursor=" + base64.RawURLEncoding.EncodeToString([]byte("5 5 1")), network, fault.Invalid, "not a next_cursor"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := list(t, tt.table, tt.query, tt.viewer)
			if fault.Of(err) != tt.kind || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("ParseList() = %v, want a fault of kind %s that says %q", err, tt.kind, tt.says)
			}
		})
	}
}

func TestListsShowWhatTheRoleMaySee(t *testing.T) {
	tests := []struct {
		name         string
		table        string
		viewer       report.Viewer
		shows, hides string
	}{
		{"clicks to the network", fact.Clicks, network, "transaction_id at is_bot test turned_away ip user_agent sub1 link", "ms quarter day visitor traffic id_tag"},
		{"clicks to their affiliate", fact.Clicks, affiliate, "transaction_id sub1 source aff_click_id referrer", "ip user_agent advertiser"},
		{"conversions to their affiliate", fact.Conversions, affiliate, "conversion_id payout amount order_id sub1 click_at", "revenue advertiser adv1 change_id sign"},
		{"conversions to their advertiser", fact.Conversions, advertiser, "conversion_id revenue amount order_id adv1", "payout source sub1"},
		{"signals to their affiliate", fact.Signals, affiliate, "signal_id status code", "amount_sent order_id advertiser"},
		{"signals to their advertiser", fact.Signals, advertiser, "signal_id status code amount_sent order_id", "sub1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l, err := list(t, tt.table, "", tt.viewer)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range l.Fields() {
				got = append(got, f.Name)
				if f.Name == "affiliate" && f.Named != (tt.viewer.Role != account.Advertiser) {
					t.Errorf("an %s may know the names of affiliates: %v", tt.viewer.Role, f.Named)
				}
			}
			for _, name := range strings.Fields(tt.shows) {
				if !slices.Contains(got, name) {
					t.Errorf("%s is missing in %v", name, got)
				}
			}
			for _, name := range strings.Fields(tt.hides) {
				if slices.Contains(got, name) {
					t.Errorf("%s is among %v", name, got)
				}
			}
		})
	}
}

// FuzzCursor holds that a cursor is refused, or goes into a statement as numbers
// and arguments alone.
func FuzzCursor(f *testing.F) {
	for _, plain := range []string{"5 abc", "5 1", "-1 1", "5 '; --", "5 6 7 8 9 10"} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte("1763000000000 " + plain)))
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		for _, table := range []string{fact.Clicks, fact.Conversions, fact.Signals, fact.Deliveries} {
			l, err := report.ParseList(table, url.Values{"cursor": {cursor}}, now, network)
			if err != nil {
				continue
			}
			r := &empty{rows: map[string][]report.Row{}}
			if _, err := l.Read(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if strings.ContainsAny(r.statements[0].SQL, `;'"\`) {
				t.Fatalf("%q goes into the statement: %s", cursor, r.statements[0].SQL)
			}
		}
	})
}

// pages is a warehouse with a row more than any page holds.
type pages struct{ empty }

func (p *pages) Rows(_ context.Context, st report.Statement, row func(report.Row) error) error {
	p.statements = append(p.statements, st)
	for i := range int64(3) {
		r := make(report.Row, len(st.Columns))
		r[0], r[1] = n(now.UnixMilli()-i), s("abc")
		if err := row(r); err != nil {
			return err
		}
	}
	return nil
}

// TestPagesAreOfOneRange reads a page before midnight and the next behind it.
func TestPagesAreOfOneRange(t *testing.T) {
	bounds := regexp.MustCompile(`quarter >= \d+ AND quarter < \d+( AND ms < \d+)?`)
	late := time.Date(2026, time.November, 22, 23, 59, 59, 5e8, time.UTC)
	read := func(values url.Values, at time.Time) (next, of string) {
		t.Helper()
		values.Set("limit", "2")
		l, err := report.ParseList(fact.Signals, values, at, network)
		if err != nil {
			t.Fatal(err)
		}
		var r pages
		page, err := l.Read(t.Context(), &r)
		if err != nil || page.Next == "" {
			t.Fatalf("a page is followed by %q, %v; want another", page.Next, err)
		}
		return page.Next, bounds.FindString(r.statements[0].SQL)
	}
	next, first := read(url.Values{}, late)
	for range 2 {
		var of string
		next, of = read(url.Values{"cursor": {next}}, late.Add(2*time.Second))
		if of != first || first == "" {
			t.Errorf("behind midnight a page is of %q, the first of %q", of, first)
		}
	}
	if _, of := read(url.Values{"cursor": {next}, "to": {"2026-11-21"}}, late); of == first {
		t.Errorf("a page with an end of its own is of %q", of)
	}
}
