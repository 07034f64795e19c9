package visitor

import (
	"strings"
	"testing"
)

// TestCrawlersFindEveryWord looks for every word of the list in the middle of
// an agent and at its very end: whichever bucket it lies in, it is found.
func TestCrawlersFindEveryWord(t *testing.T) {
	t.Parallel()
	c := newCrawlers()
	if len(crawlerWords) < 1400 {
		t.Fatalf("%d words, want the whole list", len(crawlerWords))
	}
	for _, w := range crawlerWords {
		if len(w) < wordKey {
			t.Errorf("the word %q is shorter than a bucket's key", w)
		}
		for _, agent := range []string{"x (" + w + ") y", "x " + w} {
			if !c.match(agent) {
				t.Errorf("match(%q) = false, want true", agent)
			}
		}
		if cut := w[:len(w)-1]; c.match(cut) != hasWord(cut) {
			t.Errorf("match(%q) = %t, want %t", cut, c.match(cut), hasWord(cut))
		}
	}
}

// hasWord is match done plainly.
func hasWord(agent string) bool {
	for _, w := range crawlerWords {
		if strings.Contains(agent, w) {
			return true
		}
	}
	return hasAffix(agent) || hasPair(agent)
}

func TestCrawlersMindThePlace(t *testing.T) {
	t.Parallel()
	c := newCrawlers()
	tests := []struct {
		agent string
		want  bool
	}{
		{"curl/8.11.1", true},
		{"a curl/8.11.1", false}, // only at the start
		{"checked by SSL Labs", true},
		{"SSL Labs checks", false}, // only at the end
		{"Current weather RSS Reader", true},
		{"RSS Reader, Current", false}, // only in this order
		{"Currently", false},
		{"", false},
		{"a", false},
		{"ab", false},
	}
	for _, tt := range tests {
		if got := c.match(tt.agent); got != tt.want {
			t.Errorf("match(%q) = %t, want %t", tt.agent, got, tt.want)
		}
	}
}
