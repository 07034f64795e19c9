package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/account"
	"waybill/internal/fault"
)

// resource is one type of document of the catalog: how it is found, who may see
// and change it, and what is checked beyond its form. All types are served by
// this one implementation.
type resource[K int64 | string, T any] struct {
	path, under string // "offers"; "offers" again in "offers/{offer_id}/goals"
	tag, one    string // for the description: "Offers", "offer"
	text        string
	schema      string
	example     string // what may be created, as JSON
	patch       string // a change of it, as JSON
	kind        kind   // for the view

	table   Table[K, T]
	initial func(parent int64) T
	key     func(T) K
	check   func(T) error
	readers []account.Role // beside the network
	writers []account.Role // beside the network
	right   account.Right  // that changes take; left open: write
	filters []filter[T]
	called  string // what the parameter q looks in; empty where there is no such parameter
	// owned are the roles that see nothing but documents that name them, so that
	// others are not even read.
	owned []account.Role

	// reach reports whether the caller sees the parent. Nil where there is none.
	reach func(ctx context.Context, who account.Principal, parent int64) (bool, error)
	// belongs reports whether v is the caller's to see, and under the parent.
	belongs func(ctx context.Context, who account.Principal, parent int64, v T) (bool, error)
	// gone reports whether v is kept, but there for nobody any more. May be nil.
	gone func(v T) bool
	// own sets what follows from who creates v. May be nil.
	own func(who account.Principal, v *T)
	// expand gives what a new document begins with, where its body says more than
	// its fields, and the rest of the body. May be nil.
	expand func(body []byte) (T, []byte, error)
	// made describes what the body of a new document says beside its fields, by name.
	made map[string]*huma.Schema
	// open names fields that every document has, and that a new one's body may leave
	// open all the same.
	open []string
	// adjust refuses what the caller may not set, and sets what follows from what
	// was there before: initial, for a new one. May be nil.
	adjust func(who account.Principal, before T, v *T) error
	// shown gives a document as it is shown; made just now, with what is shown
	// once. May be nil.
	shown func(v T, made bool) T
	// complete fills in what is drawn when left open. May be nil.
	complete func(v *T) error
	// fixed refuses changes of what a document keeps for life. May be nil.
	fixed func(before, after T) error
	// warn gives what is saved as asked, but probably not meant so. May be nil.
	warn func(ctx context.Context, v T) []warning
	// templates says which fields may come in another system's dialect. May be
	// nil.
	templates *templates
	// veiled gives a document without secrets, for those from whom they are kept. May
	// be nil.
	veiled func(v T) T
	// beside is what answers show that is no part of the document. May be nil.
	beside *beside[T]
}

// beside is one field of answers that this node knows, and the stored document
// does not.
type beside[T any] struct {
	name   string
	schema func(*schemas) *huma.Schema
	value  func(who account.Principal, v T) any // nil: this answer has none
}

// warning is one place in a document that was saved, but looks wrong.
type warning struct {
	Field   string `json:"field" doc:"Which field, as in errors but without body."`
	Message string `json:"message"`
}

type (
	listIn struct {
		caller
		Paging
	}
	orderedIn struct {
		caller
		Ordered
	}
	listUnderIn struct {
		caller
		Ordered
		Parent int64 `path:"offer_id" doc:"The offer's ID."`
	}
	oneIn[K any] struct {
		caller
		ID K `path:"id"`
	}
	oneUnderIn[K any] struct {
		caller
		Parent int64 `path:"offer_id" doc:"The offer's ID."`
		ID     K     `path:"id"`
	}
	makeIn struct {
		caller
		RawBody []byte
	}
	makeUnderIn struct {
		caller
		Parent  int64 `path:"offer_id" doc:"The offer's ID."`
		RawBody []byte
	}
	changeIn[K any] struct {
		caller
		ID      K      `path:"id"`
		IfMatch string `header:"If-Match" doc:"The ETag of an earlier answer: the change is refused (412) if it is another by now."`
		RawBody []byte
	}
	changeUnderIn[K any] struct {
		caller
		Parent  int64  `path:"offer_id" doc:"The offer's ID."`
		ID      K      `path:"id"`
		IfMatch string `header:"If-Match" doc:"The ETag of an earlier answer: the change is refused (412) if it is another by now."`
		RawBody []byte
	}
)

// mount adds the resource's four routes.
func (r resource[K, T]) mount(a *API, h huma.API, s *schemas) {
	list, get, post, patch := r.routes(s)
	if r.under != "" {
		handle(h, list, func(ctx context.Context, in *listUnderIn) (*answer, error) {
			return r.list(ctx, &in.caller, in.Ordered, in.Parent)
		})
		handle(h, get, func(ctx context.Context, in *oneUnderIn[K]) (*answer, error) {
			return r.get(ctx, in.who(), in.Parent, in.ID)
		})
		handle(h, post, func(ctx context.Context, in *makeUnderIn) (*answer, error) {
			return r.create(ctx, a, &in.caller, in.Parent, in.RawBody)
		})
		handle(h, patch, func(ctx context.Context, in *changeUnderIn[K]) (*answer, error) {
			return r.change(ctx, a, &in.caller, in.Parent, in.ID, in.RawBody)
		})
		return
	}
	handle(h, list, func(ctx context.Context, in *orderedIn) (*answer, error) {
		return r.list(ctx, &in.caller, in.Ordered, 0)
	})
	handle(h, get, func(ctx context.Context, in *oneIn[K]) (*answer, error) {
		return r.get(ctx, in.who(), 0, in.ID)
	})
	handle(h, post, func(ctx context.Context, in *makeIn) (*answer, error) {
		return r.create(ctx, a, &in.caller, 0, in.RawBody)
	})
	handle(h, patch, func(ctx context.Context, in *changeIn[K]) (*answer, error) {
		return r.change(ctx, a, &in.caller, 0, in.ID, in.RawBody)
	})
}

func (r resource[K, T]) routes(s *schemas) (list, get, post, patch route) {
	read, create, change := s.document(r.schema, r.initial(0))
	if r.beside != nil {
		s.all[r.schema].Properties[r.beside.name] = r.beside.schema(s)
	}
	body := s.all[r.schema+"Create"]
	maps.Copy(body.Properties, r.made)
	body.Required = slices.DeleteFunc(body.Required, func(name string) bool { return slices.Contains(r.open, name) })
	base := prefix + "/" + r.path
	if r.under != "" {
		base = prefix + "/" + r.under + "/{offer_id}/" + r.path
	}
	list = route{
		method: http.MethodGet, path: base, id: "list-" + r.path, tag: r.tag,
		summary: "List " + r.path, text: r.text, roles: r.readers, out: s.list(r.schema+"List", read),
	}
	for _, f := range r.filters {
		list.filters = append(list.filters, filterDoc{name: f.name, doc: f.doc})
	}
	if r.called != "" {
		list.filters = append(list.filters, findParam(r.called))
		if _, numbered := any(Page[K]{}).(Page[int64]); numbered {
			list.filters = append(list.filters, idsParam())
		}
	}
	get = route{
		method: http.MethodGet, path: base + "/{id}", id: "get-" + r.one, tag: r.tag,
		summary: "Read one " + r.one, roles: r.readers, out: read, versioned: true,
	}
	post = route{
		method: http.MethodPost, path: base, id: "create-" + r.one, tag: r.tag,
		summary: "Create " + article(r.one), text: r.text, roles: r.writers, right: r.right,
		in: create, out: read, status: http.StatusCreated, versioned: true, example: r.example,
	}
	patch = route{
		method: http.MethodPatch, path: base + "/{id}", id: "change-" + r.one, tag: r.tag,
		summary: "Change " + article(r.one), roles: r.writers, right: r.right, in: change, out: read, versioned: true, example: r.patch,
		text: "By the rules of JSON Merge Patch (RFC 7396): only the fields sent are changed, and null puts a field back to its default.",
	}
	if r.templates != nil {
		post.filters = append(post.filters, dialectDoc())
		patch.filters = append(patch.filters, dialectDoc())
	}
	return list, get, post, patch
}

func article(noun string) string {
	switch noun[0] {
	case 'a', 'e', 'i', 'o', 'u':
		return "an " + noun
	default:
		return "a " + noun
	}
}

func (r resource[K, T]) get(ctx context.Context, who account.Principal, parent int64, id K) (*answer, error) {
	row, err := r.find(ctx, who, parent, id)
	if err != nil {
		return nil, err
	}
	o, err := r.show(who, row)
	if err != nil {
		return nil, err
	}
	return &answer{ETag: etag(row.Version), Body: o}, nil
}

// find gives a document that is the caller's to see. Any other is not there.
func (r resource[K, T]) find(ctx context.Context, who account.Principal, parent int64, id K) (Row[T], error) {
	row, err := r.table.Get(ctx, id)
	if fault.Of(err) == fault.NotFound {
		return Row[T]{}, r.missing(id)
	}
	if err != nil {
		return Row[T]{}, err
	}
	ok, err := r.sees(ctx, who, parent, row.Value)
	if err == nil && !ok {
		err = r.missing(id)
	}
	if err != nil {
		return Row[T]{}, err
	}
	return row, nil
}

// sees reports whether v is there, and the caller's to see.
func (r resource[K, T]) sees(ctx context.Context, who account.Principal, parent int64, v T) (bool, error) {
	if r.gone != nil && r.gone(v) {
		return false, nil
	}
	return r.belongs(ctx, who, parent, v)
}

func (r resource[K, T]) missing(id K) error {
	return fault.New(fault.NotFound, "there is no %s %v", r.one, id)
}

func (r resource[K, T]) create(ctx context.Context, a *API, c *caller, parent int64, body []byte) (*answer, error) {
	who := c.who()
	body, notes, err := r.templates.translate(c.x, body)
	if err != nil {
		return nil, err
	}
	if err := r.parentThere(ctx, who, parent); err != nil {
		return nil, err
	}
	v, err := r.begun(parent, body)
	if err != nil {
		return nil, err
	}
	if r.own != nil {
		r.own(who, &v)
	}
	if err := r.mine(ctx, who, parent, v); err != nil {
		return nil, err
	}
	if err := r.finish(who, r.initial(parent), &v); err != nil {
		return nil, err
	}
	row, err := r.table.Create(ctx, who, v)
	if err != nil {
		return nil, err
	}
	out, err := r.saved(ctx, a, who, row, true, notes)
	if err != nil {
		return nil, err
	}
	out.Status, out.Location = http.StatusCreated, fmt.Sprintf("%s/%s/%v", prefix, r.path, r.key(row.Value))
	if r.under != "" {
		out.Location = fmt.Sprintf("%s/%s/%d/%s/%v", prefix, r.under, parent, r.path, r.key(row.Value))
	}
	return out, nil
}

func (r resource[K, T]) change(ctx context.Context, a *API, c *caller, parent int64, id K, body []byte) (*answer, error) {
	who := c.who()
	wanted, err := version(c.x.r.Header.Get("If-Match"))
	if err != nil {
		return nil, err
	}
	if _, err := r.find(ctx, who, parent, id); err != nil {
		return nil, err
	}
	body, notes, err := r.templates.translate(c.x, body)
	if err != nil {
		return nil, err
	}
	row, err := r.table.Update(ctx, who, id, wanted, func(v *T) error {
		before := *v
		if err := merge(v, r.initial(parent), body, r.given()...); err != nil {
			return err
		}
		if r.fixed != nil {
			if err := r.fixed(before, *v); err != nil {
				return err
			}
		}
		if err := r.mine(ctx, who, parent, *v); err != nil {
			return err
		}
		return r.finish(who, before, v)
	})
	if err != nil {
		return nil, err
	}
	return r.saved(ctx, a, who, row, false, notes)
}

// finish checks the whole of what v says, and draws what was left open. before
// is what was there.
func (r resource[K, T]) finish(who account.Principal, before T, v *T) error {
	var wrong error
	if r.adjust != nil {
		wrong = r.adjust(who, before, v)
	}
	if r.complete != nil {
		if err := r.complete(v); err != nil {
			return err
		}
	}
	return errors.Join(wrong, r.check(*v))
}

// parentThere refuses what would be under a parent that the caller does not
// see.
func (r resource[K, T]) parentThere(ctx context.Context, who account.Principal, parent int64) error {
	if r.reach == nil {
		return nil
	}
	ok, err := r.reach(ctx, who, parent)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "there is no %s %d", strings.TrimSuffix(r.under, "s"), parent)
	}
	return err
}

// mine refuses a document that its author could not see afterwards.
func (r resource[K, T]) mine(ctx context.Context, who account.Principal, parent int64, v T) error {
	ok, err := r.belongs(ctx, who, parent, v)
	if err == nil && !ok {
		err = fault.New(fault.Forbidden, "this %s would belong to somebody else", r.one)
	}
	return err
}

// begun gives a new document as its body says.
func (r resource[K, T]) begun(parent int64, body []byte) (T, error) {
	v := r.initial(parent)
	if r.expand != nil {
		if err := syntax(body); err != nil {
			return v, err
		}
		var err error
		if v, body, err = r.expand(body); err != nil {
			return v, err
		}
	}
	return v, merge(&v, r.initial(parent), body, r.given()...)
}

// saved gives the answer to a change, once this node acts by it. notes are what
// a translation had to say.
func (r resource[K, T]) saved(ctx context.Context, a *API, who account.Principal, row Row[T], made bool, notes []warning) (*answer, error) {
	a.changed(ctx)
	o, err := r.showAs(who, row, made)
	if err != nil {
		return nil, err
	}
	if r.warn != nil {
		notes = append(notes, r.warn(ctx, row.Value)...)
	}
	if len(notes) > 0 {
		if o, err = o.with("warnings", notes); err != nil {
			return nil, err
		}
	}
	return &answer{ETag: etag(row.Version), Body: o}, nil
}

func (r resource[K, T]) show(who account.Principal, row Row[T]) (object, error) {
	return r.showAs(who, row, false)
}

func (r resource[K, T]) showAs(who account.Principal, row Row[T], made bool) (object, error) {
	value := row.Value
	if r.shown != nil {
		value = r.shown(value, made)
	}
	if r.veiled != nil && who.SecretsMasked() {
		value = r.veiled(value)
	}
	o, err := view(who.Role, r.kind, value)
	if err != nil {
		return nil, err
	}
	if o, err = o.with("created_at", row.CreatedAt.UTC()); err != nil {
		return nil, err
	}
	if o, err = o.with("updated_at", row.UpdatedAt.UTC()); err != nil || r.beside == nil {
		return o, err
	}
	shown := r.beside.value(who, row.Value)
	if shown == nil {
		return o, nil
	}
	return o.with(r.beside.name, shown)
}

func (r resource[K, T]) given() []string {
	if r.beside == nil {
		return given()
	}
	return append(given(), r.beside.name)
}

// given names what answers hold that is no field of the document.
func given() []string { return []string{"created_at", "updated_at", "warnings"} }
