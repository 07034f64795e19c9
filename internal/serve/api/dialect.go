package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"

	"waybill/internal/fault"
	"waybill/internal/tune"
)

// A dialect is another system's way to write templates. What is saved is always
// Waybill's own.
const (
	dialectParam = "dialect"
	dialectTune  = "tune"
)

func dialectDoc() filterDoc {
	return filterDoc{name: dialectParam, doc: "tune: the templates in the body are written with TUNE's macros, and are translated before they are saved. What will be different is told in `warnings`."}
}

// templates says which fields of a body hold templates, and where they stood.
type templates struct {
	fields []string // texts, or objects of texts
	in     tune.Place
}

// translate gives a body with its templates in Waybill's macros. A body that is
// not as it should be is left for others to refuse.
func (t *templates) translate(x *exchange, body []byte) (translated []byte, notes []warning, err error) {
	if t == nil {
		return body, nil, nil
	}
	switch dialect := x.r.URL.Query().Get(dialectParam); dialect {
	case "":
		return body, nil, nil
	case dialectTune:
	default:
		return nil, nil, fault.At("query."+dialectParam, "is not a dialect that is known: the only one is %s", dialectTune)
	}
	if !json.Valid(body) || !isObject(body) {
		return body, nil, nil
	}
	o, err := parseObject(body)
	if err != nil {
		return nil, nil, err
	}
	var errs []error
	for i := range o {
		if !slices.Contains(t.fields, o[i].key) {
			continue
		}
		value, said, err := t.value(o[i].value)
		errs = append(errs, fault.Within("body."+o[i].key, err))
		for _, text := range said {
			notes = append(notes, warning{Field: o[i].key, Message: text})
		}
		o[i].value = value
	}
	if err := errors.Join(errs...); err != nil {
		return nil, nil, err
	}
	text, err := write(o)
	return text, notes, err
}

// isObject reports whether JSON that is well formed is an object.
func isObject(text []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) }

// value translates a text, or every text in an object. What is neither stays as
// it is.
func (t *templates) value(raw json.RawMessage) (json.RawMessage, []string, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		to, notes, err := tune.Translate(text, t.in)
		if err != nil {
			return raw, nil, err
		}
		value, err := write(to)
		return value, notes, err
	}
	if !isObject(raw) {
		return raw, nil, nil
	}
	inner, err := parseObject(raw)
	if err != nil {
		return raw, nil, err
	}
	var all []string
	var errs []error
	for i := range inner {
		value, notes, err := t.value(inner[i].value)
		errs, all = append(errs, err), append(all, notes...)
		inner[i].value = value
	}
	if err := errors.Join(errs...); err != nil {
		return raw, nil, err
	}
	value, err := write(inner)
	return value, all, err
}
