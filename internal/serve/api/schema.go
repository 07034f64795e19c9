package api

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"waybill/internal/delivery"
	"waybill/internal/money"
	"waybill/internal/span"
)

const schemaPrefix = "#/components/schemas/"

// schemas describes Go types as they look in JSON. Huma's own generator is not
// used for bodies, since it knows neither the trade's types nor a document's
// defaults.
type schemas struct {
	all   map[string]*huma.Schema
	types map[string]reflect.Type
}

func newSchemas(r huma.Registry) *schemas {
	s := &schemas{all: r.Map(), types: map[string]reflect.Type{}}
	s.all["Money"] = &huma.Schema{
		Type: huma.TypeObject, Description: "An amount of money.", Required: []string{"amount", "currency"},
		Properties: map[string]*huma.Schema{
			"amount":   {Type: huma.TypeString, Description: "A decimal.", Examples: []any{"12.50"}},
			"currency": {Type: huma.TypeString, Description: "ISO 4217.", Examples: []any{"USD"}},
		},
	}
	return s
}

// schemaOf gives the schema of T.
func schemaOf[T any](s *schemas) *huma.Schema { return s.of(reflect.TypeFor[T]()) }

func (s *schemas) of(t reflect.Type) *huma.Schema {
	if known := plain(t); known != nil {
		return known
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Bool:
		return &huma.Schema{Type: huma.TypeBoolean}
	case reflect.Int, reflect.Int64, reflect.Int32:
		return &huma.Schema{Type: huma.TypeInteger, Format: "int64"}
	case reflect.Float64:
		return &huma.Schema{Type: huma.TypeNumber, Format: "double"}
	case reflect.Slice:
		return &huma.Schema{Type: huma.TypeArray, Items: s.of(t.Elem())}
	case reflect.Map:
		return &huma.Schema{Type: huma.TypeObject, AdditionalProperties: s.of(t.Elem())}
	case reflect.Struct:
		return s.named(t)
	default:
		return &huma.Schema{}
	}
}

// plain gives the schemas of types that are written as one value.
func plain(t reflect.Type) *huma.Schema {
	switch t {
	case reflect.TypeFor[time.Time]():
		return &huma.Schema{Type: huma.TypeString, Format: "date-time", Examples: []any{"2026-11-22T10:00:00Z"}}
	case reflect.TypeFor[span.Span]():
		return &huma.Schema{Type: huma.TypeString, Examples: []any{"30d"}}
	case reflect.TypeFor[money.Micros](), reflect.TypeFor[money.Percent]():
		return &huma.Schema{Type: huma.TypeString, Examples: []any{"12.50"}}
	case reflect.TypeFor[netip.Prefix]():
		return &huma.Schema{Type: huma.TypeString, Examples: []any{"192.0.2.0/24"}}
	case reflect.TypeFor[money.Amount](), reflect.TypeFor[money.Sum](), reflect.TypeFor[amount]():
		return ref("Money")
	case reflect.TypeFor[json.RawMessage]():
		return &huma.Schema{}
	}
	if t.Kind() == reflect.String || t.Kind() != reflect.Pointer && isText(t) {
		return &huma.Schema{Type: huma.TypeString}
	}
	return nil
}

// named registers a struct under its name and gives the reference to it.
func (s *schemas) named(t reflect.Type) *huma.Schema {
	name := schemaName(t)
	if known, there := s.types[name]; there && known != t { // of another package
		name = pkg(t) + name
	}
	if s.types[name] == nil {
		s.types[name] = t
		s.all[name] = s.object(t, reflect.Value{})
	}
	return ref(name)
}

// schemaName gives the name that the description has for a type.
func schemaName(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[delivery.Owed]():
		return "Delivery"
	case reflect.TypeFor[deliveryRecord]():
		return "DeliveryWithAttempts"
	case reflect.TypeFor[jobRecord]():
		return "DeliveryJob"
	case reflect.TypeFor[bulkOptions]():
		return "DeliveryBulk"
	case reflect.TypeFor[bulkFilter]():
		return "DeliveryBulkFilter"
	case reflect.TypeFor[bulkCount]():
		return "DeliveryBulkCount"
	case reflect.TypeFor[verdictRecord]():
		return "SignalVerdict"
	case reflect.TypeFor[verdictWithHTTP]():
		return "BatchVerdict"
	case reflect.TypeFor[kit]():
		return "OfferLinks"
	case reflect.TypeFor[postbackKit]():
		return "GoalPostback"
	case reflect.TypeFor[step]():
		return "TraceStep"
	}
	name := strings.TrimSuffix(t.Name(), "Record")
	if pkg(t) == "Reconcile" { // whose words are too plain to stand alone
		name = "Reconciliation" + name
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// object describes a struct. initial is a value of it before anything was said,
// or invalid.
func (s *schemas) object(t reflect.Type, initial reflect.Value) *huma.Schema {
	o := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}}
	for _, f := range fieldsOf(t) {
		p := s.of(f.typ)
		describeField(p, f)
		if initial.IsValid() && !f.readOnly && !initial.FieldByIndex(f.index).IsZero() {
			p.Default = asJSON(initial.FieldByIndex(f.index).Interface())
		}
		o.Properties[f.name] = p
		if !f.optional {
			o.Required = append(o.Required, f.name)
		}
	}
	return o
}

func describeField(p *huma.Schema, f field) {
	p.Description = f.tag.Get("doc")
	p.ReadOnly = f.readOnly
	p.Pattern = f.tag.Get("pattern")
	if text := f.tag.Get("enum"); text != "" {
		for one := range strings.SplitSeq(text, ",") {
			p.Enum = append(p.Enum, one)
		}
	}
	if n, err := strconv.Atoi(f.tag.Get("maxLength")); err == nil {
		p.MaxLength = &n
	}
	if text := f.tag.Get("example"); text != "" {
		p.Examples = []any{text}
	}
	if text := f.tag.Get("default"); text != "" {
		p.Default = text
		if p.Type == huma.TypeBoolean {
			p.Default = text == "true"
		}
	}
}

func asJSON(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var plain any
	if json.Unmarshal(text, &plain) != nil {
		return nil
	}
	return plain
}

// document registers the three faces of a document of the catalog: as it is
// read, as it is created and as it is changed.
func (s *schemas) document(name string, initial any) (read, create, change *huma.Schema) {
	v := reflect.ValueOf(initial)
	whole := s.object(v.Type(), v)
	s.types[name] = v.Type()

	made := &huma.Schema{Type: huma.TypeObject, AdditionalProperties: false, Properties: map[string]*huma.Schema{}}
	for _, f := range fieldsOf(v.Type()) {
		if f.readOnly {
			continue
		}
		made.Properties[f.name] = whole.Properties[f.name]
		if !f.optional && v.FieldByIndex(f.index).IsZero() && f.typ.Kind() != reflect.Bool {
			made.Required = append(made.Required, f.name)
		}
	}
	patch := *made
	patch.Required = nil
	patch.Properties = map[string]*huma.Schema{}
	for key, p := range made.Properties {
		bare := *p
		bare.Default = nil
		patch.Properties[key] = &bare
	}
	s.answer(whole)
	s.all[name], s.all[name+"Create"], s.all[name+"Change"] = whole, made, &patch
	return ref(name), ref(name + "Create"), ref(name + "Change")
}

// answer adds what answers hold beside the document.
func (s *schemas) answer(o *huma.Schema) {
	o.Properties["created_at"] = &huma.Schema{Type: huma.TypeString, Format: "date-time", ReadOnly: true}
	o.Properties["updated_at"] = &huma.Schema{Type: huma.TypeString, Format: "date-time", ReadOnly: true}
	o.Properties["warnings"] = &huma.Schema{
		Type: huma.TypeArray, Items: schemaOf[warning](s), ReadOnly: true,
		Description: "What was saved as asked, but is probably not meant so. Only in answers to changes.",
	}
	o.Description = "Fields that the caller may not see are left out."
	o.Required = nil
}

// list describes a page of items.
func (s *schemas) list(name string, item *huma.Schema) *huma.Schema {
	s.all[name] = &huma.Schema{
		Type: huma.TypeObject, Required: []string{"data", "next_cursor"},
		Properties: map[string]*huma.Schema{
			"data": {Type: huma.TypeArray, Items: item},
			"next_cursor": {
				Type:        huma.TypeString,
				Description: "Goes into `cursor` for the next page; empty on the last.",
			},
		},
	}
	return ref(name)
}

// pkg gives the name of a type's package, as the beginning of a name.
func pkg(t reflect.Type) string {
	path := t.PkgPath()
	name := path[strings.LastIndex(path, "/")+1:]
	return strings.ToUpper(name[:1]) + name[1:]
}
