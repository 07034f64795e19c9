package receiver_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/delivery"
	"waybill/internal/preset"
	"waybill/internal/receiver"
)

const docs = "../../docs/postbacks"

// TestEveryTemplateHasItsPage, which shows what is entered and what is sent as
// it really is.
func TestEveryTemplateHasItsPage(t *testing.T) {
	t.Parallel()
	for _, tt := range templateTests() {
		for _, p := range tt.postbacks {
			t.Run(p.template, func(t *testing.T) {
				t.Parallel()
				page := readPage(t, p.template)
				template, err := preset.Find(p.template)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range template.Fields {
					if !strings.Contains(page, "`"+f.Name+"`") {
						t.Errorf("the page of %s does not say what %s is", p.template, f.Name)
					}
				}
				if !strings.Contains(page, `"template":"`+p.template+`"`) {
					t.Errorf("the page of %s does not show how it is made", p.template)
				}
				if sent := example(t, template, strings.ReplaceAll(tt.click, " ", "-")); !strings.Contains(page, sent) {
					t.Errorf("the page of %s does not show what is sent:\n%s", p.template, sent)
				}
				for _, line := range strings.Split(page, "\n") {
					if strings.Contains(line, "{aff_click_id}") && strings.Contains(line, "http") && !strings.Contains(line, "curl") {
						t.Errorf("the page of %s shows a template where an example belongs: %s", p.template, line)
					}
				}
			})
		}
	}
}

// readPage gives the page on a template's receiver: the receiver's name is what
// the key begins with.
func readPage(t *testing.T, key string) string {
	t.Helper()
	name, _, _ := strings.Cut(key, "_")
	text, err := os.ReadFile(filepath.Join(docs, name+".md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// example is the first line of what is sent of the first story, when every field
// that has an example says that.
func example(t *testing.T, template preset.Preset, click string) string {
	t.Helper()
	fill := map[string]string{}
	for _, f := range template.Fields {
		if f.Kind == preset.FieldSecret {
			fill[f.Name] = "s3cr3t"
		} else if f.Default == "" {
			fill[f.Name] = f.Example
		}
	}
	s, err := template.Fill(fill)
	if err != nil {
		t.Fatal(err)
	}
	s.ID, s.Owner = 1, delivery.Owner{AffiliateID: 9}
	plan, err := receiver.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	f := fixture{t: t, click: click, order: "A-1001", subs: []delivery.Subscription{s}, plans: []*receiver.Plan{plan}}
	c := stories()["approved at once"][0]
	c.event = s.On[0]
	if c.event != "conversion.created" {
		c.status = "rejected"
	}
	all := f.requests(c)
	if len(all) != 1 {
		t.Fatalf("%s sends %d requests", template.Key, len(all))
	}
	r := all[0].request
	if r.Body != nil {
		return r.Method + " " + r.URL + "\n" + string(r.Body)
	}
	return r.Method + " " + r.URL
}

// TestTextsOfAnswers: what an answer must hold, or must not, may be one of
// several texts.
func TestTextsOfAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, success, failure, body, want string
	}{
		{name: "nothing is asked", body: "whatever"},
		{name: "the only text is there", success: "OK", body: "<b>OK</b>"},
		{name: "the only text is not", success: "OK", body: "ok", want: `answered 200 OK, but without "OK"`},
		{name: "the second of two is there", success: "success=true|Duplicate", body: "success=false; err_msg=Duplicate conversion;"},
		{name: "neither of two is", success: "success=true|Duplicate", body: "success=false;", want: `answered 200 OK, but without "success=true" or "Duplicate"`},
		{name: "a bad text is there", failure: `"status":2|"status":3`, body: `{"status":3}`, want: `answered 200 OK, but with "\"status\":2" or "\"status\":3"`},
		{name: "a bad one goes before a good one", success: "OK", failure: "no", body: "OK, no", want: `answered 200 OK, but with "no"`},
		{name: "no text is meant by a bar alone", success: "|", failure: "|", body: "a|b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := delivery.Default()
			s.Owner.AffiliateID, s.URL = 9, "https://t.example/?c={aff_click_id}"
			s.SuccessContains, s.FailureContains = tt.success, tt.failure
			plan, err := receiver.Compile(s)
			if err != nil {
				t.Fatal(err)
			}
			got := plan.Judge(200, nil, []byte(tt.body))
			if got.Detail != tt.want || (got.Class == "") != (tt.want == "") {
				t.Errorf("Judge(%q) = %q %q, want %q", tt.body, got.Class, got.Detail, tt.want)
			}
		})
	}
}
