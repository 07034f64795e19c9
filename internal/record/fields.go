package record

import (
	"bytes"
	"net/netip"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// Each of the methods that follow writes *v, or reads into it when its field is
// at hand. They are short enough to be inlined, so that passing over a field
// costs a comparison.

// Uint is a uint64 of the schema.
func (f *Fields) Uint(n Number, v *uint64) {
	if f.at == n || f.at == every {
		f.uint(n, v)
	}
}

// Fixed is a fixed64 of the schema: 8 bytes, for hashes, whose varints would be
// longer.
func (f *Fields) Fixed(n Number, v *uint64) {
	if f.at == n || f.at == every {
		f.fixed(n, v)
	}
}

// Int is an int64 of the schema: a plain varint, which is short for numbers and
// counts; a negative one takes 10 bytes.
func (f *Fields) Int(n Number, v *int64) {
	if f.at == n || f.at == every {
		f.int(n, v)
	}
}

// Bool is a bool of the schema.
func (f *Fields) Bool(n Number, v *bool) {
	if f.at == n || f.at == every {
		f.bool(n, v)
	}
}

// Time is an int64 of the schema: microseconds since 1970, UTC. The zero Time
// is not written; the first instant of 1970 is.
func (f *Fields) Time(n Number, v *time.Time) {
	if f.at == n || f.at == every {
		f.time(n, v)
	}
}

// String is a string of the schema. For a type made of string convert the
// pointer: f.String(4, (*string)(&c.TurnedAway)).
func (f *Fields) String(n Number, v *string) {
	if f.at == n || f.at == every {
		f.string(n, v)
	}
}

// Strings is a repeated string of the schema. Empty ones among them are
// written.
func (f *Fields) Strings(n Number, v *[]string) {
	if f.at == n || f.at == every {
		f.strings(n, v)
	}
}

// Bytes are bytes of the schema, of any content. None are read as nil.
func (f *Fields) Bytes(n Number, v *[]byte) {
	if f.at == n || f.at == every {
		f.bytes(n, v)
	}
}

// Array is bytes of the schema that are always as many as v has: f.Array(5,
// id[:]). All zeros are the zero value.
func (f *Fields) Array(n Number, v []byte) {
	if f.at == n || f.at == every {
		f.array(n, v)
	}
}

// Addr is bytes of the schema: the 4 or 16 of the address, without a zone.
func (f *Fields) Addr(n Number, v *netip.Addr) {
	if f.at == n || f.at == every {
		f.addr(n, v)
	}
}

func (f *Fields) uint(n Number, v *uint64) {
	switch {
	case f.at == every && *v != 0:
		f.putVarint(n, *v)
	case f.at == n && f.is(protowire.VarintType):
		*v = f.value
	}
}

func (f *Fields) fixed(n Number, v *uint64) {
	switch {
	case f.at == every && *v != 0:
		f.putFixed(n, *v)
	case f.at == n && f.is(protowire.Fixed64Type):
		*v = f.value
	}
}

func (f *Fields) int(n Number, v *int64) {
	switch {
	case f.at == every && *v != 0:
		f.putVarint(n, uint64(*v)) //nolint:gosec // a negative one is its two's complement
	case f.at == n && f.is(protowire.VarintType):
		*v = int64(f.value) //nolint:gosec // as above
	}
}

func (f *Fields) bool(n Number, v *bool) {
	switch {
	case f.at == every && *v:
		f.putVarint(n, 1)
	case f.at == n && f.is(protowire.VarintType):
		*v = protowire.DecodeBool(f.value)
	}
}

func (f *Fields) time(n Number, v *time.Time) {
	switch {
	case f.at == every && !v.IsZero():
		f.putVarint(n, uint64(v.UnixMicro()))
	case f.at == n && f.is(protowire.VarintType):
		*v = time.UnixMicro(int64(f.value)).UTC() //nolint:gosec // as in int
	}
}

func (f *Fields) string(n Number, v *string) {
	switch {
	case f.at == every && *v != "":
		f.putString(n, *v)
	case f.at == n && f.is(protowire.BytesType):
		*v = f.takeString()
	}
}

func (f *Fields) strings(n Number, v *[]string) {
	switch {
	case f.at == every:
		for _, s := range *v {
			f.putString(n, s)
		}
	case f.at == n && f.is(protowire.BytesType):
		*v = append(*v, f.takeString())
	}
}

func (f *Fields) bytes(n Number, v *[]byte) {
	switch {
	case f.at == every && len(*v) != 0:
		f.putBytes(n, *v)
	case f.at == n && f.is(protowire.BytesType):
		*v = bytes.Clone(f.taken())
		if len(*v) == 0 {
			*v = nil
		}
	}
}

func (f *Fields) array(n Number, v []byte) {
	switch {
	case f.at == every && !zeros(v):
		f.putBytes(n, v)
	case f.at == n && f.is(protowire.BytesType):
		if b := f.taken(); len(b) != len(v) {
			f.unfit("has %d bytes, want %d", len(b), len(v))
		} else {
			copy(v, b)
		}
	}
}

func (f *Fields) addr(n Number, v *netip.Addr) {
	switch {
	case f.at == every && v.Is4():
		b := v.As4()
		f.putBytes(n, b[:])
	case f.at == every && v.IsValid():
		b := v.As16()
		f.putBytes(n, b[:])
	case f.at == n && f.is(protowire.BytesType):
		addr, ok := netip.AddrFromSlice(f.taken())
		if !ok {
			f.unfit("is no address: %d bytes", len(f.taken()))
			return
		}
		*v = addr
	}
}
