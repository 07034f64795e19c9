package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"time"

	"waybill/internal/fault"
)

// merge applies body to the document that doc points to, by the rules of JSON
// Merge Patch (RFC 7396): objects are merged field by field, everything else is
// replaced, and null puts a field back to what it is in initial, a document of
// the same type before anything was said of it.
//
// It reports every field that is wrong, by its place: unknown ones with the name
// that was probably meant, and those that are not the client's to set.
func merge(doc, initial any, body []byte, given ...string) error {
	if err := syntax(body); err != nil {
		return err
	}
	if first := bytes.TrimLeft(body, " \t\r\n"); first[0] != '{' {
		return malformed("The body must be a JSON object.")
	}
	m := merger{given: given}
	m.object(reflect.ValueOf(doc).Elem(), reflect.ValueOf(initial), body, "")
	return errors.Join(m.errs...)
}

// syntax refuses what is not JSON at all.
func syntax(body []byte) error {
	var raw json.RawMessage
	err := json.Unmarshal(body, &raw)
	if s, ok := errors.AsType[*json.SyntaxError](err); ok {
		return malformed(fmt.Sprintf("The body is not JSON: %s at byte %d.", s.Error(), s.Offset))
	}
	if err != nil {
		return malformed("The body is not JSON.")
	}
	return nil
}

type merger struct {
	given []string // fields of answers that are no fields of the document
	errs  []error
}

func (m *merger) fail(at, format string, args ...any) {
	m.errs = append(m.errs, fault.At(at, format, args...))
}

// value puts raw into dst, whose place in the request is at.
func (m *merger) value(dst, initial reflect.Value, raw json.RawMessage, at string) {
	switch t := dst.Type(); {
	case string(raw) == "null":
		dst.Set(initial)
	case t.Kind() == reflect.Pointer:
		m.pointer(dst, raw, at)
	case isText(t), isJSON(t):
		m.leaf(dst, raw, at)
	case t.Kind() == reflect.Struct:
		m.object(dst, initial, raw, at)
	case t.Kind() == reflect.Slice:
		m.list(dst, raw, at)
	case t.Kind() == reflect.Map:
		m.table(dst, raw, at)
	default:
		m.leaf(dst, raw, at)
	}
}

// pointer merges into what the pointer leads to, on a copy.
func (m *merger) pointer(dst reflect.Value, raw json.RawMessage, at string) {
	target := reflect.New(dst.Type().Elem())
	if !dst.IsNil() {
		target.Elem().Set(dst.Elem())
	}
	m.value(target.Elem(), reflect.Zero(target.Type().Elem()), raw, at)
	dst.Set(target)
}

func (m *merger) object(dst, initial reflect.Value, raw json.RawMessage, at string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		m.fail(at, "must be an object")
		return
	}
	known := fieldsOf(dst.Type())
	for _, f := range known {
		one, there := members[f.name]
		if !there {
			continue
		}
		delete(members, f.name)
		if f.readOnly {
			m.fail(within(at, f.name), "is set by Waybill and cannot be changed")
			continue
		}
		m.value(dst.FieldByIndex(f.index), initial.FieldByIndex(f.index), one, within(at, f.name))
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		m.unknown(known, name, at)
	}
}

func (m *merger) unknown(known []field, name, at string) {
	if at == "" && slices.Contains(m.given, name) {
		m.fail(name, "is set by Waybill and cannot be changed")
		return
	}
	names := make([]string, 0, len(known))
	for _, f := range known {
		if !f.readOnly {
			names = append(names, f.name)
		}
	}
	if meant := fault.Nearest(name, names); meant != "" {
		m.fail(within(at, name), "is not a field; did you mean %s?", meant)
		return
	}
	m.fail(within(at, name), "is not a field")
}

func (m *merger) list(dst reflect.Value, raw json.RawMessage, at string) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) != nil {
		m.fail(at, "must be a list")
		return
	}
	list := reflect.MakeSlice(dst.Type(), len(items), len(items))
	none := reflect.Zero(dst.Type().Elem())
	for i, item := range items {
		place := fmt.Sprintf("%s[%d]", at, i)
		if string(item) == "null" {
			m.fail(place, "must not be null")
			continue
		}
		m.value(list.Index(i), none, item, place)
	}
	dst.Set(list)
}

func (m *merger) table(dst reflect.Value, raw json.RawMessage, at string) {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil {
		m.fail(at, "must be an object")
		return
	}
	table := reflect.MakeMap(dst.Type())
	for _, key := range dst.MapKeys() {
		table.SetMapIndex(key, dst.MapIndex(key))
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		key := reflect.ValueOf(name).Convert(dst.Type().Key())
		if string(members[name]) == "null" {
			table.SetMapIndex(key, reflect.Value{})
			continue
		}
		item := reflect.New(dst.Type().Elem()).Elem()
		m.value(item, reflect.Zero(item.Type()), members[name], within(at, name))
		table.SetMapIndex(key, item)
	}
	dst.Set(table)
}

// leaf reads a value that has no fields.
func (m *merger) leaf(dst reflect.Value, raw json.RawMessage, at string) {
	err := json.Unmarshal(raw, dst.Addr().Interface())
	if t, ok := dst.Addr().Interface().(*time.Time); ok && err == nil {
		*t = t.UTC()
	}
	if err == nil {
		return
	}
	if len(fault.All(err)) > 0 {
		m.errs = append(m.errs, fault.Within(at, err))
		return
	}
	m.fail(at, "must be %s", wanted(dst.Type()))
}

// wanted says how a value of type t is written.
func wanted(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Time]():
		return `a time by RFC 3339, such as "2026-11-22T10:00:00Z"`
	case reflect.TypeFor[netip.Prefix]():
		return `a network, such as "192.0.2.0/24" or "192.0.2.7/32"`
	}
	if isText(t) {
		return "a string"
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	default:
		return "of another type"
	}
}
