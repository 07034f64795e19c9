package visitor

import (
	"net/url"
	"testing"
)

func TestWithinReplacesWholeOccurrencesHoweverTheyAreWritten(t *testing.T) {
	const agent, fresh = "App/2.1 (iPhone; \"x\")", "App/2"
	tests := []struct {
		name            string
		text, old, with string
		want            string
	}{
		{name: "as it is", text: "?ip=203.0.113.77&x=1", old: "203.0.113.77", with: "203.0.113.0", want: "?ip=203.0.113.0&x=1"},
		{name: "at the end", text: "?ip=203.0.113.77", old: "203.0.113.77", with: "203.0.113.0", want: "?ip=203.0.113.0"},
		{name: "every time", text: "203.0.113.77,203.0.113.77", old: "203.0.113.77", with: "0", want: "0,0"},
		{name: "percent-encoded", text: "?ip=2001%3Adb8%3a%3A1", old: "2001:db8::1", with: "2001:db8::", want: "?ip=2001%3Adb8%3A%3A"},
		{name: "behind an escape", text: "x%3A203.0.113.77", old: "203.0.113.77", with: "-", want: "x%3A-"},
		{name: "an agent in a query", text: "?ua=App%2F2.1+%28iPhone%3B%20%22x%22%29&y", old: agent, with: fresh, want: "?ua=App%2F2&y"},
		{name: "an agent in JSON", text: `{"ua":"App\/2.1 (iPhone; \"x\")"}`, old: agent, with: fresh, want: `{"ua":"App/2"}`},
		{name: "not a part of a longer address", text: "203.0.113.77", old: "03.0.113.7", with: "-", want: "203.0.113.77"},
		{name: "not what is too short to tell of anybody", text: "?a=abc", old: "abc", with: "-", want: "?a=abc"},
		{name: "not what is cut off", text: "?ip=203.0.113", old: "203.0.113.77", with: "-", want: "?ip=203.0.113"},
		{name: "nothing of nothing", text: "", old: "203.0.113.77", with: "-", want: ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := (Anonymiser{}).Within(tt.text, tt.old, tt.with); got != tt.want {
				t.Errorf("Within(%q, %q) = %q, want %q", tt.text, tt.old, got, tt.want)
			}
		})
	}
}

// FuzzWithin holds Within to find whatever a query can hold.
func FuzzWithin(f *testing.F) {
	f.Add("2001:db8::1", "2001:db8::")
	f.Add("App/2.1 (\"x\")", "")
	f.Fuzz(func(t *testing.T, old, fresh string) {
		written := url.QueryEscape(old)
		if len(old) < shortest || old == fresh || written == old || old[0] == '?' {
			return
		}
		got, want := (Anonymiser{}).Within("?"+written+"&", old, fresh), "?"+url.QueryEscape(fresh)+"&"
		if got != want {
			t.Errorf("Within(%q, %q, %q) = %q, want %q", "?"+written+"&", old, fresh, got, want)
		}
	})
}
