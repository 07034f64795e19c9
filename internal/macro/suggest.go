package macro

import (
	"strings"

	"waybill/internal/fault"
)

func letter(c byte) bool { return c|0x20-'a' < 26 || c == '_' }

// word gives the length of the name at the start of s.
func word(s string) int {
	n := 0
	for n < len(s) && (alphanumeric(s[n]) || s[n] == '_') {
		n++
	}
	if n > 0 && !letter(s[0]) {
		return 0
	}
	return n
}

// enclosed gives the name that s starts with between before and after, and the
// length of it all; 0 if s does not start so.
func enclosed(s, before, after string) (name string, n int) {
	rest, ok := strings.CutPrefix(s, before)
	if !ok {
		return "", 0
	}
	inner := strings.TrimLeft(rest, " ")
	n = word(inner)
	if n == 0 || !strings.HasPrefix(strings.TrimLeft(inner[n:], " "), after) {
		return "", 0
	}
	end := strings.Index(rest, after) + len(after)
	return inner[:n], len(before) + end
}

// foreign gives the end of another system's macro that begins at i, or of a
// percent sign that escapes nothing; i itself where neither does.
func (p *parser) foreign(i int) int {
	s := p.text[i:]
	var name string
	var n int
	switch s[0] {
	case '#':
		name, n = enclosed(s, "#", "#")
	case '[':
		if name, n = enclosed(s, "[", "]"); n > 0 && p.key(i) {
			return i
		}
	case '<':
		name, n = enclosed(s, "<", ">")
	case '%':
		return p.percent(i)
	default:
		return i
	}
	if n == 0 || p.as == JSON && !p.fills(i, i+n) {
		return i
	}
	p.failForeign(s[:n], name)
	return i + n
}

// fills reports whether text[i:end] is all that a JSON string holds. Elsewhere
// in JSON, words in brackets and the like may well be text.
func (p *parser) fills(i, end int) bool {
	return p.quoted && p.text[i-1] == '"' && end < len(p.text) && p.text[end] == '"'
}

// key reports whether the text at i is part of a parameter's name, where
// brackets have a meaning of their own: items[sku]=1.
func (p *parser) key(i int) bool {
	if p.as != URL && p.as != Form {
		return false
	}
	at := strings.LastIndexAny(p.text[:i], "?&=/#")
	return at < 0 && p.as == Form || at >= 0 && (p.text[at] == '?' || p.text[at] == '&')
}

func (p *parser) percent(i int) int {
	s := p.text[i:]
	name, n := enclosed(s, "%", "%")
	if n > 0 && !escape(s[n-1:]) && (p.as != JSON || p.fills(i, i+n)) {
		p.failForeign(s[:n], name)
		return i + n
	}
	if p.as != URL && p.as != Form || escape(s) {
		return i
	}
	p.fail("the %% in %.12q escapes nothing; write a percent sign that is meant as %%25", s)
	return i + 1
}

// escape reports whether s starts with a percent sign and two hexadecimal
// digits.
func escape(s string) bool { return len(s) > 2 && s[0] == '%' && isHex(s[1]) && isHex(s[2]) }

func (p *parser) failForeign(written, name string) {
	switch meant := p.suggest(name); {
	case ambiguous(name):
		p.fail("%s: macros are written in single braces: {aff_click_id} (the affiliate's) or {transaction_id} (ours)?", written)
	case meant != "":
		p.fail("%s: macros are written in single braces: {%s}", written, meant)
	default:
		p.fail("%s: macros are written in single braces, like {sub1}, and none is called %s", written, name)
	}
}

func (p *parser) failUnknown(name string) {
	if ambiguous(name) {
		p.fail("{%s}: {aff_click_id} (the affiliate's) or {transaction_id} (ours)?", name)
		return
	}
	if meant := p.suggest(name); meant != "" {
		p.fail("{%s}: did you mean {%s}?", name, meant)
		return
	}
	p.fail("{%.40s}: there is no such macro", name)
}

// ambiguous reports whether name is what other systems call either of two IDs.
func ambiguous(name string) bool {
	switch plainWord(name) {
	case "clickid", "cid", "tid", "clkid", "subid":
		return true
	default:
		return false
	}
}

// suggest gives the macro that name most likely means, empty if none is near.
func (p *parser) suggest(name string) string {
	meant := plainWord(name)
	if len(meant) == 0 || len(meant) > 40 {
		return ""
	}
	if other := elsewhere(meant); other != "" {
		return other
	}
	best, near := "", 1+len(meant)/5
	for n := range NumNames {
		if !p.use.Allows(n) {
			continue
		}
		if d := fault.Distance(meant, plainWord(n.String())); d < near || d == near && best == "" {
			best, near = n.String(), d
		}
	}
	return best
}

// plainWord gives name without what people vary: case, separators, spaces.
func plainWord(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == ' ' || r == '.' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// elsewhere translates the names of other systems, and of parameters.
func elsewhere(name string) string {
	for _, numbered := range [...]struct{ prefix, ours string }{
		{"affsub", "sub"}, {"subid", "sub"}, {"s", "sub"}, {"advsub", "adv"},
	} {
		digits, ok := strings.CutPrefix(name, numbered.prefix)
		if ok && digits == "" && len(numbered.prefix) > 1 {
			digits = "1"
		}
		if n, known := ParseName(numbered.ours + digits); ok && known {
			return n.String()
		}
	}
	others := map[string]Name{
		"oid": OfferID, "offer": OfferID, "campaignid": OfferID, "affid": AffiliateID, "pid": AffiliateID,
		"partnerid": AffiliateID, "affiliate": AffiliateID, "publisherid": AffiliateID, "advid": AdvertiserID,
		"advertiser": AdvertiserID, "sourceid": Source, "saleamount": Amount, "sum": Amount, "price": Amount,
		"payoutamount": Payout, "revenueamount": Revenue, "txid": OrderID, "txnid": OrderID, "order": OrderID,
		"goalref": Goal, "event": GoalName, "eventname": GoalName, "eventid": GoalID, "et": Goal,
		"userid": CustomerID, "externalid": CustomerID, "googleaid": GAID, "iosifa": IDFA, "iosifv": IDFV,
		"couponcode": Coupon, "promocode": Coupon, "deeplink": DeepLink, "geo": Country, "countrycode": Country,
		"useragent": UserAgent, "ua": UserAgent, "ran": Random, "rand": Random, "cachebuster": Random,
		"signature": Sig, "datetime": Timestamp, "ts": Timestamp, "time": Timestamp,
		"transaction": TransactionID, "affiliateclickid": AffClickID,
		"affclick": AffClickID, "ipaddress": IP, "sessionip": IP,
	}
	if n, ok := others[name]; ok {
		return n.String()
	}
	return ""
}
