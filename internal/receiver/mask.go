package receiver

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"waybill/internal/delivery"
)

// dots stand for what is not shown.
const dots = "••••"

// shortest is the length from which a secret is shown by its last four
// characters: they must not be much of it.
const shortest = 16

// Hidden gives what is shown of a secret: its last four characters, if it is long
// enough. Nothing stays nothing.
func Hidden(secret string) string {
	switch {
	case secret == "":
		return ""
	case len(secret) < shortest || strings.ContainsFunc(secret[len(secret)-4:], func(r rune) bool { return r >= 0x80 || r <= ' ' }):
		return dots
	default:
		return dots + " " + secret[len(secret)-4:]
	}
}

// Mask gives a request as it may be kept and shown. Secrets of the subscription
// are taken out wherever they stand, and values whose names say that they
// authorize, in the URL, the headers and the body.
func Mask(r Request, s delivery.Subscription) Request {
	hide := hiding(s)
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
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		body = maskQuery(body)
	} else {
		body = maskJSON(body)
	}
	masked.Body = []byte(body)
	return masked
}

// hiding replaces what a subscription keeps secret, in each form that it has in
// a request.
func hiding(s delivery.Subscription) *strings.Replacer {
	secrets := []string{s.Secret, s.PreviousSecret}
	for _, p := range Parameters(s.Format) {
		if p.Secret {
			secrets = append(secrets, s.Parameters[p.Name])
		}
	}
	var pairs []string
	for _, secret := range secrets {
		if len(secret) < 4 {
			continue
		}
		quoted, err := json.Marshal(secret)
		if err != nil {
			continue
		}
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret), string(quoted[1 : len(quoted)-1])} {
			pairs = append(pairs, form, Hidden(secret))
		}
	}
	return strings.NewReplacer(pairs...)
}

// Authorizes reports whether a value of this name, of a header, a parameter or a
// member, is a secret.
func Authorizes(name string) bool {
	name = strings.ToLower(strings.ReplaceAll(name, "-", "_"))
	switch name {
	case "key", "sig", "auth", "authorization", "pass", "pwd", "hmac", "hash", "secure", "cookie", "credential", "credentials", "assertion":
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
// that is no JSON stays as it is.
func maskJSON(text string) string {
	var b strings.Builder
	for from := 0; from < len(text); {
		start, end := nextString(text, from)
		if start < 0 {
			b.WriteString(text[from:])
			break
		}
		b.WriteString(text[from:end])
		from = end
		var name string
		if json.Unmarshal([]byte(text[start:end]), &name) != nil || !Authorizes(name) {
			continue
		}
		rest := strings.TrimLeft(text[end:], " \t\r\n")
		if !strings.HasPrefix(rest, ":") {
			continue
		}
		rest = strings.TrimLeft(rest[1:], " \t\r\n")
		if !strings.HasPrefix(rest, `"`) {
			continue
		}
		at := len(text) - len(rest)
		_, until := nextString(text, at)
		var value string
		if json.Unmarshal([]byte(text[at:until]), &value) != nil {
			continue
		}
		b.WriteString(text[end:at] + `"` + Hidden(value) + `"`)
		from = until
	}
	return b.String()
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
