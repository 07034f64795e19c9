package report

import (
	"strings"

	"waybill/internal/fault"
)

// unknown makes the fault for a name that is none of names: not there, or not
// the viewer's to see, which are told apart by nobody.
func unknown(field, what, name string, names []string) error {
	if meant := suggest(name, names); meant != "" {
		return fault.At(field, "%.40q is not a %s you can ask for; do you mean %s?", name, what, meant)
	}
	return fault.At(field, "%.40q is not a %s you can ask for; there are %s", name, what, strings.Join(names, ", "))
}

// suggest gives the name that was probably meant, or nothing when none is near.
func suggest(text string, names []string) string {
	const longest = 40
	if len(text) > longest {
		return ""
	}
	near, meant := 3, ""
	for _, name := range names {
		if d := distance(strings.ToLower(text), name); d < near && d < len(name) {
			near, meant = d, name
		}
	}
	return meant
}

// distance counts the letters to change, add or take away between a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			above := row[j+1]
			cost := corner
			if a[i] != b[j] {
				cost = 1 + min(corner, above, row[j])
			}
			corner, row[j+1] = above, cost
		}
	}
	return row[len(b)]
}
