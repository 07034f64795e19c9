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
