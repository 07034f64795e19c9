package report

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"waybill/internal/fault"
	"waybill/internal/money"
	"waybill/internal/txid"
)

// operator is how a filter compares.
type operator string

const (
	in       operator = "="
	notIn    operator = "!="
	prefix   operator = "^="
	contains operator = "~="
	least    operator = ">="
	most     operator = "<="
	above    operator = ">"
	below    operator = "<"
)

// filter leaves only facts whose dimension compares so with one of the values.
type filter struct {
	dimension
	op      operator
	texts   []string
	numbers []int64   // of an ID or a Flag (0, 1)
	ids     []txid.ID // of transaction_id
	text    string    // as it was written
	// loose is set where tables that have no such dimension are left whole, and
	// not out.
	loose bool
}

// dimCurrency is the dimension that tells rows of money apart.
const dimCurrency = "currency"

// ofCurrency leaves what is of one currency.
func ofCurrency(c money.Currency) filter {
	d, _ := findDimension(dimCurrency, Viewer{})
	return filter{dimension: d, op: in, texts: []string{string(c)}, text: joinFilter(dimCurrency, in, string(c))}
}

// asks reports whether the filter chooses among the table's rows.
func (f filter) asks(t source) bool { return !f.loose || t.has(f.dimension) }

// having leaves only rows whose metric compares so with the value.
type having struct {
	metric
	op     operator
	number int64   // of a Count; of Money in micro-units
	ratio  float64 // of a Ratio, in units of what it is made of
	text   string
}

const fieldFilter = "query.filter"

// splitFilter cuts a filter into its name, its operator and its values, in
// which \, stands for a comma and \\ for a backslash.
func splitFilter(text string) (name string, op operator, values []string, err error) {
	end := max(strings.IndexAny(text, "=!^~<>"), 0)
	name, rest := strings.TrimSpace(text[:end]), text[end:]
	if name == "" {
		return "", "", nil, fault.At(fieldFilter, "%.80q is not a filter: write a name, =, !=, ^=, ~=, >= or <=, and a value, such as country=DE,FR", text)
	}
	for _, o := range []operator{notIn, prefix, contains, least, most, in, above, below} {
		if after, ok := strings.CutPrefix(rest, string(o)); ok {
			return name, o, splitValues(after), nil
		}
	}
	return "", "", nil, fault.At(fieldFilter, "%.80q has no operator that is known: use =, !=, ^= (begins with), ~= (contains), >= or <=", text)
}

func splitValues(text string) []string {
	var values []string
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && (text[i+1] == ',' || text[i+1] == '\\'):
			i++
			b.WriteByte(text[i])
		case c == ',':
			values = append(values, b.String())
			b.Reset()
		default:
			b.WriteByte(c)
		}
	}
	return append(values, b.String())
}

// joinFilter writes what splitFilter reads.
func joinFilter(name string, op operator, values ...string) string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = strings.ReplaceAll(strings.ReplaceAll(v, `\`, `\\`), `,`, `\,`)
	}
	return name + string(op) + strings.Join(all, ",")
}

// parseFilter reads the values of a filter by d.
func parseFilter(d dimension, op operator, values []string, text string) (filter, error) {
	f := filter{dimension: d, op: op, texts: values, text: text}
	if len(values) > maxValues {
		return f, fault.At(fieldFilter, "%s has %d values; there can be %d", d.name, len(values), maxValues)
	}
	if !slices.Contains(d.operators(), op) {
		return f, fault.At(fieldFilter, "%s cannot be compared by %s", d.name, op)
	}
	if len(values) > 1 && op != in && op != notIn {
		return f, fault.At(fieldFilter, `%s%s takes one value; write \, for a comma in it`, d.name, op)
	}
	if (op == prefix || op == contains) && values[0] == "" {
		return f, fault.At(fieldFilter, "%s%s needs something to look for", d.name, op)
	}
	for i := range f.texts {
		if err := f.parse(i); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (d dimension) operators() []operator {
	switch {
	case d.kind == Flag, d.name == "transaction_id":
		return []operator{in, notIn}
	case d.kind == ID:
		return []operator{in, notIn, least, most, above, below}
	default:
		return []operator{in, notIn, prefix, contains}
	}
}

// parse reads the value with the index i.
func (f *filter) parse(i int) error {
	v := f.texts[i]
	switch {
	case !isText(v):
		return fault.At(fieldFilter, "%s holds a value that is too long, or is not text", f.name)
	case f.kind == ID:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil || n < 0 {
			return fault.At(fieldFilter, "%s is a number; %.40q is none", f.name, v)
		}
		f.numbers = append(f.numbers, n)
	case f.kind == Flag:
		n, ok := map[string]int64{"true": 1, "1": 1, "false": 0, "0": 0}[v]
		if !ok {
			return fault.At(fieldFilter, "%s is true or false; %.40q is neither", f.name, v)
		}
		f.numbers = append(f.numbers, n)
	case f.name == "transaction_id":
		id, err := txid.Parse(v)
		if err != nil {
			return fault.Within(fieldFilter, err)
		}
		f.ids, f.texts[i] = append(f.ids, id), id.String()
	case f.name == "country", f.name == dimCurrency:
		f.texts[i] = strings.ToUpper(v)
	}
	return nil
}

// isText reports whether v is a text that a column may hold.
func isText(v string) bool {
	return len(v) <= maxText && utf8.ValidString(v) && !strings.ContainsRune(v, 0)
}

// parseHaving reads the value of a filter by m.
func parseHaving(m metric, op operator, values []string, text string) (having, error) {
	h := having{metric: m, op: op, text: text}
	if len(values) != 1 || op == prefix || op == contains {
		return h, fault.At(fieldFilter, "%s is compared with one number by =, !=, >=, <=, > or <, such as %s>=100", m.name, m.name)
	}
	var err error
	switch m.kind {
	case Count:
		h.number, err = strconv.ParseInt(values[0], 10, 64)
	default:
		h.number, err = money.ParseSigned(values[0])
		h.ratio = float64(h.number)
		if !m.paid() {
			h.ratio /= money.Unit
		}
	}
	if err != nil {
		return h, fault.At(fieldFilter, "%s is compared with a number; %.40q is none, or has more than six decimals", m.name, values[0])
	}
	return h, nil
}
