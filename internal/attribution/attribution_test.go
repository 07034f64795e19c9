package attribution_test

import (
	"strings"
	"testing"
	"time"

	"waybill/internal/attribution"
	"waybill/internal/click"
	"waybill/internal/offer"
	"waybill/internal/signal"
	"waybill/internal/span"
	"waybill/internal/txid"
)

const (
	window = 30 * 24 * time.Hour
	least  = 10 * time.Second
)

func clicked() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func TestDecide(t *testing.T) {
	tests := []struct {
		name    string
		after   time.Duration // from click to receipt
		instant bool          // the offer takes conversions at once
		credit  string        // the offer's credit_without_click
		change  func(*attribution.Candidate)
		want    signal.Code
		rule    string
	}{
		{name: "an hour later is credited", after: time.Hour, want: signal.OK, rule: "within the window of 30d"},
		{name: "the last instant of the window is credited", after: window, want: signal.OK},
		{name: "an instant later the click has expired", after: window + 1, want: signal.ClickExpired, rule: "the click window is 30d"},
		{name: "the first instant the offer takes is credited", after: least, want: signal.OK},
		{name: "an instant sooner is too fast", after: least - 1, want: signal.TooFast, rule: "takes none before 10s"},
		{name: "the instant of the click is credited where nothing is too fast", instant: true, want: signal.OK},
		{name: "five minutes before the click are put down to clocks", after: -5 * time.Minute, instant: true, want: signal.OK, rule: "received 0s after"},
		{name: "but count as nothing, which may be too fast", after: -time.Minute, want: signal.TooFast, rule: "received 0s after"},
		{name: "more than five minutes before are too fast", after: -5*time.Minute - 1, instant: true, want: signal.TooFast, rule: "before its click"},
		{
			name: "the record's true clock counts, not the ID's", after: window + time.Hour,
			change: func(c *attribution.Candidate) { c.Record.At = clicked().Add(2 * time.Hour) }, want: signal.OK,
		},
		{
			name: "a visitor who was turned away earns nothing", after: time.Hour,
			change: func(c *attribution.Candidate) { c.Record.TurnedAway = click.CapReached }, want: signal.TurnedAway, rule: "cap_reached",
		},
		{
			name: "the ID alone says that he was", after: time.Hour,
			change: func(c *attribution.Candidate) { c.Parts.TurnedAway, c.Record = true, nil }, want: signal.TurnedAway,
		},
		{name: "a click of another offer earns nothing here", after: time.Hour, change: func(c *attribution.Candidate) { c.Parts.Offer = 8 }, want: signal.OfferMismatch, rule: "of offer 8, not of offer 7"},
		{name: "a lost record is credited from the ID", after: time.Hour, change: lose, want: signal.RecordMissing, rule: "from the ID alone"},
		{name: "and where the offer accepts it", after: time.Hour, credit: "accept", change: lose, want: signal.RecordMissing},
		{name: "but not where the offer refuses it", after: time.Hour, credit: "reject", change: lose, want: signal.ClickNotFound},
		{name: "a lost record's click can expire, by its ID", after: window + 1, credit: "reject", change: lose, want: signal.ClickExpired},
		{name: "and can be too fast", after: least - 1, change: lose, want: signal.TooFast},
		{name: "a record without a time goes by the ID's", after: time.Hour, change: func(c *attribution.Candidate) { c.Record.At = time.Time{} }, want: signal.OK, rule: "received 1h0m0s after"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := candidate()
			if tt.change != nil {
				tt.change(&c)
			}
			o := terms()
			o.CreditWithoutClick = tt.credit
			if tt.instant {
				o.MinConversionTime = 0
			}
			s := &signal.Signal{ReceivedAt: clicked().Add(tt.after)}

			got := attribution.Decide(o, s, c)
			if got.Code != tt.want || !strings.Contains(got.Rule, tt.rule) || got.Rule == "" {
				t.Errorf("Decide() = %s (%s); want %s (… %s …)", got.Code, got.Rule, tt.want, tt.rule)
			}
			if want := tt.want == signal.OK || tt.want == signal.RecordMissing; got.Creditable() != want {
				t.Errorf("Creditable() = %v, want %v", got.Creditable(), want)
			}
		})
	}
}

func terms() *offer.Offer {
	return &offer.Offer{ID: 7, ClickWindow: span.Days(30), MinConversionTime: span.Span(least)}
}

func candidate() attribution.Candidate {
	return attribution.Candidate{
		By:     offer.ByTransactionID,
		Parts:  txid.Parts{Kind: txid.Click, Time: clicked(), Offer: 7, Affiliate: 9},
		Record: &click.Click{At: clicked(), OfferID: 7, AffiliateID: 9},
	}
}

func lose(c *attribution.Candidate) { c.Record = nil }
