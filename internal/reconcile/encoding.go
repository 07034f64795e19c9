package reconcile

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"waybill/internal/fault"
)

// The encodings that lists come in.
const (
	encodingUTF8    = "utf-8"
	encodingUTF16   = "utf-16"
	encodingWindows = "windows-1252"
)

// peeked is how much of a file is looked at to tell what it is.
const peeked = 4096

// decode tells a file's encoding by its beginning and gives its text. Without a
// mark, a file is UTF-8; fields that are not are read as Windows-1252, one by
// one, since the first special letter may stand far down.
func decode(r io.Reader) (*bufio.Reader, string, error) {
	b := bufio.NewReaderSize(r, peeked)
	head, err := b.Peek(peeked)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", err
	}
	switch {
	case len(bytes.TrimSpace(head)) == 0:
		return nil, "", fault.New(fault.Invalid, "the list is empty")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return nil, "", fault.New(fault.Invalid, "this is a spreadsheet or an archive; save the list as CSV and send that")
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0")):
		return nil, "", fault.New(fault.Invalid, "this is an Excel file; save the list as CSV and send that")
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return nil, "", fault.New(fault.Invalid, "this is compressed; send the CSV itself")
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, err := b.Discard(3)
		return b, encodingUTF8, err
	}
	if end, ok := utf16Order(head); ok {
		text := unicode.UTF16(end, unicode.UseBOM).NewDecoder().Reader(b)
		return bufio.NewReaderSize(text, peeked), encodingUTF16, nil
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return nil, "", fault.New(fault.Invalid, "this is not a text file; send the list as CSV")
	}
	return b, encodingUTF8, nil
}

// utf16Order recognises UTF-16 by its mark, or by every second byte being 0.
func utf16Order(head []byte) (unicode.Endianness, bool) {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return unicode.LittleEndian, true
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return unicode.BigEndian, true
	}
	var zero [2]int
	for i, c := range head {
		if c == 0 {
			zero[i%2]++
		}
	}
	half := len(head) / 2
	switch {
	case half > 8 && zero[0] == 0 && zero[1] > half*3/4:
		return unicode.LittleEndian, true
	case half > 8 && zero[1] == 0 && zero[0] > half*3/4:
		return unicode.BigEndian, true
	}
	return unicode.LittleEndian, false
}

// toUTF8 gives a field as UTF-8, and whether it was Windows-1252 before.
func toUTF8(field string) (string, bool) {
	if utf8.ValidString(field) {
		return field, false
	}
	text, err := charmap.Windows1252.NewDecoder().String(field)
	if err != nil {
		return field, false
	}
	return text, true
}
