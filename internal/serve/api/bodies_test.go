package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
)

// bodyOf is what a route takes, as the description has it.
type bodyOf struct {
	method, path string
	schema       *huma.Schema
	example      map[string]any
}

func bodies(t *testing.T) []bodyOf {
	t.Helper()
	o := new(API).register(http.NewServeMux())
	var all []bodyOf
	for _, path := range slices.Sorted(maps.Keys(o.Paths)) {
		for method, op := range map[string]*huma.Operation{"POST": o.Paths[path].Post, "PATCH": o.Paths[path].Patch} {
			if op == nil || op.RequestBody == nil || op.RequestBody.Content["application/json"] == nil {
				continue
			}
			media := op.RequestBody.Content["application/json"]
			b := bodyOf{method: method, path: strings.NewReplacer(prefix+"/", "", "{offer_id}", "1").Replace(path), schema: media.Schema}
			if b.schema.Ref != "" {
				b.schema = o.Components.Schemas.SchemaFromRef(b.schema.Ref)
			}
			if raw, ok := media.Example.(json.RawMessage); ok && len(b.schema.Properties) > 0 {
				if err := json.Unmarshal(raw, &b.example); err != nil {
					t.Fatalf("example of %s %s: %v", method, path, err)
				}
				all = append(all, b)
			}
		}
	}
	if len(all) < 20 {
		t.Fatalf("%d routes take an object, want at least 20", len(all))
	}
	return all
}

// TestExamplesAreAsTheirSchemasSay holds that what is required stands in the
// example, which is a body that works, and that nothing stands in it that is not
// described.
func TestExamplesAreAsTheirSchemasSay(t *testing.T) {
	for _, b := range bodies(t) {
		for _, name := range b.schema.Required {
			if _, there := b.example[name]; !there {
				t.Errorf("%s %s requires %s, and its example goes without", b.method, b.path, name)
			}
		}
		for name := range b.example {
			if b.schema.Properties[name] == nil {
				t.Errorf("%s %s has an example with %s, which is not described", b.method, b.path, name)
			}
		}
	}
}

// TestBodiesAreTakenAsDescribed holds the description of new documents to what the
// handlers do: what is described is known, and what is required is asked for.
func TestBodiesAreTakenAsDescribed(t *testing.T) {
	w := newWorld(t)
	for _, b := range bodies(t) {
		if b.method != http.MethodPost || strings.Contains(b.path, "{") || b.path == "saved_reports" { // those are for users
			continue
		}
		for _, name := range b.schema.Required {
			body := maps.Clone(b.example)
			delete(body, name)
			got := w.do(t, asNetwork, b.method, b.path, asText(t, body))
			if got.status != 422 && got.status != 400 || !strings.Contains(got.text, "body."+name) {
				t.Errorf("POST %s without %s = %d %s; want it asked for, since it is required", b.path, name, got.status, got.text)
			}
		}
		for name := range b.schema.Properties {
			body := maps.Clone(b.example)
			if _, there := body[name]; !there {
				body[name] = nil
			}
			body["no_such_field"] = 1 // so that nothing is done
			got := w.do(t, asNetwork, b.method, b.path, asText(t, body))
			for _, place := range wrongAt(got) {
				known := !strings.Contains(place.message, "is not a field") && !strings.Contains(place.message, "is set by Waybill")
				if place.at == "body."+name && !known {
					t.Errorf("POST %s describes %s: %s", b.path, name, place.message)
				}
			}
		}
	}
}

func asText(t *testing.T, body map[string]any) string {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

type refusedAt struct{ at, message string }

// wrongAt lists what an answer says is wrong.
func wrongAt(r reply) []refusedAt {
	var all []refusedAt
	list, _ := r.body["errors"].([]any)
	for _, one := range list {
		if m, ok := one.(map[string]any); ok {
			all = append(all, refusedAt{fmt.Sprint(m["location"]), fmt.Sprint(m["message"])})
		}
	}
	return all
}
