package receivertest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// check says what is wrong with a value, or nothing.
type check func(value string) string

func anything(string) string { return "" }

// form wants a value of the form of a regular expression.
func form(pattern, what string) check {
	re := regexp.MustCompile("^(?:" + pattern + ")$")
	return func(value string) string {
		if re.MatchString(value) {
			return ""
		}
		return fmt.Sprintf("%q is not %s", value, what)
	}
}

// oneOf wants one of some words, as they are written.
func oneOf(words ...string) check {
	return func(value string) string {
		if slices.Contains(words, value) {
			return ""
		}
		return fmt.Sprintf("%q is none of %s", value, strings.Join(words, ", "))
	}
}

// number wants digits, and a dot before decimals: no sign, no grouping, no
// currency.
func number() check { return form(`\d+(\.\d+)?`, "a number with a decimal dot") }

func currency() check { return form(`[A-Z]{3}`, "a currency's code") }

func digits() check { return form(`\d+`, "a whole number") }

// series adds name1 to nameN to a list of parameters.
func series(takes map[string]check, name string, n int) map[string]check {
	for i := 1; i <= n; i++ {
		takes[fmt.Sprintf("%s%d", name, i)] = anything
	}
	return takes
}
