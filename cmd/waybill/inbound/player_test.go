package inbound_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waybill/internal/advertiser"
	"waybill/internal/serve/edge"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// The visitor and the shop's server, unless a case says otherwise.
const (
	visitorAddr  = "203.0.113.50"
	visitorAgent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
	shopAgent    = "Shop/1.0"
)

// player plays one case.
type player struct {
	*testing.T
	*past
	edge    *edge.Edge
	handler http.Handler
	number  int64
	names   map[string]string // what the words in capitals stand for
	visited bool
	last    *block // the last request
}

func (n *node) player(t *testing.T, c *inbound) *player {
	t.Helper()
	p := &player{T: t, past: &past{node: n}, number: int64(c.number)}
	p.edge = p.past.edge()
	p.handler = p.edge.Handler()
	p.names = map[string]string{
		"OFFER": p.id(offers), "OTHER": p.id(others), "AFFILIATE": p.id(affiliates), "ADVERTISER": p.id(advertisers),
		"TUNEOFFER": p.id(tuneOffers), "TUNEAFFILIATE": p.id(tuneAffiliates), "RIVAL": p.id(rivals), "KEY": "wb_pub_key_of_case_" + strconv.FormatInt(p.number, 10), "HOST": "go" + strconv.FormatInt(p.number, 10) + ".shop.example",
		"GOAL": strconv.FormatInt(goals+10*p.number, 10), "OTHERGOAL": strconv.FormatInt(goals+10*p.number+1, 10),
	}
	for i := range c.blocks {
		if c.blocks[i].kind == request {
			p.last = &c.blocks[i]
		}
	}
	p.visited = slices.ContainsFunc(c.blocks, func(b block) bool { return b.kind == visit })
	return p
}

func (p *player) id(base int64) string { return strconv.FormatInt(base+p.number, 10) }

// play does what a block says, and compares what comes of it.
func (p *player) play(b *block) {
	p.Helper()
	p.ago = b.ago
	var got []string
	switch b.kind {
	case setting:
		p.set(b)
		return
	case visit:
		p.visited = true
		p.visit(b)
	case request:
		if !p.visited {
			p.visited = true
			p.visit(&block{place: b.place, verb: "click"})
		}
		got = p.request(b)
	}
	if *update {
		b.got = keep(b.want, got)
		if len(b.state) > 0 || p.last == b {
			b.got = append(b.got, p.state()...)
		}
		return
	}
	p.compare(b, "answer", b.want, got)
	if len(b.state) > 0 {
		p.compare(b, "state", b.state, p.state())
	}
}

func (p *player) compare(b *block, what string, want, got []string) {
	p.Helper()
	if !slices.EqualFunc(want, got, like) {
		p.Errorf("%s\n%s\n%s:\n%s\nwant:\n%s", b.place, strings.Join(b.source, "\n"), what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// like reports whether got is what is wanted, where an ellipsis stands for any
// text.
func like(want, got string) bool {
	first, rest, open := strings.Cut(want, "…")
	if !open {
		return want == got
	}
	if !strings.HasPrefix(got, first) {
		return false
	}
	got = got[len(first):]
	parts := strings.Split(rest, "…")
	for _, part := range parts[:len(parts)-1] {
		at := strings.Index(got, part)
		if at < 0 {
			return false
		}
		got = got[at+len(part):]
	}
	return strings.HasSuffix(got, parts[len(parts)-1])
}

// keep gives what came, in the words of what was expected where they fit.
func keep(want, got []string) []string {
	for i, line := range got {
		if at := slices.IndexFunc(want, func(w string) bool { return like(w, line) }); at >= 0 {
			got[i] = want[at]
		}
	}
	return got
}

// visit has a visitor follow the affiliate's link, or see its impression.
func (p *player) visit(b *block) {
	p.Helper()
	name, query, by := strings.ToUpper(b.verb), "", "AFFILIATE"
	if b.verb == "impression" {
		name = "VIEW"
	}
	p.lost = false
	for word := range strings.FieldsSeq(b.rest) {
		switch {
		case word == "lost":
			p.lost = true
		case strings.HasPrefix(word, "?"):
			query = "&" + word[1:]
		case word == "RIVAL":
			by = word
		case word == "by":
		default:
			name = word
		}
	}
	target := p.expand("/" + b.verb + "?format=json&offer_id=OFFER&affiliate_id=" + by + query)
	r := httptest.NewRequest(http.MethodGet, target, nil)
	r.RemoteAddr = visitorAddr + ":4711"
	r.Header.Set("User-Agent", visitorAgent)
	p.fields(r, b, "")
	rec := httptest.NewRecorder()
	p.handler.ServeHTTP(rec, r)
	p.lost = false
	var answer struct {
		ID string `json:"transaction_id"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil || answer.ID == "" {
		p.Fatalf("%s\n%s is answered with %d: %s", b.place, target, rec.Code, rec.Body)
	}
	p.names[name] = answer.ID
}

// request sends what a block says, and gives the answer in the words of the
// documents.
func (p *player) request(b *block) []string {
	p.Helper()
	if b.verb == "api" {
		return p.submit(b)
	}
	target := p.signURL(b, p.expand(b.rest))
	body := p.body(b)
	r := httptest.NewRequest(b.verb, target, strings.NewReader(body))
	r.RemoteAddr = fmt.Sprintf("198.18.%d.%d:4711", p.number/250, p.number%250+1)
	r.Header.Set("User-Agent", shopAgent)
	p.fields(r, b, body)
	rec := httptest.NewRecorder()
	p.handler.ServeHTTP(rec, r)
	return p.answers(rec)
}

// body gives the body of a request. A line behind >> is quoted as in Go.
func (p *player) body(b *block) string {
	var lines []string
	for _, l := range b.body {
		text := strings.TrimPrefix(l, "> ")
		if quoted, ok := strings.CutPrefix(l, ">> "); ok {
			var err error
			if text, err = strconv.Unquote(quoted); err != nil {
				p.Fatalf("%s: %s: %v", b.place, l, err)
			}
		}
		lines = append(lines, p.expand(text))
	}
	return strings.Join(lines, "\n")
}

// fields does what the lines below a request's first say: headers, and where it
// comes from.
func (p *player) fields(r *http.Request, b *block, body string) {
	p.Helper()
	for _, f := range b.fields {
		if addr, ok := strings.CutPrefix(f, "from "); ok {
			r.RemoteAddr = addr + ":4711"
			continue
		}
		if how, ok := strings.CutPrefix(f, "body signed with "); ok {
			secret, at := p.signed(how)
			r.Header.Set(advertiser.Header, advertiser.SignBody(secret, body, at))
			continue
		}
		if strings.HasPrefix(f, "signed with ") {
			continue // see signURL
		}
		name, value, ok := strings.Cut(p.expand(f), ": ")
		if !ok {
			p.Fatalf("%s: %q is not understood", b.place, f)
		}
		if strings.EqualFold(name, "Host") {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
}

func (p *player) signURL(b *block, target string) string {
	for _, f := range b.fields {
		if how, ok := strings.CutPrefix(f, "signed with "); ok {
			how, added, _ := strings.Cut(how, ", then ")
			secret, at := p.signed(how)
			path, query, _ := strings.Cut(target, "?")
			return path + "?" + advertiser.SignQuery(secret, query, at) + added
		}
	}
	return target
}

// signed reads "SECRET" and "SECRET 6m ago".
func (p *player) signed(how string) (secret string, at time.Time) {
	secret, when, _ := strings.Cut(how, " ")
	return secret, time.Now().Add(-spanOf(strings.TrimSuffix(when, " ago")))
}

// submit sends a claim as the API does.
func (p *player) submit(b *block) []string {
	p.Helper()
	method, object, _ := strings.Cut(b.rest, " ")
	v := p.edge.Submit(p.Context(), edge.Claim{
		Method: method, Path: "/api/v1/conversions", Parameters: json.RawMessage(p.expand(object)),
	})
	return p.verdict("", v.Code.HTTP(), v)
}

var (
	function = regexp.MustCompile(`\b(UPPER|CUT|TYPO|LONG|MANY|TIME|UNIX)\(([^()]*)\)`)
	word     = regexp.MustCompile(`[A-Z_]+`)
)

// expand puts in what the words in capitals stand for.
func (p *player) expand(s string) string {
	s = word.ReplaceAllStringFunc(s, func(w string) string {
		if v, ok := p.names[w]; ok {
			return v
		}
		return w
	})
	return function.ReplaceAllStringFunc(s, func(call string) string {
		m := function.FindStringSubmatch(call)
		value := applied(m[1], m[2])
		if m[1] != "MANY" {
			p.names[p.plain(call)] = value
		}
		return value
	})
}

// applied gives what a function makes of its argument.
func applied(function, of string) string {
	at := time.Now().Add(-spanOf(strings.TrimSuffix(of, " ago")))
	switch function {
	case "UPPER":
		return strings.ToUpper(of)
	case "CUT":
		return of[:min(len(of), 20)]
	case "TYPO":
		return typo(of)
	case "LONG":
		n, _ := strconv.Atoi(of)
		return strings.Repeat("x", n)
	case "MANY":
		comma := strings.LastIndexByte(of, ',')
		n, _ := strconv.Atoi(strings.TrimSpace(of[comma+1:]))
		return strings.TrimSuffix(strings.Repeat(of[:comma]+",", n), ",")
	case "TIME":
		return at.UTC().Format(time.RFC3339)
	default: // UNIX
		return strconv.FormatInt(at.Unix(), 10)
	}
}

// typo changes one character in the middle of an ID.
func typo(id string) string {
	at := len(id) / 2
	c := byte('7')
	if id[at] == c {
		c = '8'
	}
	return id[:at] + string(c) + id[at+1:]
}

// ages are what differs from run to run: times, and hashes.
var ages = regexp.MustCompile(`\b[0-9a-f]{64}\b|\b(\d+h)?(\d+m)?\d+(\.\d+)?m?s\b|\b\d{4}-\d\d(-\d\d(T[0-9:.]+Z)?)?`)

// plain puts the words in capitals in the place of what they stand for, and an
// ellipsis in that of times.
func (p *player) plain(s string) string {
	longestFirst := func(a, b string) int {
		return cmp.Or(cmp.Compare(len(p.names[b]), len(p.names[a])), strings.Compare(a, b))
	}
	for _, name := range slices.SortedFunc(maps.Keys(p.names), longestFirst) {
		s = strings.ReplaceAll(s, p.names[name], name)
	}
	return ages.ReplaceAllString(s, "…")
}

// answers gives what a request was answered with: one verdict, one for each
// element of an array, or neither.
func (p *player) answers(rec *httptest.ResponseRecorder) []string {
	p.Helper()
	text := rec.Body.Bytes()
	var one struct {
		signal.Verdict
		Data []struct {
			signal.Verdict
			HTTP int `json:"http"`
		} `json:"data"`
	}
	if code := rec.Header().Get("Waybill-Verdict"); code != "" {
		kind, _, _ := strings.Cut(rec.Header().Get("Content-Type"), ";")
		lines := []string{strings.Join([]string{strconv.Itoa(rec.Code), kind, code}, " ")}
		if kind == "text/plain" {
			lines = append(lines, "says "+p.plain(strings.TrimSpace(string(text))))
		}
		return lines
	}
	if json.Unmarshal(text, &one) != nil {
		lines := []string{strconv.Itoa(rec.Code)}
		if strings.HasPrefix(rec.Header().Get("Content-Type"), "image/") {
			return lines
		}
		if said := strings.TrimSpace(string(text)); said != "" && !strings.ContainsRune(said, '\n') {
			lines = append(lines, "says "+p.plain(said))
		}
		return lines
	}
	if one.Data == nil {
		return p.verdict("", rec.Code, one.Verdict)
	}
	lines := []string{strconv.Itoa(rec.Code)}
	for _, v := range one.Data {
		lines = append(lines, p.verdict("- ", v.HTTP, v.Verdict)...)
	}
	return lines
}

// verdict gives a verdict in words, and checks that what was answered is what
// was written down.
func (p *player) verdict(mark string, status int, v signal.Verdict) []string {
	p.Helper()
	lines := []string{fmt.Sprintf("%s%d %s %s", mark, status, v.Status, v.Code)}
	if v.ConversionID != "" {
		p.names["CONVERSION"] = v.ConversionID
	}
	defer func() { p.names["SIGNAL"] = v.SignalID }()
	if v.Status == signal.Rejected || v.Code == signal.CodeUpdated {
		lines = append(lines, "says "+p.plain(v.Message))
	}
	if v.Code == signal.RateLimited {
		return lines // counted, not kept
	}
	id, err := txid.Parse(v.SignalID)
	if err != nil {
		p.Errorf("the answer %+v names no signal: %v", v, err)
		return lines
	}
	record, err := p.journal.Get(p.Context(), id)
	if err != nil {
		p.Errorf("signal %s was answered and is not in the journal: %v", id, err)
		return lines
	}
	s, err := signal.Read(id, record)
	if err != nil {
		p.Error(err)
	}
	if kept, err := p.ledger.Verdict(p.Context(), v.SignalID); err != nil || kept.Status != v.Status || kept.Code != v.Code {
		p.Errorf("answered with %s %s, kept is %s %s, %v", v.Status, v.Code, kept.Status, kept.Code, err)
	}
	for _, mark := range s.Marks {
		lines = append(lines, "notes "+mark)
	}
	return lines
}
