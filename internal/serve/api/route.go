package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"waybill/internal/account"
	"waybill/internal/fault"
	answered "waybill/internal/problem"
)

// route is one operation: where it is found, whose it is, and its description.
type route struct {
	method, path  string
	id, tag       string
	summary, text string
	roles         []account.Role // who may call, beside the network
	filters       []filterDoc    // query parameters that the input type does not name
	in, out       *huma.Schema
	example       string // of a body, as JSON
	bodyOptional  bool
	maxBody       int64         // 0 for what most may bring
	sheets        bool          // answers as csv and ndjson too
	versioned     bool          // the answer has an ETag
	public        bool          // no key is needed
	right         account.Right // what it takes; left open: read for GET, write for the rest
	confirm       bool          // a user must have shown lately who that is
	events        bool          // answers with server-sent events
	status        int           // of success; 0 is 200
}

type filterDoc struct {
	name, doc string
	many      bool // may stand there more than once
}

// answer is the output of every route.
type answer struct {
	Status   int
	ETag     string `header:"ETag" doc:"The version, for If-Match."`
	Location string `header:"Location" doc:"Where what was made is found."`
	Body     any
}

// request is what the inputs of all routes have in common: an embedded caller.
type request[I any] interface {
	*I
	exchange() *exchange
}

// handle adds a route. A handler's error becomes a problem here, and nowhere
// else.
func handle[I any, P request[I]](h huma.API, rt route, f func(ctx context.Context, in P) (*answer, error)) {
	if rt.status == 0 {
		rt.status = http.StatusOK
	}
	op := rt.operation()
	op.Middlewares = huma.Middlewares{rt.gate}
	huma.Register(h, op, func(ctx context.Context, in *I) (*answer, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, P(in).exchange().prepare(err)
		}
		if out.Status == 0 {
			out.Status = rt.status
		}
		return out, nil
	})
	headers := op.Responses[strconv.Itoa(rt.status)].Headers
	if !rt.versioned {
		delete(headers, "ETag")
	}
	if rt.status != http.StatusCreated {
		delete(headers, "Location")
	}
	rt.describeBody(&op)
}

// describeBody describes the body. That is done afterwards, since huma would check
// it itself.
func (rt route) describeBody(op *huma.Operation) {
	if rt.in == nil {
		return
	}
	op.RequestBody.Content = rt.media()
	op.RequestBody.Required = !rt.bodyOptional
}

// written is the output of a route whose handler may write the answer itself.
type written struct {
	Body func(huma.Context)
}

// handleWritten adds a route whose handler may write the answer itself: then it
// gives none. Its error becomes a problem, as long as nothing is written.
func handleWritten[I any, P request[I]](h huma.API, rt route, f func(ctx context.Context, in P) (*answer, error)) {
	rt.status = http.StatusOK
	op := rt.operation()
	op.Middlewares = huma.Middlewares{rt.gate}
	defer rt.describeBody(&op)
	huma.Register(h, op, func(ctx context.Context, in *I) (*written, error) {
		x := P(in).exchange()
		out, err := f(ctx, in)
		var text []byte
		if err == nil && out != nil {
			text, err = write(out.Body)
		}
		if err != nil {
			return nil, x.prepare(err)
		}
		return &written{Body: func(huma.Context) {
			if out != nil {
				x.sendJSON(append(text, '\n'))
			}
		}}, nil
	})
}

func (rt route) operation() huma.Operation {
	op := huma.Operation{
		Method: rt.method, Path: rt.path, OperationID: rt.id, Tags: []string{rt.tag},
		Summary: rt.summary, Description: rt.describe(), DefaultStatus: rt.status,
		MaxBodyBytes: rt.maxBody,
		Responses: map[string]*huma.Response{
			strconv.Itoa(rt.status): {
				Description: http.StatusText(rt.status),
				Content:     map[string]*huma.MediaType{"application/json": {Schema: rt.out}},
			},
			"default": {
				Description: "What went wrong.",
				Content:     map[string]*huma.MediaType{"application/problem+json": {Schema: ref("Problem")}},
			},
		},
	}
	for _, f := range rt.filters {
		op.Parameters = append(op.Parameters, f.param())
	}
	if rt.sheets {
		content := op.Responses[strconv.Itoa(rt.status)].Content
		content["text/csv"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
		content["application/x-ndjson"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	if rt.events {
		op.Responses[strconv.Itoa(rt.status)].Content = map[string]*huma.MediaType{"text/event-stream": {Schema: rt.out}}
	}
	if rt.public {
		op.Security = []map[string][]string{{}}
	}
	if rt.method == http.MethodPost {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: huma.TypeString},
			Description: "Any text up to 255 letters. A repetition with the same key and body is given the first answer.",
		})
	}
	if rt.in != nil {
		op.RequestBody = &huma.RequestBody{}
	}
	return op
}

func (f filterDoc) param() *huma.Param {
	text := &huma.Schema{Type: huma.TypeString}
	if !f.many {
		return &huma.Param{Name: f.name, In: "query", Description: f.doc, Schema: text}
	}
	explode := true
	return &huma.Param{
		Name: f.name, In: "query", Description: f.doc, Explode: &explode,
		Schema: &huma.Schema{Type: huma.TypeArray, Items: text},
	}
}

// describe gives the description with who may call.
func (rt route) describe() string {
	if rt.public {
		return rt.text
	}
	who := []string{"network"}
	for _, r := range rt.roles {
		who = append(who, string(r))
	}
	text := rt.text + "\n\nKeys: " + strings.Join(who, ", ") + "."
	if grades := rt.grades(); len(grades) < len(account.Grades()) {
		text += " Of the network's users: " + strings.Join(grades, ", ") + "."
	}
	if rt.confirm {
		text += " " + confirmText
	}
	return strings.TrimSpace(text)
}

// takes gives the right that a caller must have.
func (rt route) takes() account.Right {
	switch {
	case rt.right != "":
		return rt.right
	case rt.method == http.MethodGet:
		return account.Read
	default:
		return account.Write
	}
}

// grades lists those of the network's users who have the right.
func (rt route) grades() []string {
	var all []string
	for _, g := range account.Grades() {
		if (account.Principal{Role: account.Network, Grade: g}).May(rt.takes()) {
			all = append(all, string(g))
		}
	}
	return all
}

func (rt route) media() map[string]*huma.MediaType {
	one := &huma.MediaType{Schema: rt.in}
	if rt.example != "" {
		one.Example = json.RawMessage(rt.example)
	}
	media := map[string]*huma.MediaType{"application/json": one}
	if rt.method == http.MethodPatch {
		media["application/merge-patch+json"] = one
	}
	return media
}

// gate lets through only those whose route it is, and no parameter that is not
// known: a filter that is mistyped must not give everything.
func (rt route) gate(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	x, ok := w.(*exchange)
	if !ok {
		return
	}
	if err := rt.admits(x.who); err != nil {
		x.refuse(err)
		return
	}
	if notText(r.URL.Path) {
		x.refuse(notReadable("path"))
		return
	}
	if err := knownQuery(ctx.Operation(), r); err != nil {
		x.refuse(err)
		return
	}
	next(ctx)
}

// admits refuses those whose route it is not, and those who lack the right.
func (rt route) admits(who account.Principal) error {
	if rt.public {
		return nil
	}
	if who.Role != account.Network && !slices.Contains(rt.roles, who.Role) {
		if who.UserID != 0 {
			return fault.New(fault.Forbidden, "users of role %s do not reach this", who.Role)
		}
		return fault.New(fault.Forbidden, "a key of role %s does not reach this", who.Role)
	}
	if right := rt.takes(); !who.May(right) {
		return fault.New(fault.Forbidden, "this takes the right to %s, which %s has not", right, cmp.Or(string(who.Grade), string(who.Role)))
	}
	if rt.confirm {
		return confirmedLately(who)
	}
	return nil
}

const confirmText = "A user must have confirmed in the last 10 minutes who that is; else the answer is 403 with the type urn:waybill:problem:confirm_first."

// confirmedLately refuses what whoever has stolen a session must not do.
func confirmedLately(who account.Principal) error {
	if who.MustConfirm() {
		return fault.New(fault.ConfirmFirst, "confirm first that it is you; the console asks for it")
	}
	return nil
}

// knownQuery refuses parameters that are none, or whose values are no text. What
// cannot be read is not left out in silence: a list would then be of everything.
func knownQuery(op *huma.Operation, r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return malformed("The query of the address cannot be read: write special letters with percent signs, and & between parameters.")
	}
	var names []string
	many := map[string]bool{}
	for _, p := range op.Parameters {
		if p.In == "query" {
			names = append(names, p.Name)
			many[p.Name] = p.Schema.Type == huma.TypeArray
		}
	}
	for name, values := range query {
		if len(values) > 1 && !many[name] {
			return fault.At("query."+name, "stands there more than once")
		}
		if slices.ContainsFunc(values, notText) {
			return notReadable("query." + strings.ToValidUTF8(name, "\uFFFD"))
		}
		if slices.Contains(names, name) {
			continue
		}
		if meant := fault.Nearest(name, names); meant != "" {
			return fault.At("query."+name, "is not a parameter; did you mean %s?", meant)
		}
		return fault.At("query."+name, "is not a parameter here")
	}
	return nil
}

// notText reports whether no stored text can be equal to v.
func notText(v string) bool { return !utf8.ValidString(v) || strings.ContainsRune(v, 0) }

// notReadable refuses a value that is no text.
func notReadable(location string) *problem {
	const why = "is not text: it holds U+0000, or bytes that are not UTF-8"
	p := malformed(location + ": " + why)
	p.Errors = []answered.Place{{Location: location, Message: why}}
	return p
}

// ref refers to a schema by its name.
func ref(name string) *huma.Schema { return &huma.Schema{Ref: schemaPrefix + name} }
