package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	key   string
	value json.RawMessage
}

// objectOf gives v as JSON writes it.
func objectOf(v any) (object, error) {
	text, err := write(v)
	if err != nil {
		return nil, fmt.Errorf("write %T as JSON: %w", v, err)
	}
	return parseObject(text)
}

// write gives v as JSON in which a URL still reads like one: an & stays an &.
// Answers are never part of a page, so nothing in them has to be hidden from
// HTML.
func write(v any) (json.RawMessage, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(text.Bytes()), nil
}

func parseObject(text []byte) (object, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return nil, fmt.Errorf("read object: %w", err)
	}
	var o object
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("read name in object: %w", err)
		}
		var m member
		if err := d.Decode(&m.value); err != nil {
			return nil, fmt.Errorf("read value in object: %w", err)
		}
		m.key, _ = key.(string)
		o = append(o, m)
	}
	return o, nil
}

// MarshalJSON writes the members in their order.
func (o object) MarshalJSON() ([]byte, error) {
	text := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			text = append(text, ',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, fmt.Errorf("write name %q: %w", m.key, err)
		}
		text = append(append(append(text, key...), ':'), m.value...)
	}
	return append(text, '}'), nil
}

// with gives o with one member more.
func (o object) with(key string, v any) (object, error) {
	text, err := write(v)
	if err != nil {
		return nil, fmt.Errorf("write %s as JSON: %w", key, err)
	}
	return append(o, member{key, text}), nil
}

// without gives o without one member.
func (o object) without(key string) object {
	return slices.DeleteFunc(slices.Clone(o), func(m member) bool { return m.key == key })
}

// keep gives what of o is on the list. `touch.country` keeps that member of the
// object touch alone.
func (o object) keep(list []string) (object, error) {
	var kept object
	for _, m := range o {
		if slices.Contains(list, m.key) {
			kept = append(kept, m)
			continue
		}
		inner := below(list, m.key)
		if inner == nil {
			continue
		}
		nested, err := parseObject(m.value)
		if err != nil {
			return nil, err
		}
		if nested, err = nested.keep(inner); err != nil {
			return nil, err
		}
		if kept, err = kept.with(m.key, nested); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// below gives what a list says of the members of key.
func below(list []string, key string) []string {
	var inner []string
	for _, name := range list {
		if rest, ok := strings.CutPrefix(name, key+"."); ok {
			inner = append(inner, rest)
		}
	}
	return inner
}
