package api

import "strings"

// suggest gives the name among names that was probably meant by text, or
// nothing when none is near.
func suggest(text string, names []string) string {
	const near = 3
	best, meant := near, ""
	for _, name := range names {
		if d := distance(strings.ToLower(text), name); d < best && d < len(name) {
			best, meant = d, name
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
