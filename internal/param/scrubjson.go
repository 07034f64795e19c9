package param

import (
	"bytes"
	"encoding/json"
	"strings"
)

// ScrubJSON gives a JSON body as it may be kept: as it came, but for what Scrub
// takes out, at any depth. It reads text that is not quite JSON as well as it
// can, since malformed requests are kept too; what begins like a form is read as one.
func ScrubJSON(d Door, key, body []byte) []byte {
	if at := bytes.IndexAny(body, `={["`); at >= 0 && body[at] == '=' {
		return []byte(ScrubQuery(d, key, string(body)))
	}
	s := jsonScrubber{door: d, key: key, in: body, out: make([]byte, 0, len(body)+len(body)/4)}
	for s.at < len(s.in) {
		s.step()
	}
	return s.out
}

// meaning is what a value is taken for: a known parameter, or free text.
type meaning struct {
	name  Name
	known bool
}

// secret reports whether all that is nested in a value shares its meaning.
func (m meaning) secret() bool {
	switch m.name {
	case Email, Username, EmailSHA256, Token, TS, Sig:
		return m.known
	default:
		return false
	}
}

// jsonScrubber copies JSON token by token. outer holds what the objects and
// arrays around the current place mean; next is what the coming value means.
type jsonScrubber struct {
	door  Door
	key   []byte
	in    []byte
	at    int
	out   []byte
	outer []meaning
	next  meaning
}

func (s *jsonScrubber) step() {
	switch c := s.in[s.at]; c {
	case '{', '[':
		s.outer = append(s.outer, s.next)
		s.next = s.around()
		s.copy(1)
	case '}', ']':
		if n := len(s.outer); n > 0 {
			s.outer = s.outer[:n-1]
		}
		s.next = s.around()
		s.copy(1)
	case ',':
		s.next = s.around()
		s.copy(1)
	case ':', ' ', '\t', '\r', '\n':
		s.copy(1)
	case '"':
		s.text()
	default:
		s.scalar()
	}
}

func (s *jsonScrubber) copy(n int) {
	s.out = append(s.out, s.in[s.at:s.at+n]...)
	s.at += n
}

// around gives the meaning of what stands around the current place, if it is
// shared by all in it.
func (s *jsonScrubber) around() meaning {
	if n := len(s.outer); n > 0 && s.outer[n-1].secret() {
		return s.outer[n-1]
	}
	return meaning{}
}

// text takes a string, which is a key if a colon follows.
func (s *jsonScrubber) text() {
	n := stringLength(s.in[s.at:])
	quoted := s.in[s.at : s.at+n]
	var plain string
	if err := json.Unmarshal(quoted, &plain); err != nil {
		plain = string(bytes.Trim(quoted, `"`))
	}
	s.keyOrValue(n, plain)
}

// keyOrValue takes a token of n bytes. What is nested in a secret is secret, keys
// too.
func (s *jsonScrubber) keyOrValue(n int, plain string) {
	if s.next.secret() || !s.isKey(n) {
		s.value(n, plain, s.scrubbed(plain))
		return
	}
	s.next = meaning{}
	if e, _, ok := s.door.find(strings.Trim(plain, "'")); ok {
		s.next = meaning{e.name, true}
	}
	s.value(n, plain, ScrubText(s.key, plain))
}

// isKey reports whether a colon follows the next n bytes.
func (s *jsonScrubber) isKey(n int) bool {
	rest := bytes.TrimLeft(s.in[s.at+n:], " \t\r\n")
	return len(rest) > 0 && rest[0] == ':'
}

func (s *jsonScrubber) scrubbed(plain string) string {
	if s.next.known {
		return s.next.name.scrub(s.key, plain)
	}
	return ScrubText(s.key, plain)
}

// scalar takes a number, true, false, null, or whatever else stands there, such
// as a key without quotes.
func (s *jsonScrubber) scalar() {
	n := bytes.IndexAny(s.in[s.at:], "{}[],:\" \t\r\n")
	if n < 0 {
		n = len(s.in) - s.at
	}
	plain := string(s.in[s.at : s.at+n])
	if plain == "null" {
		s.copy(n)
		return
	}
	s.keyOrValue(n, plain)
}

// value writes a value of n bytes: as it came if nothing changed.
func (s *jsonScrubber) value(n int, plain, scrubbed string) {
	if plain == scrubbed {
		s.copy(n)
		return
	}
	quoted, err := json.Marshal(scrubbed)
	if err != nil {
		quoted = []byte(`""`)
	}
	s.out = append(s.out, quoted...)
	s.at += n
}

// stringLength gives the length of the JSON string that b starts with, quotes
// included; all of b if it never ends.
func stringLength(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(b)
}
