package api

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
)

func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func isJSON(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
}

func within(at, name string) string {
	if at == "" {
		return name
	}
	return at + "." + name
}

// field is one field of a document, as its tags describe it.
type field struct {
	name     string
	index    []int
	optional bool // left out when it says nothing
	readOnly bool
	tag      reflect.StructTag
	typ      reflect.Type
}

// fieldsOf gives the fields of a document in their order, those of embedded
// structs among them.
func fieldsOf(t reflect.Type) []field {
	var all []field
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "" || name == "-" {
			continue
		}
		all = append(all, field{
			name: name, index: f.Index, tag: f.Tag, typ: f.Type,
			optional: strings.Contains(options, "omit"),
			readOnly: f.Tag.Get("readOnly") == "true",
		})
	}
	return all
}
