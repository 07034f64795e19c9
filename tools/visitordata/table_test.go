package main

import (
	"slices"
	"strings"
	"testing"
)

func TestAdd(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, pattern string
		want          table
	}{
		{"a word", `Googlebot\/`, table{anywhere: []string{"Googlebot/"}}},
		{"either letter", `[wW]get`, table{anywhere: []string{"Wget", "wget"}}},
		{"either word", `Ahrefs(Bot|Audit)`, table{anywhere: []string{"AhrefsBot", "AhrefsAudit"}}},
		{"a start", `^curl`, table{prefix: []string{"curl"}}},
		{"an end", `SSL Labs$`, table{suffix: []string{"SSL Labs"}}},
		{"a start or a space", `(^| )PTST\/`, table{prefix: []string{"PTST/"}, anywhere: []string{" PTST/"}}},
		{"two words in order", `Current[\s\S]*Reader`, table{pairs: [][2]string{{"Current", "Reader"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got table
			if err := got.add(tt.pattern); err != nil {
				t.Fatalf("add(%s) = %v", tt.pattern, err)
			}
			for _, words := range []struct{ got, want []string }{
				{got.anywhere, tt.want.anywhere}, {got.prefix, tt.want.prefix}, {got.suffix, tt.want.suffix},
			} {
				slices.Sort(words.got)
				slices.Sort(words.want)
				if !slices.Equal(words.got, words.want) {
					t.Errorf("add(%s) has %q, want %q", tt.pattern, words.got, words.want)
				}
			}
			if !slices.Equal(got.pairs, tt.want.pairs) {
				t.Errorf("add(%s) has pairs %q, want %q", tt.pattern, got.pairs, tt.want.pairs)
			}
		})
	}
}

func TestAddRefusesWhatIsNoWord(t *testing.T) {
	t.Parallel()
	for _, pattern := range []string{
		`bot\d+`, `[a-z]bot`, `ab`, `^all$`, `^one[\s\S]*two`, `a+bc`, `one[\s\S]*two[\s\S]*three`, `(bot`,
	} {
		var got table
		if err := got.add(pattern); err == nil {
			t.Errorf("add(%s) = %+v, want an error", pattern, got)
		}
	}
}

func TestSourceLeavesOutWhatAnotherWordCovers(t *testing.T) {
	t.Parallel()
	words := table{
		anywhere: []string{"Googlebot", "Googlebot-News", "Googlebot"},
		prefix:   []string{"curl", "PHP-curl"}, // the first is no start of the second
	}
	text, err := words.source("1.0", "A licence\n\nof two lines")
	if err != nil {
		t.Fatalf("source() = %v", err)
	}
	got := string(text)
	if n := strings.Count(got, "Googlebot"); n != 1 {
		t.Errorf("source() has Googlebot %d times, want once:\n%s", n, got)
	}
	for _, want := range []string{"DO NOT EDIT.", "// A licence\n//\n// of two lines\n", `"curl"`, `"PHP-curl"`} {
		if !strings.Contains(got, want) {
			t.Errorf("source() lacks %q:\n%s", want, got)
		}
	}
}
