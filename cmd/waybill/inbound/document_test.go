package inbound_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// document is one file of cases: Markdown, in which each case is a heading of
// the third level with a block of text under it.
type document struct {
	path  string
	title string
	lines []line
	cases []*inbound
}

// line is a line of a document, or a case's block in its place.
type line struct {
	text  string
	block *inbound
}

// inbound is one case.
type inbound struct {
	name   string
	number int // among all cases, from 1
	blocks []block
}

// block is a part of a case: settings, a click or a request, with what is
// expected of it.
type block struct {
	blank  bool     // whether an empty line stands before it
	source []string // as it is written, without what is expected
	kind   kind
	place  string        // file and case, for what goes wrong
	ago    time.Duration // how far back it happens
	verb   string        // the first word
	rest   string        // the words behind it
	fields []string      // headers and the like, below the first line
	body   []string      // lines of the body
	want   []string      // answers
	state  []string      // state behind it
	got    []string      // on an update: what came, answers and state
}

type kind uint8

const (
	setting kind = iota
	visit
	request
)

var (
	answerLine = regexp.MustCompile(`^(- )?\d{3}( [a-z/]+ [a-z_]+)?$`)
	agoPrefix  = regexp.MustCompile(`^(\d+)([smhd]) ago (.*)$`)
)

// beginning gives how many settings a case begins with, before anything happens.
func (c *inbound) beginning() int {
	if i := slices.IndexFunc(c.blocks, func(b block) bool { return b.kind != setting }); i >= 0 {
		return i
	}
	return len(c.blocks)
}

func readDocuments(t *testing.T) []*document {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.md"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no documents in %s: %v", folder, err)
	}
	var all []*document
	number := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d := &document{path: path}
		d.read(t, string(text), &number)
		if d.title == "" {
			t.Errorf("%s has no title", path)
		}
		all = append(all, d)
	}
	return all
}

// read takes a document apart.
func (d *document) read(t *testing.T, text string, number *int) {
	t.Helper()
	name, inside := "", false
	var current *inbound
	for raw := range strings.Lines(text) {
		l := strings.TrimSuffix(raw, "\n")
		switch {
		case !inside && strings.HasPrefix(l, "# "):
			d.title = l[2:]
		case !inside && strings.HasPrefix(l, "### "):
			if name != "" {
				t.Errorf("%s: the case %q has no block", d.path, name)
			}
			name = l[4:]
		case !inside && l == "```text" && name != "":
			inside = true
			*number++
			current = &inbound{name: name, number: *number}
			d.cases = append(d.cases, current)
			d.lines = append(d.lines, line{text: l}, line{block: current})
			name = ""
			continue
		case inside && l == "```":
			inside = false
		case inside:
			current.add(l, d.path)
			continue
		}
		d.lines = append(d.lines, line{text: l})
	}
	if name != "" {
		t.Errorf("%s: the case %q has no block", d.path, name)
	}
}

// add takes one line of a case's block.
func (c *inbound) add(l, path string) {
	if l == "" {
		c.blocks = append(c.blocks, block{blank: true, place: path + ": " + c.name})
		return
	}
	last := len(c.blocks) - 1
	switch {
	case last >= 0 && strings.HasPrefix(l, "= "):
		c.blocks[last].state = append(c.blocks[last].state, l)
		return
	case last >= 0 && (answerLine.MatchString(l) || strings.HasPrefix(l, "says ") || strings.HasPrefix(l, "notes ")):
		c.blocks[last].want = append(c.blocks[last].want, l)
		return
	case last >= 0 && c.blocks[last].kind != setting && !starts(l):
		c.blocks[last].below(l)
		return
	}
	if last < 0 || c.blocks[last].source != nil {
		c.blocks = append(c.blocks, block{place: path + ": " + c.name})
		last++
	}
	c.blocks[last].head(l)
}

// starts reports whether a line begins a block.
func starts(l string) bool {
	if m := agoPrefix.FindStringSubmatch(l); m != nil {
		l = m[3]
	}
	verb, _, _ := strings.Cut(l, " ")
	return kindOf(verb) != setting || isSetting(verb)
}

func isSetting(verb string) bool {
	switch verb {
	case "offer", "other", "goal", "advertiser", "affiliate", "coupon", "key", "domain":
		return true
	default:
		return false
	}
}

func kindOf(verb string) kind {
	switch verb {
	case "click", "impression":
		return visit
	case "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "api":
		return request
	default:
		return setting
	}
}

// head takes the first line of a block.
func (b *block) head(l string) {
	b.source = append(b.source, l)
	if m := agoPrefix.FindStringSubmatch(l); m != nil {
		b.ago, l = spanOf(m[1]+m[2]), m[3]
	}
	b.verb, b.rest, _ = strings.Cut(l, " ")
	b.kind = kindOf(b.verb)
}

// spanOf reads 90s, 30m, 2h or 31d.
func spanOf(s string) time.Duration {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		d, _ := time.ParseDuration(days + "h")
		return 24 * d
	}
	d, _ := time.ParseDuration(s)
	return d
}

// below takes a line under the first one: a field, or a line of the body.
func (b *block) below(l string) {
	b.source = append(b.source, l)
	if strings.HasPrefix(l, ">") {
		b.body = append(b.body, l)
		return
	}
	b.fields = append(b.fields, l)
}

// text gives the document with what came in the place of what was expected.
func (d *document) text() []byte {
	var out strings.Builder
	for _, l := range d.lines {
		if l.block == nil {
			out.WriteString(l.text + "\n")
			continue
		}
		for _, b := range l.block.blocks {
			if b.blank {
				out.WriteString("\n")
			}
			for _, s := range append(append([]string(nil), b.source...), b.got...) {
				out.WriteString(s + "\n")
			}
		}
	}
	return []byte(out.String())
}
