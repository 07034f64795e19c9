package chain

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"

	"waybill/internal/param"
	"waybill/internal/txid"
)

// Change is what happened to an ID on its way.
type Change string

// The changes.
const (
	Whole   Change = ""              // none
	Cased   Change = "case_changed"  // in other case, where that matters
	Wrapped Change = "wrapped"       // within something longer
	Cut     Change = "cut"           // its beginning alone
	Another Change = "another_id"    // something else
	Literal Change = "literal_macro" // the name of a macro that nobody filled in
	Missing Change = "missing"
)

// fewest is how much of an ID must be left for it to be known as a part of it.
const fewest = 8

// Compare says what became of an ID that was handed on as sent and came as got.
// A transaction ID of ours means the same in either case.
func Compare(sent, got string) Change {
	switch {
	case got == sent:
		return Whole
	case got == "":
		return Missing
	case sameID(sent, got):
		return Whole
	case strings.EqualFold(sent, got):
		return Cased
	case sent == "":
		return Another
	case param.Unexpanded(got):
		return Literal
	case len(got) >= fewest && len(got) < len(sent) && strings.EqualFold(sent[:len(got)], got):
		return Cut
	case len(sent) >= fewest && strings.Contains(got, sent):
		return Wrapped
	default:
		return Another
	}
}

// sameID reports whether two texts are one transaction ID.
func sameID(a, b string) bool {
	one, err := txid.Parse(a)
	if err != nil {
		return false
	}
	other, err := txid.Parse(b)
	return err == nil && one == other
}

// Place is where an ID stands in a request.
type Place struct {
	Parameter string // "path" where it stands in the path; empty when it is nowhere
	Value     string // what stands there
	Change    Change // what happened to it
}

// inPath is the place of an ID in the path of a URL.
const inPath = "path"

// Find looks for an ID in an address: whole, else what is left of it. A macro
// that nobody filled in is taken for it where the parameter is one of reads, or
// nobody knows which the receiver reads.
func Find(address, id string, reads []string) Place {
	u, err := url.Parse(address)
	if err != nil || id == "" {
		return Place{Change: Missing}
	}
	best := Place{Change: Missing}
	if strings.Contains(u.Path, id) {
		best = Place{Parameter: inPath, Value: id, Change: Whole}
	}
	return findIn(best, u.RawQuery, id, reads)
}

// FindIn looks for an ID in the body of a request, a form or an object of JSON,
// and gives the better of best and what it finds.
func FindIn(best Place, body, id string, reads []string) Place {
	if id == "" {
		return best
	}
	var object map[string]any
	if json.Unmarshal([]byte(body), &object) != nil {
		return findIn(best, body, id, reads)
	}
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if value, ok := object[name].(string); ok {
			best = choose(best, Place{Parameter: name, Value: value}, id, reads)
		}
	}
	return best
}

// findIn looks for an ID in a query or form, and gives the better of best and
// what it finds.
func findIn(best Place, query, id string, reads []string) Place {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		best = choose(best, Place{Parameter: plain(name), Value: plain(value)}, id, reads)
	}
	return best
}

// choose gives the better of best and another place for an ID.
func choose(best, p Place, id string, reads []string) Place {
	p.Change = Compare(id, p.Value)
	if p.Change == Literal && len(reads) > 0 && !contains(reads, p.Parameter) {
		return best
	}
	if better(p, best, reads) {
		return p
	}
	return best
}

// better reports whether one place tells more of an ID than another: the less
// it was changed, and of two alike the one that the receiver reads.
func better(one, other Place, reads []string) bool {
	order := []Change{Whole, Cased, Wrapped, Cut, Literal, Missing}
	a, b := slices.Index(order, one.Change), slices.Index(order, other.Change)
	switch {
	case a < 0 || one.Change == Missing:
		return false
	case a == b:
		return contains(reads, one.Parameter) && !contains(reads, other.Parameter)
	default:
		return a < b
	}
}

// contains reports whether a parameter is on a list, in whatever case.
func contains(list []string, name string) bool {
	return slices.ContainsFunc(list, func(one string) bool { return strings.EqualFold(one, name) })
}

// plain undoes percent-encoding. What is encoded wrongly stays as it is.
func plain(text string) string {
	if p, err := url.QueryUnescape(text); err == nil {
		return p
	}
	return text
}
