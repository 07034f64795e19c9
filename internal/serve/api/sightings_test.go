package api

import (
	"fmt"
	"testing"
	"time"

	"waybill/internal/param"
	"waybill/internal/signal"
)

func TestSightings(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	said := func(c signal.Channel, after time.Duration, values ...string) *signal.Signal {
		s := &signal.Signal{Channel: c, ReceivedAt: at.Add(after)}
		for i, n := range []param.Name{param.Amount, param.Currency, param.OrderID} {
			if i < len(values) && values[i] != "" {
				s.Params = append(s.Params, signal.Param{Name: n, Value: values[i]})
			}
		}
		return s
	}
	tests := []struct {
		name    string
		signals []*signal.Signal
		want    string
	}{
		{"nobody", nil, " [] []"},
		{"the postback alone", []*signal.Signal{said(signal.Postback, 0, "1")}, "  [postback] []"},
		{"the pixel first, the same in other words", []*signal.Signal{said(signal.Postback, time.Minute, "12,5", "EUR", "A"), said(signal.Pixel, 0, "€12.50", "", "A")}, "pixel 1m0s [pixel postback] []"},
		{
			"the postback first, in any order of reading, and other words",
			[]*signal.Signal{said(signal.SDK, time.Hour, "20", "USD", "B"), said(signal.Import, 0, "22.50", "EUR", "A")},
			"postback 1h0m0s [sdk import] [{amount 20 22.50} {currency USD EUR} {order_id B A}]",
		},
		{"what one leaves open is no difference", []*signal.Signal{said(signal.Pixel, 0), said(signal.API, time.Second, "5", "EUR", "A")}, "pixel 1s [pixel api] []"},
		{
			"neither a correction nor a payment is a sighting",
			[]*signal.Signal{
				said(signal.Pixel, 0), {Channel: signal.API, Method: "PATCH", ReceivedAt: at}, {Channel: signal.API, Method: "POST", PayoutID: 1, ReceivedAt: at},
			},
			" [pixel] []",
		},
		{"the first word of each counts", []*signal.Signal{said(signal.Pixel, time.Second, "2"), said(signal.Pixel, 0, "1"), said(signal.Postback, 0, "1"), said(signal.Postback, 9, "3")}, "pixel 0s [pixel postback] []"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := sightings{}
			for _, s := range tt.signals {
				f.see(s)
			}
			f.compare()
			lag := ""
			if f.Lag != nil {
				lag = time.Duration(*f.Lag).String()
			}
			var channels []string
			for _, one := range []*sighting{f.Pixel, f.Postback} {
				if one != nil {
					channels = append(channels, one.Channel)
				}
			}
			if got := fmt.Sprint(f.First, " ", lag, " ", channels, " ", f.Differences); got != tt.want && got != " "+tt.want {
				t.Errorf("sightings are %q, want %q", got, tt.want)
			}
		})
	}
}
