package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"waybill/internal/tune"
)

// imported reads the answer to an import.
func imported(t *testing.T, got reply) idMapRecord {
	t.Helper()
	var r idMapRecord
	if err := json.Unmarshal([]byte(got.text), &r); err != nil || got.status != 200 {
		t.Fatalf("the import is answered with %d %s (%v)", got.status, got.text, err)
	}
	return r
}

func (w *world) importIDs(t *testing.T, query, list string) idMapRecord {
	t.Helper()
	return imported(t, w.do(t, asNetwork, "POST", "imports/id_map"+query, list, "Content-Type", "text/csv"))
}

// outcomes gives what became of each line, in short.
func (r idMapRecord) outcomes() string {
	var all []string
	for _, o := range r.Outcomes {
		all = append(all, fmt.Sprintf("%d %s %s %s", o.Line, o.Kind, o.TuneID, o.Outcome))
	}
	return strings.Join(all, ", ")
}

const firstList = "kind,tune_id,waybill_id,url\n" +
	"offer,1001,1,\naffiliate,2002,1,\ngoal,17,1,\nadvertiser,5679,1,\noffer_url,2,1,https://shop.example/two\n" +
	"offer,9999,99,\noffer_url,3,1,https://evil.example/\nfruit,1,1,\noffer,1002,,\n"

func TestImportIDMap(t *testing.T) {
	w := newWorld(t)
	w.do(t, asNetwork, "PATCH", "offers/1", `{"deep_link_hosts":["shop.example"]}`)
	const outcomes = "2 offer 1001 added, 3 affiliate 2002 added, 4 goal 17 added, 5 advertiser 5679 added, 6 offer_url 2 added, " +
		"7 offer 9999 refused, 8 offer_url 3 refused, 9 fruit 1 refused, 10 offer 1002 unchanged"

	dry := w.importIDs(t, "?dry_run=true", firstList)
	if _, known := w.present.TuneIDs().Find(tune.Offer, "1001"); dry.outcomes() != outcomes || !dry.DryRun || known {
		t.Errorf("a dry run says %s and knows the offer: %t; want %s", dry.outcomes(), known, outcomes)
	}
	got := w.importIDs(t, "", firstList)
	if got.outcomes() != outcomes || got.Lines != 9 || got.Added != 5 || got.Refused != 3 || got.Unchanged != 1 {
		t.Errorf("the import says %s, %+v; want %s", got.outcomes(), got, outcomes)
	}
	for line, message := range map[int]string{5: "there is no offer 99", 6: "deep_link_hosts of offer 1", 7: "kind: is none of"} {
		if o := got.Outcomes[line]; !strings.Contains(o.Message, message) {
			t.Errorf("line %d is refused with %q, want %q", o.Line, o.Message, message)
		}
	}
	if id, ok := w.present.TuneIDs().Resolve(tune.Affiliate, "2002"); id != 1 || !ok {
		t.Errorf("after the import affiliate 2002 is %d, %t", id, ok)
	}
	if again := w.importIDs(t, "", firstList); again.Unchanged != 6 || again.Added+again.Replaced+again.Removed != 0 {
		t.Errorf("the same list again: %+v", again)
	}

	const change = "tune_id;waybill_id;kind\n1001;2;offer\n17;;goal\n17;2;goal\n"
	const changed = "2 offer 1001 replaced, 3 goal 17 removed, 4 goal 17 added"
	if dry := w.importIDs(t, "?dry_run=true", change); dry.outcomes() != changed {
		t.Errorf("a dry run says %s, want %s", dry.outcomes(), changed)
	}
	if got := w.importIDs(t, "", change); got.outcomes() != changed {
		t.Errorf("the change says %s, want %s", got.outcomes(), changed)
	}
	if id, _ := w.present.TuneIDs().Resolve(tune.Offer, "1001"); id != 2 {
		t.Errorf("after the change offer 1001 is %d, want 2", id)
	}
}

func TestImportIDMapStops(t *testing.T) {
	w := newWorld(t)
	got := w.importIDs(t, "", "kind,tune_id,waybill_id\noffer,1001,1\noffer,\"1002,1\noffer,1003,1\n")
	if got.outcomes() != "2 offer 1001 added" || !strings.Contains(got.Stopped, "line 3 is not CSV") {
		t.Errorf("a list that breaks off: %s, stopped %q", got.outcomes(), got.Stopped)
	}
	var long strings.Builder
	long.WriteString("kind,tune_id,waybill_id\n")
	for i := range mostMappings + 1 {
		fmt.Fprintf(&long, "offer,%d,99\n", i+1)
	}
	if got := w.importIDs(t, "?dry_run=true", long.String()); got.Lines != mostMappings || !strings.Contains(got.Stopped, "100,000") {
		t.Errorf("%d lines were read, stopped %q", got.Lines, got.Stopped)
	}
}

func TestImportIDMapInParts(t *testing.T) {
	w := newWorld(t)
	var list strings.Builder
	list.WriteString("kind,tune_id,waybill_id\n")
	const n = 2*mappingsAtOnce + 1
	for i := range n {
		fmt.Fprintf(&list, "affiliate,%d,1\n", i+1)
	}
	if got := w.importIDs(t, "", list.String()); got.Added != n {
		t.Errorf("%d numbers were added, want %d", got.Added, n)
	}
	seen, cursor := 0, ""
	for range n {
		got := w.do(t, asNetwork, "GET", "id_map?kind=affiliate&limit=400&cursor="+cursor, "")
		data, _ := got.body["data"].([]any)
		seen += len(data)
		if cursor, _ = got.body["next_cursor"].(string); cursor == "" {
			break
		}
	}
	if seen != n {
		t.Errorf("%d numbers are listed, want %d", seen, n)
	}
}

func TestImportIDMapRefuses(t *testing.T) {
	tests := []struct {
		name, query, list, media string
		status                   int
		want                     string
	}{
		{"a list without its columns", "", "offer,1,1\n", "text/csv", 422, "no column kind"},
		{"an empty list", "", "", "text/csv", 422, "the list is empty"},
		{"JSON", "", "{}", "application/json", 415, "text/csv"},
		{"a dry run that is neither", "?dry_run=maybe", firstList, "text/csv", 422, "query.dry_run"},
		{"a parameter that there is not", "?dryrun=true", firstList, "text/csv", 422, "did you mean dry_run"},
	}
	w := newWorld(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.send(asNetwork, "POST", "imports/id_map"+tt.query, strings.NewReader(tt.list), "Content-Type", tt.media)
			if got.status != tt.status || !strings.Contains(got.text, tt.want) {
				t.Errorf("answered with %d %s, want %d with %q", got.status, got.text, tt.status, tt.want)
			}
		})
	}
	if got := w.do(t, asNetwork, "GET", "id_map?kind=fruit", ""); got.status != 422 || !strings.Contains(got.text, "query.kind") {
		t.Errorf("a list of fruit: %d %s", got.status, got.text)
	}
}

func TestTuneSettings(t *testing.T) {
	w := newWorld(t)
	if got := w.do(t, asNetwork, "PATCH", "settings", `{"tune_ids":"refuse"}`); got.status != 200 || got.text != `{"tune_ids":"refuse"}`+"\n" {
		t.Errorf("%d %s", got.status, got.text)
	}
	if _, ok := w.present.TuneIDs().Resolve(tune.Offer, "1"); ok {
		t.Error("a number that was not imported is taken, though the settings say otherwise")
	}
	if got := w.do(t, asNetwork, "PATCH", "settings", `{"tune_ids":"guess"}`); got.status != 422 || !strings.Contains(got.text, "body.tune_ids") {
		t.Errorf("%d %s", got.status, got.text)
	}
}

func TestDialect(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		status                   int
		want                     []string
	}{
		{
			"an offer with TUNE's macros", "POST", "offers?dialect=tune",
			`{"advertiser_id":1,"name":"x","destination_url":"https://shop.example/?t={transaction_id}&s={aff_sub2}&r={ran}"}`, 201,
			[]string{`"destination_url":"https://shop.example/?t={transaction_id}&s={sub2}&r={random}"`, `"field":"destination_url"`, "letters and digits"},
		},
		{
			"a change of one", "PATCH", "offers/1?dialect=tune", `{"fallback_url":"https://x.example/?s={aff_sub}"}`, 200,
			[]string{`"fallback_url":"https://x.example/?s={sub1}"`},
		},
		{
			"a postback with TUNE's macros", "POST", "postbacks?dialect=tune",
			`{"owner":{"affiliate_id":1},"url":"https://t.example/?c={aff_sub}&p={payout}&d={datetime}"}`, 201,
			[]string{`https://t.example/?c={sub1}&p={payout}&d={conversion_time|2006-01-02 15:04:05}`, "UTC"},
		},
		{
			"what the owner may not know stays refused", "POST", "postbacks?dialect=tune", `{"owner":{"affiliate_id":1},"url":"https://t.example/?r={revenue}"}`,
			422,
			[]string{"body.url", "revenue"},
		},
		{
			"a macro without a counterpart", "PATCH", "offers/1?dialect=tune", `{"destination_url":"https://x.example/?f={file_name}&o={offer_ref}"}`,
			422,
			[]string{"body.destination_url", "{file_name}", "{offer_ref}"},
		},
		{
			"TUNE's macros without the dialect", "PATCH", "offers/1", `{"destination_url":"https://x.example/?f={aff_sub}"}`,
			422,
			[]string{"did you mean {sub1}"},
		},
		{"a dialect that there is not", "PATCH", "offers/1?dialect=cake", `{}`, 422, []string{"query.dialect"}},
		{"a body that is no object", "POST", "offers?dialect=tune", `["{aff_sub}"]`, 400, []string{"must be a JSON object"}},
		{"a body that is not JSON", "POST", "offers?dialect=tune", `{"name`, 400, []string{"not JSON"}},
		{"a field of the wrong type", "PATCH", "offers/1?dialect=tune", `{"destination_url":["{aff_sub}"]}`, 422, []string{"body.destination_url"}},
	}
	w := newWorld(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := w.do(t, asNetwork, tt.method, tt.path, tt.body)
			if got.status != tt.status {
				t.Errorf("answered with %d %s, want %d", got.status, got.text, tt.status)
			}
			for _, want := range tt.want {
				if !strings.Contains(got.text, want) {
					t.Errorf("the answer %s lacks %s", got.text, want)
				}
			}
		})
	}
	if got := w.do(t, asNetwork, "POST", "terms?dialect=tune", `{"offer_id":1}`); got.status != 422 {
		t.Errorf("a term has no templates, and takes the dialect: %d", got.status)
	}
}
