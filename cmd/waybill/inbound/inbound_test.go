// Package inbound_test holds Waybill to docs/inbound: what comes in, and what
// becomes of it. The documents are the table of this test. Every case in them is
// played through the real edge, journal, settler and ledger, on both engines of
// the ledger, and its answers and the state that it leaves must be those that
// stand there, to the letter. docs/inbound-cases.md tells how a case is read.
//
// A new case is written without answers and state, and filled in by
//
//	go test ./cmd/waybill/inbound -update
//
// What that has written is then read by a person, like any other change.
package inbound_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/store/pgtest"
)

var update = flag.Bool("update", false, "write the answers and states that came into the documents")

const (
	folder = "../../../docs/inbound"
	index  = "../../../docs/inbound-cases.md"
	fewest = 150 // cases; so many the documents must hold
)

// TestMain lets many cases run side by side: they wait for the disk most of the
// time, and one fsync serves all that wait for it.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "32"); err != nil {
		panic(err)
	}
	os.Exit(pgtest.Main(m))
}

// TestInboundCases plays every case on both engines.
func TestInboundCases(t *testing.T) {
	docs := readDocuments(t)
	engines := []struct {
		name string
		url  func(t *testing.T) string
	}{
		{"sqlite", func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "ledger.db") }},
		{"postgres", func(t *testing.T) string { return pgtest.URL(t) }},
	}
	if *update {
		engines = engines[:1]
	}
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			if !*update {
				t.Parallel()
			}
			playAll(t, engine.url(t), docs)
		})
	}
	if *update {
		for _, d := range docs {
			if err := os.WriteFile(d.path, d.text(), 0o600); err != nil {
				t.Error(err)
			}
		}
	}
}

// playAll plays the cases of all documents on one node.
func playAll(t *testing.T, ledgerURL string, docs []*document) {
	t.Helper()
	n := newNode(t, ledgerURL, docs)
	t.Run("cases", func(t *testing.T) { // ends when all of them have
		for _, d := range docs {
			for _, c := range d.cases {
				t.Run(d.title+"/"+c.name, func(t *testing.T) {
					t.Parallel()
					p := n.player(t, c)
					for i := c.beginning(); i < len(c.blocks); i++ {
						p.play(&c.blocks[i])
					}
				})
			}
		}
	})
	n.check(t)
}

// TestIndexListsTheDocuments holds docs/inbound-cases.md to the documents that
// there are, and those to their number of cases.
func TestIndexListsTheDocuments(t *testing.T) {
	text, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	names := map[string]string{}
	for _, d := range readDocuments(t) {
		link := "[" + d.title + "](inbound/" + filepath.Base(d.path) + ")"
		if !bytes.Contains(text, []byte(link)) {
			t.Errorf("%s does not list %s", index, link)
		}
		for _, c := range d.cases {
			if first, twice := names[c.name]; twice {
				t.Errorf("two cases are called %q, in %s and in %s", c.name, first, d.path)
			}
			names[c.name] = d.path
		}
		total += len(d.cases)
	}
	if got := strings.Count(string(text), "](inbound/"); got != len(readDocuments(t)) {
		t.Errorf("%s lists %d documents, and there are %d", index, got, len(readDocuments(t)))
	}
	if total < fewest {
		t.Errorf("the documents hold %d cases, want at least %d", total, fewest)
	}
	t.Logf("%d cases", total)
}
