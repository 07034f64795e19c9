package macro_test

import (
	"encoding/json"
	"testing"

	"waybill/internal/macro"
)

// TestIDsThatLookLikeNumbersStayWhole: outside a string, what a reader of JSON
// would round or read as another number is a string.
func TestIDsThatLookLikeNumbersStayWhole(t *testing.T) {
	tmpl, err := macro.Parse("[{sub1}]", macro.JSON, macro.AffiliatePostback)
	if err != nil {
		t.Fatal(err)
	}
	for value, want := range map[string]string{
		"0": "[0]", "7": "[7]", "-7": "[-7]", "12.50": "[12.50]", "-0.5": "[-0.5]", "1795371888057": "[1795371888057]",
		"999999999999999": "[999999999999999]", "1000000000000000": `["1000000000000000"]`, "1234567890123456789": `["1234567890123456789"]`,
		"12e5": `["12e5"]`, "1E99999": `["1E99999"]`, "007": `["007"]`, "-": `["-"]`, "1.": `["1."]`, ".5": `[".5"]`, "1.2.3": `["1.2.3"]`, "-.5": `["-.5"]`,
		"1 ": `["1 "]`, "1\n": `["1\n"]`, "00.5": `["00.5"]`, "0.10": "[0.10]", "- 1": `["- 1"]`, "--1": `["--1"]`, "1-": `["1-"]`,
	} {
		var v macro.Values
		v.Set(macro.Sub1, value)
		if got := tmpl.Render(&v); got != want || !json.Valid([]byte(got)) {
			t.Errorf("%q is rendered as %s, want %s", value, got, want)
		}
	}
}
