// Command visitordata writes the table of crawlers that internal/visitor
// marks as bots.
//
//	visitordata PACKAGE OUT
//
// PACKAGE is the unpacked npm package crawler-user-agents, OUT the Go file.
// Its patterns are regular expressions, 1,500 of them, and nearly all are
// plain words. Every one is turned into words to be found anywhere, at the
// start or at the end, or into a pair of words in order, so that the product
// runs no regular expression at all. A pattern that cannot be put so stops the
// generator: somebody has to decide what is meant, in narrow.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: visitordata PACKAGE OUT")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "visitordata:", err)
		os.Exit(1)
	}
}

// narrow says what is meant instead of a pattern. Nothing means that it is
// left out: it is in the agents of people too.
func narrow() map[string]string {
	return map[string]string{
		`AdsBot-Google([^-]|$)`:             `AdsBot-Google`, // the names with a hyphen are bots too
		`BlogTraffic\/\d\.\d+ Feed-Fetcher`: `BlogTraffic\/[\s\S]* Feed-Fetcher`,
		`Sogou`:                             `Sogou [\s\S]*[sS]pider`, // SogouMobileBrowser is a browser
		`MetaIAB Facebook`:                  ``,                       // the browser in the Facebook app
		`Viber`:                             `^Viber`,                 // the app's browser names it at the end
		`Fluid`:                             ``,                       // makes an app of a site, for a person
	}
}

func run(pkg, out string) error {
	licence, err := os.ReadFile(filepath.Join(pkg, "LICENSE"))
	if err != nil {
		return fmt.Errorf("read licence: %w", err)
	}
	var manifest struct {
		Version string `json:"version"`
	}
	if err := readJSON(filepath.Join(pkg, "package.json"), &manifest); err != nil {
		return err
	}
	var list []struct {
		Pattern string `json:"pattern"`
	}
	if err := readJSON(filepath.Join(pkg, "crawler-user-agents.json"), &list); err != nil {
		return err
	}
	if len(list) == 0 {
		return errors.New("the list is empty")
	}

	var t table
	meant := narrow()
	for _, c := range list {
		pattern := c.Pattern
		if instead, ok := meant[pattern]; ok {
			pattern = instead
		}
		if pattern == "" {
			continue
		}
		if err := t.add(pattern); err != nil {
			return fmt.Errorf("pattern %s: %w", c.Pattern, err)
		}
	}
	source, err := t.source(manifest.Version, string(licence))
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, source, 0o644); err != nil { //nolint:gosec // a source file, for everybody
		return fmt.Errorf("write table: %w", err)
	}
	return nil
}

func readJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read list: %w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("read %s: %w", filepath.Base(path), err)
	}
	return nil
}
