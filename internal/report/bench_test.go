package report_test

import (
	"context"
	"net/url"
	"strconv"
	"testing"
	"time"

	"waybill/internal/report"
)

// many is a warehouse that gives n rows of a text and numbers.
type many struct{ n int }

func (m many) AsOf() time.Time { return now }

func (m many) Rows(_ context.Context, s report.Statement, row func(report.Row) error) error {
	values := make(report.Row, len(s.Columns))
	for i := range m.n {
		for j, c := range s.Columns {
			values[j] = report.Value{Number: int64(i)}
			if c.Text {
				values[j] = report.Value{Text: strconv.Itoa(i)}
			}
		}
		if err := row(values); err != nil {
			return err
		}
	}
	return nil
}

// BenchmarkStream measures a row of a streamed report, engine left out.
func BenchmarkStream(b *testing.B) {
	q, err := report.Parse(url.Values{
		"dimensions": {"sub5"}, "metrics": {"clicks,conversions,cr,payout,epc"}, "format": {"csv"}, "currency": {"USD"},
	}, now, network)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	if _, err := q.Stream(b.Context(), many{b.N}, func(report.Line) error { return nil }); err != nil {
		b.Fatal(err)
	}
}
