// Package macro fills in {name} in the addresses visitors are sent to and in the
// postbacks partners receive.
//
// One engine serves both. A template is checked when it is saved, so that it
// cannot fail when it is used: what Parse accepts renders for any values. These
// always hold:
//
//   - A macro never changes where a request goes: none may stand in a URL's
//     scheme, host or port.
//   - No value brings a space, a control character, CR or LF into a URL, a form
//     or a header, nor anything but a well-formed value into JSON, whatever
//     filters it went through.
//   - A macro without a value becomes empty, never its own name.
//
// Filters follow a name: {sub1|lower|sha256}. They are applied from the left.
//
//	raw         not percent-encoded; only what a URL cannot hold still is
//	default:y   y, where there is no value
//	lower       in lower case
//	sha256      the SHA-256 of the value in lower-case hex; empty stays empty
//	base64url   base64 in the URL alphabet, without padding
//
// Times take a format, always in UTC: unix (the default), unix_ms, rfc3339, or a
// layout written as the time 15:04:05 on 2006-01-02, as in
// {click_time|2006-01-02 15:04:05}. {date} is 2006-01-02 unless told otherwise.
package macro

// Encoding says where a template stands, and so how values are made safe there.
type Encoding uint8

const (
	// URL percent-encodes values, a space as %20.
	URL Encoding = iota + 1
	// Form is for application/x-www-form-urlencoded bodies; values are
	// percent-encoded.
	Form
	// JSON escapes values inside strings. A macro outside a string is a value of
	// its own: a number of up to 15 digits, which every reader keeps exactly, true
	// or false, the array of {items}, null where there is nothing, else a string.
	JSON
	// Header keeps printable ASCII and percent-encodes the rest.
	Header
)

// Template is a checked text with macros. It never changes, and may be rendered
// by many at once.
type Template struct {
	text  string
	host  string // of a URL, with its port
	parts []part
	query []pair // of a URL: the parameters that hold macros
	uses  Set
}

// part is a literal, or a macro with what is done to its value.
type part struct {
	literal string // encoded already
	macro   bool
	name    Name
	layout  string // of a time
	filters []filter
	encode  encoder
}

// Text gives the template as it was written.
func (t *Template) Text() string { return t.text }

// Host gives the host a URL leads to, with its port if one is written; empty for
// other encodings.
func (t *Template) Host() string { return t.host }

// Uses reports whether n occurs, so that callers look up only what is needed.
func (t *Template) Uses(n Name) bool { return t.uses.Has(n) }

// Names gives the macros that occur, each once, in the order of their numbers.
func (t *Template) Names() []Name {
	var all []Name
	for n := range NumNames {
		if t.uses.Has(n) {
			all = append(all, n)
		}
	}
	return all
}

// Append appends the template with v filled in. It allocates nothing if dst has
// room.
func (t *Template) Append(dst []byte, v *Values) []byte {
	for i := range t.parts {
		dst = t.parts[i].append(dst, v)
	}
	return dst
}

// Render gives what Append appends.
func (t *Template) Render(v *Values) string {
	return string(t.Append(make([]byte, 0, 2*len(t.text)+64), v))
}

func (p *part) append(dst []byte, v *Values) []byte {
	if !p.macro {
		return append(dst, p.literal...)
	}
	if len(p.filters) == 0 && !p.name.time() {
		return appendEncoded(p.encode, dst, v.text[p.name])
	}
	start := len(dst)
	dst = v.append(dst, p.name, p.layout)
	for _, f := range p.filters {
		dst = f.apply(dst, start)
	}
	plain := len(dst)
	return replace(appendEncoded(p.encode, dst, dst[start:]), start, plain)
}

// replace puts what follows from in place of dst[start:from].
func replace(dst []byte, start, from int) []byte {
	n := copy(dst[start:], dst[from:])
	return dst[:start+n]
}
