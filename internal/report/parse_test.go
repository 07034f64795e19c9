package report_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"waybill/internal/account"
	"waybill/internal/fault"
	"waybill/internal/report"
)

var (
	network    = report.Viewer{Role: account.Network}
	affiliate  = report.Viewer{Role: account.Affiliate, AffiliateID: 7}
	advertiser = report.Viewer{Role: account.Advertiser, AdvertiserID: 3}
)

var now = time.Date(2026, time.November, 22, 12, 30, 15, 123_456_789, time.UTC)

func parse(t *testing.T, query string, v report.Viewer) (*report.Query, error) {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return report.Parse(values, now, v)
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	tests := []struct {
		name   string
		query  string
		viewer report.Viewer
		field  string
		says   string
	}{
		{"a mistyped dimension", "dimensions=contry", network, "query.dimensions", "do you mean country?"},
		{"a dimension that is nothing like any", "dimensions=weather", network, "query.dimensions", "there are hour, day"},
		{"a dimension twice", "dimensions=day,day", network, "query.dimensions", "twice"},
		{"too many dimensions", "dimensions=day,offer,goal,sub1,sub2,sub3,sub4,sub5,sub6,sub7,sub8", network, "query.dimensions", "there can be 10"},
		{"what only lists know", "dimensions=order_id", network, "query.dimensions", "not a dimension"},
		{"a mistyped metric", "metrics=click", network, "query.metrics", "do you mean clicks?"},
		{"a metric twice", "metrics=clicks,clicks", network, "query.metrics", "twice"},
		{"too many metrics", "metrics=" + strings.Repeat("clicks,", 40) + "cr", network, "query.metrics", "there can be 40"},
		{"an affiliate and revenue", "metrics=revenue", affiliate, "query.metrics", "not a metric you can ask for"},
		{"an affiliate and profit in a filter", "filter=profit>1", affiliate, "query.filter", "not a dimension or metric"},
		{"an affiliate and the advertiser", "dimensions=advertiser", affiliate, "query.dimensions", "not a dimension"},
		{"an affiliate and revenue to sort by", "sort=-revenue", affiliate, "query.sort", "not a column of this report"},
		{"an advertiser and payout", "metrics=epc", advertiser, "query.metrics", "not a metric"},
		{"an advertiser and the affiliate's values", "filter=sub1=x", advertiser, "query.filter", "not a dimension or metric"},
		{"a web page's key", "", report.Viewer{Role: account.Publishable, AdvertiserID: 3}, "", "sees no reports"},
		{"nobody", "", report.Viewer{}, "", "sees no reports"},
		{"an affiliate without a number", "", report.Viewer{Role: account.Affiliate}, "", "sees no reports"},
		{"a parameter that does not exist", "dimension=day", network, "query.dimension", "do you mean dimensions?"},
		{"a parameter twice", "limit=1&limit=2", network, "query.limit", "2 times"},
		{"a zone that does not exist", "tz=Europe/Berln", network, "query.tz", "IANA"},
		{"the zone of the machine", "tz=Local", network, "query.tz", "IANA"},
		{"a file that is no zone", "tz=../../etc/passwd", network, "query.tz", "IANA"},
		{"a date that is none", "from=2026-02-30", network, "query.from", "neither a date"},
		{"a range that is none", "from=2026-11-22&to=2026-11-20", network, "query.from", "not before the end"},
		{"an empty range", "from=2026-11-20T00:00:00Z&to=2026-11-20T00:00:00Z", network, "query.from", "not before the end"},
		{"a range that is too long", "from=2020-01-01&to=2026-01-01", network, "query.from", "longer than 1100 days"},
		{"the time before all facts", "from=1999-12-31&to=2000-01-02", network, "query.from", "2000"},
		{"a time that is none", "time=delivery", network, "query.time", "neither event nor click"},
		{"a filter that is none", "filter=country", network, "query.filter", "is not a filter"},
		{"a filter on time", "filter=day=2026-11-22", network, "query.filter", "from and to"},
		{"a text as a number", "filter=offer=abc", network, "query.filter", "offer is a number"},
		{"a number that is negative", "filter=offer=-1", network, "query.filter", "offer is a number"},
		{"a flag that is neither", "filter=is_bot=maybe", network, "query.filter", "true or false"},
		{"a range of texts", "filter=country>=DE", network, "query.filter", "cannot be compared by >="},
		{"several values to begin with", "filter=sub1^=a,b", network, "query.filter", `write \, for a comma`},
		{"nothing to look for", "filter=sub1~=", network, "query.filter", "something to look for"},
		{"a metric compared with a text", "filter=clicks>=many", network, "query.filter", "compared with a number"},
		{"a metric compared with two", "filter=clicks=1,2", network, "query.filter", "one number"},
		{"a value with a null", "filter=sub1=%00", network, "query.filter", "not text"},
		{"a value that is no text", "filter=sub1=%ff", network, "query.filter", "not text"},
		{"sorting by what is not in the report", "metrics=clicks&sort=payout", network, "query.sort", "there are clicks"},
		{"a limit of nothing", "limit=0", network, "query.limit", "from 1 to 100000"},
		{"a limit beyond the largest", "limit=100001", network, "query.limit", "from 1 to 100000"},
		{"a currency that is none", "currency=EURO", network, "query.currency", "ISO 4217"},
		{"a format that is none", "format=xlsx", network, "query.format", "json, csv or ndjson"},
		{"a stream that is compared", "format=csv&compare=previous", network, "query.format", "need format=json"},
		{"a comparison that is none", "compare=last", network, "query.compare", "neither previous nor a date"},
		{"a flag parameter that is neither", "other=perhaps", network, "query.other", "neither true nor false"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q, err := parse(t, tt.query, tt.viewer)
			if err == nil {
				t.Fatalf("Parse() = %+v, want a fault", q)
			}
			all := fault.All(err)
			if len(all) != 1 || all[0].Field != tt.field || !strings.Contains(all[0].Text, tt.says) {
				t.Errorf("Parse() = %v, want one fault at %q that says %q", err, tt.field, tt.says)
			}
		})
	}
}

func TestParseSaysAllThatIsWrong(t *testing.T) {
	_, err := parse(t, "dimensions=contry&metrics=click&filter=x&limit=0&format=x", network)
	if got := len(fault.All(err)); got != 5 {
		t.Errorf("Parse() = %v, want five faults, got %d", err, got)
	}
}

// TestMistypedParametersComeInOrder, whatever the order of a map is.
func TestMistypedParametersComeInOrder(t *testing.T) {
	for range 20 {
		_, err := parse(t, "zz=1&limits=1&aa=1&mm=1&sort=day&sort=day", network)
		var got []string
		for _, f := range fault.All(err) {
			got = append(got, f.Field)
		}
		if want := "query.aa query.limits query.mm query.sort query.zz query.sort"; strings.Join(got, " ") != want {
			t.Fatalf("faults are of %q, want %s", got, want)
		}
	}
}

// empty is a warehouse with nothing in it. It keeps what it is asked.
type empty struct {
	statements []report.Statement
	rows       map[string][]report.Row // by how a statement begins
}

func TestRangesAndTheirComparisons(t *testing.T) {
	tests := []struct {
		name              string
		query             string
		from, to          string
		earlier, earlier2 string
	}{
		{"the last seven days up to now", "compare=previous", "2026-11-16T00:00:00Z", "2026-11-22T12:30:15.123Z", "2026-11-09T00:00:00Z", "2026-11-15T12:30:15.123Z"},
		{"whole days, the last included", "from=2026-11-01&to=2026-11-02&compare=previous", "2026-11-01T00:00:00Z", "2026-11-03T00:00:00Z", "2026-10-30T00:00:00Z", "2026-11-01T00:00:00Z"},
		{"days in a zone", "from=2026-11-01&to=2026-11-01&tz=Europe/Berlin", "2026-10-31T23:00:00Z", "2026-11-01T23:00:00Z", "", ""},
		{"a week against the one with the longer day", "from=2026-10-26&to=2026-11-01&tz=Europe/Berlin&compare=previous", "2026-10-25T23:00:00Z", "2026-11-01T23:00:00Z", "2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"},
		{"instants, the end not included", "from=2026-11-01T10:00:00Z&to=2026-11-01T12:00:00%2B01:00&compare=previous", "2026-11-01T10:00:00Z", "2026-11-01T11:00:00Z", "2026-11-01T09:00:00Z", "2026-11-01T10:00:00Z"},
		{"days against the same of the year before", "from=2026-11-01&to=2026-11-30&compare=2025-11-01", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", "2025-11-01T00:00:00Z", "2025-12-01T00:00:00Z"},
		{"instants against a day", "from=2026-11-01T10:00:00Z&to=2026-11-01T11:00:00Z&compare=2026-10-01", "2026-11-01T10:00:00Z", "2026-11-01T11:00:00Z", "2026-10-01T00:00:00Z", "2026-10-01T01:00:00Z"},
		{"less than a millisecond is nothing", "from=2026-11-01T10:00:00.0001Z&to=2026-11-01T11:00:00.9999Z", "2026-11-01T10:00:00Z", "2026-11-01T11:00:00.999Z", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q, err := parse(t, tt.query, network)
			if err != nil {
				t.Fatal(err)
			}
			a, err := q.Answer(t.Context(), &empty{})
			if err != nil {
				t.Fatal(err)
			}
			got := []string{a.From.Format(time.RFC3339Nano), a.To.Format(time.RFC3339Nano), "", ""}
			if a.Previous != nil {
				got[2], got[3] = a.Previous.From.Format(time.RFC3339Nano), a.Previous.To.Format(time.RFC3339Nano)
			}
			if want := []string{tt.from, tt.to, tt.earlier, tt.earlier2}; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("ranges are %v, want %v", got, want)
			}
		})
	}
}

func TestFieldsFollowTheRole(t *testing.T) {
	q, err := parse(t, "dimensions=offer,affiliate&metrics=clicks,cr&names=true", advertiser)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range q.Fields() {
		got = append(got, fmt.Sprintf("%s %s %v %v", f.Name, f.Kind, f.Dimension, f.Named))
	}
	want := []string{"offer id true true", "affiliate id true false", "clicks count false false", "cr ratio false false"}
	if fmt.Sprint(got) != fmt.Sprint(want) || !q.Names() {
		t.Errorf("Fields() = %q, want %q", got, want)
	}
}
