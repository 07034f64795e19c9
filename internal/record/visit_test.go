package record_test

import (
	"net/netip"
	"time"

	"waybill/internal/record"
)

// Visit stands for a record type, with a field of every type there is. Its
// schema is testdata/example.proto.
type Visit struct {
	At     time.Time
	Source string
	Stops  []Stop
	Reason Reason
	ID     [20]byte
	Device Device
	IP     netip.Addr
	Test   bool
	Offer  int64
	Hash   uint64
	Marks  []string
	Raw    []byte
	Key    uint64
}

type Reason string

type Stop struct{ Name, Value string }

type Device struct{ Kind, System string }

func (v *Visit) fields(f *record.Fields) {
	f.Time(1, &v.At)
	f.String(2, &v.Source)
	for stops := record.Items(f, 3, &v.Stops); stops.Next(); {
		stops.Item().fields(f)
	}
	f.String(4, (*string)(&v.Reason))
	f.Array(5, v.ID[:])
	for device := f.Message(6); device.Next(); {
		v.Device.fields(f)
	}
	f.Addr(7, &v.IP)
	f.Bool(8, &v.Test)
	f.Int(9, &v.Offer)
	f.Uint(10, &v.Hash)
	f.Strings(11, &v.Marks)
	f.Bytes(12, &v.Raw)
	f.Fixed(13, &v.Key)
}

func (s *Stop) fields(f *record.Fields) {
	f.String(1, &s.Name)
	f.String(2, &s.Value)
}

func (d *Device) fields(f *record.Fields) {
	f.String(1, &d.Kind)
	f.String(2, &d.System)
}

// Append appends v's record to dst.
func (v *Visit) Append(dst []byte) []byte {
	f := record.To(dst)
	v.fields(&f)
	return f.Written()
}

// Read reads a record into a zero Visit.
func (v *Visit) Read(b []byte) error {
	f := record.From(b)
	for f.Next() {
		v.fields(&f)
	}
	return f.Err()
}

// full gives a visit whose every field has a value, with one message too long
// for a length of one byte.
func full() Visit {
	return Visit{
		At:     time.Date(2026, 3, 14, 12, 0, 0, 123456000, time.UTC),
		Source: "newsletter — März",
		Stops:  []Stop{{Name: "landing", Value: "/"}, {}, {Name: "query", Value: string(make([]byte, 300))}},
		Reason: "offer_paused",
		ID:     [20]byte{0: 0x24, 19: 0xff},
		Device: Device{Kind: "mobile", System: "Android"},
		IP:     netip.MustParseAddr("203.0.113.9"),
		Test:   true,
		Offer:  7,
		Hash:   1<<64 - 1,
		Marks:  []string{"sub1 cut", "", "coupon dropped"},
		Raw:    []byte("\xff\x00raw"),
		Key:    1<<63 + 1,
	}
}
