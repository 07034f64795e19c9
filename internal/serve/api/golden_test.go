package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// questions are what is asked of the trade in testdata/reports. The answers lie
// beside it, and its README works each of them out by hand.
func questions() []question {
	const three = "&from=2026-11-20&to=2026-11-22"
	counts := "clicks,unique_clicks,bot_clicks,blocked_clicks,gross_clicks,conversions,approved,pending,rejected,gross_conversions"
	return []question{
		{"01-days-in-utc", asNetwork, "reports?dimensions=day&sort=day&metrics=" + counts + three},
		{"02-days-in-berlin", asNetwork, "reports?dimensions=day&sort=day&tz=Europe/Berlin&metrics=" + counts + three},
		{"03-top-subs-and-other", asNetwork, "reports?dimensions=sub1&metrics=clicks,unique_clicks&sort=-clicks&limit=2&other=true" + three},
		{"04-unique-over-two-days", asNetwork, "reports?metrics=clicks,unique_clicks&filter=sub1%3Dmay-a&from=2026-11-20&to=2026-11-21"},
		{"05-rejected-and-reversed", asNetwork, "reports?dimensions=offer&sort=offer&names=true&metrics=conversions,approved,pending,rejected,gross_conversions" + three},
		{"06-by-event-time", asNetwork, "reports?dimensions=day&sort=day&metrics=conversions,approved" + three},
		{"07-by-click-time", asNetwork, "reports?dimensions=day&sort=day&metrics=conversions,approved&time=click" + three},
		{"08-two-currencies-in-one", asNetwork, "reports?metrics=payout,revenue" + three},
		{"09-two-currencies-apart", asNetwork, "reports?dimensions=currency&sort=currency&metrics=approved,payout,revenue,profit,amount,pending_payout" + three},
		{"10-test-traffic", asNetwork, "reports?dimensions=day&metrics=clicks,conversions,payout&test=1" + three},
		{"11-against-the-day-before", asNetwork, "reports?dimensions=country&sort=-clicks,country&metrics=clicks&from=2026-11-22&to=2026-11-22&compare=previous"},
		{"12-quotients", asNetwork, "reports?filter=offer%3D1&metrics=impressions,clicks,conversions,approved,payout,revenue,cr,ctr,epc,cpa,ecpm,rpc,rpa,rpm" + three},
		{"13-an-affiliates-own", asAffiliate1, "reports?dimensions=sub1&sort=-clicks,sub1&filter=offer%3D1&metrics=clicks,conversions,payout,epc" + three},
		{"14-an-affiliate-asks-for-revenue", asAffiliate1, "reports?metrics=clicks,revenue" + three},
		{"15-an-advertisers-own", asAdvertiser1, "reports?dimensions=affiliate&sort=affiliate&names=true&metrics=clicks,conversions,revenue,amount" + three},
		{"16-an-advertiser-sorts-by-payout", asAdvertiser1, "reports?dimensions=affiliate&metrics=clicks&sort=-payout" + three},
		{"17-click-to-conversion", asNetwork, "reports/click-to-conversion?from=2026-11-20&to=2026-11-22"},
		{"18-cohort", asNetwork, "reports/cohort?from=2026-11-20&to=2026-11-22&filter=offer%3D1"},
		{"19-csv", asNetwork, "reports?dimensions=day,offer&sort=day,offer&names=true&metrics=clicks,conversions,cr&format=csv" + three},
		{"20-ndjson", asNetwork, "reports?dimensions=day,offer&sort=day,offer&metrics=clicks,conversions,cr&format=ndjson" + three},
		{"21-only-what-has-clicks-enough", asNetwork, "reports?dimensions=sub1&metrics=clicks&filter=clicks%3E%3D2&sort=-clicks" + three},
	}
}

// question is a request and the name of the file that has its answer.
type question struct{ name, as, path string }

// TestWhichIsRight asks the questions. After a change of how answers look, go
// test ./internal/serve/api -run WhichIsRight -update writes them anew; then
// read the difference.
func TestWhichIsRight(t *testing.T) {
	w, _ := newReportingWorld(t)
	for _, q := range questions() {
		t.Run(q.name, func(t *testing.T) {
			got := w.ask(t, q)
			file := filepath.Join("testdata", "reports", q.name+".golden")
			if *update {
				if err := os.WriteFile(file, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s, as %s:\n%s\nwant:\n%s", q.path, q.as, got, want)
			}
		})
	}
}

// ask gives a question with its answer, as the files have them.
func (w *world) ask(t *testing.T, q question) []byte {
	t.Helper()
	got := w.do(t, q.as, "GET", q.path, "")
	out := bytes.NewBuffer(fmt.Appendf(nil, "GET %s\nas %s\n\n%d %s\n", q.path, q.as, got.status, got.header.Get("Content-Type")))
	if !strings.Contains(got.header.Get("Content-Type"), "json") || strings.Contains(q.path, "ndjson") {
		out.WriteString(strings.ReplaceAll(got.text, "\r\n", "\n"))
		return out.Bytes()
	}
	text := got.text
	if id, ok := got.body["instance"].(string); ok { // differs each time
		text = strings.ReplaceAll(text, id, "urn:waybill:request:")
	}
	o, err := parseObject([]byte(text))
	if err != nil {
		t.Fatalf("%s = %s: %v", q.path, got.text, err)
	}
	for _, m := range o {
		fmt.Fprintf(out, "%s: %s\n", m.key, m.perLine(t))
	}
	return out.Bytes()
}

// perLine writes a member's value, an array with one element a line.
func (m member) perLine(t *testing.T) string {
	t.Helper()
	var list []json.RawMessage
	if m.value[0] != '[' {
		return string(m.value)
	}
	if err := json.Unmarshal(m.value, &list); err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for _, one := range list {
		lines.WriteString("\n  ")
		lines.Write(one)
	}
	return lines.String()
}
