package partner_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"waybill/internal/macro"
	"waybill/internal/param"
	"waybill/internal/partner"
)

func values() partner.Values {
	return partner.Values{URL: "https://go.example.com", Token: "t0k&n", Goal: "install"}
}

func TestEveryPartnerIsThere(t *testing.T) {
	t.Parallel()
	var ids []string
	for _, m := range partner.Measurements(values()) {
		ids = append(ids, m.ID)
		if m.Name == "" || len(m.Notes) == 0 || len(m.Sources) == 0 {
			t.Errorf("%s lacks a name, notes or sources", m.ID)
		}
		for _, s := range m.Sources {
			if u, err := url.Parse(s); err != nil || u.Scheme != "https" {
				t.Errorf("%s names the source %q", m.ID, s)
			}
		}
	}
	if want := []string{"adjust", "appsflyer", "branch", "kochava", "singular"}; !slices.Equal(ids, want) {
		t.Errorf("Measurements() are of %q, want %q", ids, want)
	}
}

// TestLinksAreDestinations saves each link as an offer's destination, and fills
// it in.
func TestLinksAreDestinations(t *testing.T) {
	t.Parallel()
	for _, m := range partner.Measurements(values()) {
		tmpl, err := macro.Parse(m.Link, macro.URL, macro.OfferURL)
		if err != nil {
			t.Errorf("%s: %v", m.ID, err)
			continue
		}
		var v macro.Values
		v.Set(macro.TransactionID, "4g0t40x886d0040033225azzskw0pefq")
		v.Set(macro.GAID, "38400000-8cf0-11bd-b23e-10b96e40000d")
		v.Set(macro.AffiliateID, "7")
		text := string(tmpl.Append(nil, &v))
		u, err := url.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", m.ID, err)
			continue
		}
		query := u.Query().Encode()
		for _, part := range []string{"=4g0t40x886d0040033225azzskw0pefq", "=38400000-8cf0-11bd-b23e-10b96e40000d", "=7"} {
			if !strings.Contains(query, part) {
				t.Errorf("%s leads to %s, without %s", m.ID, text, part)
			}
		}
		if strings.Contains(text, "t0k") {
			t.Errorf("%s shows visitors the token: %s", m.ID, text)
		}
	}
}

// notation finds what a partner fills in.
var notation = regexp.MustCompile(`\$\{\([^)]*\)!\}|\{[^}]*\}|\([^)]*\)`)

// TestPostbacksAreUnderstood reads each postback as the edge does, with a value
// for each thing that the partner fills in.
func TestPostbacksAreUnderstood(t *testing.T) {
	t.Parallel()
	for _, m := range partner.Measurements(values()) {
		for kind, template := range map[string]string{"install": m.Install, "event": m.Event} {
			base, query, _ := strings.Cut(notation.ReplaceAllString(template, "x"), "?")
			var got param.Values
			if err := got.ScanQuery(param.Signal, query); err != nil || base != "https://go.example.com/postback" || len(got.Unknown) > 0 {
				t.Errorf("%s %s: %s is read with %v, and %v is not understood", m.ID, kind, template, err, got.Unknown)
			}
			want := map[param.Name]string{param.TransactionID: "x", param.GAID: "x", param.IDFA: "x", param.Token: "t0k&n", param.Goal: "install"}
			if kind == "event" {
				want[param.Goal], want[param.Amount] = "x", "x"
			}
			for name, value := range want {
				if got.Get(name) != value {
					t.Errorf("%s %s: %s is %q in %s, want %q", m.ID, kind, name, got.Get(name), template, value)
				}
			}
			if kind == "install" && got.Has(param.Amount) {
				t.Errorf("%s: an install has an amount: %s", m.ID, template)
			}
		}
	}
}

func TestWithoutGoalAndToken(t *testing.T) {
	t.Parallel()
	for _, m := range partner.Measurements(partner.Values{URL: "https://go.example.com"}) {
		if strings.Contains(m.Install, "goal=") || strings.Contains(m.Install+m.Event, "token=") {
			t.Errorf("%s: %s\n%s", m.ID, m.Install, m.Event)
		}
	}
}

// TestEachWordIsExplained holds the words in capitals to their list.
func TestEachWordIsExplained(t *testing.T) {
	t.Parallel()
	capitals := regexp.MustCompile(`[A-Z][A-Z_]{3,}`)
	for _, m := range partner.Measurements(values()) {
		used := capitals.FindAllString(m.Link, -1)
		if strings.Contains(m.Install, "NETWORK_NAME") {
			used = append(used, "NETWORK_NAME")
		}
		var listed []string
		for _, w := range m.Replace {
			listed = append(listed, w.Word)
			if w.Meaning == "" {
				t.Errorf("%s does not say what %s is", m.ID, w.Word)
			}
		}
		slices.Sort(used)
		slices.Sort(listed)
		if !slices.Equal(used, listed) {
			t.Errorf("%s has the words %q and explains %q", m.ID, used, listed)
		}
	}
}
