package reconcile

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"waybill/internal/fault"
)

// maxTitles is how many lines above the head may be titles.
const maxTitles = 5

// begin reads up to the head, if there is one. Titles above it, of one cell each,
// are passed over.
func (r *reader) begin() error {
	for len(r.held) <= maxTitles && (len(r.held) == 0 || single(r.held[len(r.held)-1])) {
		line, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if strings.Join(line.values, "") != "" {
			r.held = append(r.held, line)
		}
	}
	if len(r.held) == 0 {
		return fault.New(fault.Invalid, "the list is empty")
	}
	told := r.Reading.Columns
	titles := len(r.held) - 1
	if hasName(r.held[0].values, r.Side, told) || single(r.held[titles]) || !hasName(r.held[titles].values, r.Side, told) {
		titles = 0
	}
	if titles > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("What stands above line %d is taken for titles.", r.held[titles].number))
	}
	if head := r.held[titles].values; isHead(head, r.Side, told) {
		r.Head = head
		titles++
	}
	r.held = r.held[titles:]
	return nil
}

// single reports whether at most one of a line's cells has something in it.
func single(line cells) bool {
	filled := 0
	for _, v := range line.values {
		if v != "" {
			filled++
		}
	}
	return filled <= 1
}
