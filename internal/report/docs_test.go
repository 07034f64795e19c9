package report

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"waybill/internal/account"
)

// TestDocumentation holds docs/reports.md to the words that reports have.
func TestDocumentation(t *testing.T) {
	const path = "../../docs/reports.md"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var missing []string
	row := func(name, doc string, hidden []account.Role) {
		seen := "all"
		switch {
		case len(hidden) == 2:
			seen = "network"
		case len(hidden) == 1 && hidden[0] == account.Affiliate:
			seen = "network, advertiser"
		case len(hidden) == 1:
			seen = "network, affiliate"
		}
		if line := fmt.Sprintf("| `%s` | %s | %s |", name, doc, seen); !strings.Contains(string(text), line+"\n") {
			missing = append(missing, line)
		}
	}
	for _, m := range metrics() {
		row(m.name, m.doc, m.hidden)
	}
	for _, d := range dimensions() {
		if strings.HasPrefix(d.name, "sub") && d.kind == Text || strings.HasPrefix(d.name, "adv") && d.kind == Text {
			continue // they stand in one row each
		}
		row(d.name, d.doc, d.hidden)
	}
	if len(missing) > 0 {
		t.Errorf("%s lacks:\n%s", path, strings.Join(missing, "\n"))
	}
}
