package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// forbidden is what a role never meets in a report: names of columns, and
// texts that stand in facts of others alone.
func forbidden(as string) (names, texts []string) {
	personal := []string{"192.0.2.99", "secret-agent"}
	switch as {
	case asAffiliate1:
		return []string{
			"revenue", "profit", "pending_revenue", "rpc", "rpa", "rpm", "advertiser", "advertiser_name", "adv1", "adv2", "adv10", "ip", "user_agent",
		}, append(personal, "adv-red", "adv-blue", "jul", "aug-x", "GB")
	case asAdvertiser1:
		return []string{
			"payout", "profit", "pending_payout", "epc", "cpa", "ecpm", "sub1", "sub2", "sub10", "source", "link", "aff_click_id", "affiliate_name", "ip", "user_agent",
		}, append(personal, "jun", "jul", "may-a", "news", "mail", "EUR", "FR")
	default:
		return nil, nil
	}
}

// TestNoRoleMeetsWhatIsNotTheirs asks for whatever may be asked for, rightly
// and wrongly, in every format.
func TestNoRoleMeetsWhatIsNotTheirs(t *testing.T) {
	w, _ := newReportingWorld(t)
	dims := strings.Split("hour,day,week,month,offer,advertiser,affiliate,goal,source,sub1,sub2,adv1,country,device,os,is_bot,channel,currency,test,status,code,link", ",")
	metrics := strings.Split("impressions,clicks,unique_clicks,bot_clicks,conversions,approved,pending,rejected,payout,revenue,profit,amount,pending_payout,"+
		"pending_revenue,cr,epc,rpc,ctr,cpa,rpa,ecpm,rpm,signals,rejected_signals,revenu,pay_out,profits", ",")
	filters := []string{
		"country=DE", "country!=DE", "offer=1", "advertiser=1", "affiliate=2", "affiliate>=2", "sub1^=may", "sub1=jul", "adv1=adv-red", "revenue>=1", "payout>=1", "clicks>=1",
		"currency=USD", "currency=EUR", "revnue>=1", "suub1=x", "source~=e", "ip=192.0.2.99", "visitor=11",
	}
	rapid.Check(t, func(t *rapid.T) {
		as := rapid.SampledFrom([]string{asAffiliate1, asAdvertiser1}).Draw(t, "as")
		path := rapid.SampledFrom([]string{"reports", "reports", "reports", "clicks", "conversions", "signals", "deliveries", "reports/cohort", "reports/click-to-conversion"}).Draw(t, "path")
		query := url.Values{"from": {"2026-11-20"}, "to": {"2026-11-22"}}
		some := func(key string, from []string, most int) {
			if list := rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, most, rapid.ID).Draw(t, key); len(list) > 0 {
				query.Set(key, strings.Join(list, ","))
			}
		}
		if path == "reports" {
			some("dimensions", dims, 2)
			some("metrics", metrics, 3)
			some("sort", slices.Concat(dims, metrics, []string{"-revenue", "-payout", "-clicks"}), 1)
			query.Set("names", rapid.SampledFrom([]string{"true", "false"}).Draw(t, "names"))
		}
		if !strings.HasPrefix(path, "reports/") {
			query.Set("format", rapid.SampledFrom([]string{"json", "csv", "ndjson"}).Draw(t, "format"))
		}
		if list := rapid.SliceOfNDistinct(rapid.SampledFrom(filters), 0, 2, rapid.ID).Draw(t, "filter"); len(list) > 0 {
			query["filter"] = list
		}
		got := w.send(as, "GET", path+"?"+query.Encode(), nil)
		holdToRole(t, as, query, got)
	})
}

var requestID = regexp.MustCompile(`urn:waybill:request:[a-z0-9]+`)

// holdToRole fails when an answer tells what its reader may not know. What was
// asked for by name may be named in the refusal.
func holdToRole(t *rapid.T, as string, query url.Values, got reply) {
	names, texts := forbidden(as)
	if got.status != 200 && got.status != 422 && got.status != 403 {
		t.Fatalf("%s as %s = %d %s", query, as, got.status, got.text)
	}
	asked := query.Encode() + " " + strings.Join(query["filter"], " ")
	told := requestID.ReplaceAllString(got.text, "") // drawn by chance, like any word of three letters
	for _, text := range texts {
		if strings.Contains(told, text) && !strings.Contains(asked, text) {
			t.Errorf("%s as %s tells %q: %s", query, as, text, got.text)
		}
	}
	for _, name := range names {
		if got.status != 200 && !strings.Contains(asked, name) && namesWord(got.text, name) {
			t.Errorf("%s as %s: the refusal names %s: %s", query, as, name, got.text)
		}
		if got.status == 200 && slices.Contains(columnsOf(got), name) {
			t.Errorf("%s as %s has a column %s: %s", query, as, name, got.text)
		}
	}
}

// namesWord reports whether a word stands in a text, not as part of another.
func namesWord(text, word string) bool {
	return slices.Contains(strings.FieldsFunc(text, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
	}), word)
}

// columnsOf gives all names of members or columns in an answer.
func columnsOf(got reply) []string {
	if strings.HasPrefix(got.header.Get("Content-Type"), "text/csv") {
		head, _, _ := strings.Cut(got.text, "\r\n")
		return strings.Split(head, ",")
	}
	names := map[string]bool{}
	for line := range strings.Lines(got.text) {
		var v any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			return []string{fmt.Sprintf("not JSON: %v", err)}
		}
		collect(v, names)
	}
	return slices.Collect(maps.Keys(names))
}

func collect(v any, names map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			names[name] = true
			collect(inner, names)
		}
	case []any:
		for _, inner := range v {
			collect(inner, names)
		}
	}
}
