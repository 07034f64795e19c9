package receivertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// noSuchPath is the refusal that any server answers with a 404.
const noSuchPath = "there is nothing at this path"

const maxBody = 64 << 10

func (r *Receiver) serve(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	q, refusal := r.hear(req, body)
	r.mu.Lock()
	r.calls = append(r.calls, Call{
		Method: req.Method, URL: req.URL.RequestURI(), Body: string(body), Refusal: refusal,
	})
	r.mu.Unlock()
	if refusal == noSuchPath {
		http.NotFound(w, req)
		return
	}
	r.product.answer(w, q, refusal)
}

// hear takes a postback, or says why not.
func (r *Receiver) hear(req *http.Request, body []byte) (q url.Values, refusal string) {
	e, ok := r.product.endpoints[req.URL.Path]
	if !ok {
		return nil, noSuchPath
	}
	q, refusal = parameters(e, req, body)
	if refusal == "" {
		refusal = wellFormed(e, q)
	}
	if refusal != "" {
		return q, refusal
	}
	c := e.read(q)
	if cookie := clickCookie(req); cookie != "" {
		c.Click = cookie
	}
	return q, r.settle(e, c)
}

// parameters gives those of the query, or of the body.
func parameters(e endpoint, req *http.Request, body []byte) (url.Values, string) {
	method := http.MethodGet
	if e.json {
		method = http.MethodPost
	}
	if req.Method != method {
		return nil, fmt.Sprintf("%s is not taken, only %s", req.Method, method)
	}
	if !e.json {
		q, err := url.ParseQuery(req.URL.RawQuery)
		if err != nil {
			return nil, "the query cannot be read"
		}
		return q, ""
	}
	var fields map[string]string
	if !strings.HasPrefix(req.Header.Get("Content-Type"), "application/json") {
		return nil, "the body is not said to be JSON"
	}
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, "the body is no JSON object of strings"
	}
	q := url.Values{}
	for name, value := range fields {
		q.Set(name, value)
	}
	return q, ""
}

// wellFormed says what is wrong with parameters, apart from what they are about.
func wellFormed(e endpoint, q url.Values) string {
	for name, values := range q {
		ok, known := e.takes[name]
		switch {
		case !known:
			return "unknown parameter " + name
		case len(values) > 1:
			return name + " comes twice"
		case values[0] == "":
			continue
		}
		if why := ok(values[0]); why != "" {
			return name + " " + why
		}
	}
	for _, name := range e.needs {
		if q.Get(name) == "" {
			return "missing " + name
		}
	}
	return ""
}

// settle counts a well-formed postback, or says why not.
func (r *Receiver) settle(e endpoint, c Conversion) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.byID {
		c.Click = r.clickOf(c.ID)
	}
	if !r.clicks[c.Click] {
		return "no such click " + c.Click
	}
	s := state{got: c}
	s.old, s.known = r.kept[key{c.Click, c.ID}]
	for k, other := range r.kept {
		if k.click == c.Click && k.id != c.ID {
			s.kin = append(s.kin, other)
		}
	}
	v := e.judge(s)
	if v.pass || v.refusal != "" {
		return v.refusal
	}
	r.kept[key{v.keep.Click, v.keep.ID}] = v.keep
	return ""
}

// clickOf gives the click of the conversion with this ID.
func (r *Receiver) clickOf(id string) string {
	for k := range r.kept {
		if k.id == id {
			return k.click
		}
	}
	return ""
}

// writeText answers with a text. That a client hangs up is its own failure.
func writeText(w http.ResponseWriter, contentType, text string) {
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write([]byte(text)) //nolint:gosec // no browser reads it
}

// inStatus answers a refusal with a 400.
func inStatus(w http.ResponseWriter, _ url.Values, refusal string) {
	if refusal != "" {
		http.Error(w, refusal, http.StatusBadRequest)
	}
}

// inLog answers everything alike: a refusal is seen in the product alone.
func inLog(http.ResponseWriter, url.Values, string) {}
