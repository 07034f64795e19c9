package report

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"waybill/internal/account"
)

// everything is a reader that keeps the statements, and answers them with rows
// so that all that can be asked is.
type everything struct{ statements []Statement }

func (e *everything) AsOf() time.Time { return noon() }

func (e *everything) Rows(_ context.Context, s Statement, row func(Row) error) error {
	e.statements = append(e.statements, s)
	for i := range int64(2) {
		values := make(Row, len(s.Columns))
		for j, c := range s.Columns {
			values[j].Number = noon().UnixMilli() / quarterMilli * hourKeys
			if c.Text {
				values[j].Text = []string{"USD", "a,b"}[i]
			}
		}
		if strings.HasPrefix(s.SQL, "SELECT bucket") {
			values = Row{{Number: i}, {Number: 3}}
		}
		if err := row(values); err != nil {
			return err
		}
		if len(s.Columns) == 1 {
			return nil // one currency, one count
		}
	}
	return nil
}

func noon() time.Time { return time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC) }

// hiddenColumns are what no statement for a role may name.
func hiddenColumns(r account.Role) *regexp.Regexp {
	if r == account.Affiliate {
		return regexp.MustCompile(`\b(revenue|sum_revenue|advertiser|adv\d+|ip|user_agent|amount_sent)\b`)
	}
	return regexp.MustCompile(`\b(payout|sum_payout|sub\d+|source|link|aff_click_id|referrer|ip|user_agent)\b`)
}

var tableRead = regexp.MustCompile(`FROM (click|impression|conversion|signal|delivery)\b( WHERE [a-z]+ = \d+ )?`)

// checkOwn holds every SELECT from a table to the viewer's condition, and the
// statement to what they may see.
func checkOwn(t *rapid.T, v Viewer, statements []Statement) {
	own := map[account.Role]string{account.Affiliate: " WHERE affiliate = 7 ", account.Advertiser: " WHERE advertiser = 7 "}[v.Role]
	for _, s := range statements {
		sql := strings.ReplaceAll(s.SQL, strings.TrimSpace(strings.TrimPrefix(own, " WHERE ")), "own")
		if hidden := hiddenColumns(v.Role).FindString(sql); hidden != "" {
			t.Fatalf("a statement for an %s names %s: %s", v.Role, hidden, s.SQL)
		}
		reads := tableRead.FindAllStringSubmatch(s.SQL, -1)
		if len(reads) == 0 && strings.Contains(s.SQL, "FROM click") {
			t.Fatalf("a table is read in another way: %s", s.SQL)
		}
		for _, m := range reads {
			if m[2] != own {
				t.Fatalf("%s is read where%q, want%q: %s", m[1], m[2], own, s.SQL)
			}
		}
	}
}

// TestNobodySeesWhatIsNotTheirs draws queries of partners from all words that
// there are. Either a query is refused or its statements are theirs.
func TestNobodySeesWhatIsNotTheirs(t *testing.T) {
	var dims, sums []string
	for _, d := range dimensions() {
		dims = append(dims, d.name)
	}
	for _, m := range metrics() {
		sums = append(sums, m.name)
	}
	asked := 0
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom([]Viewer{{Role: account.Affiliate, AffiliateID: 7}, {Role: account.Advertiser, AdvertiserID: 7}}).Draw(t, "viewer")
		mine := func(names []string, allowed func(string) bool) []string {
			if rapid.Bool().Draw(t, "any") {
				return names
			}
			return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !allowed(n) })
		}
		myDims := mine(dims, func(n string) bool { d, ok := findDimension(n, v); return ok && !d.listed })
		mySums := mine(sums, func(n string) bool { _, ok := findMetric(n, v); return ok })
		values := url.Values{
			"dimensions": {strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom(myDims), 0, 4, rapid.ID).Draw(t, "dims"), ",")},
			"metrics":    {strings.Join(rapid.SliceOfNDistinct(rapid.SampledFrom(mySums), 1, 6, rapid.ID).Draw(t, "metrics"), ",")},
			"compare":    {"previous"}, "other": {"1"}, "limit": {"1"},
		}
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(myDims), 0, 2).Draw(t, "filters") {
			values.Add("filter", name+"=1")
		}
		if rapid.Bool().Draw(t, "having") {
			values.Add("filter", rapid.SampledFrom(mySums).Draw(t, "metric")+">=1")
		}
		q, err := Parse(values, noon(), v)
		if err != nil {
			return
		}
		asked++
		for _, m := range q.metrics {
			if !v.sees(m.hidden) {
				t.Fatalf("an %s may ask for %s", v.Role, m.name)
			}
		}
		r := &everything{}
		if _, err := q.Answer(t.Context(), r); err != nil {
			t.Fatalf("%s: %v", values.Encode(), err)
		}
		checkOwn(t, v, r.statements)
	})
	if asked == 0 {
		t.Error("every query was refused")
	}
}

func TestListsHistogramsAndCohortsAreTheViewersOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom([]Viewer{{Role: account.Affiliate, AffiliateID: 7}, {Role: account.Advertiser, AdvertiserID: 7}}).Draw(t, "viewer")
		values := url.Values{}
		for _, d := range rapid.SliceOfN(rapid.SampledFrom(dimensions()), 0, 2).Draw(t, "filters") {
			values.Add("filter", d.name+"=1")
		}
		r := &everything{}
		table := rapid.SampledFrom([]string{"click", "impression", "conversion", "signal", "delivery"}).Draw(t, "table")
		if l, err := ParseList(table, values, noon(), v); err == nil {
			if _, err := l.Read(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		if d, err := ParseDelay(values, noon(), v); err == nil {
			if _, err := d.Answer(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		if c, err := ParseCohort(values, noon(), v); err == nil {
			if _, err := c.Answer(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		if c, err := ParseDiscrepancy(values, noon(), v); err == nil {
			_, err := c.Answer(t.Context(), r)
			if allowed := v.Role == account.Advertiser; (err == nil) != allowed {
				t.Fatalf("an %s compares the channels: %v, want allowed %v", v.Role, err, allowed)
			}
		}
		checkOwn(t, v, r.statements)
	})
}

// TestTheWriterGuardsColumns holds the last wall: a column that slipped through
// all that is before it.
func TestTheWriterGuardsColumns(t *testing.T) {
	for _, v := range []Viewer{{Role: account.Affiliate, AffiliateID: 7}, {Role: account.Advertiser, AdvertiserID: 7}} {
		for _, name := range []string{"payout", "revenue", "sub1", "adv1", "ip"} {
			w := &writer{scope: &scope{viewer: v, from: noon(), to: noon().Add(time.Hour)}}
			w.facts(sourceOf("conversion", false), []item{col(name)})
			allowed := v.Role == account.Affiliate && (name == "payout" || name == "sub1") || v.Role == account.Advertiser && (name == "revenue" || name == "adv1")
			if (w.err == nil) != allowed {
				t.Errorf("an %s reads %s: %v, want allowed %v", v.Role, name, w.err, allowed)
			}
		}
	}
}
