package record_test

import (
	"context"
	"testing"

	"github.com/bufbuild/protocompile"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// schema reads a message's description from a .proto file.
func schema(t *testing.T, file string, name protoreflect.Name) protoreflect.MessageDescriptor {
	t.Helper()
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{}}
	files, err := compiler.Compile(context.Background(), file)
	if err != nil {
		t.Fatal(err)
	}
	message := files[0].Messages().ByName(name)
	if message == nil {
		t.Fatalf("%s has no message %s", file, name)
	}
	return message
}

// plain gives a message's values by the names of their fields, messages within
// it too.
func plain(m protoreflect.Message) map[string]any {
	values := make(map[string]any)
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case field.IsList():
			var list []any
			for i := range v.List().Len() {
				list = append(list, plainValue(field, v.List().Get(i)))
			}
			values[string(field.Name())] = list
		default:
			values[string(field.Name())] = plainValue(field, v)
		}
		return true
	})
	return values
}

func plainValue(field protoreflect.FieldDescriptor, v protoreflect.Value) any {
	if field.Message() != nil {
		return plain(v.Message())
	}
	return v.Interface()
}

// TestRecordKeepsToItsSchema compares each field of a full record with what a
// reader by the schema finds under its name.
func TestRecordKeepsToItsSchema(t *testing.T) {
	visit := full()
	message := dynamicpb.NewMessage(schema(t, "testdata/example.proto", "Visit"))
	if err := proto.Unmarshal(visit.Append(nil), message); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"at":     int64(1773489600123456),
		"source": "newsletter — März",
		"stops": []any{
			map[string]any{"name": "landing", "value": "/"},
			map[string]any{},
			map[string]any{"name": "query", "value": string(make([]byte, 300))},
		},
		"reason":   "offer_paused",
		"id":       []byte{0: 0x24, 19: 0xff},
		"device":   map[string]any{"kind": "mobile", "system": "Android"},
		"ip":       []byte{203, 0, 113, 9},
		"test":     true,
		"offer_id": int64(7),
		"hash":     uint64(1<<64 - 1),
		"marks":    []any{"sub1 cut", "", "coupon dropped"},
		"raw":      []byte("\xff\x00raw"),
		"key":      uint64(1<<63 + 1),
	}
	if diff := cmp.Diff(want, plain(message)); diff != "" {
		t.Errorf("by the schema the record says (-want +got):\n%s", diff)
	}
	if len(message.GetUnknown()) != 0 {
		t.Errorf("the schema lacks fields of the record: % x", message.GetUnknown())
	}
}

// TestSchemaIsReadWhole writes every field of the schema by the schema, and
// reads it: a field that the record's list lacks would be lost.
func TestSchemaIsReadWhole(t *testing.T) {
	visit := full()
	description := schema(t, "testdata/example.proto", "Visit")
	message := dynamicpb.NewMessage(description)
	if err := proto.Unmarshal(visit.Append(nil), message); err != nil {
		t.Fatal(err)
	}
	for i := range description.Fields().Len() {
		field := description.Fields().Get(i)
		if !message.Has(field) {
			t.Errorf("the full record lacks %s", field.Name())
		}
	}
	b, err := proto.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	var got Visit
	if err := got.Read(b); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(visit, got, cmpAddr); diff != "" {
		t.Errorf("read from what the schema wrote (-want +got):\n%s", diff)
	}
}
