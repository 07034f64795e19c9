package snippet

import (
	"encoding/json"
	"html"
	"strconv"
	"strings"
	"text/template"
	"unicode"
)

// quoting gives the functions that templates put values in by, one for each
// language. They write the quotes too, but for attr, which stands between those
// of an attribute.
func quoting() template.FuncMap {
	return template.FuncMap{
		"php": php, "js": script, "py": script, "golang": strconv.Quote, "sh": shell,
		"attr": html.EscapeString, "comment": comment,
	}
}

// php writes a string between single quotes, where only these and the backslash
// mean anything.
func php(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

// script writes a string that JavaScript and Python read alike. The signs that
// could end a script element are escaped.
func script(s string) (string, error) {
	text, err := json.Marshal(s)
	return string(text), err
}

// shell writes a string between single quotes, where nothing means anything.
func shell(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// comment writes a name so that it stays within its comment, whatever the
// language: on its line, and without the signs that end one.
func comment(s string) string {
	kept := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(".,()&'+_%!", r) {
			return r
		}
		return ' '
	}, s)
	return strings.Join(strings.Fields(kept), " ")
}
