package receiver

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"waybill/internal/delivery"
)

// dots stand for what is not shown.
const dots = "••••"

const (
	// shortestShown is the length from which a secret is shown by its last four
	// characters: they must not be much of it.
	shortestShown = 16
	// shortestSecret is the length from which a text is no word of everyday life
	// that would be taken out of a request.
	shortestSecret = 8
)

// Hidden gives what is shown of a secret: its last four characters, if it is long
// enough. Nothing stays nothing.
func Hidden(secret string) string {
	switch {
	case secret == "":
		return ""
	case len(secret) < shortestShown || strings.ContainsFunc(secret[len(secret)-4:], func(r rune) bool { return r >= 0x80 || r <= ' ' }):
		return dots
	default:
		return dots + " " + secret[len(secret)-4:]
	}
}

// Mask gives a request as it may be kept and shown. Secrets of the subscription
// and digests of persons are taken out wherever they stand, and values whose
// names say that they authorize, in the URL, the headers and the body.
func Mask(r Request, s delivery.Subscription) Request {
	hide := hiding(secretsOf(&r, &s))
	masked := Request{Method: r.Method, URL: maskURL(hide.Replace(r.URL))}
	if r.Header != nil {
		masked.Header = make(http.Header, len(r.Header))
	}
	for name, values := range r.Header {
		kept := slices.Clone(values)
		for i, value := range kept {
			if Authorizes(name) {
				kept[i] = Hidden(value)
			} else {
				kept[i] = hide.Replace(value)
			}
		}
		masked.Header[name] = kept
	}
	if r.Body == nil {
		return masked
	}
	body := hide.Replace(string(r.Body))
	if s.Format == delivery.Form || strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		body = maskQuery(body)
	} else {
		body = maskJSON(body)
	}
	masked.Body = []byte(body)
	return masked
}

// MaskAnswer gives what a receiver answers a request with as it may be kept and
// shown. Many repeat what they were sent, so all that Mask takes out of the
// request is taken out of the answer, too.
func MaskAnswer(text []byte, r Request, s delivery.Subscription) []byte {
	if len(text) < shortestSecret { // as of nearly all that take what they are sent
		return text
	}
	return []byte(hiding(append(secretsOf(&r, &s), authorizing(&r)...)).Replace(string(text)))
}

// secretsOf gives what a subscription keeps secret, and what the request holds of
// a person.
func secretsOf(r *Request, s *delivery.Subscription) []string {
	secrets := append([]string{s.Secret, s.PreviousSecret}, r.personal...)
	for _, p := range Parameters(s.Format) {
		if p.Secret {
			secrets = append(secrets, s.Parameters[p.Name])
		}
	}
	return secrets
}

// authorizing gives the values of a request whose names say that they authorize.
func authorizing(r *Request) []string {
	var all []string
	for name, values := range r.Header {
		if !Authorizes(name) {
			continue
		}
		for _, value := range values {
			all = append(all, value, value[strings.LastIndexByte(value, ' ')+1:])
		}
	}
	if _, query, asked := strings.Cut(r.URL, "?"); asked {
		all = append(all, authorizingQuery(query)...)
	}
	return append(append(all, authorizingQuery(string(r.Body))...), authorizingJSON(string(r.Body))...)
}

// authorizingQuery gives the parameters whose names say that they authorize, of a
// query or a form.
func authorizingQuery(query string) []string {
	var all []string
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		if name, err := url.QueryUnescape(name); err != nil || !Authorizes(name) {
			continue
		}
		all = append(all, value)
		if plain, err := url.QueryUnescape(value); err == nil {
			all = append(all, plain)
		}
	}
	return all
}

// authorizingJSON gives the members of JSON whose names say that they authorize.
func authorizingJSON(text string) []string {
	var all []string
	for from := 0; ; {
		start, end := nextString(text, from)
		if start < 0 {
			return all
		}
		from = end
		if at := valueOf(text, end); at >= 0 && Authorizes(unquoted(text[start:end])) {
			if _, from = nextString(text, at); from < 0 {
				return all
			}
			all = append(all, unquoted(text[at:from]))
		}
	}
}

// hiding replaces secrets in each form that they have in a request.
func hiding(secrets []string) *strings.Replacer {
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // one may begin like another
	var pairs []string
	for _, secret := range secrets {
		if len(secret) < shortestSecret {
			continue
		}
		for _, form := range forms(secret) {
			pairs = append(pairs, form, Hidden(secret))
		}
	}
	return strings.NewReplacer(pairs...)
}

// forms gives what a text looks like in a request: as it is, percent-encoded, in
// JSON, and through a filter.
func forms(text string) []string {
	all := []string{text, url.QueryEscape(text), url.PathEscape(text), base64.RawURLEncoding.EncodeToString([]byte(text))}
	if quoted, err := json.Marshal(text); err == nil {
		all = append(all, string(quoted[1:len(quoted)-1]))
	}
	sum := sha256.Sum256([]byte(text))
	return append(all, hex.EncodeToString(sum[:]))
}

// Authorizes reports whether a value of this name, of a header, a parameter or a
// member, is a secret.
func Authorizes(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, "-", "_"))
	switch name {
	case "key", "sig", "auth", "authorization", "pass", "pwd", "hmac", "secure", "cookie", "credential", "credentials", "assertion":
		return true
	}
	for _, end := range [...]string{
		"token", "secret", "password", "passwd", "signature", "apikey", "api_key", "access_key", "auth_key", "private_key",
		"secret_key", "security_key", "postback_key", "authorization",
	} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return false
}

func maskURL(text string) string {
	text, fragment, anchored := strings.Cut(text, "#")
	base, query, asked := strings.Cut(text, "?")
	if scheme, rest, ok := strings.Cut(base, "://"); ok {
		authority, path, deeper := strings.Cut(rest, "/")
		if at := strings.LastIndexByte(authority, '@'); at >= 0 {
			base = scheme + "://" + dots + authority[at:]
			if deeper {
				base += "/" + path
			}
		}
	}
	if asked {
		base += "?" + maskQuery(query)
	}
	if anchored {
		base += "#" + fragment
	}
	return base
}

// maskQuery masks the parameters of a query or a form.
func maskQuery(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		name, value, found := strings.Cut(part, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			plain = name
		}
		if found && value != "" && Authorizes(plain) {
			parts[i] = name + "=" + Hidden(value)
		}
	}
	return strings.Join(parts, "&")
}

// maskJSON masks the members of JSON whose names say that they authorize. Text
// that is no JSON stays as it is, but for what looks like one of them.
func maskJSON(text string) string {
	var b strings.Builder
	from := 0
	for {
		start, end := nextString(text, from)
		if start < 0 {
			b.WriteString(text[from:])
			return b.String()
		}
		b.WriteString(text[from:end])
		from = end
		at := valueOf(text, end)
		if at < 0 || !Authorizes(unquoted(text[start:end])) {
			continue
		}
		_, from = nextString(text, at)
		if from < 0 { // it never ends
			from = len(text)
		}
		b.WriteString(text[end:at] + `"` + Hidden(unquoted(text[at:from])) + `"`)
	}
}

// valueOf gives where the string begins that a member's name is followed by; -1
// where something else follows.
func valueOf(text string, name int) int {
	rest, ok := strings.CutPrefix(strings.TrimLeft(text[name:], space), ":")
	rest = strings.TrimLeft(rest, space)
	if !ok || !strings.HasPrefix(rest, `"`) {
		return -1
	}
	return len(text) - len(rest)
}

// space is what JSON may hold between its parts.
const space = " \t\r\n"

// unquoted gives what a string of JSON says; nothing if it is not one.
func unquoted(quoted string) string {
	var text string
	if json.Unmarshal([]byte(quoted), &text) != nil {
		return ""
	}
	return text
}

// nextString gives the bounds of the next string of JSON, quotes included; -1
// where there is none that ends.
func nextString(text string, from int) (start, end int) {
	at := strings.IndexByte(text[from:], '"')
	if at < 0 {
		return -1, -1
	}
	start = from + at
	for end = start + 1; end < len(text); end++ {
		switch text[end] {
		case '\\':
			end++
		case '"':
			return start, end + 1
		}
	}
	return -1, -1
}
