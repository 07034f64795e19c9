package offer

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"waybill/internal/fault"
)

// each checks a list entry by entry, and that none comes twice.
func each(field string, list []string, check func(field, s string) error) error {
	if len(list) > maxList {
		return fault.At(field, "has %d entries, the most is %d", len(list), maxList)
	}
	var errs []error
	for i, s := range list {
		place := fmt.Sprintf("%s[%d]", field, i)
		if contains(list[:i], s) {
			errs = append(errs, fault.At(place, "%.64q is listed twice", s))
			continue
		}
		errs = append(errs, check(place, s))
	}
	return errors.Join(errs...)
}

// oneOf reports a word that is not on the list.
func oneOf[T ~string](field string, word T, list ...T) error {
	if slices.Contains(list, word) {
		return nil
	}
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	known := strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
	if word == "" {
		return fault.At(field, "is missing; use %s", known)
	}
	return fault.At(field, "%.40q is not understood; use %s", string(word), known)
}
