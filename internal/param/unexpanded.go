package param

import "strings"

// maxMacro is the longest name in braces that is taken for a macro.
const maxMacro = 64

// Unexpanded reports whether value is, or holds, a macro that a sender forgot to
// fill in: {…} anywhere in it (so ${…} and {{…}} too), or nothing but a name in
// signs that templates use (#…#, […], %…%, <…>, __…__, *|…|*, $…, :…), or the
// bare name of a click's ID or an order's, as documents write it; percent-encoded
// once more, too. It is for IDs, amounts and the like, not for line items or free
// text.
func Unexpanded(value string) bool {
	for range 3 {
		if literalMacro(strings.TrimSpace(value)) {
			return true
		}
		if strings.IndexByte(value, '%') < 0 {
			return false
		}
		again := decode(value)
		if again == value {
			return false
		}
		value = again
	}
	return false
}

func literalMacro(s string) bool {
	if len(s) < 3 {
		return false
	}
	if inSigns(s) || placeholder(s) {
		return true
	}
	for {
		_, rest, ok := strings.Cut(s, "{")
		if !ok {
			return false
		}
		if end := strings.IndexAny(rest, "{}"); end > 0 && end <= maxMacro && rest[end] == '}' && begins(rest) {
			return true
		}
		s = rest
	}
}

// inSigns reports whether s is nothing but a name in the signs of a template.
func inSigns(s string) bool {
	for _, signs := range [...][2]string{
		{"#", "#"}, {"[", "]"}, {"%", "%"}, {"%%", "%%"}, {"<", ">"}, {"__", "__"}, {"*|", "|*"}, {"$", ""}, {":", ""},
	} {
		inner, opens := strings.CutPrefix(s, signs[0])
		inner, closes := strings.CutSuffix(inner, signs[1])
		if opens && closes && macroName(inner) {
			return true
		}
	}
	return false
}

// placeholder reports whether s is a name that stands for a value in a document:
// nobody's ID is called TRANSACTION_ID.
func placeholder(s string) bool {
	switch strings.ToLower(s) {
	case "transaction_id", "transactionid", "click_id", "clickid", "aff_click_id", "order_id", "orderid", "your_transaction_id", "your_click_id":
		return true
	default:
		return false
	}
}

func begins(s string) bool {
	return s[0]|0x20-'a' < 26 || s[0] == '_' || s[0] == ' ' && len(s) > 1 && begins(s[1:])
}

// macroName reports whether s is a name: letters, digits and what joins them,
// not a number alone.
func macroName(s string) bool {
	if s == "" || len(s) > maxMacro || !begins(s) {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c-'0' >= 10 && c|0x20-'a' >= 26 && strings.IndexByte("_-. :", c) < 0 {
			return false
		}
	}
	return true
}
