package tune

import (
	"net/url"
	"strconv"
	"strings"
)

// Click rewrites the query of a tracking link or an impression tag made for TUNE
// into one that Waybill's own doors take: numbers become Waybill's, and names
// that mean nothing there get the name under which their value is kept.
//
// A number that is refused is left out, and so names nothing: the visitor goes
// where those go who follow a link to an offer that there is not. An offer and a
// landing page that do not belong together are no reason for that: then the
// visitor goes to the offer's own page.
func Click(query string, ids *IDs) string {
	r := rewriter{names: clickNames}
	r.read(query)
	offer, named := r.number(Offer, ids, "offer_id", "oid", "offer")
	r.number(Affiliate, ids, "affiliate_id", "aff_id", "affid", "pid", "a")
	page, file := r.get("url_id"), r.get("file_id")
	if m, ok := ids.Find(OfferURL, page); ok && named && m.WaybillID == offer && !r.has("url", "deep_link") {
		r.add("url", m.URL)
	}
	r.drop("url_id", "file_id")
	if page != "" && !r.has("sub9", "aff_sub9", "s9") {
		r.add("sub9", page)
	}
	if file != "" && !r.has("sub10", "aff_sub10", "s10") {
		r.add("sub10", file)
	}
	return r.String()
}

// Signal rewrites the names of a postback's or pixel's query. Its numbers stay
// as they are, since only the caller can tell which click they are about.
//
// The parameter a of /aff_goal says which door is meant. Everywhere else it is a
// name of the affiliate.
func Signal(query string, goalDoor bool) string {
	r := rewriter{names: signalNames}
	r.read(query)
	if goalDoor {
		r.drop("a")
	}
	return r.String()
}

// Value gives the first value of a parameter that is not empty, by TUNE's own
// name for it.
func Value(query, name string) string {
	var r rewriter
	r.read(query)
	return r.get(name)
}

//nolint:gochecknoglobals // tables that never change
var (
	clickNames  = numbered(nil, "aff_unique", "sub")
	signalNames = numbered(map[string]string{
		"goal_ref": "event", // counts after goal_id and goal_name, as there
		"conv_ip":  "ip",
	}, "adv_unique", "adv")
)

// numbered adds TUNE's five unique values, which stand behind its five sub
// values.
func numbered(names map[string]string, theirs, ours string) map[string]string {
	all := map[string]string{}
	for name, to := range names {
		all[name] = to
	}
	for i := 1; i <= 5; i++ {
		all[theirs+strconv.Itoa(i)] = ours + strconv.Itoa(i+5)
	}
	return all
}

// rewriter changes the pairs of a query and leaves values that it does not know
// as they came, also their escapes.
type rewriter struct {
	names map[string]string
	pairs []pair
}

// pair is one parameter: its name in lower case and without the remains of an
// &amp;, its value still escaped.
type pair struct{ name, value string }

func (r *rewriter) read(query string) {
	for one := range strings.SplitSeq(query, "&") {
		name, value, ok := strings.Cut(one, "=")
		if !ok || name == "" {
			continue
		}
		name = plainName(name)
		if to, known := r.names[name]; known {
			name = to
		}
		r.pairs = append(r.pairs, pair{name, value})
	}
}

// plainName gives a name as it is looked up. One whose escapes are broken is
// nobody's, and stays as it came.
func plainName(name string) string {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	name = strings.ToLower(name)
	for {
		rest, found := strings.CutPrefix(name, "amp;")
		if !found || rest == "" {
			return name
		}
		name = rest
	}
}

// get gives the first value under any of the names that is not empty, the
// earlier name's before the later's.
func (r *rewriter) get(names ...string) string {
	for _, name := range names {
		for _, p := range r.pairs {
			if p.name != name || p.value == "" {
				continue
			}
			if text, err := url.QueryUnescape(p.value); err == nil {
				return text
			}
			return p.value
		}
	}
	return ""
}

func (r *rewriter) has(names ...string) bool { return r.get(names...) != "" }

func (r *rewriter) drop(names ...string) {
	kept := r.pairs[:0]
	for _, p := range r.pairs {
		if !contains(names, p.name) {
			kept = append(kept, p)
		}
	}
	r.pairs = kept
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func (r *rewriter) add(name, value string) {
	r.pairs = append(r.pairs, pair{name, url.QueryEscape(value)})
}

// number puts Waybill's number in place of TUNE's, whatever the request calls
// it.
func (r *rewriter) number(k Kind, ids *IDs, names ...string) (int64, bool) {
	n, ok := ids.Resolve(k, r.get(names...))
	r.drop(names...)
	if ok {
		r.add(names[0], strconv.FormatInt(n, 10))
	}
	return n, ok
}

// String gives the query.
func (r *rewriter) String() string {
	var b strings.Builder
	for i, p := range r.pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.name))
		b.WriteByte('=')
		b.WriteString(p.value)
	}
	return b.String()
}
