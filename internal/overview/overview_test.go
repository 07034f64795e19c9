package overview_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waybill/internal/account"
	"waybill/internal/overview"
	"waybill/internal/report"
)

func TestPeriodsGoByTheClocksOfTheZone(t *testing.T) {
	tests := []struct {
		name, zone, now             string
		today                       string // begins
		yesterday, yesterdayTo      string // begins, up to
		wholeHours                  float64
		lastWeek, lastWeekTo, ended string
	}{
		{
			"an ordinary day", "UTC", "2026-11-22T12:00:00Z",
			"2026-11-22T00:00:00Z", "2026-11-21T00:00:00Z", "2026-11-21T12:00:00Z", 24,
			"2026-11-15T00:00:00Z", "2026-11-15T12:00:00Z", "2026-11-16T00:00:00Z",
		},
		{
			"east of Greenwich the day begins the evening before", "Europe/Berlin", "2026-11-22T12:00:00Z",
			"2026-11-21T23:00:00Z", "2026-11-20T23:00:00Z", "2026-11-21T12:00:00Z", 24,
			"2026-11-14T23:00:00Z", "2026-11-15T12:00:00Z", "2026-11-15T23:00:00Z",
		},
		{
			"the day after the clocks went back: yesterday had 25 hours", "Europe/Berlin", "2026-10-26T11:30:00Z",
			"2026-10-25T23:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T11:30:00Z", 25,
			"2026-10-18T22:00:00Z", "2026-10-19T10:30:00Z", "2026-10-19T22:00:00Z",
		},
		{
			"02:30 was twice yesterday: up to the second time", "Europe/Berlin", "2026-10-26T01:30:00Z",
			"2026-10-25T23:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T01:30:00Z", 25,
			"2026-10-18T22:00:00Z", "2026-10-19T00:30:00Z", "2026-10-19T22:00:00Z",
		},
		{
			"02:30 was not there yesterday: up to when it was skipped", "Europe/Berlin", "2026-03-30T00:30:00Z",
			"2026-03-29T22:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z", 23,
			"2026-03-22T23:00:00Z", "2026-03-23T01:30:00Z", "2026-03-23T23:00:00Z",
		},
		{
			"a day that begins at 01:00", "America/Santiago", "2026-09-06T12:00:00Z",
			"2026-09-06T04:00:00Z", "2026-09-05T04:00:00Z", "2026-09-05T13:00:00Z", 24,
			"2026-08-30T04:00:00Z", "2026-08-30T13:00:00Z", "2026-08-31T04:00:00Z",
		},
		{
			"no period is empty at midnight", "UTC", "2026-11-22T00:00:00Z",
			"2026-11-22T00:00:00Z", "2026-11-21T00:00:00Z", "2026-11-21T00:00:00.001Z", 24,
			"2026-11-15T00:00:00Z", "2026-11-15T00:00:00.001Z", "2026-11-16T00:00:00Z",
		},
		{
			"an instant after midnight", "UTC", "2026-11-22T00:00:00.001Z",
			"2026-11-22T00:00:00Z", "2026-11-21T00:00:00Z", "2026-11-21T00:00:00.001Z", 24,
			"2026-11-15T00:00:00Z", "2026-11-15T00:00:00.001Z", "2026-11-16T00:00:00Z",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := overview.At(at(t, tt.now), zone(t, tt.zone))
			for what, one := range map[string]struct {
				got  time.Time
				want string
			}{
				"today begins":     {p.Today.From, tt.today},
				"yesterday begins": {p.Yesterday.From, tt.yesterday}, "yesterday goes up to": {p.Yesterday.To, tt.yesterdayTo},
				"yesterday is over": {p.Yesterday.Whole.To, tt.today},
				"last week begins":  {p.LastWeek.From, tt.lastWeek}, "last week goes up to": {p.LastWeek.To, tt.lastWeekTo},
				"last week's day is over": {p.LastWeek.Whole.To, tt.ended},
			} {
				if !one.got.Equal(at(t, one.want)) {
					t.Errorf("%s %s, want %s", what, one.got.UTC().Format(time.RFC3339Nano), one.want)
				}
			}
			if want := max(at(t, tt.now).Sub(p.Today.From), time.Millisecond); p.Today.To.Sub(p.Today.From) != want {
				t.Errorf("today goes up to %s, want %s after it began", p.Today.To, want)
			}
			if got := p.Yesterday.Whole.To.Sub(p.Yesterday.Whole.From).Hours(); got != tt.wholeHours {
				t.Errorf("yesterday had %g hours, want %g", got, tt.wholeHours)
			}
		})
	}
}

func at(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// TestPeriodsFitTogether holds what is true of any instant in any zone.
func TestPeriodsFitTogether(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "America/Havana", "Asia/Beirut"}
	rapid.Check(t, func(rt *rapid.T) {
		loc := zone(t, rapid.SampledFrom(zones).Draw(rt, "zone"))
		now := time.UnixMilli(rapid.Int64Range(1_600_000_000_000, 1_900_000_000_000).Draw(rt, "now"))
		p := overview.At(now, loc)
		for _, one := range []overview.Period{p.Today, p.Yesterday, p.LastWeek} {
			if !one.From.Before(one.To) || !one.From.Equal(one.Whole.From) || one.To.After(one.Whole.To) {
				rt.Fatalf("%s in %s: the period %v is not within the day %v", now, loc, one.Span, one.Whole)
			}
			if hours := one.Whole.To.Sub(one.Whole.From).Hours(); hours > 25.5 {
				rt.Fatalf("%s in %s: a day of %g hours", now, loc, hours)
			}
		}
		if !p.Yesterday.Whole.To.Equal(p.Today.From) {
			rt.Fatalf("%s in %s: yesterday ends at %s, today begins at %s", now, loc, p.Yesterday.Whole.To, p.Today.From)
		}
		hours := overview.Hours(p.Yesterday.Whole, loc)
		for i, h := range hours {
			if h.In(loc).Minute() != 0 && h.Minute() != 0 || i > 0 && !h.After(hours[i-1]) {
				rt.Fatalf("%s in %s: hours %v", now, loc, hours)
			}
		}
	})
}

func TestHoursAreThoseOnTheClocks(t *testing.T) {
	tests := []struct {
		name, zone, from, to string
		want                 string
	}{
		{"up to the middle of one", "UTC", "2026-11-22T22:00:00Z", "2026-11-22T23:30:00Z", "2026-11-22T22:00:00Z 2026-11-22T23:00:00Z"},
		{
			"one that is twice", "Europe/Berlin", "2026-10-24T23:00:00Z", "2026-10-25T02:00:00Z",
			"2026-10-25T01:00:00+02:00 2026-10-25T02:00:00+02:00 2026-10-25T02:00:00+01:00",
		},
		{
			"one that is not there", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T02:00:00Z",
			"2026-03-29T01:00:00+01:00 2026-03-29T03:00:00+02:00",
		},
		{"where hours begin at half past", "Asia/Kolkata", "2026-11-21T18:30:00Z", "2026-11-21T20:00:00Z", "2026-11-22T00:00:00+05:30 2026-11-22T01:00:00+05:30"},
		{"none", "UTC", "2026-11-22T22:00:00Z", "2026-11-22T22:00:00Z", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, h := range overview.Hours(overview.Span{From: at(t, tt.from), To: at(t, tt.to)}, zone(t, tt.zone)) {
				got = append(got, h.Format(time.RFC3339))
			}
			if text := strings.Join(got, " "); text != tt.want {
				t.Errorf("Hours() = %s\nwant %s", text, tt.want)
			}
		})
	}
}

// TestEveryQuestionMayBeAsked holds that package report takes each question from
// each role, and that no role asks for what is not for it.
func TestEveryQuestionMayBeAsked(t *testing.T) {
	now := at(t, "2026-10-26T11:30:00.123Z")
	hidden := map[account.Role][]string{
		account.Advertiser: {"payout", "profit", "epc", "cpa"}, account.Affiliate: {"revenue", "profit", "rpc", "rpa"},
	}
	for _, v := range []report.Viewer{
		{Role: account.Network}, {Role: account.Advertiser, AdvertiserID: 1}, {Role: account.Affiliate, AffiliateID: 1},
	} {
		loc := zone(t, "Europe/Berlin")
		p := overview.At(now, loc)
		counts, money := overview.Metrics(v)
		byHour, moneyByHour := overview.ByHour(v)
		for _, q := range []struct {
			name   string
			values map[string][]string
		}{
			{"counts", overview.Query(p.Yesterday.Whole, loc, counts)},
			{"money", overview.InCurrency(overview.Query(p.Today.Span, loc, money), "EUR", []int64{1, 2})},
			{"money of very many offers", overview.InCurrency(overview.Query(p.Today.Span, loc, money), "EUR", make([]int64, 2000))},
			{"hours", overview.Hourly(p.Today.Span, loc, append(byHour, moneyByHour...))},
			{"offers", overview.Best(p.Today.Span, loc, v, "offer")},
			{"currencies", overview.Currencies(p.LastWeek.Whole)},
			{"rejected", overview.Rejected(p.Today.Span)},
		} {
			if _, err := report.Parse(q.values, now, v); err != nil {
				t.Errorf("%s asks for %s: %v", v.Role, q.name, err)
			}
			for _, m := range hidden[v.Role] {
				if strings.Contains(","+strings.Join(q.values["metrics"], ",")+",", ","+m+",") {
					t.Errorf("%s asks for %s by %v", v.Role, m, q.values)
				}
			}
		}
		if _, err := report.ParseList("signal", overview.LatestRejected(p.Today.Span, "cap_reached"), now, v); err != nil {
			t.Errorf("%s asks for the latest rejected signal: %v", v.Role, err)
		}
	}
}
