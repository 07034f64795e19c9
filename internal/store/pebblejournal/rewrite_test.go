package pebblejournal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

// hide is what the tests rewrite records with: a secret becomes "-".
func hide(_ txid.ID, record []byte) ([]byte, error) {
	if !bytes.Contains(record, []byte("secret")) {
		return nil, nil
	}
	return bytes.ReplaceAll(record, []byte("secret"), []byte("-")), nil
}

func TestRewriteChangesWhatItIsAskedToAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	m, other := txid.NewMint(testRing, 1, 0), txid.NewMint(testRing, 2, 0)
	var from, to txid.Tick
	want := map[txid.ID]string{}
	const all = 3*rewriteRecords + 17 // several parts
	for i := range all {
		at := noon.Add(time.Duration(i) * time.Millisecond)
		record := fmt.Sprintf("%d secret", i)
		if i%5 == 0 {
			record = fmt.Sprintf("%d open", i)
		}
		id := put(t, j, m, at, txid.Click, record, []byte("who"))
		switch i {
		case 100:
			from = id.Tick()
		case all - 100:
			to = id.Tick()
		}
		want[id] = record
		if i >= 100 && i < all-100 {
			want[id] = strings.ReplaceAll(record, "secret", "-")
		}
		if i%50 == 0 {
			want[put(t, j, m, at, txid.Signal, "signal secret")] = "signal secret"
			want[put(t, j, other, at, txid.Click, "other secret")] = "other secret"
		}
	}
	if err := j.Rewrite(t.Context(), Query{Kind: txid.Click, Node: 1, From: from, To: to}, hide); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time after opening again
		for id, want := range want {
			if got, err := j.Get(t.Context(), id); err != nil || string(got) != want {
				t.Fatalf("Get(%s) = %q, %v; want %q", id, got, err, want)
			}
		}
		if ids := identity(t, j, "who"); len(ids) != all {
			t.Errorf("Identity(who) gives %d IDs, want %d", len(ids), all)
		}
		shut(t, j)
		j = open(t, dir, Options{})
	}
}

func TestRewriteLeavesNothingOfTheOldTextInTables(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, Options{})
	m := txid.NewMint(testRing, 1, 0)
	for i := range 100 {
		put(t, j, m, noon.Add(time.Duration(i)*time.Millisecond), txid.Click, "the secret")
	}
	all := Query{Kind: txid.Click, Node: 1, To: m.Low()}
	if err := j.compact(t.Context(), []byte{spaceFirst}, []byte{spaceLast}); err != nil {
		t.Fatal(err)
	}
	if n := tablesWith(t, dir, "secret"); n == 0 {
		t.Fatal("no table holds the text before it is rewritten: this test could not fail")
	}
	if err := j.Rewrite(t.Context(), all, hide); err != nil {
		t.Fatal(err)
	}
	poll(t, "the old tables to be removed", func() bool { return tablesWith(t, dir, "secret") == 0 })
}

// tablesWith counts the tables on disk that hold a text.
func tablesWith(t *testing.T, dir, text string) (n int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it was removed just now
		}
		if bytes.Contains(b, []byte(text)) {
			n++
		}
	}
	return n
}

func TestRewriteAgainChangesNothing(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	m := txid.NewMint(testRing, 1, 0)
	for range 10 {
		put(t, j, m, noon, txid.Click, "secret")
	}
	all := Query{Kind: txid.Click, Node: 1, To: m.Low()}
	for range 2 {
		if err := j.Rewrite(t.Context(), all, hide); err != nil {
			t.Fatal(err)
		}
	}
	commits := j.Stats().Commits
	if err := j.Rewrite(t.Context(), all, hide); err != nil || j.Stats().Commits != commits {
		t.Errorf("Rewrite() of what is rewritten = %v with %d commits, want none", err, j.Stats().Commits-commits)
	}
}

func TestRewriteStopsAtAnError(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	m := txid.NewMint(testRing, 1, 0)
	first := put(t, j, m, noon, txid.Click, "secret 1")
	put(t, j, m, noon, txid.Click, "secret 2")
	all := Query{Kind: txid.Click, Node: 1, To: m.Low()}
	enough := errors.New("enough")
	err := j.Rewrite(t.Context(), all, func(id txid.ID, record []byte) ([]byte, error) {
		if id != first {
			return nil, enough
		}
		return hide(id, record)
	})
	if !errors.Is(err, enough) {
		t.Errorf("Rewrite() = %v, want the function's own error", err)
	}
	err = j.Rewrite(t.Context(), all, func(txid.ID, []byte) ([]byte, error) { return make([]byte, maxRecord+1), nil })
	if fault.Of(err) != fault.Invalid {
		t.Errorf("Rewrite() to a record above 4 MiB = %v, want invalid", err)
	}
	if _, records := scan(t, j, all); !slices.Equal(records, []string{"secret 1", "secret 2"}) {
		t.Errorf("after that the records are %q", records)
	}
}

// TestRetainAndRewriteTogether has records deleted while they are rewritten:
// none of them may come back.
func TestRetainAndRewriteTogether(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	m := txid.NewMint(testRing, 1, 0)
	for i := range 2 * rewriteRecords {
		put(t, j, m, noon.Add(time.Duration(i)*time.Millisecond), txid.Click, "secret")
	}
	all := Query{Kind: txid.Click, Node: 1, To: m.Low()}
	retained := make(chan error, 1)
	begun := false
	err := j.Rewrite(t.Context(), all, func(id txid.ID, record []byte) ([]byte, error) {
		if !begun {
			begun = true
			go func() { retained <- j.Retain(t.Context(), noon.AddDate(0, 0, 1)) }()
		}
		return hide(id, record)
	})
	if err := errors.Join(err, <-retained); err != nil {
		t.Fatal(err)
	}
	if _, records := scan(t, j, all); len(records) != 0 {
		t.Errorf("%d records came back", len(records))
	}
}

// TestRewriteGoesOnAfterAFailure breaks a rewrite off in the middle: each record is as
// it was or rewritten, and none is lost.
func TestRewriteGoesOnAfterAFailure(t *testing.T) {
	j := open(t, t.TempDir(), Options{})
	m := txid.NewMint(testRing, 1, 0)
	for i := range 3 * rewriteRecords {
		put(t, j, m, noon.Add(time.Duration(i)*time.Millisecond), txid.Click, "secret")
	}
	all := Query{Kind: txid.Click, Node: 1, To: m.Low()}
	n, broken := 0, errors.New("broken")
	err := j.Rewrite(t.Context(), all, func(id txid.ID, record []byte) ([]byte, error) {
		if n++; n > 2*rewriteRecords {
			return nil, broken
		}
		return hide(id, record)
	})
	if !errors.Is(err, broken) {
		t.Fatalf("Rewrite() = %v", err)
	}
	_, records := scan(t, j, all)
	hidden := 0
	for _, r := range records {
		if r == "-" {
			hidden++
		}
	}
	if len(records) != 3*rewriteRecords || hidden == 0 || hidden == len(records) {
		t.Errorf("%d records, %d of them rewritten", len(records), hidden)
	}
	if err := j.Rewrite(t.Context(), all, hide); err != nil {
		t.Fatal(err)
	}
	_, records = scan(t, j, all)
	if slices.ContainsFunc(records, func(r string) bool { return r != "-" }) || len(records) != 3*rewriteRecords {
		t.Error("asked again, it does not finish")
	}
}
