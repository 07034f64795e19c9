package param_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/param"
)

func TestAddJSON(t *testing.T) {
	type want map[param.Name]string
	tests := []struct {
		name   string
		object string
		want   want
	}{
		{"strings, numbers and booleans", `{"tid":"T","sum":12.50,"test":true,"order_id":9007199254740993}`, want{param.TransactionID: "T", param.Amount: "12.50", param.Test: "true", param.OrderID: "9007199254740993"}},
		{"numbers as they are written", `{"sum":1e3,"sub1":-0.0}`, want{param.Amount: "1e3", param.Sub1: "-0.0"}},
		{"null and empty are no values", `{"sum":null,"sale_amount":"","amount":"5"}`, want{param.Amount: "5"}},
		{"line items keep their JSON", `{"items":[{"sku": "a","quantity":1}]}`, want{param.Items: `[{"sku": "a","quantity":1}]`}},
		{"line items as text", `{"items":"[{\"sku\":\"a\"}]"}`, want{param.Items: `[{"sku":"a"}]`}},
		{"escapes", `{"sub1":"a\u00e9\n\"\u0000"}`, want{param.Sub1: "aé\n\"%00"}},
		{"nothing is percent-decoded", `{"sub1":"a%20b+c"}`, want{param.Sub1: "a%20b+c"}},
		{"the canonical name wins", `{"txid":"2","ORDER_ID":"1"}`, want{param.OrderID: "1"}},
		{"of one name the first", `{"sub1":"a","sub1":"b"}`, want{param.Sub1: "a"}},
		{"an empty object", ` { } `, want{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v param.Values
			if err := v.AddJSON(param.Signal, []byte(tt.object)); err != nil {
				t.Fatalf("AddJSON(%s) = %v", tt.object, err)
			}
			if diff := cmp.Diff(tt.want, want(all(&v))); diff != "" {
				t.Errorf("AddJSON(%s) (-want +got):\n%s", tt.object, diff)
			}
		})
	}
}

func TestAddJSONRefuses(t *testing.T) {
	tests := []struct {
		name   string
		object string
		field  string
	}{
		{"no object", `[]`, ""},
		{"a string", `"x"`, ""},
		{"nothing", ``, ""},
		{"half an object", `{"tid":"T"`, ""},
		{"half a value", `{"tid":`, ""},
		{"more behind it", `{"tid":"T"}{}`, ""},
		{"an object for a value", `{"tid":"T","amount":{"value":1}}`, "amount"},
		{"everything one level down", `{"event":"sale","data":{"click_id":"T"}}`, "data"},
		{"a nested array", `{"tid":["T"]}`, "tid"},
		{"a value that is too long", `{"order_id":"` + strings.Repeat("a", 1025) + `"}`, "order_id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var v param.Values
			err := v.AddJSON(param.Signal, []byte(tt.object))
			faults := fault.All(err)
			if fault.Of(err) != fault.Invalid || len(faults) != 1 || faults[0].Field != tt.field {
				t.Errorf("AddJSON(%.40s) = %v; want one Invalid fault about %q", tt.object, err, tt.field)
			}
		})
	}
	var v param.Values
	if err := v.AddJSON(param.Signal, []byte(`{"amount":{},"tid":"T"}`)); err == nil || v.Get(param.TransactionID) != "T" {
		t.Errorf("what stands beside a nested value is lost: %q, %v", v.Get(param.TransactionID), err)
	}
}

func TestAddJSONKeepsWhatNobodyKnows(t *testing.T) {
	var v param.Values
	err := v.AddJSON(param.Signal, []byte(`{"tid":"T","user":{"id":1,"email":"ann@example.com"},"tags":["a"],"token":"secret"}`))
	v.Scrub([]byte("key"))
	want := []param.Pair{
		{Name: "user", Value: `{"id":1,"email":"` + param.Hash([]byte("key"), "ann@example.com") + `"}`},
		{Name: "tags", Value: `["a"]`},
	}
	if err != nil || !slices.Equal(v.Unknown, want) {
		t.Errorf("kept %q, %v; want %q", v.Unknown, err, want)
	}
}

func TestSplitJSON(t *testing.T) {
	many := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(`{"a":1},`, n), ",") + "]" }
	tests := []struct {
		name string
		body string
		want int // objects; 0 if refused
	}{
		{"one object", ` {"a":1} `, 1},
		{"an array", `[{"a":1}, {"b":[2]}]`, 2},
		{"the largest array", many(100), 100},
		{"too large an array", many(101), 0},
		{"an empty array", `[]`, 0},
		{"an array of numbers", `[1]`, 0},
		{"an array of arrays", `[[{}]]`, 0},
		{"a string", `"a"`, 0},
		{"nothing", ``, 0},
		{"two objects", `{} {}`, 0},
		{"a cut object", `{"a":1`, 0},
		{"a cut array", `[{"a":1}`, 0},
		{"a form", `a=1&b=2`, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := param.SplitJSON([]byte(tt.body))
			if len(got) != tt.want || (err == nil) != (tt.want > 0) || err != nil && fault.Of(err) != fault.Invalid {
				t.Errorf("SplitJSON(%.60s) = %d objects, %v; want %d", tt.body, len(got), err, tt.want)
			}
			for _, one := range got {
				if one[0] != '{' || one[len(one)-1] != '}' {
					t.Errorf("object %q is not bare", one)
				}
			}
		})
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"tid":"T","sum":1}`, `[{"a":"b"},{"items":[1]}]`, `{"a":{}}`, `[`, `{"\u0000":"\ud800"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		objects, err := param.SplitJSON(body)
		if err != nil {
			if fault.Of(err) != fault.Invalid {
				t.Errorf("SplitJSON(%q) = %v, want an Invalid fault", body, err)
			}
			return
		}
		for _, o := range objects {
			var v param.Values
			if err := v.AddJSON(param.Signal, o); err != nil && fault.Of(err) != fault.Invalid {
				t.Errorf("AddJSON(%q) = %v, want an Invalid fault", o, err)
			}
			checkKeepable(t, &v)
		}
	})
}
