package api

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"slices"
	"sort"
	"strings"
)

// secrets finds texts that are to be hidden, however they are written: each letter
// may stand as it is, or as URLs, JSON and HTML write it, in one layer or several,
// and all of it as base64.
//
// They stand in the order of their letters, so that those that begin alike are looked
// for at once, and how many there are costs next to nothing where there is none.
type secrets struct {
	all    []pattern
	firsts [1 << 8]bool  // which first letters there are
	pairs  [1 << 16]some // those that begin with two letters
}

// some are the patterns from one place up to another.
type some struct{ from, to int }

// pattern is a text to be found.
type pattern struct {
	text  string
	owner int64 // whose secret it is
	// The letters beside it that tell of it, too: a letter of base64 holds bits of
	// two bytes.
	before, behind bool
}

// add has a secret be found.
func (s *secrets) add(secret string, owner int64) {
	s.put(pattern{text: secret, owner: owner})
	for _, form := range [...]string{secret, url.QueryEscape(secret)} {
		for shift := range 3 {
			for _, e := range [...]*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
				s.put(inBase64(e, form, shift, owner))
			}
		}
	}
}

// inBase64 gives the letters that a text has in base64, whatever stands around it,
// where it begins at a byte that is shift behind a multiple of three.
func inBase64(e *base64.Encoding, text string, shift int, owner int64) pattern {
	all := e.EncodeToString([]byte(strings.Repeat("\x00", shift) + text))
	p := pattern{owner: owner, before: shift > 0, behind: (shift+len(text))%3 > 0}
	from, to := 0, len(all)
	if p.before {
		from = shift + 1 // as many letters hold bits of what stands before
	}
	if p.behind {
		to-- // and this one of what stands behind
	}
	p.text = all[from:to]
	return p
}

func (s *secrets) put(p pattern) { s.all = append(s.all, p) }

// ready puts all that was added in order. Nothing is found before.
func (s *secrets) ready() *secrets {
	slices.SortFunc(s.all, func(a, b pattern) int {
		return cmp.Or(strings.Compare(a.text, b.text), cmp.Compare(a.owner, b.owner))
	})
	s.all = slices.Compact(s.all)
	for i, p := range s.all {
		s.firsts[p.text[0]] = true
		pair := &s.pairs[pairOf(p.text[0], p.text[1])]
		if pair.to == 0 {
			pair.from = i
		}
		pair.to = i + 1
	}
	return s
}

func pairOf(first, second byte) int { return int(first)<<8 | int(second) }

// hide puts something else in place of each secret that is not own's.
func (s *secrets) hide(text []byte, own int64) []byte {
	if len(s.all) == 0 {
		return text
	}
	var out []byte
	kept := 0
	letters := newReader(text)
	for at := 0; at < len(text); {
		from, to := s.at(letters, at, own)
		if to == 0 {
			at++
			continue
		}
		out = append(out, text[kept:max(from, kept)]...)
		out = append(out, hiddenSecret...)
		kept, at = to, to
	}
	if out == nil {
		return text
	}
	return append(out, text[kept:]...)
}

// at gives the longest stretch that tells of a secret which begins at a place; to
// is 0 where there is none.
func (s *secrets) at(r *reader, at int, own int64) (from, to int) {
	l := looker{secrets: s, reader: r, own: own, begin: at}
	c := r.text[at]
	switch {
	case special(c):
		l.follow(some{0, len(s.all)}, 0, at)
	case !s.firsts[c]:
	case at+1 < len(r.text) && !special(r.text[at+1]):
		l.follow(s.pairs[pairOf(c, r.text[at+1])], 2, at+2)
	default:
		l.follow(some{0, len(s.all)}, 0, at)
	}
	return l.from, l.to
}

// looker looks for what begins at one place.
type looker struct {
	*secrets
	*reader
	own      int64
	begin    int
	from, to int // what was found
}

// follow looks for those that begin with n letters read so far, in every way in which
// the text goes on.
func (l *looker) follow(these some, n, now int) {
	these = l.end(these, n, now)
	if these.from == these.to || now >= len(l.text) {
		return
	}
	if c := l.text[now]; !special(c) {
		l.follow(l.narrow(these, n, c), n+1, now+1)
		return
	}
	for _, u := range l.units(now, layers) {
		left := these
		for i, c := range u.letters() {
			for left.from < left.to && len(l.all[left.from].text) == n+i { // it would end within a letter
				left.from++
			}
			left = l.narrow(left, n+i, c)
		}
		l.follow(left, n+u.size, u.next)
	}
}

// end takes out those that have no more letters, and notes that they are found,
// unless one of them is the caller's own.
func (l *looker) end(these some, n, now int) some {
	ended := these.from
	for these.from < these.to && len(l.all[these.from].text) == n {
		these.from++
	}
	here := l.all[ended:these.from]
	if slices.ContainsFunc(here, func(p pattern) bool { return p.owner == l.own }) {
		return these
	}
	for i := range here {
		l.found(&here[i], l.begin, now)
	}
	return these
}

// narrow gives those whose next letter is c.
func (l *looker) narrow(these some, n int, c byte) some {
	all := l.all[these.from:these.to]
	from := sort.Search(len(all), func(i int) bool { return all[i].text[n] >= c })
	to := from + sort.Search(len(all)-from, func(i int) bool { return all[from+i].text[n] > c })
	return some{these.from + from, these.from + to}
}

// found notes the longest stretch.
func (l *looker) found(p *pattern, from, to int) {
	if p.before && from > 0 && isBase64(l.text[from-1]) {
		from--
	}
	if p.behind && to < len(l.text) && isBase64(l.text[to]) {
		to++
	}
	if to > l.to {
		l.from, l.to = from, to
	}
}

func isBase64(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("+/-_", c) >= 0
}
