package snippet

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzQuotes reads back what each language reads, and looks for what ends a
// string, an element or a comment.
func FuzzQuotes(f *testing.F) {
	for _, s := range []string{"", "plain", `'`, `\`, `\'`, `"`, "a\nb", "</script>", "--", "?>", "*/", "{{x}}", "é\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := unphp(t, php(s)); got != s {
			t.Errorf("PHP reads %q, want %q", got, s)
		}
		if got := unshell(t, shell(s)); got != s {
			t.Errorf("the shell reads %q, want %q", got, s)
		}
		if utf8.ValidString(s) {
			text, err := script(s)
			var got string
			if err == nil {
				err = json.Unmarshal([]byte(text), &got)
			}
			if err != nil || got != s || strings.ContainsAny(text, "<>\n\u2028\u2029") {
				t.Errorf("a script reads %q (%v), want %q", text, err, s)
			}
		}
		if got := comment(s); strings.ContainsAny(got, "\n\r\u2028\u2029<>?*/{}[]-\\#\"`$") {
			t.Errorf("the comment is %q", got)
		}
	})
}

// unphp reads a string between single quotes as PHP does.
func unphp(t *testing.T, text string) string {
	t.Helper()
	inner, ok := strings.CutSuffix(strings.TrimPrefix(text, "'"), "'")
	var out strings.Builder
	for i := 0; ok && i < len(inner); i++ {
		switch {
		case inner[i] == '\'':
			t.Fatalf("%s ends early", text)
		case inner[i] == '\\' && i+1 == len(inner):
			t.Fatalf("%s does not end", text)
		case inner[i] == '\\' && (inner[i+1] == '\\' || inner[i+1] == '\''):
			i++
		}
		out.WriteByte(inner[i])
	}
	return out.String()
}

// unshell reads one word as a POSIX shell does.
func unshell(t *testing.T, text string) string {
	t.Helper()
	var out strings.Builder
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\'':
			quoted = !quoted
		case !quoted && c == '\\' && i+1 < len(text):
			i++
			out.WriteByte(text[i])
		case !quoted:
			t.Fatalf("%s has %q outside of its quotes", text, c)
		default:
			out.WriteByte(c)
		}
	}
	if quoted {
		t.Fatalf("%s does not end", text)
	}
	return out.String()
}
