package money

import (
	"math"
	"strings"
	"unicode"
	"unicode/utf8"

	"waybill/internal/fault"
)

// maxText is the longest amount Parse looks at, in bytes.
const maxText = 64

// Parsed is an amount as a partner wrote it. Currency is empty if none was
// written, or only a sign that several currencies share, which Sign is then.
type Parsed struct {
	Units    int64
	Currency Currency
	Sign     string
}

// Fits reports whether the amount, as it was written, can be one in c.
func (p Parsed) Fits(c Currency) bool {
	return (p.Currency == "" || p.Currency == c) && (p.Sign == "" || c.in(sharing(p.Sign)))
}

// Parse reads an amount the ways the trade writes it: "12.34", "12,34",
// "1,234.56", "1.234,56", with or without a currency's sign or code before or
// after, in any white space. More than six decimals are rounded half to even. A
// lone dot is the decimal point. A lone comma before exactly three digits could
// be either, and is Invalid, as are signs, exponents and more than Max.
func Parse(text string) (Parsed, error) {
	if len(text) > maxText {
		return Parsed{}, fault.New(fault.Invalid, "an amount has at most %d characters", maxText)
	}
	first, last := extent(text)
	if first < 0 {
		return Parsed{}, malformed(text)
	}
	before := strings.TrimSpace(text[:first])
	after, dash := withoutDash(text[last+1:])
	after = strings.TrimSpace(after)
	number := text[first : last+1]
	cur, err := writtenCurrency(text, before, after)
	if err != nil {
		return Parsed{}, err
	}
	shared := ""
	if cur == "" {
		shared = before + after // one sign at most, or there would be an error
	}
	whole, frac, err := split(number, dash)
	if err != nil {
		return Parsed{}, err
	}
	units, ok := micro(whole, frac)
	if !ok || units > Max {
		return Parsed{}, outOfRange()
	}
	return Parsed{Units: units, Currency: cur, Sign: shared}, nil
}

// withoutDash takes off the dash that stands for no cents: "49,-".
func withoutDash(after string) (rest string, found bool) {
	for _, dash := range [...]string{",-", ".-", ",–", ".–", ",—", ".—"} {
		if rest, ok := strings.CutPrefix(after, dash); ok {
			return rest, true
		}
	}
	return after, false
}

// extent gives the bounds of the number in text, last included. A separator in
// front belongs to it (".50") unless it ends an abbreviation ("kr.50").
func extent(text string) (first, last int) {
	const digits = "0123456789"
	first, last = strings.IndexAny(text, digits), strings.LastIndexAny(text, digits)
	if p := first - 1; p >= 0 && (text[p] == '.' || text[p] == ',') && (p == 0 || !asciiLetters(text[p-1:p])) {
		first = p
	}
	return first, last
}

// writtenCurrency reads what stands around the number.
func writtenCurrency(text, before, after string) (Currency, error) {
	if strings.ContainsAny(before+after, "-−–(") {
		return "", fault.New(fault.Invalid,
			"%q is negative: take money back with the status rejected, correct it with an update", text)
	}
	a, err := readCurrency(text, before)
	if err != nil {
		return "", err
	}
	b, err := readCurrency(text, after)
	switch {
	case err != nil:
		return "", err
	case a == "":
		return b, nil
	case b != "" && a != b:
		return "", fault.New(fault.Invalid, "%q names two currencies, %s and %s", text, a, b)
	}
	return a, nil
}

func readCurrency(text, s string) (Currency, error) {
	if s == "" {
		return "", nil
	}
	if c, ok := sign(s); ok {
		return c, nil
	}
	if len(s) == 3 && asciiLetters(s) {
		return ParseCurrency(s)
	}
	return "", malformed(text)
}

func asciiLetters(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf || !unicode.IsLetter(r) }) < 0
}

func malformed(text string) error {
	return fault.New(fault.Invalid, "%q is not an amount", text)
}

// split takes a number apart into its whole digits and its decimals, of which
// there are none when it is known to be whole.
func split(number string, isWhole bool) (whole, frac string, err error) {
	if strings.Trim(number, "0123456789.,") != "" {
		return "", "", malformed(number)
	}
	dots, commas := strings.Count(number, "."), strings.Count(number, ",")
	point := strings.LastIndexAny(number, ".,")
	switch {
	case point < 0:
		return number, "", nil
	case isWhole:
		whole, point = number, len(number)
	case dots+commas == 1:
		frac = number[point+1:]
		if commas == 1 && len(frac) == 3 {
			return "", "", fault.New(fault.Invalid, "%q could be %s or %s",
				number, number[:point]+frac, number[:point]+"."+frac)
		}
		whole = number[:point]
	case dots == 0 || commas == 0:
		whole, frac = number, "" // several of one kind can only part thousands
		point = len(number)
	default:
		whole, frac = number[:point], number[point+1:]
	}
	if point < len(number) && frac == "" {
		return "", "", malformed(number)
	}
	whole, ok := ungroup(whole)
	if !ok {
		return "", "", malformed(number)
	}
	return whole, frac, nil
}

// ungroup takes the separators of thousands out of whole, if all are the same
// and each stands before three digits.
func ungroup(whole string) (string, bool) {
	at := strings.IndexAny(whole, ".,")
	if at < 0 {
		return whole, true
	}
	groups := strings.Split(whole, whole[at:at+1])
	if len(groups[0]) == 0 || len(groups[0]) > 3 || groups[0][0] == '0' {
		return "", false
	}
	for _, g := range groups[1:] {
		if len(g) != 3 || strings.ContainsAny(g, ".,") {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}

// micro puts digits together to millionths, rounding half to even. It reports
// whether they fit.
func micro(whole, frac string) (int64, bool) {
	var n uint64
	for i := range len(whole) {
		if n > math.MaxInt64/10 {
			return 0, false
		}
		n = n*10 + uint64(whole[i]-'0')
	}
	for i := range decimals {
		if n > math.MaxInt64/10 {
			return 0, false
		}
		n *= 10
		if i < len(frac) {
			n += uint64(frac[i] - '0')
		}
	}
	if len(frac) > decimals && roundsUp(n, frac[decimals:]) {
		n++
	}
	if n > math.MaxInt64 {
		return 0, false
	}
	return int64(n), true
}

// roundsUp reports whether n, before the further decimals rest, is rounded up.
func roundsUp(n uint64, rest string) bool {
	if rest[0] != '5' {
		return rest[0] > '5'
	}
	return strings.Trim(rest[1:], "0") != "" || n%2 == 1
}

// ParseDecimal reads the plain decimal of the REST API: digits, and a point and
// up to six decimals if needed. Nothing else: "12.50", "12", never "-1", "1e3",
// "1,000" or " 12".
func ParseDecimal(text string) (int64, error) {
	units, ok := plain(text)
	switch {
	case ok && units > Max:
		return 0, outOfRange()
	case ok:
		return units, nil
	case plainBehind("-", text):
		return 0, fault.New(fault.Invalid, `%.40q is negative, which this amount must not be`, text)
	default:
		return 0, notPlain(text)
	}
}

// ParseSigned reads a plain decimal that may stand behind a minus: adjustments,
// entries, balances.
func ParseSigned(text string) (int64, error) {
	digits, negative := strings.CutPrefix(text, "-")
	units, ok := plain(digits)
	if !ok {
		return 0, notPlain(text)
	}
	if negative {
		return -units, nil
	}
	return units, nil
}

// plainBehind reports whether text is a plain decimal behind one sign.
func plainBehind(sign, text string) bool {
	digits, signed := strings.CutPrefix(text, sign)
	_, ok := plain(digits)
	return signed && ok
}

func notPlain(text string) error {
	if plainBehind("+", text) {
		return fault.New(fault.Invalid, `%.40q has a plus before it: write it without, like "12.50"`, text)
	}
	return fault.New(fault.Invalid, `%.40q is not a decimal: write it like "12.50", with at most 6 decimals`, text)
}

func plain(text string) (int64, bool) {
	whole, frac, point := strings.Cut(text, ".")
	if whole == "" || point && frac == "" || len(frac) > decimals || strings.Trim(whole+frac, "0123456789") != "" {
		return 0, false
	}
	return micro(whole, frac)
}
