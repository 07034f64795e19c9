package visitor

import (
	"slices"
	"strings"
)

// wordKey is how many bytes of a word choose its bucket; no word is shorter.
const (
	wordKey = 3
	buckets = 4096
)

// crawlers finds the words of the crawler list in an agent. The words lie in
// buckets by their first bytes, so one pass over the agent compares it with
// the few words that may begin at each place rather than with all of them.
type crawlers struct {
	words []string            // in the order of their buckets
	start [buckets + 1]uint16 // where each bucket begins in words
}

func newCrawlers() *crawlers {
	c := &crawlers{words: slices.Clone(crawlerWords[:])}
	slices.SortStableFunc(c.words, func(a, b string) int { return bucket(a) - bucket(b) })
	for _, w := range c.words {
		c.start[bucket(w)+1]++
	}
	for i := range buckets {
		c.start[i+1] += c.start[i]
	}
	return c
}

// bucket hashes the first bytes of s, which has at least wordKey of them.
func bucket(s string) int {
	key := uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16
	return int(key * 2654435761 >> 20)
}

// match reports whether agent names a crawler, a library or another program.
func (c *crawlers) match(agent string) bool {
	for i := 0; i+wordKey <= len(agent); i++ {
		b := bucket(agent[i:])
		for _, w := range c.words[c.start[b]:c.start[b+1]] {
			if strings.HasPrefix(agent[i:], w) {
				return true
			}
		}
	}
	return hasAffix(agent) || hasPair(agent)
}

func hasAffix(agent string) bool {
	for _, w := range crawlerPrefixes {
		if strings.HasPrefix(agent, w) {
			return true
		}
	}
	for _, w := range crawlerSuffixes {
		if strings.HasSuffix(agent, w) {
			return true
		}
	}
	return false
}

func hasPair(agent string) bool {
	for _, p := range crawlerPairs {
		if _, rest, ok := strings.Cut(agent, p[0]); ok && strings.Contains(rest, p[1]) {
			return true
		}
	}
	return false
}
