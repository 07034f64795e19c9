package reconcile

import (
	"strings"

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
	case seps == 1 && behind == 3 && !strings.HasPrefix(strings.TrimLeft(text, " $€£"), "0"):
		n.doubt = true
		text = strings.Replace(text, sign, "", 1)
	case seps == 1 && behind == 3: // 0.125
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

// unsigned takes the sign from an amount: refunds stand in lists as -12.50,
// 12.50- or (12.50).
func unsigned(text string) (string, bool) {
	if strings.HasPrefix(text, "(") && strings.HasSuffix(text, ")") {
		return strings.Trim(text, "()"), true
	}
	for _, minus := range [...]string{"-", "−", "–"} {
		switch {
		case strings.HasPrefix(text, minus):
			return strings.TrimSpace(text[len(minus):]), true
		case strings.HasSuffix(text, minus):
			return strings.TrimSpace(text[:len(text)-len(minus)]), true
		}
	}
	for _, sign := range [...]string{"$-", "€-", "£-"} {
		if rest, ok := strings.CutPrefix(text, sign); ok {
			return strings.TrimSuffix(sign, "-") + rest, true
		}
	}
	return text, false
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
