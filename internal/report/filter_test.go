package report

import (
	"slices"
	"testing"
)

func TestSplitFilter(t *testing.T) {
	tests := []struct {
		name, text, dim string
		op              operator
		values          []string
	}{
		{"one value", "country=DE", "country", in, []string{"DE"}},
		{"several values", "country=DE,FR", "country", in, []string{"DE", "FR"}},
		{"a comma in a value", `sub1=a\,b,c`, "sub1", in, []string{"a,b", "c"}},
		{"a backslash in a value", `sub1=a\\,b`, "sub1", in, []string{`a\`, "b"}},
		{"a backslash before something else", `sub1=a\b`, "sub1", in, []string{`a\b`}},
		{"a backslash at the end", `sub1=a\`, "sub1", in, []string{`a\`}},
		{"nothing", "sub1=", "sub1", in, []string{""}},
		{"nothing and something", "sub1=,a", "sub1", in, []string{"", "a"}},
		{"not", "device!=mobile", "device", notIn, []string{"mobile"}},
		{"begins", "sub1^=camp", "sub1", prefix, []string{"camp"}},
		{"contains", "sub1~=x", "sub1", contains, []string{"x"}},
		{"at least", "clicks>=100", "clicks", least, []string{"100"}},
		{"more", "clicks>100", "clicks", above, []string{"100"}},
		{"an operator in the value", "sub1=a=b>=c", "sub1", in, []string{"a=b>=c"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name, op, values, err := splitFilter(tt.text)
			if err != nil || name != tt.dim || op != tt.op || !slices.Equal(values, tt.values) {
				t.Errorf("splitFilter() = %q, %q, %q, %v; want %q, %q, %q", name, op, values, err, tt.dim, tt.op, tt.values)
			}
		})
	}
}

// FuzzFilter holds that whatever is typed either is refused or means the same
// when it is written again, and that no statement holds it.
func FuzzFilter(f *testing.F) {
	for _, text := range []string{`sub1=a\,b`, "offer>=10", "country!=DE,FR", `sub2~=%_'`, "is_bot=1", "clicks>=1.5", "=x", "sub1^=\U0010FFFF", "transaction_id=x"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name, op, values, err := splitFilter(text)
		if err != nil {
			return
		}
		again, op2, values2, err := splitFilter(joinFilter(name, op, values...))
		if err != nil || again != name || op2 != op || !slices.Equal(values2, values) {
			t.Fatalf("%q is written again as %q %q %q, %v", text, again, op2, values2, err)
		}
		d, ok := findDimension(name, Viewer{Role: "network"})
		if !ok || d.kind == Time {
			return
		}
		one, err := parseFilter(d, op, values, text)
		if err != nil {
			return
		}
		w := &writer{scope: &scope{viewer: Viewer{Role: "network"}}}
		sql := w.filter(sourceOf("conversion", false), one)
		for i, r := range sql {
			if r > 126 || r == ';' || r == '\\' || r == '"' {
				t.Fatalf("%q becomes %q, which holds %q at %d", text, sql, r, i)
			}
		}
	})
}

func TestAfterPrefix(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"letters", "camp", "camq"},
		{"the last of what one byte holds", "\u007f", "\u0080"},
		{"the last before the surrogates", "\uD7FF", "\uE000"},
		{"the last of all", "a\U0010FFFF", "b"},
		{"nothing behind it", "\U0010FFFF", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := afterPrefix(tt.text)
			if got != tt.want || ok != (tt.want != "") || ok && got <= tt.text+"\U0010FFFF" && tt.text[0] < 0x7f {
				t.Errorf("afterPrefix(%q) = %q, %v; want %q", tt.text, got, ok, tt.want)
			}
		})
	}
}

func TestBeginsEndsBeforeTheNextText(t *testing.T) {
	w := &writer{}
	if got, want := w.begins("sub1", "spring"), "sub1 >= $1 AND sub1 < $2"; got != want || !slices.Equal(w.args, []any{"spring", "sprinh"}) {
		t.Errorf("begins() = %q with %v, want %q with spring and sprinh", got, w.args, want)
	}
	if got, want := w.begins("sub1", "\U0010FFFF"), "sub1 >= $3"; got != want {
		t.Errorf("begins() = %q, want %q", got, want)
	}
}
