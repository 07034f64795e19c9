package report

import (
	"strings"

	"waybill/internal/fault"
)

// unknown makes the fault for a name that is none of names: not there, or not
// the viewer's to see, which are told apart by nobody.
func unknown(field, what, name string, names []string) error {
	if meant := fault.Nearest(name, names); meant != "" {
		return fault.At(field, "%.40q is not a %s you can ask for; do you mean %s?", name, what, meant)
	}
	return fault.At(field, "%.40q is not a %s you can ask for; there are %s", name, what, strings.Join(names, ", "))
}
