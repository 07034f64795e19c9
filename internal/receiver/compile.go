package receiver

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

// The bounds of what a subscription may say beside its URL and body.
const (
	maxHeaders   = 32
	maxHeader    = 4 << 10
	maxParameter = 8 << 10
	maxSecret    = 200
)

// kind is a format: what a subscription of it may and must say.
type kind struct {
	methods    []string    // that it may use; the first is the usual one
	body       bool        // it has a body template
	headers    bool        // it may have headers of its own
	parameters []Parameter // what it needs beside the URL
	// url gives the template of the URL where a subscription has none. Nil: it
	// must have one.
	url func(s *delivery.Subscription) string
	// open gives the payload. Its faults are placed by the subscription's fields.
	// Nil: there is none.
	open func(s *delivery.Subscription) (payload, error)
}

// Parameter is a setting that a format has of its own.
type Parameter struct {
	Name     string
	Doc      string
	Required bool
	Secret   bool // shown by its last four characters
}

// Parameters gives the settings that a format has of its own.
func Parameters(f delivery.Format) []Parameter {
	k, _ := kindOf(f)
	return k.parameters
}

func kindOf(f delivery.Format) (kind, bool) {
	switch f {
	case delivery.Get:
		return getKind(), true
	case delivery.Image, delivery.Iframe:
		return pixelKind(), true
	case delivery.Form:
		return formKind(), true
	case delivery.JSON:
		return jsonKind(), true
	case delivery.Webhook:
		return webhookKind(), true
	case delivery.MetaCAPI:
		return metaKind(), true
	case delivery.GoogleDataManager:
		return googleKind(), true
	case delivery.TikTokEvents:
		return tiktokKind(), true
	default:
		return kind{}, false
	}
}

// Compile makes a subscription ready for use. Everything that is wrong with what
// its format gives a meaning comes back at once, each by its field.
func Compile(s delivery.Subscription) (*Plan, error) {
	k, ok := kindOf(s.Format)
	if !ok {
		return nil, fault.At("format", "%.40q is not understood", string(s.Format))
	}
	c := compiler{s: &s, kind: k, use: s.Use()}
	if c.use == 0 { // the owner is wrong, which is reported of the owner
		c.use = macro.NetworkPostback | macro.WithVisitor
	}
	c.method()
	c.url()
	c.header()
	c.body()
	c.parameters()
	c.payload()
	c.secret()
	c.signature()
	if len(c.errs) > 0 {
		return nil, joined(c.errs)
	}
	c.plan.success, c.plan.failure = strings.Trim(s.SuccessContains, "|"), s.FailureContains
	c.plan.names = c.names()
	return &c.plan, nil
}

// compiler makes one plan.
type compiler struct {
	s    *delivery.Subscription
	kind kind
	use  macro.Use
	plan Plan
	errs []*fault.Error
}

func (c *compiler) fail(field, format string, args ...any) {
	c.report(fault.At(field, format, args...))
}

func (c *compiler) report(err error) { c.errs = append(c.errs, fault.All(err)...) }

func joined(all []*fault.Error) error {
	errs := make([]error, len(all))
	for i, e := range all {
		errs[i] = e
	}
	return errors.Join(errs...)
}

func (c *compiler) method() {
	c.plan.method = c.s.Method
	if c.plan.method == "" {
		c.plan.method = c.kind.methods[0]
	}
	if !slices.Contains(c.kind.methods, c.plan.method) {
		c.fail("method", "%.10q does not go with format %s; use %s", c.s.Method, c.s.Format, strings.Join(c.kind.methods, " or "))
	}
}

func (c *compiler) url() {
	text := c.s.URL
	if text == "" && c.kind.url != nil {
		text = c.kind.url(c.s)
	}
	if text == "" {
		c.fail("url", "is missing: where the postback goes, as in https://tracker.example.com/postback?cid={aff_click_id}")
		return
	}
	t, err := macro.Parse(text, macro.URL, c.use)
	if err != nil {
		c.report(fault.Within("url", err))
		return
	}
	c.plan.url = t
}

func (c *compiler) header() {
	if len(c.s.Headers) > 0 && !c.kind.headers {
		c.fail("headers", "are set by the format %s itself", c.s.Format)
		return
	}
	if len(c.s.Headers) > maxHeaders {
		c.fail("headers", "are %d, the most is %d", len(c.s.Headers), maxHeaders)
		return
	}
	for _, name := range slices.Sorted(maps.Keys(c.s.Headers)) {
		place, text := "headers["+name+"]", c.s.Headers[name]
		canonical := http.CanonicalHeaderKey(name)
		switch reason := c.refused(name, canonical); {
		case reason != "":
			c.fail(place, "%s", reason)
			continue
		case len(text) > maxHeader:
			c.fail(place, "has %d bytes, the most is %d", len(text), maxHeader)
			continue
		}
		t, err := macro.Parse(strings.TrimSpace(text), macro.Header, c.use)
		if err != nil {
			c.report(fault.Within(place, err))
			continue
		}
		c.plan.headers = append(c.plan.headers, header{canonical, t})
	}
}

// refused says why a header cannot be set; empty when it can.
func (c *compiler) refused(name, canonical string) string {
	if name == "" || len(name) > 100 || strings.ContainsFunc(name, notInName) {
		return "is not the name of a header: letters, digits and - are"
	}
	for _, h := range c.plan.headers {
		if h.name == canonical {
			return "is there twice, since case does not count in the names of headers"
		}
	}
	switch canonical {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Te", "Trailer", "Upgrade",
		"Proxy-Connection", "Proxy-Authorization", "Expect", "Accept-Encoding", DeliveryHeader, webhookID, webhookTime, webhookSigned:
		return "is set by Waybill; leave it out"
	}
	return ""
}

func notInName(r rune) bool {
	return r >= 0x7f || r <= ' ' || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", r)
}

func (c *compiler) body() {
	if c.s.Body != "" && !c.kind.body {
		c.fail("body", "does not go with format %s; use format form or json, or leave it out", c.s.Format)
	}
}

func (c *compiler) parameters() {
	known := make([]string, 0, len(c.kind.parameters))
	for _, p := range c.kind.parameters {
		known = append(known, p.Name)
		value := c.s.Parameters[p.Name]
		place := "parameters." + p.Name
		switch {
		case value == "" && p.Required:
			c.fail(place, "is missing: %s", p.Doc)
		case len(value) > maxParameter:
			c.fail(place, "has %d bytes, the most is %d", len(value), maxParameter)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.s.Parameters)) {
		head, _, _ := strings.Cut(name, ".")
		if slices.Contains(known, name) || slices.Contains(known, head+perGoal) {
			continue
		}
		place := "parameters." + name
		switch meant := fault.Nearest(name, known); {
		case len(known) == 0:
			c.fail(place, "is none of format %s, which has no parameters", c.s.Format)
		case meant != "":
			c.fail(place, "is none of format %s; did you mean %s?", c.s.Format, meant)
		default:
			c.fail(place, "is none of format %s, which has %s", c.s.Format, strings.Join(known, ", "))
		}
	}
}

func (c *compiler) payload() {
	if c.kind.open == nil {
		return
	}
	p, err := c.kind.open(c.s)
	if err != nil {
		c.report(err)
		return
	}
	c.plan.payload = p
}

func (c *compiler) secret() {
	n := len(c.s.Secret)
	if n > maxSecret || n != 0 && n < shortestSecret || strings.ContainsFunc(c.s.Secret, notPrintable) {
		c.fail("secret", "must be %d to %d printable ASCII characters without spaces; leave it out, and Waybill draws one where it is needed",
			shortestSecret, maxSecret)
	}
}

func notPrintable(r rune) bool { return r <= ' ' || r >= 0x7f }

// names gives all values that the plan takes.
func (c *compiler) names() []macro.Name {
	all := c.plan.url.Names()
	for _, h := range c.plan.headers {
		all = append(all, h.value.Names()...)
	}
	if c.plan.payload != nil {
		all = append(all, c.plan.payload.names()...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
