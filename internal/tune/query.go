package tune

import (
	"net/url"
	"strconv"
	"strings"

	"waybill/internal/param"
)

// Click rewrites the query of a tracking link or an impression tag made for TUNE
// into one that Waybill's own doors take: numbers become Waybill's, and names
// that mean nothing there get the name under which their value is kept.
//
// A number that is refused names nothing: the visitor goes where those go who follow a link to an offer that there is not. An offer and a
// landing page that do not belong together are no reason for that: then the
// visitor goes to the offer's own page.
func Click(query string, ids *IDs) string {
	r := rewriter{names: clickNames}
	r.read(query)
	page, file := r.get("url_id"), r.get("file_id")
	r.drop("url_id", "file_id")
	query = r.String()
	var said param.Values
	_ = said.ScanQuery(param.Click, query) // a click goes on without what is too long

	// What stands first under its own name is what counts, however else the
	// request may call it.
	first := rewriter{}
	offer, known := ids.Resolve(Offer, said.Get(param.OfferID))
	first.number("offer_id", offer, known)
	affiliate, is := ids.Resolve(Affiliate, said.Get(param.AffiliateID))
	first.number("affiliate_id", affiliate, is)
	if m, ok := ids.Find(OfferURL, page); ok && known && m.WaybillID == offer && !said.Has(param.URL) {
		first.add("url", m.URL)
	}
	if !said.Has(param.Sub1 + 8) {
		first.add("sub9", page)
	}
	if !said.Has(param.Sub1 + 9) {
		first.add("sub10", file)
	}
	return strings.TrimSuffix(first.String()+"&"+query, "&")
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

// get gives a parameter's first value that is not empty.
func (r *rewriter) get(name string) string {
	for _, p := range r.pairs {
		if p.name != name || p.value == "" {
			continue
		}
		if text, err := url.QueryUnescape(p.value); err == nil {
			return text
		}
		return p.value
	}
	return ""
}

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
	if value != "" {
		r.pairs = append(r.pairs, pair{name, url.QueryEscape(value)})
	}
}

// number says a number of Waybill's. One that is refused is said by what is no
// number, since nothing said would leave room for another.
func (r *rewriter) number(name string, n int64, known bool) {
	if known {
		r.add(name, strconv.FormatInt(n, 10))
	} else {
		r.add(name, "unknown")
	}
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
