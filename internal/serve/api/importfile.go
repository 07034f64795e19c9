package api

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"waybill/internal/fault"
	"waybill/internal/param"
)

// importFile reads conversions out of CSV, line by line. Its first line names the
// columns, by the names and aliases of a postback's parameters.
type importFile struct {
	lines   *csv.Reader
	guard   *lineGuard
	columns []importColumn
	fixed   []importColumn // with the value that all lines have
	line    int            // of the file, as it was read last
	secret  []byte         // that the keys of lines are made with
}

// importColumn is one column: the name that its values are sent under.
type importColumn struct {
	name  string
	known param.Name // where it is one of ours
	ours  bool
	value string // of a fixed one
}

// importLine is one line of the file: a claim, or why it is none.
type importLine struct {
	number int
	claim  json.RawMessage
	wrong  string
}

// maxImportLine bounds a line: a quote that is never closed must not take a whole
// file into memory.
const maxImportLine = 64 << 10

// lineGuard ends a file in which a line is too long.
type lineGuard struct {
	from io.Reader
	left int
}

func (g *lineGuard) Read(p []byte) (int, error) {
	if g.left <= 0 {
		return 0, fault.New(fault.Invalid, "a line is longer than %d bytes; is a quote not closed?", maxImportLine)
	}
	n, err := g.from.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}

// next lets another line through, and what is read ahead of it.
func (g *lineGuard) next() { g.left = maxImportLine + importBuffer }

const importBuffer = 4096 // of csv.Reader

// openImport reads the head of a file. columns says what columns hold whose names
// do not; fixed are the values of columns that all lines share.
func openImport(r io.Reader, columns, fixed map[string]string) (*importFile, error) {
	text := bufio.NewReaderSize(r, 4*importBuffer)
	if err := mustBeText(text); err != nil {
		return nil, err
	}
	f := &importFile{guard: &lineGuard{from: text}}
	comma := separatorOf(text)
	f.guard.next()
	f.lines = csv.NewReader(f.guard)
	f.lines.Comma, f.lines.FieldsPerRecord, f.lines.LazyQuotes, f.lines.ReuseRecord = comma, -1, true, true
	head, err := f.lines.Read()
	if errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Invalid, "the file is empty; its first line names the columns, such as transaction_id,order_id,amount")
	}
	if err != nil {
		return nil, unreadableLine(err)
	}
	for name, value := range fixed {
		f.fixed = append(f.fixed, columnOf(name, value))
	}
	slices.SortFunc(f.fixed, func(a, b importColumn) int { return strings.Compare(a.name, b.name) })
	return f, f.readHead(head, columns)
}

// mustBeText refuses files that are something else, and takes a mark off.
func mustBeText(text *bufio.Reader) error {
	head, err := text.Peek(importBuffer)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, err := text.Discard(3)
		return err
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return fault.New(fault.Invalid, "this is a spreadsheet or an archive; save it as CSV and send that")
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return fault.New(fault.Invalid, "this is compressed; send the CSV itself")
	case bytes.IndexByte(head, 0) >= 0:
		return fault.New(fault.Invalid, "this is not UTF-8; save it as CSV in UTF-8 and send that")
	}
	return nil
}

// separatorOf tells what parts the columns: what stands most often in the first
// line.
func separatorOf(text *bufio.Reader) rune {
	head, _ := text.Peek(importBuffer)
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best, most := ',', 0
	for _, sign := range ",;\t|" {
		if n := strings.Count(string(line), string(sign)); n > most {
			best, most = sign, n
		}
	}
	return best
}

// readHead finds what the columns hold.
func (f *importFile) readHead(head []string, told map[string]string) error {
	seen := map[string]bool{}
	identifying := slices.ContainsFunc(f.fixed, importColumn.identifies)
	var names []string
	for _, cell := range head {
		cell = strings.TrimSpace(toUTF8(cell))
		name := cell
		if say, ok := told[strings.ToLower(cell)]; ok {
			name = say
			delete(told, strings.ToLower(cell))
		}
		c := columnOf(name, "")
		if seen[strings.ToLower(c.name)] && c.name != "" {
			return fault.New(fault.Invalid, "the file has two columns %.60q", c.name)
		}
		seen[strings.ToLower(c.name)] = true
		identifying = identifying || c.identifies()
		f.columns, names = append(f.columns, c), append(names, cell)
	}
	for missing := range told {
		return fault.At("query.columns", "the file has no column %.60q; it has %.300s", missing, strings.Join(names, ", "))
	}
	if !identifying {
		return fault.New(fault.Invalid, "no column says whose conversion a line is: name one transaction_id, order_id, conversion_id, customer_id, email, "+
			"coupon, gaid or idfa, or tell by columns=transaction_id:NAME; the file has %.300s", strings.Join(names, ", "))
	}
	return nil
}

// columnOf finds what a name stands for: as it is written, or as people write it,
// Order ID for order_id.
func columnOf(name, value string) importColumn {
	for _, way := range []string{name, strings.NewReplacer(" ", "_", "-", "_").Replace(name)} {
		if n, ok := param.Signal.Find(way); ok {
			return importColumn{name: way, known: n, ours: true, value: value}
		}
	}
	return importColumn{name: name, value: value}
}

// identifies reports whether a column's value can lead to a touch.
func (c importColumn) identifies() bool {
	return c.ours && slices.Contains([]param.Name{
		param.TransactionID, param.ConversionID, param.OrderID, param.CustomerID, param.Email, param.EmailSHA256, param.Username,
		param.Coupon, param.AffiliateID, param.GAID, param.IDFA, param.IDFV, param.IP,
	}, c.known)
}

// toUTF8 gives a cell as UTF-8. What is none is read as Windows-1252, which
// spreadsheets write.
func toUTF8(cell string) string {
	if utf8.ValidString(cell) {
		return cell
	}
	text, err := charmap.Windows1252.NewDecoder().String(cell)
	if err != nil {
		return strings.ToValidUTF8(cell, "\ufffd")
	}
	return text
}

// next gives the line that follows, or io.EOF behind the last.
func (f *importFile) next() (importLine, error) {
	f.guard.next()
	cells, err := f.lines.Read()
	if errors.Is(err, io.EOF) {
		return importLine{}, io.EOF
	}
	if err != nil {
		return importLine{}, unreadableLine(err)
	}
	number, _ := f.lines.FieldPos(0)
	l := importLine{number: number}
	for i := len(f.columns); i < len(cells); i++ {
		if strings.TrimSpace(cells[i]) != "" {
			l.wrong = fmt.Sprintf("the line has %d fields, and the first line names %d columns", len(cells), len(f.columns))
			return l, nil
		}
	}
	values := make(map[string]string, len(f.columns)+len(f.fixed)+1)
	for i, cell := range cells[:min(len(cells), len(f.columns))] {
		if cell = strings.TrimSpace(toUTF8(cell)); cell != "" && f.columns[i].name != "" {
			values[f.columns[i].name] = cell
		}
	}
	if len(values) == 0 {
		l.wrong = "the line is empty"
		return l, nil
	}
	f.complete(values)
	l.claim, err = json.Marshal(values)
	return l, err
}

// complete gives a line the values that all lines share, where it has none of its
// own, and a key where nothing else tells it from another hit: so a file that is
// sent twice counts once, whatever the goal counts.
func (f *importFile) complete(values map[string]string) {
	said := map[param.Name]string{}
	for name, value := range values {
		if n, ok := param.Signal.Find(name); ok {
			said[n] = value
		}
	}
	for _, c := range f.fixed {
		if _, has := said[c.known]; !has || !c.ours {
			values[c.name] = c.value
			said[c.known] = c.value
		}
	}
	for _, n := range [...]param.Name{param.OrderID, param.HitID, param.ConversionID} {
		if said[n] != "" {
			return
		}
	}
	values["hit_id"] = lineKey(f.secret, said)
}

// lineKey is equal for lines that say the same, whatever the order of the columns.
// It is made with a secret: a line may name an e-mail, and is kept with its key.
func lineKey(secret []byte, said map[param.Name]string) string {
	var text []byte
	for n := range param.NumNames {
		if value := said[n]; value != "" {
			text = fmt.Appendf(text, "%s=%d:%s\n", n, len(value), value)
		}
	}
	sum := hmac.New(sha256.New, secret)
	sum.Write(text)
	return "import-" + hex.EncodeToString(sum.Sum(nil)[:12])
}

// unreadableLine says what is wrong with the CSV itself.
func unreadableLine(err error) error {
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		return fault.New(fault.Invalid, "line %d is not CSV: %s", p.Line, p.Err)
	}
	return err
}
