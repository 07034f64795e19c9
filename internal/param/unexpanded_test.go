package param_test

import (
	"testing"

	"waybill/internal/param"
)

func TestUnexpanded(t *testing.T) {
	for value, want := range map[string]bool{
		"{click_id}":                       true,
		" {click_id} ":                     true,
		"{{click_id}}":                     true,
		"${click_id}":                      true,
		"{ click_id }":                     true,
		"abc-{sub1}-def":                   true,
		"{sub1|default:none}":              true,
		"%7Bclick_id%7D":                   true,
		"%257bclick_id%257d":               true,
		"#s2#":                             true,
		"[cid]":                            true,
		"[CLICK_ID]":                       true,
		"%5Bcid%5D":                        true,
		"%23s2%23":                         true,
		"%sub%":                            true,
		"<click_id>":                       true,
		"__CLICK_ID__":                     true,
		"%%click_id%%":                     true,
		"*|ID|*":                           true,
		"$click_id":                        true,
		":click_id":                        true,
		"TRANSACTION_ID":                   true,
		"order_id":                         true,
		"$12.50":                           false,
		"__1__":                            false,
		"<1>":                              false,
		"order":                            false,
		"":                                 false,
		"{}":                               false,
		"{":                                false,
		"}{":                               false,
		"{1}":                              false,
		`{"sku":"a"}`:                      false,
		"0123456789abcdefghjkmnpqrstvwxyz": false,
		"#123":                             false,
		"#1#":                              false,
		"order #12 [gift]":                 false,
		"[1]":                              false,
		"100%":                             false,
		"%zz":                              false,
		"12.50":                            false,
		"##":                               false,
		"[]":                               false,
	} {
		if got := param.Unexpanded(value); got != want {
			t.Errorf("Unexpanded(%q) = %v, want %v", value, got, want)
		}
	}
}

func FuzzUnexpanded(f *testing.F) {
	for _, s := range []string{"{a}", "%7Ba%7D", "#a#", "[a]", "%", "{ "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !param.Unexpanded("{macro}" + s) {
			t.Errorf("a macro before %q is not seen", s)
		}
		param.Unexpanded(s)
	})
}
