// Package waybill_test holds the code to the rules of ARCHITECTURE.md: which
// package may import which, what a noun may not touch, and how long a file may
// grow. It reads the source alone, so it needs nothing built.
package waybill_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "waybill"

// The longest that a file may be, in lines. What is generated is not read, and
// may be longer.
const (
	maxLines     = 500
	maxTestLines = 800
)

// source is one Go file that somebody wrote.
type source struct {
	dir, file string // dir with slashes, from the root of the module
	syntax    *ast.File
	lines     int
}

func (s source) path() string { return path.Join(s.dir, s.file) }
func (s source) test() bool   { return strings.HasSuffix(s.file, "_test.go") }

// noun gives the name of a package of pure values and rules: internal/NAME.
func noun(dir string) (string, bool) {
	name, ok := strings.CutPrefix(dir, "internal/")
	return name, ok && !strings.Contains(name, "/")
}

// verb reports whether dir holds machinery: internal/AREA/NAME.
func verb(dir string) bool {
	return strings.HasPrefix(dir, "internal/") && strings.Count(dir, "/") == 2
}

// imports lists what s imports of this module, as directories.
func (s source) imports() []string {
	var dirs []string
	for _, i := range s.syntax.Imports {
		if dir, ok := strings.CutPrefix(imported(i), module+"/"); ok {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func imported(i *ast.ImportSpec) string {
	p, err := strconv.Unquote(i.Path.Value)
	if err != nil {
		return i.Path.Value
	}
	return p
}

// sources reads every Go file of the module that was written by hand.
func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != "." && elsewhere(p, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), p, text, parser.ParseComments)
		if err != nil {
			return err
		}
		if !ast.IsGenerated(syntax) {
			dir, file := path.Split(filepath.ToSlash(p))
			all = append(all, source{
				dir: path.Clean(dir), file: file, syntax: syntax,
				lines: bytes.Count(text, []byte("\n")),
			})
		}
		return nil
	})
	if err != nil {
		t.Fatalf("read the source: %v", err)
	}
	return all
}

// elsewhere tells the folders that hold no package of this module.
func elsewhere(p, name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return true
	}
	if slices.Contains([]string{"testdata", "node_modules", "vendor"}, name) {
		return true
	}
	_, err := os.Stat(filepath.Join(p, "go.mod")) // a module of its own
	return err == nil
}

// arrows reads the list of ARCHITECTURE.md: for each noun the nouns that it
// may import.
func arrows(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("ARCHITECTURE.md")
	if err != nil {
		t.Fatalf("read the arrows: %v", err)
	}
	_, block, found := strings.Cut(string(text), "\n```arrows\n")
	block, _, closed := strings.Cut(block, "\n```")
	if !found || !closed {
		t.Fatal("ARCHITECTURE.md has no block of arrows")
	}
	list := map[string][]string{}
	for line := range strings.Lines(block) {
		from, to, ok := strings.Cut(line, "->")
		name := strings.TrimSpace(from)
		if !ok || name == "" || strings.Contains(name, " ") {
			t.Fatalf("ARCHITECTURE.md: %q is no arrow: NOUN -> NOUN …", line)
		}
		if _, twice := list[name]; twice {
			t.Errorf("ARCHITECTURE.md lists %s twice", name)
		}
		list[name] = strings.Fields(to)
	}
	for from, to := range list {
		for _, name := range to {
			if _, ok := list[name]; !ok {
				t.Errorf("ARCHITECTURE.md lets %s import %s, which is not on the list", from, name)
			}
		}
	}
	return list
}

// allowed says why a package in from may not import to, or nothing if it may.
func allowed(list map[string][]string, from, to string) (why string) {
	fromNoun, isNoun := noun(from)
	toNoun, ofNoun := noun(to)
	switch {
	case strings.HasPrefix(from, "cmd/"):
		return ""
	case strings.HasPrefix(from, "sdk/") && strings.HasPrefix(to, "internal/"):
		return "what others import must not lean on what is internal"
	case isNoun && !ofNoun:
		return "a noun imports nouns only"
	case isNoun && !slices.Contains(list[fromNoun], toNoun):
		return "ARCHITECTURE.md has no such arrow"
	case verb(from) && !ofNoun:
		return "a verb imports nouns, and never another verb"
	}
	return ""
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	list := map[string][]string{"fault": {}, "money": {"fault"}, "click": {"money"}}
	tests := []struct {
		name, from, to string
		want           bool
	}{
		{"a noun imports what its arrow names", "internal/money", "internal/fault", true},
		{"a noun imports nothing against its arrow", "internal/fault", "internal/money", false},
		{"a noun imports nothing across two arrows", "internal/click", "internal/fault", false},
		{"a noun imports no verb", "internal/click", "internal/serve/edge", false},
		{"a noun on no list imports nothing", "internal/visit", "internal/fault", false},
		{"a verb imports any noun", "internal/serve/edge", "internal/click", true},
		{"a verb imports no other verb", "internal/serve/edge", "internal/store/sqlledger", false},
		{"not even one of its own area", "internal/serve/edge", "internal/serve/api", false},
		{"a verb does not import the command", "internal/serve/edge", "cmd/waybill", false},
		{"the command imports everything", "cmd/waybill", "internal/serve/edge", true},
		{"the SDK imports nothing internal", "sdk/go", "internal/txid", false},
	}
	for _, tt := range tests {
		if why := allowed(list, tt.from, tt.to); (why == "") != tt.want {
			t.Errorf("%s: allowed(%s, %s) = %q, want allowed: %t", tt.name, tt.from, tt.to, why, tt.want)
		}
	}
}

func TestImportsFollowTheArrows(t *testing.T) {
	t.Parallel()
	list := arrows(t)
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		for _, to := range s.imports() {
			if why := allowed(list, s.dir, to); why != "" {
				t.Errorf("%s imports %s: %s", s.path(), to, why)
			}
		}
	}
}

func TestEveryPackageHasItsPlace(t *testing.T) {
	t.Parallel()
	list := arrows(t)
	seen := map[string]bool{}
	for _, s := range sources(t) {
		if seen[s.dir] {
			continue
		}
		seen[s.dir] = true
		name, isNoun := noun(s.dir)
		switch {
		case isNoun:
			if _, ok := list[name]; !ok {
				t.Errorf("%s is a noun without an arrow: add it to ARCHITECTURE.md", s.dir)
			}
		case s.dir == "." || s.dir == "bench" || verb(s.dir) || strings.HasPrefix(s.dir, "cmd/") || strings.HasPrefix(s.dir, "sdk/"):
		default:
			t.Errorf("%s is neither a noun (internal/NAME) nor a verb (internal/AREA/NAME) nor in cmd, sdk or bench", s.dir)
		}
		for _, word := range []string{"models", "model", "util", "utils", "common", "helpers", "helper", "pkg", "misc", "shared", "base", "domain"} {
			if path.Base(s.dir) == word {
				t.Errorf("%s: the name %q says nothing of what is in it", s.dir, word)
			}
		}
	}
}

func TestNounsArePure(t *testing.T) {
	t.Parallel()
	outside := []string{"database/sql", "log", "net", "os", "os/exec", "os/signal", "syscall"}
	for _, s := range sources(t) {
		if _, ok := noun(s.dir); !ok || s.test() {
			continue
		}
		names := map[string]string{} // by what the file calls an import, what it imports
		for _, i := range s.syntax.Imports {
			p := imported(i)
			if slices.Contains(outside, p) {
				t.Errorf("%s imports %s: a noun does no I/O", s.path(), p)
			}
			if i.Name != nil {
				names[i.Name.Name] = p
			} else {
				names[path.Base(p)] = p
			}
		}
		for n := range ast.Preorder(s.syntax) {
			if why := impure(names, n); why != "" {
				t.Errorf("%s %s", s.path(), why)
			}
		}
	}
}

// impure says what n does that a noun may not, or nothing.
func impure(names map[string]string, n ast.Node) (why string) {
	switch n := n.(type) {
	case *ast.GoStmt:
		return "starts a goroutine: a noun has none"
	case *ast.SelectorExpr:
		of, ok := n.X.(*ast.Ident)
		if !ok {
			return ""
		}
		clock := []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"}
		switch names[of.Name] {
		case "time":
			if slices.Contains(clock, n.Sel.Name) {
				return "uses time." + n.Sel.Name + ": a noun has no clock, times are handed in"
			}
		case "net/http":
			if !wordOfHTTP(n.Sel.Name) {
				return "uses http." + n.Sel.Name + ": of HTTP a noun knows statuses, methods and headers alone, which are words and do nothing"
			}
		}
	}
	return ""
}

// wordOfHTTP reports whether a name of net/http is one of a value, and not of
// machinery.
func wordOfHTTP(name string) bool {
	return strings.HasPrefix(name, "Status") || strings.HasPrefix(name, "Method") ||
		name == "Header" || name == "CanonicalHeaderKey"
}

// TestPackagesSayWhatTheyAreFor wants one package comment, in the file that is
// named as the package, or in main.go.
func TestPackagesSayWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	comments := map[string][]string{}
	for _, s := range sources(t) {
		if s.test() {
			continue
		}
		if _, ok := comments[s.dir]; !ok {
			comments[s.dir] = nil
		}
		if s.syntax.Doc != nil {
			comments[s.dir] = append(comments[s.dir], s.file)
		}
	}
	for dir, files := range comments {
		want := path.Base(dir) + ".go"
		switch {
		case strings.HasPrefix(dir, "cmd/"):
			want = "main.go"
		case dir == "sdk/go": // named for its language; the package is waybill
			want = "waybill.go"
		}
		if !slices.Equal(files, []string{want}) {
			t.Errorf("%s has its package comment in %q, want it in %s alone", dir, files, want)
		}
	}
}

func TestFilesStayShort(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		most := maxLines
		if s.test() {
			most = maxTestLines
		}
		if s.lines > most {
			t.Errorf("%s has %d lines, want at most %d: split it", s.path(), s.lines, most)
		}
	}
}
