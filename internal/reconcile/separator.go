package reconcile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// separated tells what parts the columns: what Excel's line sep= says, or what
// stands most often in the first lines outside of quotes, and about as often in
// each.
func separated(r io.Reader) (io.Reader, rune, error) {
	b := bufio.NewReaderSize(r, 4*peeked)
	head, err := b.Peek(4 * peeked)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, 0, err
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	first := strings.TrimSpace(strings.TrimPrefix(string(line), "\ufeff"))
	if said, ok := strings.CutPrefix(strings.ToLower(first), "sep="); ok && len(said) == 1 && strings.Contains(separators, said) {
		if _, err := b.Discard(len(line) + 1); err != nil && !errors.Is(err, io.EOF) {
			return nil, 0, err
		}
		return b, rune(said[0]), nil
	}
	return b, separatorOf(string(head)), nil
}

const separators = ",;\t|"

// separatorOf takes the sign that each of the first lines has most of, else the
// one that the very first has.
func separatorOf(head string) rune {
	const looked = 10
	var lines []string
	for line := range strings.Lines(head) {
		if strings.TrimSpace(line) != "" && len(lines) < looked {
			lines = append(lines, line)
		}
	}
	for best, most := rune(0), 0; ; lines = lines[:1] {
		for _, sep := range separators {
			if least := leastOutside(lines, sep); least > most {
				best, most = sep, least
			}
		}
		switch {
		case most > 0:
			return best
		case len(lines) <= 1:
			return ','
		}
	}
}

func leastOutside(lines []string, sign rune) int {
	least := -1
	for _, line := range lines {
		if n := outside(line, sign); least < 0 || n < least {
			least = n
		}
	}
	return least
}

// outside counts a sign outside of quotes.
func outside(line string, sign rune) int {
	n, quoted := 0, false
	for _, r := range line {
		switch r {
		case '"':
			quoted = !quoted
		case sign:
			if !quoted {
				n++
			}
		}
	}
	return n
}
