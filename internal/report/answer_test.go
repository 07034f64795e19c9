package report_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/report"
)

func (e *empty) AsOf() time.Time { return now }

// Rows gives the rows of a statement by its columns, and one of zeros where a
// statement sums up and nothing else is said.
func (e *empty) Rows(_ context.Context, s report.Statement, row func(report.Row) error) error {
	e.statements = append(e.statements, s)
	var names []string
	for _, c := range s.Columns {
		names = append(names, c.Name)
	}
	rows, ok := e.rows[strings.Join(names, " ")]
	if !ok && !strings.Contains(s.SQL, "GROUP BY f.") {
		rows = []report.Row{make(report.Row, len(s.Columns))}
	}
	for _, r := range rows {
		if err := row(r); err != nil {
			return err
		}
	}
	return nil
}

func n(v int64) report.Value  { return report.Value{Number: v} }
func s(v string) report.Value { return report.Value{Text: v} }
func given(columns string, rows ...report.Row) *empty {
	return &empty{rows: map[string][]report.Row{columns: rows}}
}

func TestCells(t *testing.T) {
	tests := []struct {
		name    string
		metrics string
		sums    string // the columns that the metrics are made of
		row     report.Row
		want    string
	}{
		{"counts and money", "clicks,payout", "clicks payout", report.Row{n(3), n(12_500_000)}, `[3,"12.50"]`},
		{"profit may be a loss", "profit", "revenue payout", report.Row{n(1_000_000), n(2_250_000)}, `["-1.25"]`},
		{"a quotient has six digits", "cr", "conversions clicks", report.Row{n(1), n(3)}, `[0.333333]`},
		{"a half goes to the even side", "cr", "conversions clicks", report.Row{n(1), n(2_000_000)}, `[0.000000]`},
		{"and the next one up", "cr", "conversions clicks", report.Row{n(3), n(2_000_000)}, `[0.000002]`},
		{"a quotient of money", "epc", "payout clicks", report.Row{n(1_000_000), n(3)}, `[0.333333]`},
		{"per thousand", "ecpm", "payout impressions", report.Row{n(1_500_000), n(4)}, `[375.000000]`},
		{"nothing to divide by", "cr,clicks", "conversions clicks", report.Row{n(3), n(0)}, `[null,0]`},
		{"less than nothing, but not by a half", "epc", "payout clicks", report.Row{n(-5), n(10)}, `[0.000000]`},
		{"less than nothing", "epc", "payout clicks", report.Row{n(-1_500_000), n(4)}, `[-0.375000]`},
		{"a half of what is long", "ecpm", "payout impressions", report.Row{n(math.MaxInt64), n(2000)}, `[4611686018427.387904]`},
		{"what fits 64 bits and no more", "payout", "payout", report.Row{n(math.MaxInt64)}, `["9223372036854.775807"]`},
		{"a thousand times of it", "ecpm", "payout impressions", report.Row{n(math.MaxInt64), n(1)}, `[9223372036854775.807000]`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q, err := parse(t, "metrics="+tt.metrics, network)
			if err != nil {
				t.Fatal(err)
			}
			r := given(tt.sums, tt.row)
			r.rows["currency"] = []report.Row{{s("USD")}}
			a, err := q.Answer(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal(a.Total.Cells)
			if err != nil || string(got) != tt.want {
				t.Errorf("cells are %s, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestMoneyOfSeveralCurrenciesIsNotAddedUp(t *testing.T) {
	both := []report.Row{{s("EUR")}, {s("USD")}}
	q, err := parse(t, "metrics=payout", network)
	if err != nil {
		t.Fatal(err)
	}
	_, err = q.Answer(t.Context(), given("currency", both...))
	if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "EUR, USD") || !strings.Contains(err.Error(), "dimension currency") {
		t.Errorf("Answer() = %v, want a fault that names the currencies and both ways out", err)
	}

	q, err = parse(t, "metrics=payout,clicks&dimensions=currency", network)
	if err != nil {
		t.Fatal(err)
	}
	r := given("currency", both...)
	r.rows["currency payout clicks"] = []report.Row{{s("EUR"), n(5_000_000), n(0)}, {s("JPY"), n(7_000_000), n(0)}}
	a, err := q.Answer(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(a.Rows[0].Cells, a.Rows[1].Cells, a.Total.Cells, a.Currency)
	if want := "[EUR 5.00 0] [JPY 7 0] [  0]"; got != want {
		t.Errorf("rows and total are %s, want %s", got, want)
	}
	if !strings.Contains(strings.Join(a.Notes, "\n"), "several currencies") {
		t.Errorf("notes are %q, want one about currencies", a.Notes)
	}
}

func TestSumsBeyond64BitsAreRefused(t *testing.T) {
	tests := []struct {
		name, metric, columns string
		row                   report.Row
	}{
		{"a sum that the engine could not give", "payout", "payout", report.Row{{Null: true}}},
		{"a difference", "profit", "revenue payout", report.Row{n(math.MaxInt64), n(-1)}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q, err := parse(t, "metrics="+tt.metric, network)
			if err != nil {
				t.Fatal(err)
			}
			r := given(tt.columns, tt.row)
			r.rows["currency"] = []report.Row{{s("USD")}}
			if a, err := q.Answer(t.Context(), r); fault.Of(err) != fault.Invalid {
				t.Errorf("Answer() = %+v, %v; want a fault", a.Total, err)
			}
		})
	}
}

func TestWhatUsersTypeIsAnArgument(t *testing.T) {
	const evil = `x'); DROP TABLE click; --`
	for _, filter := range []string{"sub1=", "sub1^=", "sub1~=", "country=", "country!=", "device^=", "status="} {
		t.Run(filter, func(t *testing.T) {
			q, err := parse(t, "metrics=clicks,conversions,signals&dimensions=country&filter="+strings.ReplaceAll(filter+evil, ";", "%3B"), network)
			if err != nil {
				t.Fatal(err)
			}
			r := &empty{}
			if _, err := q.Answer(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			for _, st := range r.statements {
				if strings.Contains(st.SQL, "DROP") {
					t.Errorf("a statement holds what was typed: %s", st.SQL)
				}
			}
		})
	}
}

func TestStream(t *testing.T) {
	q, err := parse(t, "dimensions=sub5&metrics=clicks&format=csv", network)
	if err != nil {
		t.Fatal(err)
	}
	r := given("sub5 clicks", report.Row{s("a"), n(1)}, report.Row{s("b"), n(2)})
	var got []string
	truncated, err := q.Stream(t.Context(), r, func(l report.Line) error {
		got = append(got, fmt.Sprint(l.Cells))
		return nil
	})
	if err != nil || truncated || fmt.Sprint(got) != "[[a 1] [b 2]]" {
		t.Errorf("Stream() gives %v, truncated %v, %v", got, truncated, err)
	}
	if len(r.statements) != 1 || strings.Contains(r.statements[0].SQL, "ORDER BY") || strings.Contains(r.statements[0].SQL, "LIMIT") {
		t.Errorf("statements are %v, want one without order and limit", r.statements)
	}
}

// TestAnswerIsBoundedInMemory reads rows of long free values.
func TestAnswerIsBoundedInMemory(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	rows := func(count int) []report.Row {
		all := make([]report.Row, count)
		for i := range all {
			all[i] = report.Row{s(long), n(1)} // one text, which takes its place once here
		}
		return all
	}
	q, err := parse(t, "dimensions=sub1&metrics=clicks&limit=100000", network)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.Answer(t.Context(), given("sub1 clicks", rows(1000)...)); fault.Of(err) != fault.Limited || !strings.Contains(err.Error(), "format=ndjson") {
		t.Errorf("1000 rows of 1 MiB = %v, want a fault of kind limited that says what to do", err)
	}
	if a, err := q.Answer(t.Context(), given("sub1 clicks", rows(10)...)); err != nil || len(a.Rows) != 10 {
		t.Errorf("10 rows of 1 MiB: %d rows (%v), want them", len(a.Rows), err)
	}
}

func TestAStreamSaysWhenTheLimitCutsRowsOff(t *testing.T) {
	for limit, want := range map[string]string{"1": "1 row, truncated true", "2": "2 row, truncated false", "3": "2 row, truncated false"} {
		q, err := parse(t, "dimensions=sub5&metrics=clicks&format=ndjson&limit="+limit, network)
		if err != nil {
			t.Fatal(err)
		}
		r := given("sub5 clicks", report.Row{s("a"), n(1)}, report.Row{s("b"), n(2)})
		rows := 0
		truncated, err := q.Stream(t.Context(), r, func(report.Line) error {
			rows++
			return nil
		})
		if got := fmt.Sprintf("%d row, truncated %v", rows, truncated); err != nil || got != want {
			t.Errorf("limit %s of two: %s (%v), want %s", limit, got, err, want)
		}
	}
}

func TestTotalReadsNoRows(t *testing.T) {
	q, err := parse(t, "dimensions=sub5&metrics=clicks", network)
	if err != nil {
		t.Fatal(err)
	}
	rows := given("sub5 clicks", report.Row{s("a"), n(2)}, report.Row{s("b"), n(3)})
	whole, err := q.Answer(t.Context(), rows)
	if err != nil {
		t.Fatal(err)
	}
	r := given("clicks", report.Row{n(5)})
	got, err := q.Total(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows.statements) != 1 {
		t.Errorf("an answer that shows all rows takes %d statements, want 1", len(rows.statements))
	}
	whole.Rows, whole.Total.Links = []report.Line{}, nil
	if fmt.Sprint(got) != fmt.Sprint(whole) {
		t.Errorf("Total() = %v\nwant what Answer() says: %v", got, whole)
	}
	for _, st := range r.statements {
		if len(st.Columns) != 1 || strings.Contains(st.SQL, "ORDER BY") {
			t.Errorf("a statement reads more than the total: %s", st.SQL)
		}
	}
}
