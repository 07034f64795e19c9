package fault

import "strings"

// nearEnough is how far a name may be from what was written to be offered in
// its place.
const nearEnough = 2

// longestGuess bounds the work that a mistyped name may cause.
const longestGuess = 40

// Nearest gives the name among names, in lower case, that was probably meant by
// text, or nothing when none is near: more than half of its letters are right.
func Nearest(text string, names []string) string {
	if len(text) > longestGuess {
		return ""
	}
	best, meant := nearEnough+1, ""
	for _, name := range names {
		if d := Distance(strings.ToLower(text), name); d < best && 2*d < len(name) {
			best, meant = d, name
		}
	}
	return meant
}

// Distance is the number of letters to add, drop or change, or to swap with
// their neighbour, to come from a to b.
func Distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
