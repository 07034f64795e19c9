package delivery_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"waybill/internal/delivery"
)

// TestListsAreWhole: a class or an event that is added to the constants is on the
// list of all, too.
func TestListsAreWhole(t *testing.T) {
	var classes, events []string
	for _, c := range delivery.ErrorClasses() {
		classes = append(classes, string(c))
	}
	for _, e := range delivery.Events() {
		events = append(events, string(e))
	}
	for _, tt := range []struct {
		file, constant string
		list           []string
	}{
		{"delivery.go", `\bErr\w+\s+ErrorClass = "(\w+)"`, classes},
		{"subscription.go", `\bEvent\w+\s+conversion.Event = "([\w.]+)"`, events},
		{"../conversion/event.go", `\bEvent\w+\s+Event = "([\w.]+)"`, events},
	} {
		source, err := os.ReadFile(tt.file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(tt.constant).FindAllStringSubmatch(string(source), -1)
		if len(found) < 4 {
			t.Errorf("%s has %d constants like %s; want some", tt.file, len(found), tt.constant)
		}
		for _, m := range found {
			if !slices.Contains(tt.list, m[1]) {
				t.Errorf("%s of %s is not listed", m[1], tt.file)
			}
		}
	}
}
