package js_test

import (
	"bytes"
	"compress/gzip"
	"regexp"
	"strings"
	"testing"

	"waybill/sdk/js"
)

func TestScriptIsSmall(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.DefaultCompression)
	if err != nil {
		t.Fatalf("make a compressor: %v", err)
	}
	if _, err := w.Write([]byte(js.Script())); err != nil {
		t.Fatalf("compress the script: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatalf("compress the script: %v", err)
	}
	if got := out.Len(); got >= js.MaxGzipped {
		t.Errorf("the script has %d bytes compressed, want less than %d", got, js.MaxGzipped)
	}
	if out.Len() < 500 {
		t.Errorf("the script has %d bytes compressed: that is not the SDK", out.Len())
	}
}

// TestScriptKeepsToAStrictPolicy looks for what a content security policy or
// Trusted Types would stop, and for what would tell a third party.
func TestScriptKeepsToAStrictPolicy(t *testing.T) {
	t.Parallel()
	forbidden := regexp.MustCompile(`\beval\b|\bFunction\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\.style\b|cssText|setTimeout\("|https?://`)
	if found := forbidden.FindString(js.Script()); found != "" {
		t.Errorf("the script has %q, which a strict page refuses", found)
	}
	if strings.Contains(js.Script(), "sourceMappingURL") {
		t.Error("the script names a source map, which is not served")
	}
}
