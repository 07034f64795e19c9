package signal_test

import (
	"context"
	"crypto/sha256"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bufbuild/protocompile"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"pgregory.net/rapid"

	"waybill/internal/param"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// mint gives an ID under a key that all know.
func mint(t interface {
	Helper()
	Fatal(...any)
}, kind txid.Kind, at time.Time,
) txid.ID {
	t.Helper()
	ring, err := txid.NewRing([]txid.Key{{Number: 1, Secret: [32]byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	id, err := ring.Seal(txid.Parts{Kind: kind, Time: at, Offer: 5, Affiliate: 7})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func cmpAddr(a, b netip.Addr) bool { return a == b }

// full gives a signal whose every field has a value.
func full(t testing.TB) signal.Signal {
	at := time.Date(2026, 11, 22, 8, 30, 0, 123_456_000, time.UTC)
	return signal.Signal{
		ID: mint(t, txid.Signal, at), ReceivedAt: at, Channel: signal.Postback, Method: "POST", Path: "/postback",
		Raw: "tid=x&amount=12", IP: netip.MustParseAddr("2001:db8::1"), UserAgent: "curl/8", Referrer: "https://shop.example/",
		Auth: signal.TokenInvalid, Malformed: "amount twice", Index: 3, Test: true, Click: mint(t, txid.Click, at.Add(-time.Hour)),
		Params: []signal.Param{{Name: param.TransactionID, Value: "x"}, {Name: param.Adv1 + 9, Value: "y"}, {Name: param.Amount, Value: "12"}},
		Extra:  []signal.Extra{{Name: "coupon2", Value: "MAY"}, {Name: "z", Value: ""}},
		Marks:  []string{"amp; removed", ""}, IfVersion: 4, Binds: true, EmailSHA256: param.Digest("ann@example.com"), PayoutID: 12, SentBy: 3,
	}
}

func sha256Of(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

// TestADigestThatIsNoneIsNotWritten, or the record would hold something else.
func TestADigestThatIsNoneIsNotWritten(t *testing.T) {
	t.Parallel()
	id := mint(t, txid.Signal, time.Date(2026, 11, 22, 8, 30, 0, 0, time.UTC))
	digest := param.Digest("ann@example.com")
	for _, text := range []string{"", "ann@example.com", digest[:62], digest + "00", "zz" + digest[2:], "emailhash:" + digest} {
		s := signal.Signal{ID: id, ReceivedAt: id.Time(), EmailSHA256: text}
		got, err := signal.Read(id, s.Append(nil))
		if err != nil || got.EmailSHA256 != "" {
			t.Errorf("the digest %q comes back as %q (%v), want none", text, got.EmailSHA256, err)
		}
	}
}

func schema(t *testing.T) protoreflect.MessageDescriptor {
	t.Helper()
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{}}
	files, err := compiler.Compile(context.Background(), "signal.proto")
	if err != nil {
		t.Fatal(err)
	}
	return files[0].Messages().ByName("Signal")
}

func plain(field protoreflect.FieldDescriptor, v protoreflect.Value) any {
	if field.Message() == nil {
		return v.Interface()
	}
	values := make(map[string]any)
	v.Message().Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		values[string(field.Name())] = v.Interface()
		return true
	})
	return values
}

// TestRecordKeepsToItsSchema compares each field of a full record with what a
// reader by the schema finds under its name, and reads what such a reader
// writes.
func TestRecordKeepsToItsSchema(t *testing.T) {
	t.Parallel()
	s := full(t)
	message := dynamicpb.NewMessage(schema(t))
	if err := proto.Unmarshal(s.Append(nil), message); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]any)
	message.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if !field.IsList() {
			got[string(field.Name())] = plain(field, v)
			return true
		}
		var list []any
		for i := range v.List().Len() {
			list = append(list, plain(field, v.List().Get(i)))
		}
		got[string(field.Name())] = list
		return true
	})
	want := map[string]any{
		"after_id": int64(456), "channel": "postback", "method": "POST", "path": "/postback", "raw": "tid=x&amount=12",
		"ip": s.IP.AsSlice(), "user_agent": "curl/8", "referrer": "https://shop.example/",
		"auth": "token_invalid", "malformed": "amount twice", "index": int64(3), "test": true, "click": s.Click[:],
		"params": []any{
			map[string]any{"name": "transaction_id", "value": "x"},
			map[string]any{"name": "adv10", "value": "y"},
			map[string]any{"name": "amount", "value": "12"},
		},
		"extra": []any{map[string]any{"name": "coupon2", "value": "MAY"}, map[string]any{"name": "z"}},
		"marks": []any{"amp; removed", ""}, "if_version": int64(4), "binds": true,
		"email_sha256": sha256Of("ann@example.com"), "payout_id": int64(12),
		"sent_by": int64(3),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("by the schema the record says (-want +got):\n%s", diff)
	}
	if len(message.GetUnknown()) != 0 {
		t.Errorf("the schema lacks fields of the record: % x", message.GetUnknown())
	}
	if have, all := len(got), schema(t).Fields().Len(); have != all {
		t.Errorf("the full record has %d fields of %d", have, all)
	}
	b, err := proto.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	again, err := signal.Read(s.ID, b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, again, cmp.Comparer(cmpAddr)); diff != "" {
		t.Errorf("read from what the schema wrote (-want +got):\n%s", diff)
	}
}

func TestReadGivesWhatWasAppended(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		want := draw(r)
		b := want.Append([]byte("kept"))
		if string(b[:4]) != "kept" {
			r.Fatalf("Append() changed what stood before: %q", b[:4])
		}
		got, err := signal.Read(want.ID, b[4:])
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(cmpAddr)); diff != "" {
			r.Errorf("Read(Append()) (-want +got):\n%s", diff)
		}
	})
}

func draw(r *rapid.T) signal.Signal {
	text := func(label string) string { return rapid.OneOf(rapid.Just(""), rapid.String()).Draw(r, label) }
	at := time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(r, "minted"))
	s := signal.Signal{
		ID: mint(r, txid.Signal, at), ReceivedAt: at.Add(time.Duration(rapid.Int64Range(-1e9, 1e9).Draw(r, "lag")) * time.Microsecond).UTC(),
		Channel: signal.Channel(text("channel")), Method: text("method"), Path: text("path"), Raw: text("raw"),
		UserAgent: text("agent"), Referrer: text("referrer"), Auth: signal.Code(text("auth")), Malformed: text("malformed"),
		Index: rapid.IntRange(0, 100).Draw(r, "index"), Test: rapid.Bool().Draw(r, "test"),
		IfVersion: rapid.IntRange(0, 1000).Draw(r, "version"),
	}
	if rapid.Bool().Draw(r, "click") {
		s.Click = mint(r, txid.Click, at)
	}
	for n := range param.NumNames {
		if rapid.Bool().Draw(r, "has") {
			s.Params = append(s.Params, signal.Param{Name: n, Value: text("value")})
		}
	}
	for range rapid.IntRange(0, 3).Draw(r, "extras") {
		s.Extra = append(s.Extra, signal.Extra{Name: text("name"), Value: text("extra")})
	}
	for range rapid.IntRange(0, 3).Draw(r, "marks") {
		s.Marks = append(s.Marks, text("mark"))
	}
	if raw := rapid.SampledFrom([]int{0, 4, 16}).Draw(r, "address"); raw > 0 {
		s.IP, _ = netip.AddrFromSlice(rapid.SliceOfN(rapid.Byte(), raw, raw).Draw(r, "ip"))
	}
	return s
}

// TestReadOfALaterVersion keeps what an older program does not know.
func TestReadOfALaterVersion(t *testing.T) {
	t.Parallel()
	s := full(t)
	b := s.Append(nil)
	b = append(b, 14<<3|2, 9, 1<<3|2, 4, 'm', 'o', 'o', 'd', 2<<3|2, 1, '!') // a parameter called mood
	b = append(b, 14<<3|2, 8, 1<<3|2, 3, 't', 'i', 'd', 2<<3|2, 1, '?')      // an alias is no canonical name
	b = append(b, 0xfa, 0x01, 1, 'x')                                        // field 31
	got, err := signal.Read(s.ID, b)
	if err != nil {
		t.Fatal(err)
	}
	s.Extra = append(slices.Clone(s.Extra), signal.Extra{Name: "mood", Value: "!"}, signal.Extra{Name: "tid", Value: "?"})
	if diff := cmp.Diff(s, got, cmp.Comparer(cmpAddr)); diff != "" {
		t.Errorf("Read() (-want +got):\n%s", diff)
	}
}

func TestReadSaysWhatIsDamaged(t *testing.T) {
	t.Parallel()
	s := full(t)
	b := s.Append(nil)
	got, err := signal.Read(s.ID, b[:len(b)-1])
	if err == nil || !strings.Contains(err.Error(), s.ID.String()) || got.Raw != "" {
		t.Errorf("Read() of a cut record = %+v, %v; want nothing, and an error that names %s", got, err, s.ID)
	}
}

func FuzzRead(f *testing.F) {
	s := full(f)
	f.Add(s.Append(nil))
	f.Add([]byte{})
	f.Add([]byte{14<<3 | 2, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := signal.Read(s.ID, b)
		if err != nil {
			return
		}
		again, err := signal.Read(s.ID, first.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, again, cmp.Comparer(cmpAddr)); diff != "" {
			t.Errorf("read again (-want +got):\n%s", diff)
		}
	})
}

func TestValue(t *testing.T) {
	t.Parallel()
	s := full(t)
	if got := s.Value(param.Amount); got != "12" {
		t.Errorf("Value(amount) = %q, want 12", got)
	}
	if got := s.Value(param.OrderID); got != "" {
		t.Errorf("Value(order_id) = %q, want nothing", got)
	}
}

func TestFromServer(t *testing.T) {
	t.Parallel()
	for channel, want := range map[signal.Channel]bool{
		signal.Postback: true, signal.API: true, signal.Import: true, signal.Pixel: false, signal.SDK: false, "": false,
	} {
		if got := channel.FromServer(); got != want {
			t.Errorf("%q.FromServer() = %t, want %t", channel, got, want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	type p = []signal.Param
	base := p{{param.Amount, "12.50"}, {param.Currency, "EUR"}, {param.OrderID, "A1"}}
	tests := []struct {
		name   string
		params p
		same   bool
	}{
		{"the same again", base, true},
		{"another way to write the amount", p{{param.Amount, "12,5"}, {param.Currency, "eur"}, {param.OrderID, "A1"}}, true},
		{"the currency within the amount", p{{param.Amount, "€12.50"}, {param.OrderID, "A1"}}, true},
		{"the default goal by its name", append(p{{param.Goal, "Default"}}, base...), true},
		{"what does not belong to it", append(p{{param.CustomerID, "9"}, {param.Adv1, "x"}}, base...), true},
		{"another goal", append(p{{param.Goal, "lead"}}, base...), false},
		{"another order", p{{param.Amount, "12.50"}, {param.Currency, "EUR"}, {param.OrderID, "a1"}}, false},
		{"another amount", p{{param.Amount, "12.51"}, {param.Currency, "EUR"}, {param.OrderID, "A1"}}, false},
		{"no amount", p{{param.Currency, "EUR"}, {param.OrderID, "A1"}}, false},
		{"another currency", p{{param.Amount, "12.50"}, {param.Currency, "USD"}, {param.OrderID, "A1"}}, false},
		{"a status", append(p{{param.Status, "approved"}}, base...), false},
		{"an amount that is none", p{{param.Amount, "12.50x"}, {param.Currency, "EUR"}, {param.OrderID, "A1"}}, false},
	}
	first := signal.Signal{Params: base}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := signal.Signal{Params: tt.params}
			if same := s.Fingerprint() == first.Fingerprint(); same != tt.same {
				t.Errorf("Fingerprint() of %v equals that of %v: %t, want %t", tt.params, base, same, tt.same)
			}
		})
	}
	zero := signal.Signal{Params: p{{param.Amount, "0"}}}
	none := signal.Signal{}
	if zero.Fingerprint() == none.Fingerprint() {
		t.Error("an amount of zero and no amount have one fingerprint")
	}
	shifted := signal.Signal{Params: p{{param.OrderID, "A"}, {param.Amount, "x"}}}
	other := signal.Signal{Params: p{{param.OrderID, "Ax"}}}
	if shifted.Fingerprint() == other.Fingerprint() {
		t.Error("the parts of a fingerprint run into each other")
	}
}
