package click_test

import (
	"context"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bufbuild/protocompile"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"pgregory.net/rapid"

	"waybill/internal/click"
	"waybill/internal/txid"
	"waybill/internal/visitor"
)

// ring is for tests: its secret is known to all.
func ring(t testing.TB) *txid.Ring {
	t.Helper()
	r, err := txid.NewRing([]txid.Key{{Number: 1, Secret: [32]byte{1}}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mint(t testing.TB, r *txid.Ring, at time.Time, seq uint16) txid.ID {
	t.Helper()
	id, err := r.Seal(txid.Parts{Kind: txid.Click, Time: at, Seq: seq, Offer: 5, Affiliate: 7})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func cmpAddr(a, b netip.Addr) bool { return a == b }

// full gives a click whose every field has a value.
func full(t testing.TB) click.Click {
	at := time.Date(2026, 11, 22, 8, 30, 0, 123_456_000, time.UTC)
	c := click.Click{
		ID: mint(t, ring(t), at, 3), At: at, OfferID: 5, AffiliateID: 7, LinkCode: "spring",
		AffClickID: "w7f3a", Source: "news", Coupon: "MAY", GAID: "g", IDFA: "a", IDFV: "v",
		CustomerID: "c-1", Email: "emailhash:0e", Username: "emailhash:0f",
		IP: netip.MustParseAddr("203.0.113.9"), UserAgent: "Mozilla/5.0", Referrer: "https://blog.example/",
		VisitorHash: 1<<63 + 5,
		Visitor:     visitor.Visitor{Country: "DE", Device: visitor.Mobile, OS: "Android", OSVersion: "15", Browser: "Chrome", Bot: true},
		TurnedAway:  click.CapReached, Marks: []string{"sub1 cut", ""}, Test: true,
	}
	for i := range c.Sub {
		c.Sub[i] = "value " + strconv.Itoa(i+1)
	}
	for i, name := range adIDs() {
		c.AdIDs[i] = "of " + name
	}
	c.Location = "https://shop.example/?wb=" + c.ID.String() + "&s=1"
	return c
}

// adIDs names the IDs of ad platforms in their order.
func adIDs() [click.AdIDs]string {
	return [...]string{"fbclid", "gclid", "gbraid", "wbraid", "ttclid", "msclkid", "fbp", "fbc", "ttp"}
}

// TestRecordKeepsToItsSchema compares each field of full records with what a
// reader by the schema finds under its name.
func TestRecordKeepsToItsSchema(t *testing.T) {
	t.Parallel()
	c := full(t)
	want := map[string]any{
		"after_id": int64(456), "offer_id": int64(5), "affiliate_id": int64(7), "link_code": "spring",
		"aff_click_id": "w7f3a", "source": "news", "coupon": "MAY", "gaid": "g", "idfa": "a", "idfv": "v",
		"customer_id": "c-1", "email": "emailhash:0e", "username": "emailhash:0f",
		"ip": []byte{203, 0, 113, 9}, "user_agent": "Mozilla/5.0", "referrer": "https://blog.example/",
		"country": "DE", "device": "mobile", "os": "Android", "os_version": "15", "browser": "Chrome", "bot": true,
		"location_before": "https://shop.example/?wb=", "location_after": "&s=1",
		"visitor_hash": uint64(1<<63 + 5), "turned_away": "cap_reached", "marks": []any{"sub1 cut", ""}, "test": true,
	}
	for i := range 10 {
		want["sub"+strconv.Itoa(i+1)] = "value " + strconv.Itoa(i+1)
	}
	for _, name := range adIDs() {
		want[name] = "of " + name
	}
	if diff := cmp.Diff(want, bySchema(t, &c)); diff != "" {
		t.Errorf("by the schema the record says (-want +got):\n%s", diff)
	}

	c.Location = "https://fallback.example/"
	delete(want, "location_before")
	delete(want, "location_after")
	want["location"] = c.Location
	got := bySchema(t, &c)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("by the schema the record of a visitor turned away says (-want +got):\n%s", diff)
	}
	fields := schema(t).Fields()
	for i := range fields.Len() {
		name := string(fields.Get(i).Name())
		if got[name] == nil && !strings.HasPrefix(name, "location_") {
			t.Errorf("the full record lacks %s", name)
		}
	}
}

func schema(t *testing.T) protoreflect.MessageDescriptor {
	t.Helper()
	compiler := protocompile.Compiler{Resolver: &protocompile.SourceResolver{}}
	files, err := compiler.Compile(context.Background(), "click.proto")
	if err != nil {
		t.Fatal(err)
	}
	return files[0].Messages().ByName("Click")
}

// bySchema reads the click's record as any reader of the schema would, and
// checks that what such a reader writes is read the same.
func bySchema(t *testing.T, c *click.Click) map[string]any {
	t.Helper()
	message := dynamicpb.NewMessage(schema(t))
	if err := proto.Unmarshal(c.Append(nil), message); err != nil {
		t.Fatal(err)
	}
	if len(message.GetUnknown()) != 0 {
		t.Errorf("the schema lacks fields of the record: % x", message.GetUnknown())
	}
	b, err := proto.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	again, err := click.Read(c.ID, b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*c, again, cmp.Comparer(cmpAddr)); diff != "" {
		t.Errorf("read from what the schema wrote (-want +got):\n%s", diff)
	}
	values := make(map[string]any)
	message.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if !field.IsList() {
			values[string(field.Name())] = v.Interface()
			return true
		}
		var list []any
		for i := range v.List().Len() {
			list = append(list, v.List().Get(i).Interface())
		}
		values[string(field.Name())] = list
		return true
	})
	return values
}

func TestReadGivesWhatWasAppended(t *testing.T) {
	t.Parallel()
	keys := ring(t)
	rapid.Check(t, func(r *rapid.T) {
		want := draw(r, keys)
		prefix := []byte("kept")
		b := want.Append(slices.Clone(prefix))
		if string(b[:4]) != "kept" {
			r.Fatalf("Append() changed what stood before: %q", b[:4])
		}
		got, err := click.Read(want.ID, b[4:])
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.Comparer(cmpAddr)); diff != "" {
			r.Errorf("Read(Append()) (-want +got):\n%s", diff)
		}
	})
}

func draw(r *rapid.T, keys *txid.Ring) click.Click {
	text := func(label string) string { return rapid.OneOf(rapid.Just(""), rapid.String()).Draw(r, label) }
	number := rapid.Int64Range(0, txid.MaxOffer)
	id, err := keys.Seal(txid.Parts{
		Kind: txid.Click, Time: time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(r, "minted")),
		Offer: number.Draw(r, "masked offer"), Affiliate: number.Draw(r, "masked affiliate"),
	})
	if err != nil {
		r.Fatal(err)
	}
	c := click.Click{
		ID: id, At: id.Time().Add(time.Duration(rapid.Int64Range(-1e9, 1e9).Draw(r, "lag")) * time.Microsecond),
		OfferID: number.Draw(r, "offer"), AffiliateID: number.Draw(r, "affiliate"), LinkCode: text("code"),
		AffClickID: text("aff_click_id"), Source: text("source"), Coupon: text("coupon"),
		GAID: text("gaid"), IDFA: text("idfa"), IDFV: text("idfv"), CustomerID: text("customer"), UserAgent: text("agent"), Referrer: text("referrer"),
		Visitor: visitor.Visitor{
			Country: text("country"), Device: visitor.Device(text("device")), OS: text("os"), OSVersion: text("version"),
			Browser: text("browser"), Bot: rapid.Bool().Draw(r, "bot"),
		},
		VisitorHash: rapid.Uint64().Draw(r, "visitor hash"),
		TurnedAway:  click.Reason(text("reason")), Test: rapid.Bool().Draw(r, "test"),
		Location: strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"", "https://a.example/?x=", "&y", id.String()}), 0, 5).Draw(r, "location"), ""),
	}
	for i := range c.Sub {
		c.Sub[i] = text("sub")
	}
	for i := range c.AdIDs {
		c.AdIDs[i] = text("ad ID")
	}
	if n := rapid.IntRange(0, 3).Draw(r, "marks"); n > 0 {
		c.Marks = rapid.SliceOfN(rapid.String(), n, n).Draw(r, "mark")
	}
	if raw := rapid.SampledFrom([]int{0, 4, 16}).Draw(r, "address"); raw > 0 {
		c.IP, _ = netip.AddrFromSlice(rapid.SliceOfN(rapid.Byte(), raw, raw).Draw(r, "ip"))
	}
	return c
}

func TestReadSaysWhatIsDamaged(t *testing.T) {
	t.Parallel()
	c := full(t)
	b := c.Append(nil)
	got, err := click.Read(c.ID, b[:len(b)-1])
	if err == nil || !strings.Contains(err.Error(), c.ID.String()) {
		t.Errorf("Read() of a cut record: %v; want an error that names %s", err, c.ID)
	}
	if diff := cmp.Diff(click.Click{}, got, cmp.Comparer(cmpAddr)); diff != "" {
		t.Errorf("Read() of a cut record gives more than nothing:\n%s", diff)
	}
}

func FuzzRead(f *testing.F) {
	c := full(f)
	f.Add(c.Append(nil))
	c.Location = "https://fallback.example/"
	f.Add(c.Append(nil))
	f.Add([]byte{})
	f.Add([]byte{0x08, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		first, err := click.Read(c.ID, b)
		if err != nil {
			return
		}
		again, err := click.Read(c.ID, first.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, again, cmp.Comparer(cmpAddr)); diff != "" {
			t.Errorf("read again (-want +got):\n%s", diff)
		}
	})
}

func TestGone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		reason click.Reason
		want   bool
	}{
		{click.OfferPaused, true},
		{click.OfferEnded, true},
		{click.CapReached, true},
		{click.LinkRetired, true},
		{click.AdvertiserPaused, true},
		{click.OfferUnknown, false},
		{click.LinkUnknown, false},
		{click.AffiliateBlocked, false},
		{click.NotApproved, false},
		{click.CountryNotTaken, false},
		{click.OfferNotStarted, false},
		{click.Sent, false},
	}
	for _, tt := range tests {
		if got := tt.reason.Gone(); got != tt.want {
			t.Errorf("%q.Gone() = %t, want %t", tt.reason, got, tt.want)
		}
	}
}

func TestFBC(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 8, 30, 0, 123_456_000, time.UTC)
	if got, want := click.FBC("IwAR2x_y-Z", at), "fb.1.1795336200123.IwAR2x_y-Z"; got != want {
		t.Errorf("FBC() = %q, want %q", got, want)
	}
	if got := click.FBC("", at) + click.FBC("IwAR", time.Time{}); got != "" {
		t.Errorf("FBC() of no click, or of no time = %q, want nothing", got)
	}
}
