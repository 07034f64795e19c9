package param

import (
	"slices"
	"strings"
	"unicode/utf8"

	"waybill/internal/fault"
)

// Bounds on what one request may bring beside the known parameters.
const (
	maxCandidates = 8
	maxUnknown    = 64
	maxName       = 128
)

// Pair is a parameter that nobody knows.
type Pair struct {
	Name  string
	Value string
}

// Values is what the parameters of one request say. The zero Values is empty
// and ready for use; callers on the hot path keep it in a pool and Reset it. Its
// strings share memory with the text they were scanned from.
type Values struct {
	// Cut holds the parameters whose value was shortened.
	Cut Set
	// TooLong holds the parameters whose value was dropped for its length.
	TooLong Set
	// Mended holds the parameters of which something was taken off: see Door.mend.
	Mended Set
	// Entity says that a name came with the remains of an &amp;.
	Entity bool
	// UnknownLost says that there were more unknown parameters than are kept.
	UnknownLost bool
	// Unknown holds a signal's parameters that nobody knows, as they came. A
	// click's are left out.
	Unknown []Pair

	text [NumNames]string
	rank [NumNames]uint8 // of the name that text came under; 0 where there is none

	ids     [maxCandidates]string // transaction IDs, best first
	idRanks [maxCandidates]uint8
	numIDs  int
}

// Reset empties v for another request.
func (v *Values) Reset() {
	unknown := v.Unknown
	clear(unknown)
	*v = Values{Unknown: unknown[:0]}
}

// Get gives the value of n, empty if it has none. Of several transaction IDs it
// gives the first.
func (v *Values) Get(n Name) string {
	if n >= NumNames {
		return ""
	}
	return v.text[n]
}

// Has reports whether n has a value.
func (v *Values) Has(n Name) bool { return v.Get(n) != "" }

// Set gives n the value s, as its canonical name would, in place of what there
// was.
func (v *Values) Set(n Name, s string) {
	if n >= NumNames {
		return
	}
	if n == TransactionID {
		v.numIDs = 0
		clear(v.ids[:])
	}
	v.text[n], v.rank[n] = "", 0
	if s != "" {
		v.put(entry{n, 1}, s)
	}
}

// TransactionIDs gives the candidates, the likeliest first. The slice is v's
// own.
func (v *Values) TransactionIDs() []string { return v.ids[:v.numIDs] }

// Test reports whether the request calls itself a test.
func (v *Values) Test() bool {
	switch strings.ToLower(v.text[Test]) {
	case "", "0", "false", "no":
		return false
	default:
		return true
	}
}

// Err says which values are too long for a signal, which is malformed then. A
// click goes on without them.
func (v *Values) Err() error {
	for _, n := range v.TooLong.Names() {
		most, _ := n.limit()
		return fault.At(n.String(), "has more than %d bytes", most)
	}
	return nil
}

// put takes one value under the rules of precedence and length.
func (v *Values) put(e entry, s string) {
	if s == "" {
		return
	}
	most, cut := e.name.limit()
	if len(s) > most {
		if !cut {
			v.TooLong = v.TooLong.With(e.name)
			return
		}
	}
	if e.name == TransactionID {
		v.candidate(e.rank, s)
		runs(s, func(id string) {
			v.Mended = v.Mended.With(TransactionID)
			v.candidate(e.rank, id)
		})
		return
	}
	if was := v.rank[e.name]; was != 0 && was <= e.rank {
		return
	}
	v.Cut &^= 1 << e.name
	if len(s) > most {
		s = shorten(s, most)
		v.Cut = v.Cut.With(e.name)
	}
	v.text[e.name], v.rank[e.name] = s, e.rank
}

// candidate keeps a transaction ID in its place by rank, then by arrival.
func (v *Values) candidate(rank uint8, s string) {
	at := v.numIDs
	for i, r := range v.idRanks[:v.numIDs] {
		if v.ids[i] == s && r <= rank {
			return
		}
		if r > rank && at == v.numIDs {
			at = i
		}
	}
	if at == maxCandidates {
		return
	}
	if v.numIDs < maxCandidates {
		v.numIDs++
	}
	copy(v.ids[at+1:v.numIDs], v.ids[at:])
	copy(v.idRanks[at+1:v.numIDs], v.idRanks[at:])
	v.ids[at], v.idRanks[at] = s, rank
	v.text[TransactionID], v.rank[TransactionID] = v.ids[0], v.idRanks[0]
}

// unknown keeps a parameter that nobody knows.
func (v *Values) unknown(name, s string) {
	if s == "" || name == "" {
		return
	}
	if len(v.Unknown) == maxUnknown {
		v.UnknownLost = true
		return
	}
	if slices.ContainsFunc(v.Unknown, func(p Pair) bool { return p.Name == name }) {
		return
	}
	name, _ = cut(name, maxName)
	s, _ = Cut(s)
	v.Unknown = append(v.Unknown, Pair{name, s})
}

// Cut shortens free text (a sub, a source, a referrer, a user agent) to 1,024
// bytes at the boundary of a character, and reports whether it had to.
func Cut(s string) (string, bool) { return cut(s, maxText) }

func cut(s string, most int) (string, bool) {
	if len(s) <= most {
		return s, false
	}
	return shorten(s, most), true
}

// shorten takes at most most bytes of s, and no part of a character.
func shorten(s string, most int) string {
	for i := most; i > most-utf8.UTFMax && i > 0; i-- {
		if utf8.RuneStart(s[i]) {
			return s[:i]
		}
	}
	return s[:most]
}
