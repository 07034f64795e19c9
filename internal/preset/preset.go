// Package preset holds subscriptions that are ready for the receivers of the
// trade: affiliates' trackers, networks, ad servers, ad platforms, another
// Waybill. Each is made from what its receiver describes in public, which it
// names, and lacks only what the receiver's owner alone knows: its fields.
//
// What Fill makes of a preset whose fields are all there is a valid subscription
// once it has an owner.
package preset

import (
	"encoding/json"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/macro"
)

// Preset is a subscription that is ready but for what only its receiver's
// owner knows: those places are marked <so>, after the fields.
type Preset struct {
	Key          string                `json:"key"`
	Name         string                `json:"name"`
	Kind         string                `json:"kind" doc:"What the receiver is, such as tracker or network."`
	For          string                `json:"for" doc:"Whose subscriptions it is meant for."`
	Fields       []Field               `json:"fields"`
	Subscription delivery.Subscription `json:"subscription" doc:"What it makes; <so> marks the place of a field."`
	Notes        []string              `json:"notes" doc:"What to set at the receiver, and what is good to know."`
	Source       string                `json:"source" doc:"The public description it was made from."`
}

// Field is what a template wants to be told.
type Field struct {
	Name    string    `json:"name"`
	Kind    FieldKind `json:"kind"`
	Doc     string    `json:"doc"`
	Example string    `json:"example,omitempty"`
	Default string    `json:"default,omitempty" doc:"What it is where it is left open."`
	Open    bool      `json:"open,omitempty" doc:"It may be left open: the parameter that it stands in is then not sent."`
}

// FieldKind says what a field may hold.
type FieldKind string

// The kinds of fields.
const (
	FieldHost    FieldKind = "host"     // a host, with its port; with http:// before it where there is no https
	FieldURL     FieldKind = "url"      // a URL without what Waybill adds to it
	FieldPath    FieldKind = "path"     // a part of the path
	FieldName    FieldKind = "name"     // the name of a parameter
	FieldNumber  FieldKind = "number"   // a whole number
	FieldText    FieldKind = "text"     // a fixed text, or one macro, such as {goal}
	FieldSecret  FieldKind = "secret"   // a fixed text that is nobody else's business
	FieldClickID FieldKind = "click_id" // the macro that holds the receiver's click ID
)

// The kinds of templates, and whose they are.
const (
	kindTracker  = "tracker"
	kindNetwork  = "network"
	kindAdServer = "ad server"
	kindOwn      = "own system"

	forAffiliate = "affiliate"
	forAnyone    = "anyone"
)

// All lists the presets.
func All() []Preset {
	return slices.Concat(trackers(), networks(), adServers(), platforms(), own())
}

// Find gives the template called key, or an Invalid fault that names
// the nearest.
func Find(key string) (Preset, error) {
	all := All()
	keys := make([]string, len(all))
	for i, t := range all {
		if t.Key == key {
			return t, nil
		}
		keys[i] = t.Key
	}
	if near := fault.Nearest(key, keys); near != "" {
		return Preset{}, fault.New(fault.Invalid, "there is no template %.40q; did you mean %q?", key, near)
	}
	return Preset{}, fault.New(fault.Invalid, "there is no template %.40q; there are %s", key, strings.Join(keys, ", "))
}

// Fill makes a subscription of the template, without an owner. It reports every
// field that is missing, unknown or wrong, by its name.
func (t Preset) Fill(fields map[string]string) (delivery.Subscription, error) {
	values, err := t.values(fields)
	if err != nil {
		return delivery.Subscription{}, err
	}
	s := t.Subscription
	s.Template = t.Key
	s.On, s.Statuses, s.StatusWords = slices.Clone(s.On), slices.Clone(s.Statuses), maps.Clone(s.StatusWords)
	if s.URL, err = fillURL(s.URL, values); err != nil {
		return delivery.Subscription{}, err
	}
	marks := make([]string, 0, 2*len(values))
	for name, value := range values {
		marks = append(marks, "<"+name+">", value)
	}
	plain := strings.NewReplacer(marks...)
	s.Body = plain.Replace(s.Body)
	s.Headers, s.Parameters = filled(s.Headers, plain), filled(s.Parameters, plain)
	return s, nil
}

// filled fills in the values of a map, and leaves out those that come to
// nothing.
func filled(all map[string]string, fill *strings.Replacer) map[string]string {
	out := maps.Clone(all)
	for name, text := range out {
		if out[name] = fill.Replace(text); out[name] == "" {
			delete(out, name)
		}
	}
	return out
}

// values gives each field's value, with its default where it was left open.
func (t Preset) values(fields map[string]string) (map[string]string, error) {
	var errs []error
	values := make(map[string]string, len(t.Fields))
	names := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		names[i] = f.Name
		value := strings.TrimSpace(fields[f.Name])
		if value == "" {
			value = f.Default
		}
		if value == "" && !f.Open {
			errs = append(errs, fault.At(f.Name, "is missing: %s", f.Doc))
			continue
		}
		if value != "" {
			errs = append(errs, fault.Within(f.Name, f.Kind.check(value)))
		}
		values[f.Name] = value
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if slices.Contains(names, name) {
			continue
		}
		if near := fault.Nearest(name, names); near != "" {
			errs = append(errs, fault.At(name, "is no field of the template %s; did you mean %s?", t.Key, near))
			continue
		}
		errs = append(errs, fault.At(name, "is no field of the template %s, which has %s", t.Key, strings.Join(names, ", ")))
	}
	return values, errors.Join(errs...)
}

// check reports a value that a field of this kind cannot hold.
func (k FieldKind) check(value string) error {
	switch k {
	case FieldHost:
		_, _, err := splitHost(value, "")
		return err
	case FieldURL:
		if strings.ContainsAny(value, "{}<>#") {
			return fault.New(fault.Invalid, "holds no macros and no fragment: what is sent is added to it")
		}
		return macro.CheckURL(value)
	case FieldPath:
		return only(value, "/._~-", "a part of a path")
	case FieldName:
		return only(value, "._-", "the name of a parameter")
	case FieldNumber:
		if strings.Trim(value, "0123456789") != "" {
			return fault.New(fault.Invalid, "%.40q is not a whole number", value)
		}
		return nil
	case FieldClickID:
		return checkClickID(value)
	case FieldText:
		if _, err := single(value); err != nil {
			return err
		}
		return nil
	case FieldSecret:
		if strings.ContainsAny(value, "{}<>") {
			return fault.New(fault.Invalid, "is a fixed text: no macro can stand in it")
		}
		return nil
	case FieldJSON:
		if !strings.HasPrefix(value, "{") || !json.Valid([]byte(value)) {
			return fault.New(fault.Invalid, "is no JSON object")
		}
		return nil
	default:
		return fault.New(fault.Internal, "there are no fields of the kind %q", k)
	}
}

// only reports a value that holds more than letters, digits and some marks.
func only(value, marks, what string) error {
	for _, r := range value {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', strings.ContainsRune(marks, r):
		default:
			return fault.New(fault.Invalid, "%.40q cannot be %s: %q stands in it", value, what, r)
		}
	}
	return nil
}

// single gives the macro that value is, if it is one and not a text.
func single(value string) (macro.Name, error) {
	if !strings.ContainsAny(value, "{}") {
		return macro.NumNames, nil
	}
	inner, opened := strings.CutPrefix(value, "{")
	inner, closed := strings.CutSuffix(inner, "}")
	name, _, _ := strings.Cut(inner, "|")
	n, known := macro.ParseName(name)
	if !opened || !closed || !known || strings.ContainsAny(inner, "{}") {
		return 0, fault.New(fault.Invalid, "%.40q is neither a text without braces nor one macro, such as {goal}", value)
	}
	return n, nil
}

// checkClickID wants a macro that can hold a receiver's own ID of the click.
func checkClickID(value string) error {
	n, err := single(value)
	switch {
	case err != nil:
		return err
	case n == macro.AffClickID, n >= macro.Sub1 && n < macro.Adv1, n == macro.TransactionID:
		return nil
	default:
		return fault.New(fault.Invalid, "%.40q is not where a click ID comes with a click: use {aff_click_id}, or one of {sub1} to {sub10}", value)
	}
}

// splitHost takes a host that may have been copied with more of its URL: with the
// path that it is to be followed by ("" for any), or the beginning of that, and a
// query.
func splitHost(value, path string) (scheme, host string, err error) {
	if !strings.Contains(value, "://") {
		value = "https://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || strings.ContainsAny(u.Host, "{}<>") {
		return "", "", fault.New(fault.Invalid, "%.60q is not a host, such as track.example.com", value)
	}
	if own := strings.TrimRight(u.Path, "/"); own != "" && path != "" && own != path && !strings.HasPrefix(path, own+"/") {
		return "", "", fault.New(fault.Invalid, "has a path, %.60q, where this receiver's is %s: enter the host alone; for a receiver at another path use the template plain",
			own, path)
	}
	return u.Scheme, strings.ToLower(u.Host), nil
}

// fillURL puts values into a URL. A parameter whose value was left open is left
// out.
func fillURL(text string, values map[string]string) (string, error) {
	base, query, _ := strings.Cut(text, "?")
	base, err := fillBase(base, values)
	if err != nil {
		return "", err
	}
	var pairs []string
	for pair := range strings.SplitSeq(query, "&") {
		if pair = fillPair(pair, values); pair != "" {
			pairs = append(pairs, pair)
		}
	}
	if len(pairs) == 0 {
		return base, nil
	}
	joint := "?"
	if strings.Contains(base, "?") {
		joint = "&"
	}
	return base + joint + strings.Join(pairs, "&"), nil
}

// fillBase puts values into what stands before the query: a whole URL, a host,
// parts of the path.
func fillBase(base string, values map[string]string) (string, error) {
	for name, value := range values {
		mark := "<" + name + ">"
		rest, leads := strings.CutPrefix(base, "https://"+mark)
		switch {
		case base == mark:
			base = value
		case leads:
			scheme, host, err := splitHost(value, rest)
			if err != nil {
				return "", fault.Within(name, err)
			}
			base = scheme + "://" + host + rest
		default:
			base = strings.ReplaceAll(base, mark, strings.Trim(value, "/"))
		}
	}
	return base, nil
}

// fillPair puts values into one parameter; empty where one was left open.
func fillPair(pair string, values map[string]string) string {
	for name, value := range values {
		mark := "<" + name + ">"
		if value == "" && strings.Contains(pair, mark) {
			return ""
		}
		pair = strings.ReplaceAll(pair, mark, inQuery(value))
	}
	return pair
}

// inQuery gives a field's value as it stands in a query: a macro as it is.
func inQuery(value string) string {
	if strings.HasPrefix(value, "{") {
		return value
	}
	return strings.ReplaceAll(url.QueryEscape(value), "+", "%20")
}
