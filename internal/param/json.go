package param

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"waybill/internal/fault"
)

// MaxBatch is how many objects the body of a postback may hold.
const MaxBatch = 100

// SplitJSON takes a body, one object or an array of up to MaxBatch, apart into
// its objects. What is in them is not checked.
func SplitJSON(body []byte) ([]json.RawMessage, error) { return SplitJSONUpTo(MaxBatch, body) }

// SplitJSONUpTo is SplitJSON with another limit.
func SplitJSONUpTo(most int, body []byte) ([]json.RawMessage, error) {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if !json.Valid(trimmed) {
		return nil, notJSON(trimmed)
	}
	switch trimmed[0] {
	case '{':
		return []json.RawMessage{bytes.TrimRight(trimmed, " \t\r\n")}, nil
	case '[':
		return splitArray(most, trimmed)
	default:
		return nil, fault.New(fault.Invalid, "the body is neither an object nor an array of objects")
	}
}

// notJSON says what about a body is not JSON.
func notJSON(body []byte) error {
	var whole json.RawMessage
	err := json.Unmarshal(body, &whole)
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fault.New(fault.Invalid, "the body is not JSON: %s, at byte %d of %d", syntax, syntax.Offset, len(body))
	}
	return fault.New(fault.Invalid, "the body is not JSON")
}

func splitArray(most int, body []byte) ([]json.RawMessage, error) {
	var all []json.RawMessage
	dec := json.NewDecoder(bytes.NewReader(body))
	if _, err := dec.Token(); err != nil {
		return nil, fault.Because(err, fault.Invalid, "the body is not JSON")
	}
	for dec.More() {
		if len(all) == most {
			return nil, fault.New(fault.Invalid, "the body holds more than %d objects", most)
		}
		var one json.RawMessage
		if err := dec.Decode(&one); err != nil {
			return nil, fault.Because(err, fault.Invalid, "the body is not JSON")
		}
		if one[0] != '{' {
			return nil, fault.New(fault.Invalid, "element %d of the array is not an object", len(all)+1)
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil, fault.New(fault.Invalid, "the array is empty")
	}
	return all, nil
}

// AddJSON reads a flat JSON object into v, beside what v holds already. Strings
// are taken as they are, numbers and booleans as they are written, null as no
// value. Line items, and arrays and objects that nobody knows, keep their JSON;
// in the place of a known value they are Invalid, and so is one that the
// transaction ID stands in: whoever sent it has put everything one level down.
func (v *Values) AddJSON(d Door, object []byte) error {
	dec := json.NewDecoder(bytes.NewReader(object))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fault.Because(err, fault.Invalid, "not a JSON object")
	}
	var nested []error
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return fault.Because(err, fault.Invalid, "the object is not JSON")
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return fault.Because(err, fault.Invalid, "the object is not JSON")
		}
		if err := v.addJSON(d, name.(string), raw); err != nil { //nolint:forcetypeassert // a key is a string
			nested = append(nested, err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return fault.Because(err, fault.Invalid, "the object is not JSON")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.Invalid, "there is more behind the object")
	}
	if d != Click {
		nested = append(nested, v.Err())
	}
	return errors.Join(nested...)
}

func (v *Values) addJSON(d Door, name string, raw json.RawMessage) error {
	e, amp, ok := d.find(name)
	if amp && ok {
		v.Entity = true
	}
	text := string(raw)
	switch raw[0] {
	case 'n':
		return nil
	case '"':
		if err := json.Unmarshal(raw, &text); err != nil {
			return fault.Because(err, fault.Invalid, "the object is not JSON")
		}
	case '[', '{':
		if err := d.nested(e, ok, name, raw); err != nil {
			return err
		}
	}
	switch text = keepable(text); {
	case ok:
		v.take(d, e, text)
	case d == Signal:
		v.unknown(keepable(name), text)
	}
	return nil
}

// nested says why an array or object cannot stand where it does, nil where it
// can.
func (d Door) nested(e entry, known bool, name string, raw json.RawMessage) error {
	name, _ = cut(name, maxName)
	switch {
	case known && e.name == Items:
		return nil
	case known:
		return fault.At(name, "is an array or object where a plain value belongs")
	}
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(raw, &fields) // an array has none
	for inner := range fields {
		if e, _, ok := d.find(inner); ok && e.name == TransactionID {
			return fault.At(name, "holds the transaction ID; send one flat object, with all values on its first level")
		}
	}
	return nil
}
