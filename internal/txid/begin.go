package txid

import "strings"

// Beginning gives the first and the last ID whose text can begin so, in either
// case, and false for what no ID begins with. Neither is sealed.
func Beginning(text string) (first, last ID, ok bool) {
	if text == "" || len(text) > textLen {
		return ID{}, ID{}, false
	}
	missing := textLen - len(text)
	first, err := Parse(text + strings.Repeat("0", missing))
	if err != nil {
		return ID{}, ID{}, false
	}
	last, err = Parse(text + strings.Repeat("z", missing))
	return first, last, err == nil
}
