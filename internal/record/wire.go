package record

import (
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

func zeros(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

func (f *Fields) putVarint(n Number, v uint64) {
	f.out = protowire.AppendTag(f.out, n, protowire.VarintType)
	f.out = protowire.AppendVarint(f.out, v)
}

func (f *Fields) putFixed(n Number, v uint64) {
	f.out = protowire.AppendTag(f.out, n, protowire.Fixed64Type)
	f.out = protowire.AppendFixed64(f.out, v)
}

func (f *Fields) putBytes(n Number, b []byte) {
	f.out = protowire.AppendTag(f.out, n, protowire.BytesType)
	f.out = protowire.AppendBytes(f.out, b)
}

func (f *Fields) putString(n Number, s string) {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, string(utf8.RuneError))
	}
	f.out = protowire.AppendTag(f.out, n, protowire.BytesType)
	f.out = protowire.AppendString(f.out, s)
}

// taken gives the bytes at hand, which are the input's.
func (f *Fields) taken() []byte { return f.in[f.start:f.stop] }

func (f *Fields) takeString() string {
	if f.text == "" {
		f.text = string(f.in)
	}
	s := f.text[f.start:f.stop]
	if !utf8.ValidString(s) {
		f.unfit("is not UTF-8")
		return ""
	}
	return s
}
