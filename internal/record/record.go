// Package record writes and reads the values of the journal: protobuf wire
// format, without generated code and without reflection.
//
// A record type lists its fields once, and the list serves both directions:
//
//	func (v *Visit) fields(f *record.Fields) {
//		f.Time(1, &v.At)
//		f.String(2, &v.Source)
//		for stops := record.Items(f, 3, &v.Stops); stops.Next(); {
//			stops.Item().fields(f)
//		}
//	}
//
//	func (v *Visit) Append(dst []byte) []byte {
//		f := record.To(dst)
//		v.fields(&f)
//		return f.Written()
//	}
//
//	func (v *Visit) Read(b []byte) error { // into a zero Visit
//		f := record.From(b)
//		for f.Next() {
//			v.fields(&f)
//		}
//		return f.Err()
//	}
//
// All calls are static, so neither the record nor Fields need leave the stack,
// and writing allocates nothing but the growth of dst.
//
// What always holds: zero values are not written. Fields are read in any order;
// of one that comes twice the last counts; one that nobody lists is passed
// over, so a record may grow and an older program still reads it. A number,
// once given, keeps its type and its meaning. Strings are written as valid
// UTF-8, each broken sequence replaced by U+FFFD; what must be kept byte for
// byte is Bytes. Damaged input is an error, never a panic, and what is read
// keeps no part of the input.
//
// # The schema
//
// Each record type is documented by a .proto file beside it, for people and for
// readers in other languages. So that file and list do not drift apart, the
// type's tests parse the file with github.com/bufbuild/protocompile, decode
// what Append wrote into a dynamic message of it, and compare every field by
// its name; and the other way round. This package's schema_test.go does so for
// testdata/example.proto, and shows how.
package record

import (
	"google.golang.org/protobuf/encoding/protowire"

	"waybill/internal/fault"
)

// Number is a field's number in the schema.
type Number = protowire.Number

// every stands for the number of the field at hand while all are written.
const every Number = -1

// Fields is a record being written or read.
type Fields struct {
	out []byte // what is written so far

	in       []byte // what is read
	text     string // a copy of in, which all strings share
	pos, end int    // the fields ahead are in[pos:end]
	err      error

	at    Number // the field at hand; every when writing, 0 when there is none
	kind  protowire.Type
	value uint64 // of a varint or a fixed64
	start int    // in[start:stop] is the value of bytes
	stop  int
}

// To begins a record behind dst.
func To(dst []byte) Fields { return Fields{out: dst, at: every} }

// Written gives dst with the record behind it.
func (f *Fields) Written() []byte { return f.out }

// From begins to read the record b. Next comes before the first field. b must
// stay as it is until the last one.
func From(b []byte) Fields { return Fields{in: b, end: len(b)} }

// Next goes to the next field, which the record's list of fields then takes up.
// It reports whether there is one: at the end, and at the first damage, there
// is not.
func (f *Fields) Next() bool {
	f.at = 0
	if f.err != nil || f.pos >= f.end {
		return false
	}
	ahead := f.in[f.pos:f.end]
	n, kind, tag := protowire.ConsumeTag(ahead)
	if tag < 0 {
		return f.damaged(protowire.ParseError(tag))
	}
	var size int
	switch kind {
	case protowire.VarintType:
		f.value, size = protowire.ConsumeVarint(ahead[tag:])
	case protowire.Fixed64Type:
		f.value, size = protowire.ConsumeFixed64(ahead[tag:])
	case protowire.BytesType:
		var value []byte
		value, size = protowire.ConsumeBytes(ahead[tag:])
		f.stop = f.pos + tag + size
		f.start = f.stop - len(value)
	default:
		size = protowire.ConsumeFieldValue(n, kind, ahead[tag:])
	}
	if size < 0 {
		return f.damaged(protowire.ParseError(size))
	}
	f.pos += tag + size
	f.at, f.kind = n, kind
	return true
}

// Err gives why reading stopped before the end, or nil. A damaged record is
// nothing a client could mend, so its kind is Internal.
func (f *Fields) Err() error { return f.err }

func (f *Fields) damaged(cause error) bool {
	if f.err == nil {
		f.err = fault.Because(cause, fault.Internal, "record is damaged near byte %d", f.pos)
	}
	return false
}

// is reports whether the field at hand has a type, and reports damage if not.
func (f *Fields) is(kind protowire.Type) bool {
	if f.kind != kind {
		return f.unfit("has wire type %d, want %d", f.kind, kind)
	}
	return true
}

// unfit reports that the value at hand is none of its field.
func (f *Fields) unfit(format string, args ...any) bool {
	if f.err == nil {
		f.err = fault.Because(fault.New(fault.Internal, format, args...), fault.Internal, "record is damaged in field %d", f.at)
	}
	return false
}
