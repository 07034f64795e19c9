// Package sqlitetest gives tests SQLite files that are filled already. To lay
// out a new ledger takes longer than most tests of it, so that is done once for
// all tests of a package, and each gets a file of its own. It is imported by
// tests only.
//
//	var ledgers = sqlitetest.Template{Fill: func(path string) error { … }}
//
//	func TestSomething(t *testing.T) {
//		path := ledgers.Copy(t, filepath.Join(t.TempDir(), "ledger.db"))
//	}
package sqlitetest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Template is a file that is filled once and copied often.
type Template struct {
	// Fill makes the file and leaves no connection to it open, so that all that it
	// has written is in this one file.
	Fill func(path string) error

	once sync.Once
	file []byte
	err  error
}

// Copy makes a copy at path, where nothing is yet, and gives path again.
func (f *Template) Copy(t testing.TB, path string) string {
	t.Helper()
	f.once.Do(func() { f.file, f.err = f.fill(t.TempDir()) })
	if f.err != nil {
		t.Fatalf("sqlitetest: fill the template: %v", f.err)
	}
	if err := os.WriteFile(path, f.file, 0o600); err != nil {
		t.Fatalf("sqlitetest: %v", err)
	}
	return path
}

func (f *Template) fill(dir string) ([]byte, error) {
	path := filepath.Join(dir, "template.db")
	if err := f.Fill(path); err != nil {
		return nil, err
	}
	switch _, err := os.Stat(path + "-wal"); {
	case err == nil:
		return nil, fmt.Errorf("%s-wal is still there: a connection is open", path)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return os.ReadFile(path)
}
