package api

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"waybill/internal/report"
)

// lineWriter writes the lines of reports and lists, as JSON and as CSV.
type lineWriter struct {
	fields []report.Field
	names  func(field string, id int64) string // what numbers are called; nil when they stand alone
}

// part says which cells of a line are written.
type part int

const (
	whole   part = iota
	metrics      // of lines that stand for many rows, whose dimensions are open
)

// writeAnswer writes a report as JSON. What was gathered of its rows goes to
// send, chunk by chunk: a hundred thousand rows are large as text. The end is
// given back.
func (w *lineWriter) writeAnswer(a *report.Answer, send func([]byte)) []byte {
	dst := []byte(`{"rows":[`)
	for i := range a.Rows {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst = w.appendRow(dst, &a.Rows[i], whole); len(dst) >= chunk {
			send(dst)
			dst = dst[:0]
		}
	}
	dst = append(dst, `],"total":`...)
	dst = w.appendRow(dst, &a.Total, metrics)
	if a.Other != nil {
		dst = append(dst, `,"other":`...)
		dst = w.appendCells(dst, a.Other.Cells, metrics)
	}
	if a.Previous != nil {
		dst = append(dst, `,"previous":{"from":`...)
		dst = appendTime(dst, a.Previous.From, a.Zone)
		dst = append(dst, `,"to":`...)
		dst = appendTime(dst, a.Previous.To, a.Zone)
		dst = append(dst, `,"total":`...)
		dst = append(w.appendCells(dst, a.Previous.Total.Cells, metrics), '}')
	}
	dst = appendFrame(dst, a)
	dst = append(dst, `,"truncated":`...)
	return append(strconv.AppendBool(dst, a.Truncated), '}', '\n')
}

// appendFrame appends what a report's numbers hold for.
func appendFrame(dst []byte, a *report.Answer) []byte {
	if a.Currency != "" {
		dst = appendText(append(dst, `,"currency":`...), a.Currency)
	}
	dst = appendTime(append(dst, `,"from":`...), a.From, a.Zone)
	dst = appendTime(append(dst, `,"to":`...), a.To, a.Zone)
	dst = appendText(append(dst, `,"tz":`...), a.Zone)
	dst = appendTime(append(dst, `,"as_of":`...), a.AsOf, "")
	dst = append(dst, `,"notes":[`...)
	for i, note := range a.Notes {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, note)
	}
	return append(dst, ']')
}

// appendRow appends a row with what belongs to it.
func (w *lineWriter) appendRow(dst []byte, l *report.Line, which part) []byte {
	dst = w.appendCells(dst, l.Cells, which)
	if l.Previous != nil {
		dst = append(dst[:len(dst)-1], `,"previous":`...)
		dst = append(w.appendMetrics(dst, l.Previous), '}')
	}
	if l.Links == nil {
		return dst
	}
	dst = append(dst[:len(dst)-1], `,"links":{`...)
	for i, link := range l.Links {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendText(dst, link.Name), ':')
		dst = appendText(dst, listed(link))
	}
	return append(dst, '}', '}')
}

// appendCells appends an object of the cells of a line.
func (w *lineWriter) appendCells(dst []byte, cells []report.Cell, which part) []byte {
	dst = append(dst, '{')
	first := true
	for i := range w.fields {
		f := &w.fields[i]
		if which == metrics && f.Dimension || i >= len(cells) {
			continue
		}
		dst = appendName(dst, f.Name, &first)
		dst = appendCell(dst, &cells[i])
		if f.Named && w.names != nil {
			dst = appendName(dst, f.Name+"_name", &first)
			dst = appendText(dst, w.names(f.Name, cells[i].Number))
		}
	}
	return append(dst, '}')
}

// appendMetrics appends an object of cells that are metrics alone.
func (w *lineWriter) appendMetrics(dst []byte, cells []report.Cell) []byte {
	dst = append(dst, '{')
	first, next := true, 0
	for i := range w.fields {
		if w.fields[i].Dimension || next >= len(cells) {
			continue
		}
		dst = appendName(dst, w.fields[i].Name, &first)
		dst = appendCell(dst, &cells[next])
		next++
	}
	return append(dst, '}')
}

func appendName(dst []byte, name string, first *bool) []byte {
	if !*first {
		dst = append(dst, ',')
	}
	*first = false
	return append(appendText(dst, name), ':')
}

// appendCell appends a cell as JSON. Money is a string, so that no program reads
// it into a floating-point number unasked.
func appendCell(dst []byte, c *report.Cell) []byte {
	switch {
	case c.Null:
		return append(dst, "null"...)
	case c.Kind == report.Flag:
		return strconv.AppendBool(dst, c.Number != 0)
	case c.Kind == report.ID || c.Kind == report.Count:
		return strconv.AppendInt(dst, c.Number, 10)
	case c.Kind == report.Ratio:
		return append(dst, c.Text...)
	default:
		return appendText(dst, c.Text)
	}
}

const hexDigits = "0123456789abcdef"

// appendText appends a text as JSON. What is not UTF-8 becomes U+FFFD.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	plain := 0 // from where on s is still to be copied
	for i := 0; i < len(s); {
		b := s[i]
		if b >= ' ' && b != '"' && b != '\\' && b < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if b >= utf8.RuneSelf && (r != utf8.RuneError || size > 1) {
			i += size
			continue
		}
		dst = append(dst, s[plain:i]...)
		switch {
		case b == '"' || b == '\\':
			dst = append(dst, '\\', b)
		case b < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		default:
			dst = append(dst, "\ufffd"...)
		}
		i += size
		plain = i
	}
	return append(append(dst, s[plain:]...), '"')
}

// appendTime appends an instant in a zone, null for the zero time.
func appendTime(dst []byte, t time.Time, zone string) []byte {
	if t.IsZero() {
		return append(dst, "null"...)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	dst = append(dst, '"')
	return append(t.In(loc).AppendFormat(dst, time.RFC3339Nano), '"')
}

// appendHead appends the header of CSV.
func (w *lineWriter) appendHead(dst []byte) []byte {
	for i := range w.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, w.fields[i].Name...)
		if w.fields[i].Named && w.names != nil {
			dst = append(append(append(dst, ','), w.fields[i].Name...), "_name"...)
		}
	}
	return append(dst, '\r', '\n')
}

// appendRecord appends a line as CSV: RFC 4180. What is null is empty. Texts come
// from whoever follows a link, and files are opened in spreadsheets: none is a
// formula.
func (w *lineWriter) appendRecord(dst []byte, l *report.Line) []byte {
	start := len(dst)
	for i := range w.fields {
		if i > 0 {
			dst = append(dst, ',')
		}
		c := &l.Cells[i]
		switch {
		case c.Null:
		case c.Kind == report.Flag:
			dst = strconv.AppendBool(dst, c.Number != 0)
		case c.Kind == report.ID || c.Kind == report.Count:
			dst = strconv.AppendInt(dst, c.Number, 10)
		default:
			dst = appendField(dst, harmless(c.Text))
		}
		if w.fields[i].Named && w.names != nil {
			dst = appendField(append(dst, ','), harmless(w.names(w.fields[i].Name, c.Number)))
		}
	}
	if len(dst) == start { // one empty field would read as no line at all
		dst = append(dst, '"', '"')
	}
	return append(dst, '\r', '\n')
}

// harmless keeps a spreadsheet from running a text as a formula, by a ' before
// it. A number stays one, with either sign.
func harmless(s string) string {
	if s == "" || !strings.ContainsRune("=+-@\t\r\n", rune(s[0])) || isNumber(s) {
		return s
	}
	return "'" + s
}

// isNumber reports whether s is digits, with or without a sign and a point.
func isNumber(s string) bool {
	if s[0] == '+' || s[0] == '-' {
		s = s[1:]
	}
	whole, part, pointed := strings.Cut(s, ".")
	return isDigits(whole) && (!pointed || isDigits(part))
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// appendField appends a text as a field of CSV.
func appendField(dst []byte, s string) []byte {
	s = strings.ToValidUTF8(s, "\ufffd")
	if !strings.ContainsAny(s, ",\"\r\n") && !strings.HasPrefix(s, " ") && !strings.HasSuffix(s, " ") {
		return append(dst, s...)
	}
	dst = append(dst, '"')
	for {
		before, after, found := strings.Cut(s, `"`)
		dst = append(dst, before...)
		if !found {
			return append(dst, '"')
		}
		dst = append(dst, '"', '"')
		s = after
	}
}
