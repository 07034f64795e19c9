package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// report is the tables that the measurements make.
type report struct {
	tables  []*table
	printed int
}

// table is one of them: a heading, rows of as many cells, and what must be known
// to read it.
type table struct {
	title string
	head  []string
	rows  [][]string
	notes []string
}

// newReport begins with what the machine is.
func newReport(o *options) (*report, error) {
	rep := new(report)
	tab := rep.table("Machine", "what", "is")
	tab.row("processors", fmt.Sprintf("%d × %s", runtime.NumCPU(), fileValue("/proc/cpuinfo", "model name")))
	tab.row("memory", fileValue("/proc/meminfo", "MemTotal"))
	tab.row("kernel", strings.TrimSpace(fileText("/proc/sys/kernel/osrelease")))
	tab.row("Go", runtime.Version())
	tab.row("commit", commit())
	system, err := fileSystem(o.dir)
	if err != nil {
		return nil, err
	}
	tab.row("file system", system)
	p50, p99, err := syncTime(o.dir)
	if err != nil {
		return nil, err
	}
	tab.row("4 KiB written and fsynced", fmt.Sprintf("median %.2f ms, p99 %.2f ms", p50.Seconds()*1e3, p99.Seconds()*1e3))
	tab.row("load before", strings.Join(strings.Fields(fileText("/proc/loadavg"))[:3], " "))
	return rep, nil
}

// fileText reads a file, or says that it cannot be read.
func fileText(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return "unknown unknown unknown"
	}
	return string(b)
}

// fileValue gives the value of the first line with a name.
func fileValue(path, name string) string {
	for line := range strings.Lines(fileText(path)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}

// commit names what this program was built from.
func commit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return "unknown"
}

// fileSystem gives the type of the file system that a folder lies on.
func fileSystem(dir string) (string, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", fmt.Errorf("find %s: %w", dir, err)
	}
	kind, longest := "unknown", 0
	for line := range strings.Lines(fileText("/proc/mounts")) {
		f := strings.Fields(line)
		if len(f) < 3 || len(f[1]) < longest {
			continue
		}
		if f[1] == "/" || dir == f[1] || strings.HasPrefix(dir, f[1]+"/") {
			kind, longest = f[2], len(f[1])
		}
	}
	return kind, nil
}

// syncTime measures the disk's part of a commit.
func syncTime(dir string) (p50, p99 time.Duration, err error) {
	f, err := os.CreateTemp(dir, "waybill-bench-sync-")
	if err != nil {
		return 0, 0, fmt.Errorf("measure the disk: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	page := bytes.Repeat([]byte("waybill "), 512)
	const rounds = 400
	took := make([]time.Duration, rounds)
	for i := range took {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, 0, fmt.Errorf("measure the disk: %w", err)
		}
		if err := f.Sync(); err != nil {
			return 0, 0, fmt.Errorf("measure the disk: %w", err)
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return took[rounds/2], took[rounds*99/100], nil
}

// table adds a table.
func (r *report) table(title string, head ...string) *table {
	t := &table{title: title, head: head}
	r.tables = append(r.tables, t)
	return t
}

// row adds a row. Whole numbers get their thousands apart.
func (t *table) row(cells ...any) {
	text := make([]string, len(cells))
	for i, c := range cells {
		switch c := c.(type) {
		case int64:
			text[i] = thousands(c)
		default:
			text[i] = fmt.Sprint(c)
		}
	}
	t.rows = append(t.rows, text)
}

// thousands writes 1234567 as 1,234,567.
func thousands(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// note adds what must be known to read the table.
func (t *table) note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// print writes the tables that have not been printed yet.
func (r *report) print(out io.Writer) {
	for ; r.printed < len(r.tables); r.printed++ {
		t := r.tables[r.printed]
		fmt.Fprintf(out, "\n%s\n\n", t.title) //nolint:errcheck // a closed stdout is no reason to stop
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, cells := range append([][]string{t.head}, t.rows...) {
			fmt.Fprintln(w, "  "+strings.Join(cells, "\t")) //nolint:errcheck // as above
		}
		_ = w.Flush() // as above
		for _, n := range t.notes {
			fmt.Fprintf(out, "\n  %s\n", wrapped(n, 100, "\n  ")) //nolint:errcheck // as above
		}
	}
}

// wrapped breaks a text into lines.
func wrapped(text string, width int, newline string) string {
	var b strings.Builder
	length := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case length == 0:
		case length+len(word) >= width:
			b.WriteString(newline)
			length = 0
		default:
			b.WriteByte(' ')
			length++
		}
		b.WriteString(word)
		length += len(word)
	}
	return b.String()
}

// save writes all tables as Markdown.
func (r *report) save(path string) error {
	if path == "" {
		return nil
	}
	var b bytes.Buffer
	for i, t := range r.tables {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "### %s\n\n", t.title)
		fmt.Fprintf(&b, "| %s |\n|", strings.Join(t.head, " | "))
		for i := range t.head {
			b.WriteString(t.align(i))
		}
		b.WriteString("\n")
		for _, cells := range t.rows {
			fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
		}
		for _, n := range t.notes {
			fmt.Fprintf(&b, "\n%s\n", n)
		}
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil { //nolint:gosec // for all to read
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// align sets columns of numbers to the right.
func (t *table) align(column int) string {
	for _, cells := range t.rows {
		if cells[column] == "" || !unicode.IsDigit(rune(cells[column][0])) {
			return "---|"
		}
	}
	return "--:|"
}
