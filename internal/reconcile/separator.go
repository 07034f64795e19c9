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
	b, head, err := peek(r)
	if err != nil {
		return nil, 0, err
	}
	if bytes.IndexByte(head, '\r') >= 0 && bytes.IndexByte(head, '\n') < 0 {
		if b, head, err = peek(oldLines{b}); err != nil {
			return nil, 0, err
		}
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

// peek looks at the first lines of a text.
func peek(r io.Reader) (*bufio.Reader, []byte, error) {
	b := bufio.NewReaderSize(r, 4*peeked)
	head, err := b.Peek(4 * peeked)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return nil, nil, err
	}
	return b, head, nil
}

// oldLines reads a text whose lines end with a carriage return alone, as Excel
// writes it for "CSV (Macintosh)", with line ends that others know.
type oldLines struct{ text io.Reader }

func (o oldLines) Read(p []byte) (int, error) {
	n, err := o.text.Read(p)
	for i, c := range p[:n] {
		if c == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

const separators = ",;\t|"

// separatorOf takes the sign that each of the first lines has most of, titles left
// out, else the one that the very first has.
func separatorOf(head string) rune {
	const looked = 10
	var lines []string
	for line := range strings.Lines(head) {
		if strings.TrimSpace(line) != "" && len(lines) < looked {
			lines = append(lines, line)
		}
	}
	for titles := 0; titles <= min(maxTitles, len(lines)-2); titles++ {
		if sep, ok := commonTo(lines[titles:]); ok {
			return sep
		}
	}
	if sep, ok := commonTo(lines[:min(1, len(lines))]); ok {
		return sep
	}
	return ','
}

// commonTo gives the sign that each of some lines has most of.
func commonTo(lines []string) (best rune, found bool) {
	most := 0
	for _, sep := range separators {
		if least := leastOutside(lines, sep); least > most {
			best, most = sep, least
		}
	}
	return best, most > 0
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
