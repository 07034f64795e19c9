package param_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"waybill/internal/param"
)

// checkKeepable holds values to what every store takes: UTF-8 without NUL.
func checkKeepable(t *testing.T, v *param.Values) {
	t.Helper()
	keepable := func(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }
	for n := range param.NumNames {
		if s := v.Get(n); !keepable(s) || n != param.Items && len(s) > 4096 {
			t.Errorf("%s = %q cannot be kept", n, s)
		}
	}
	for _, s := range v.TransactionIDs() {
		if !keepable(s) || s == "" {
			t.Errorf("transaction ID %q cannot be kept", s)
		}
	}
	for _, p := range v.Unknown {
		if !keepable(p.Name) || !keepable(p.Value) || len(p.Value) > 1024 {
			t.Errorf("unknown %q = %q cannot be kept", p.Name, p.Value)
		}
	}
}

// FuzzScanQuery compares the scanner with the standard library wherever that
// understands a query, too.
func FuzzScanQuery(f *testing.F) {
	for _, s := range []string{"offer_id=1&aff_id=2&sub1=a%20b", "tid=%zz&cid=\xff&&=x", "amp;goal=1;x=2", "adv1=null&goal=%22x%22;amount=2", "tid=%25zz/&amount[]=&euro;", "sub1=%00%c3%28"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		var v, click param.Values
		_ = v.ScanQuery(param.Signal, raw) // too long is fine
		checkKeepable(t, &v)
		if err := click.ScanQuery(param.Click, raw); err != nil {
			t.Errorf("a click is refused: %v", err)
		}
		checkKeepable(t, &click)

		std, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		for _, want := range std["adv1"] {
			if want == "" || len(want) > 1024 || !utf8.ValidString(want) || strings.Contains(want, "\x00") {
				return
			}
			if got := v.Get(param.Adv1); got != want && len(std["adv1"]) == 1 && nowhereElse(std, "adv1") {
				t.Errorf("ScanQuery(%q): adv1 = %q, want %q", raw, got, want)
			}
		}
	})
}

// nowhereElse reports whether nothing but the parameter itself speaks of a name,
// by whatever alias and from within whatever value.
func nowhereElse(std url.Values, name string) bool {
	for other, values := range std {
		if other != name && strings.Contains(strings.ToLower(other+strings.Join(values, " ")), "adv") {
			return false
		}
	}
	return true
}
