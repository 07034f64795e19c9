package tune

import (
	"strconv"
	"strings"

	"waybill/internal/fault"
)

// Rule says what a number of TUNE's means that was not imported.
type Rule string

// The rules. ByKind, the default, takes numbers as they are as long as none of
// their kind was imported, and refuses strange ones from then on.
const (
	ByKind   Rule = ""
	Identity Rule = "identity"
	Refuse   Rule = "refuse"
)

// Validate reports a rule that there is not.
func (r Rule) Validate() error {
	switch r {
	case ByKind, Identity, Refuse:
		return nil
	default:
		return fault.New(fault.Invalid, "is neither identity nor refuse")
	}
}

// IDs is what TUNE's numbers mean here. It never changes, and a look-up
// allocates nothing. Nil knows no number and takes each for Waybill's.
type IDs struct {
	rule     Rule
	known    map[key]*Mapping
	imported map[Kind]bool
}

type key struct {
	kind Kind
	id   string
}

// NewIDs indexes mappings, of which it keeps the addresses. Of two for one
// number the later counts.
func NewIDs(all []Mapping, rule Rule) *IDs {
	ids := &IDs{rule: rule, known: make(map[key]*Mapping, len(all)), imported: map[Kind]bool{}}
	for i := range all {
		m := &all[i]
		ids.known[key{m.Kind, m.TuneID}] = m
		ids.imported[m.Kind] = true
	}
	return ids
}

// Find gives what was imported for a number.
func (ids *IDs) Find(k Kind, number string) (*Mapping, bool) {
	if ids == nil {
		return nil, false
	}
	number, ok := Normalise(number)
	if !ok {
		return nil, false
	}
	m, ok := ids.known[key{k, number}]
	return m, ok
}

// Resolve gives the number that one of TUNE's has here, or reports that it has
// none.
func (ids *IDs) Resolve(k Kind, number string) (int64, bool) {
	if m, ok := ids.Find(k, number); ok {
		return m.WaybillID, true
	}
	if ids != nil && (ids.rule == Refuse || ids.rule == ByKind && ids.imported[k]) {
		return 0, false
	}
	number, ok := Normalise(number)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(number, 10, 64)
	return n, err == nil
}

// What Strange puts before a number.
const strange = "tune:"

// Strange writes a number that could not be translated when it came, so that it
// still can be when it is judged.
func Strange(number string) string { return strange + number }

// Late translates what Strange wrote. It reports whether it did write the text,
// and whether the number is known by now.
func (ids *IDs) Late(k Kind, text string) (n int64, was, known bool) {
	number, was := strings.CutPrefix(text, strange)
	if !was {
		return 0, false, false
	}
	n, known = ids.Resolve(k, number)
	return n, true, known
}
