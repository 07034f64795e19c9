package main

import (
	"fmt"
	"slices"
	"strings"

	"waybill/internal/fact"
	"waybill/internal/fault"
	"waybill/internal/span"
)

// tableNamed gives the table that a person names by what is in it: "clicks",
// "deliveries".
func tableNamed(words string) (string, error) {
	var known []string
	for _, t := range fact.Tables() {
		plural := pluralOf(t.Name)
		if words == plural || words == t.Name {
			return t.Name, nil
		}
		known = append(known, plural)
	}
	return "", fault.New(fault.Invalid, "no table is called %q; there are %s", words, strings.Join(known, ", "))
}

// pluralOf gives the word for what is in a table.
func pluralOf(table string) string {
	if stem, ok := strings.CutSuffix(table, "y"); ok {
		return stem + "ies"
	}
	return table + "s"
}

// tableList is some of the tables, as "clicks,conversions", or all of them.
type tableList []string

// UnmarshalText reads names of tables, or "all".
func (l *tableList) UnmarshalText(text []byte) error {
	var names []string
	for _, words := range strings.Split(string(text), ",") {
		if words == "all" {
			names = append(names, allTables()...)
			continue
		}
		name, err := tableNamed(strings.TrimSpace(words))
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	slices.Sort(names)
	*l = slices.Compact(names)
	return nil
}

// MarshalText writes the names.
func (l tableList) MarshalText() ([]byte, error) { return []byte(strings.Join(l, ",")), nil } //nolint:unparam // as encoding.TextMarshaler has it

// allTables gives the names of all tables.
func allTables() []string {
	var names []string
	for _, t := range fact.Tables() {
		names = append(names, t.Name)
	}
	return names
}

// keeping says how long the rows of each table are kept. A table that is not
// named is kept for good.
type keeping map[string]span.Span

// UnmarshalText reads settings such as click=400d,impression=90d.
func (k *keeping) UnmarshalText(text []byte) error {
	all := keeping{}
	for _, one := range strings.Split(string(text), ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(one), "=")
		if !ok {
			return fmt.Errorf("%q is not TABLE=TIME, such as clicks=400d", one)
		}
		table, err := tableNamed(name)
		if err != nil {
			return err
		}
		s, err := span.Parse(value)
		if err != nil {
			return err
		}
		if s < span.Day {
			return fmt.Errorf("%s=%s is less than a day", name, value)
		}
		all[table] = s
	}
	*k = all
	return nil
}
