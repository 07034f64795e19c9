package warehousetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/account"
	"waybill/internal/fact"
	"waybill/internal/report"
)

// Discrepancies holds the comparison of pixel and postback against signals whose
// story is known.
func Discrepancies(t *testing.T, open func(t *testing.T) Warehouse) {
	w := opened(t, open)
	mustAppend(t, w, twoChannels())
	tests := []struct {
		name   string
		viewer report.Viewer
		query  map[string][]string
		want   []string
	}{
		{
			name: "two days in UTC", viewer: report.Viewer{Role: account.Network},
			want: []string{
				"2026-11-10 offer 1: both 4, pixel 1, postback 3; first 3, other day 1; amounts =2 !=1 ?1, 2500000; 1m0s 1h0m0s; pixel 3/7, postback 1/5; pixel late click_expired 1, pixel never_came  1, pixel no_cookie  1, postback rejected token_invalid 1",
				"2026-11-11 offer 1: both 0, pixel 0, postback 1; first 0, other day 0; amounts =0 !=0 ?0, 0; ; pixel 1/1, postback 0/0; pixel recent  1",
				"total: both 4, pixel 1, postback 4; first 3, other day 1; amounts =2 !=1 ?1, 2500000; 1m0s 1h0m0s; pixel 4/8, postback 1/5; pixel late click_expired 1, pixel never_came  1, pixel no_cookie  1, pixel recent  1, postback rejected token_invalid 1",
				"browsers: Safari 1/1",
				"one channel: [2]",
			},
		},
		{
			name: "in a zone where no day ends between the two", viewer: report.Viewer{Role: account.Network}, query: map[string][]string{"tz": {"America/New_York"}, "filter": {"offer=1"}},
			want: []string{
				"2026-11-10 offer 1: both 4, pixel 1, postback 3; first 3, other day 0; amounts =2 !=1 ?1, 2500000; 1m0s 1h0m0s; pixel 3/7, postback 1/5; pixel late click_expired 1, pixel never_came  1, pixel no_cookie  1, postback rejected token_invalid 1",
				"2026-11-11 offer 1: both 0, pixel 0, postback 1; first 0, other day 0; amounts =0 !=0 ?0, 0; ; pixel 1/1, postback 0/0; pixel recent  1",
				"total: both 4, pixel 1, postback 4; first 3, other day 0; amounts =2 !=1 ?1, 2500000; 1m0s 1h0m0s; pixel 4/8, postback 1/5; pixel late click_expired 1, pixel never_came  1, pixel no_cookie  1, pixel recent  1, postback rejected token_invalid 1",
				"browsers: Safari 1/1",
				"one channel: []",
			},
		},
		{
			name: "another advertiser", viewer: report.Viewer{Role: account.Advertiser, AdvertiserID: 8},
			want: []string{"total: both 0, pixel 0, postback 0; first 0, other day 0; amounts =0 !=0 ?0, 0; ; pixel 0/0, postback 0/0; ", "browsers:", "one channel: []"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			values := map[string][]string{"from": {"2026-11-10"}, "to": {"2026-11-11"}}
			for name, v := range tt.query {
				values[name] = v
			}
			q, err := report.ParseDiscrepancy(values, now(), tt.viewer)
			if err != nil {
				t.Fatal(err)
			}
			var got report.DiscrepancyAnswer
			err = w.View(within(t), func(r report.Reader) error {
				got, err = q.Answer(t.Context(), r)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, told(&got)); diff != "" {
				t.Errorf("Answer() (-want +got):\n%s", diff)
			}
		})
	}
}

// told writes an answer in a line a row.
func told(a *report.DiscrepancyAnswer) []string {
	var all []string
	for _, r := range a.Rows {
		all = append(all, fmt.Sprintf("%s offer %d: %s", r.Day, r.OfferID, sums(&r)))
	}
	all = append(all, "total: "+sums(&a.Total))
	browsers := "browsers:"
	for _, b := range a.Browsers {
		if b.Browser != "" {
			browsers += fmt.Sprintf(" %s %d/%d", b.Browser, b.Missed, b.Of)
		}
	}
	return append(all, browsers, fmt.Sprint("one channel: ", a.OneChannel))
}

func sums(r *report.DiscrepancyRow) string {
	lags := ""
	if r.LagMedian != nil {
		lags = fmt.Sprint(*r.LagMedian, " ", *r.LagP90)
	}
	causes := ""
	for i, c := range r.Causes {
		if i > 0 {
			causes += ", "
		}
		causes += fmt.Sprint(c.Channel, " ", c.Why, " ", c.Code, " ", c.Conversions)
	}
	return fmt.Sprintf("both %d, pixel %d, postback %d; first %d, other day %d; amounts =%d !=%d ?%d, %d; %s; pixel %d/%d, postback %d/%d; %s",
		r.Both, r.OnlyPixel, r.OnlyPostback, r.PixelFirst, r.OtherDay, r.AmountsEqual, r.AmountsDiffer, r.AmountMissing, r.Difference,
		lags, r.PixelLoss.Missed, r.PixelLoss.Of, r.PostbackLoss.Missed, r.PostbackLoss.Of, causes)
}

// twoChannels gives signals of which each tells a story. All are of advertiser
// 7; everything received up to an hour after the last is stored.
func twoChannels() fact.Batch {
	m := NewMaker(9)
	at := func(text string) time.Time {
		found, err := time.Parse("2006-01-02 15:04:05", text)
		if err != nil {
			panic(err)
		}
		return found
	}
	signal := func(when, channel, status, code, conversion, transaction, order, amount string) fact.Signal {
		s := m.Signal(at(when))
		s.At = at(when)
		s.Channel, s.Status, s.Code, s.ConversionID, s.TransactionID = channel, status, code, conversion, transaction
		s.OrderID, s.Amount, s.OfferID, s.AdvertiserID, s.Test, s.Correction = order, amount, 1, 7, false, false
		return s
	}
	correction := func(when, status, code, conversion, transaction, amount string) fact.Signal {
		s := signal(when, "api", status, code, conversion, transaction, "", amount)
		s.Correction = true
		return s
	}
	other := signal("2026-11-10 10:00:00", "postback", "accepted", "ok", "c9", "t9", "", "")
	other.OfferID = 2 // which has no pixel
	test := signal("2026-11-10 10:00:00", "postback", "accepted", "ok", "c10", "t10", "", "")
	test.Test = true
	signals := []fact.Signal{
		// Both, the pixel first by a minute, the same amount in other words.
		signal("2026-11-10 10:00:00", "pixel", "accepted", "ok", "c1", "t1", "A1", "12.50"),
		signal("2026-11-10 10:01:00", "postback", "duplicate", "sighting", "c1", "t1", "A1", "12,5"),
		signal("2026-11-10 10:02:00", "postback", "duplicate", "duplicate", "c1", "t1", "A1", "12,5"),
		// Both, the postback first by an hour, another amount.
		signal("2026-11-10 11:00:00", "postback", "accepted", "ok", "c2", "t2", "A2", "22.50"),
		signal("2026-11-10 12:00:00", "sdk", "duplicate", "sighting", "c2", "t2", "A2", "20"),
		// Both, on two days in UTC; the pixel said no amount.
		signal("2026-11-10 23:59:50", "pixel", "accepted", "ok", "c3", "t3", "", ""),
		signal("2026-11-11 00:00:05", "postback", "updated", "updated", "c3", "t3", "A3", "9"),
		// A person's correction is no sighting, and one that fails no cause.
		correction("2026-11-11 02:00:00", "updated", "updated", "c3", "t3", "10"),
		correction("2026-11-10 13:00:00", "rejected", "transition_not_allowed", "c4", "t4", ""),
		correction("2026-11-10 13:00:02", "updated", "updated", "c4", "t4", "11"),
		// The pixel alone: the postback had the wrong token.
		signal("2026-11-10 13:00:00", "pixel", "accepted", "ok", "c4", "t4", "", ""),
		signal("2026-11-10 13:00:01", "postback", "rejected", "token_invalid", "", "t4", "", ""),
		// The postback alone: the pixel had lost its cookie, came too late, never.
		signal("2026-11-10 14:00:00", "postback", "accepted", "ok", "c5", "t5", "A5", "1"),
		signal("2026-11-10 14:00:01", "pixel", "rejected", "transaction_id_missing", "", "", "A5", "1"),
		signal("2026-11-10 15:00:00", "import", "accepted", "ok", "c6", "t6", "", ""),
		signal("2026-11-14 15:00:00", "pixel", "rejected", "click_expired", "", "t6", "", ""),
		signal("2026-11-10 16:00:00", "api", "accepted", "ok", "c7", "t7", "", ""),
		// Both, the second one through the API, which confirms what a browser said.
		signal("2026-11-10 17:00:00", "pixel", "accepted", "ok", "c11", "t11", "", "7"),
		signal("2026-11-10 17:01:00", "api", "updated", "updated", "c11", "t11", "", "7"),
		// And one whose pixel may still come.
		signal("2026-11-11 20:00:00", "postback", "accepted", "ok", "c8", "t8", "", ""),
		other, test,
	}
	for i := range signals {
		if s := &signals[i]; s.Code == "transaction_id_missing" {
			s.OfferID, s.AdvertiserID = 0, 7
		}
	}
	safari := m.Conversion(at("2026-11-10 16:00:00"))
	safari.Sign, safari.ID, safari.Browser, safari.OfferID, safari.AdvertiserID, safari.Test = 1, "c7", "Safari", 1, 7, false
	return fact.Batch{
		Signals: signals, Conversions: []fact.Conversion{safari},
		Positions: []fact.Position{{Source: "signal/1", At: 1, Through: at("2026-11-11 20:30:00")}},
	}
}
