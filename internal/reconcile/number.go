package reconcile

import (
	"strings"
	"unicode/utf8"

	"waybill/internal/money"
)

// Decimal says which sign parts the decimals in the list's numbers.
type Decimal string

// The signs; the empty one leaves it to the column.
const (
	Point Decimal = "point"
	Comma Decimal = "comma"
)

// number is an amount as a list says it.
type number struct {
	units    int64
	currency money.Currency
	set      bool
	doubt    bool    // 1.234 or 1,234: waits for what the column says
	tells    Decimal // which sign parts the decimals, if it can tell
}

// parseNumber reads an amount. One in doubt is given as if its sign were that of
// thousands.
func parseNumber(text string) (number, error) {
	text, negative := unsigned(strings.TrimSpace(text))
	text = ungrouped(text)
	n := number{set: true}
	sign, behind := lastSign(text)
	seps := strings.Count(text, ".") + strings.Count(text, ",")
	switch {
	case seps == 1 && behind == 3 && mayGroup(text, sign):
		n.doubt = true
		text = strings.Replace(text, sign, "", 1)
	case seps == 1 && behind == 3: // 0.125, 1234.567
		text = strings.Replace(text, sign, ".", 1)
		n.tells = decimalOf(sign)
	case behind > 0 && (seps == 1 || strings.Contains(text, ".") && strings.Contains(text, ",")):
		n.tells = decimalOf(sign)
	}
	p, err := money.Parse(text)
	if err != nil {
		return number{}, err
	}
	n.units, n.currency = p.Units, p.Currency
	if negative {
		n.units = -n.units
	}
	return n, nil
}

func decimalOf(sign string) Decimal {
	if sign == "," {
		return Comma
	}
	return Point
}

// lastSign gives the last separator and how many digits stand behind it.
func lastSign(text string) (sign string, digits int) {
	at := strings.LastIndexAny(text, ".,")
	if at < 0 {
		return "", 0
	}
	rest := text[at+1:]
	return text[at : at+1], len(rest) - len(strings.TrimLeft(rest, "0123456789"))
}

// mayGroup reports whether a sign may part thousands: one to three digits stand
// before it, and the first is no zero.
func mayGroup(text, sign string) bool {
	whole, _, _ := strings.Cut(text, sign)
	whole = whole[len(strings.TrimRight(whole, "0123456789")):]
	return whole != "" && len(whole) <= 3 && whole[0] != '0'
}

// minuses are the signs that refunds are written with.
const minuses = "-−–"

// unsigned takes the sign from an amount: refunds stand in lists as -12.50,
// 12.50-, (12.50), EUR -12.50 or (12.50) EUR. A dash behind a separator stands
// for no cents: 49,-.
func unsigned(text string) (string, bool) {
	first, last := strings.IndexAny(text, "0123456789"), strings.LastIndexAny(text, "0123456789")
	if first < 0 {
		return text, false
	}
	before, number, after := text[:first], text[first:last+1], text[last+1:]
	switch {
	case strings.Contains(before, "(") && strings.Contains(after, ")"):
		before, after = strings.Replace(before, "(", "", 1), strings.Replace(after, ")", "", 1)
	case strings.ContainsAny(before, minuses):
		before = withoutMinus(before)
	case strings.TrimLeft(after, minuses+" ") == "" && strings.ContainsAny(after, minuses):
		after = withoutMinus(after)
	default:
		return text, false
	}
	return strings.TrimSpace(before + number + after), true
}

func withoutMinus(text string) string {
	at := strings.IndexAny(text, minuses)
	_, size := utf8.DecodeRuneInString(text[at:])
	return text[:at] + strings.TrimLeft(text[at+size:], " ")
}

// ungrouped takes out spaces and apostrophes between digits: 1 234,50, 1'234.50.
func ungrouped(text string) string {
	if !strings.ContainsAny(text, " '’\u00a0\u202f") {
		return text
	}
	digit := func(r rune) bool { return r >= '0' && r <= '9' }
	letters := []rune(text)
	kept := make([]rune, 0, len(letters))
	for i, r := range letters {
		if strings.ContainsRune(" '’\u00a0\u202f", r) && i > 0 && i+1 < len(letters) && digit(letters[i-1]) && digit(letters[i+1]) {
			continue
		}
		kept = append(kept, r)
	}
	return string(kept)
}
