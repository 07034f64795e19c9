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

func separatorOf(head string) rune {
	const looked = 10
	best, most := ',', 0
	for _, sep := range separators {
		least, n := -1, 0
		for line := range strings.Lines(head) {
			if n == looked {
				break
			}
			if strings.TrimSpace(line) == "" {
				continue
			}
			n++
			if count := outside(line, sep); least < 0 || count < least {
				least = count
			}
		}
		if least <= 0 { // the first line alone decides where not every line has it
			line, _, _ := strings.Cut(strings.TrimLeft(head, "\r\n"), "\n")
			least = 0
			if outside(line, sep) > 0 {
				least = 1
			}
			if least > 0 && most == 0 {
				best, most = sep, least
			}
			continue
		}
		if score := least * 2; score > most {
			best, most = sep, score
		}
	}
	return best
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
