package tune

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"waybill/internal/fault"
)

// Reader reads mappings from CSV, line by line. The first line names the
// columns: kind, tune_id, waybill_id and, for landing pages, url, in any order.
// Columns may be parted by commas, semicolons or tabs, as spreadsheets do.
type Reader struct {
	lines   *csv.Reader
	columns [numColumns]int // where each stands; -1 where it does not
}

// Line is one line of the list: a mapping that was checked, or what is wrong
// with it.
type Line struct {
	Number  int
	Mapping Mapping
	Err     error
}

type column int

const (
	columnKind column = iota
	columnTuneID
	columnWaybillID
	columnURL
	numColumns
)

func (c column) name() string {
	return [...]string{"kind", "tune_id", "waybill_id", "url"}[c]
}

// NewReader reads the names of the columns.
func NewReader(r io.Reader) (*Reader, error) {
	text := bufio.NewReader(r)
	if mark, err := text.Peek(3); err == nil && string(mark) == "\xef\xbb\xbf" {
		_, _ = text.Discard(3)
	}
	lines := csv.NewReader(text)
	lines.Comma, lines.FieldsPerRecord = separator(text), -1
	lines.TrimLeadingSpace, lines.ReuseRecord = true, true
	names, err := lines.Read()
	if errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Invalid, "the list is empty; its first line names the columns: kind,tune_id,waybill_id")
	}
	if err != nil {
		return nil, broken(err)
	}
	l := &Reader{lines: lines}
	for c := range numColumns {
		l.columns[c] = slices.IndexFunc(names, func(name string) bool {
			return strings.EqualFold(strings.TrimSpace(name), c.name())
		})
		if l.columns[c] < 0 && c != columnURL {
			return nil, fault.New(fault.Invalid, "the list has no column %s; its first line names the columns: kind,tune_id,waybill_id", c.name())
		}
	}
	return l, nil
}

// separator gives what parts the columns of the first line.
func separator(text *bufio.Reader) rune {
	first, _ := text.Peek(text.Size()) // what there is of it
	line, _, _ := strings.Cut(string(first), "\n")
	for _, c := range [...]rune{',', ';', '\t'} {
		if strings.ContainsRune(line, c) {
			return c
		}
	}
	return ','
}

// broken tells what the list's sender did wrong from what kept the list from
// being read.
func broken(err error) error {
	if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
		return fault.New(fault.Invalid, "line %d is not CSV: %s", wrong.StartLine, wrong.Err)
	}
	return fmt.Errorf("read the list: %w", err)
}

// Read gives the next line, io.EOF behind the last. Any other error ends the
// list: nobody can tell where the line behind it begins.
func (l *Reader) Read() (Line, error) {
	record, err := l.lines.Read()
	if errors.Is(err, io.EOF) {
		return Line{}, io.EOF
	}
	if err != nil {
		return Line{}, broken(err)
	}
	number, _ := l.lines.FieldPos(0)
	line := Line{Number: number}
	line.Mapping, line.Err = l.mapping(record)
	return line, nil
}

// mapping reads one line. A line without a number of Waybill's takes away what
// is known of TUNE's.
func (l *Reader) mapping(record []string) (Mapping, error) {
	field := func(c column) string {
		if at := l.columns[c]; at >= 0 && at < len(record) {
			return strings.TrimSpace(record[at])
		}
		return ""
	}
	m := Mapping{
		Kind: Kind(strings.Clone(field(columnKind))), TuneID: strings.Clone(field(columnTuneID)), URL: strings.Clone(field(columnURL)),
	}
	if len(record) < 2 {
		return m, fault.New(fault.Invalid, "has fewer columns than the first line")
	}
	if text := field(columnWaybillID); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n <= 0 {
			return m, fault.At("waybill_id", "%.40q is not a number that anything has here", text)
		}
		m.WaybillID = n
	}
	return m, m.Check()
}
