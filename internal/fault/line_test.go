package fault_test

import (
	"strings"
	"testing"

	"waybill/internal/fault"
)

func TestNamesAndLines(t *testing.T) {
	tests := []struct {
		name string
		text string
		line string // what Line says, empty where nothing
		as   string // and Name
	}{
		{name: "a name", text: "Nørrebro Ads, Inc."},
		{name: "nothing", text: "", as: "name: is missing"},
		{name: "white space alone", text: " \u00a0", as: "name: is missing"},
		{name: "as many characters as there may be", text: strings.Repeat("é", 200)},
		{name: "one more", text: strings.Repeat("é", 201), line: "name: is longer than 200 characters", as: "name: is longer than 200 characters"},
		{name: "two lines", text: "a\nb", line: "name: holds a control character", as: "name: holds a control character"},
		{name: "no text", text: "a\xff", line: "name: holds a control character", as: "name: holds a control character"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := said(fault.Line("name", tt.text)); got != tt.line {
				t.Errorf("Line() = %q, want %q", got, tt.line)
			}
			if got := said(fault.Name("name", tt.text)); got != tt.as {
				t.Errorf("Name() = %q, want %q", got, tt.as)
			}
		})
	}
}

func TestNotes(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{name: "several lines", text: "Sent back.\r\n\tTwice."},
		{name: "nothing", text: ""},
		{name: "as many characters as there may be", text: strings.Repeat("ж", 1000)},
		{name: "one more", text: strings.Repeat("ж", 1001), want: "note: is longer than 1000 characters"},
		{name: "a NUL", text: "a\x00b", want: "note: holds a control character"},
		{name: "no text", text: "a\xff", want: "note: holds a control character"},
	}
	for _, tt := range tests {
		if got := said(fault.Note("note", tt.text)); got != tt.want {
			t.Errorf("%s: Note() = %q, want %q", tt.name, got, tt.want)
		}
	}
}

// said gives what an error says, which must be for the client.
func said(err error) string {
	if err == nil {
		return ""
	}
	if fault.Of(err) != fault.Invalid {
		return "not the client's: " + err.Error()
	}
	return err.Error()
}
