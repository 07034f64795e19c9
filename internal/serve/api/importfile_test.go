package api

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
)

// readImport reads a whole file, and gives its claims as texts, what is wrong with
// a line after its number. Keys that were made are shown as KEY.
func readImport(text string, columns, fixed map[string]string) ([]string, error) {
	f, err := openImport(strings.NewReader(text), columns, fixed)
	if err != nil {
		return nil, err
	}
	var all []string
	for {
		l, err := f.next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		if l.wrong != "" {
			all = append(all, number(int64(l.number))+": "+l.wrong)
			continue
		}
		var values map[string]string
		if err := json.Unmarshal(l.claim, &values); err != nil {
			return all, err
		}
		if strings.HasPrefix(values["hit_id"], "import-") {
			values["hit_id"] = "KEY"
		}
		shown, err := json.Marshal(values)
		if err != nil {
			return all, err
		}
		all = append(all, number(int64(l.number))+": "+string(shown))
	}
}

func TestImportFile(t *testing.T) {
	tests := []struct {
		name, text     string
		columns, fixed map[string]string
		want           []string
	}{
		{
			name: "a line is a claim by the names of its columns", text: "transaction_id,order_id,amount\nT1,A-1,12.50\n",
			want: []string{`2: {"amount":"12.50","order_id":"A-1","transaction_id":"T1"}`},
		},
		{
			name: "aliases and names as people write them", text: "Click ID;Order-ID;Sale Amount\r\nT1;A-1;12,50\r\n",
			want: []string{`2: {"Click_ID":"T1","Order_ID":"A-1","Sale_Amount":"12,50"}`},
		},
		{
			name: "tabs, and a byte order mark", text: "\xef\xbb\xbftid\torder_id\nT1\tA-1\n",
			want: []string{`2: {"order_id":"A-1","tid":"T1"}`},
		},
		{
			name: "columns that are told", text: "Beleg,Klick\nA-1,T1\n", columns: map[string]string{"beleg": "order_id", "klick": "transaction_id"},
			want: []string{`2: {"order_id":"A-1","transaction_id":"T1"}`},
		},
		{
			name: "values that all lines share, where they have none of their own", text: "order_id,coupon,goal\nA-1,MAY,\nA-2,MAY,deposit\n",
			fixed: map[string]string{"offer_id": "7", "goal": "sale"},
			want: []string{
				`2: {"coupon":"MAY","goal":"sale","offer_id":"7","order_id":"A-1"}`,
				`3: {"coupon":"MAY","goal":"deposit","offer_id":"7","order_id":"A-2"}`,
			},
		},
		{
			name: "what has no key of its own gets one", text: "tid,amount\nT1,5\n", want: []string{`2: {"amount":"5","hit_id":"KEY","tid":"T1"}`},
		},
		{
			name: "empty cells say nothing, unknown columns come along", text: "tid,order_id,shop\nT1,,north\n",
			want: []string{`2: {"hit_id":"KEY","shop":"north","tid":"T1"}`},
		},
		{
			name: "a line that is too long is told, and those behind it count", text: "tid,order_id\nT1,A-1,x\nT2,A-2,\n\n,\nT3,\"A\n3\"\nT4,A-4\n",
			want: []string{
				"2: the line has 3 fields, and the first line names 2 columns",
				`3: {"order_id":"A-2","tid":"T2"}`, "5: the line is empty", `6: {"order_id":"A\n3","tid":"T3"}`, `8: {"order_id":"A-4","tid":"T4"}`,
			},
		},
		{
			name: "Windows-1252", text: "tid,coupon,order_id\nT1,M\xe4rz,1\n", want: []string{`2: {"coupon":"März","order_id":"1","tid":"T1"}`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := readImport(tt.text, tt.columns, tt.fixed)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

func TestImportFileIsRefused(t *testing.T) {
	tests := []struct {
		name, text string
		columns    map[string]string
		want       string
	}{
		{name: "empty", text: "", want: "the file is empty"},
		{name: "a spreadsheet", text: "PK\x03\x04xl", want: "save it as CSV"},
		{name: "compressed", text: "\x1f\x8b\x08", want: "compressed"},
		{name: "UTF-16", text: "t\x00i\x00d\x00", want: "UTF-8"},
		{name: "names nothing that identifies", text: "amount,date\n5,1\n", want: "no column says whose conversion"},
		{name: "the same column twice", text: "tid,order_id,Order ID\n", want: "two columns"},
		{name: "a column that is told and not there", text: "tid\n", columns: map[string]string{"beleg": "order_id"}, want: `no column "beleg"`},
		{name: "a quote that is never closed", text: "tid,order_id\nT1,\"" + strings.Repeat("x\n", 60_000), want: "is a quote not closed?"},
		{name: "a first line without end", text: "tid," + strings.Repeat("x", 100_000), want: "is longer than 65536 bytes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := readImport(tt.text, tt.columns, nil)
			if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v; want an Invalid with %q", err, tt.want)
			}
		})
	}
}

// TestImportKeys: a line is known again by what it says.
func TestImportKeys(t *testing.T) {
	key := func(text string) string {
		t.Helper()
		f, err := openImport(strings.NewReader(text), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		l, err := f.next()
		if err != nil {
			t.Fatal(err)
		}
		var values map[string]string
		if err := json.Unmarshal(l.claim, &values); err != nil {
			t.Fatal(err)
		}
		return values["hit_id"]
	}
	first := key("tid,amount,exported\nT1,5,monday\n")
	if again := key("amount;exported;transaction_id\n5;tuesday;T1\n"); again != first {
		t.Errorf("the same line with other columns has the key %s, want %s", again, first)
	}
	for _, other := range []string{"tid,amount\nT1,6\n", "tid,amount\nT2,5\n", "tid,adv1\nT1,5\n"} {
		if key(other) == first {
			t.Errorf("%q has the key of another line", other)
		}
	}
	f, err := openImport(strings.NewReader("email\nann@shop.example\n"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.secret = []byte("another installation's")
	l, err := f.next()
	if err != nil {
		t.Fatal(err)
	}
	if plain := key("email\nann@shop.example\n"); strings.Contains(string(l.claim), plain) {
		t.Errorf("the key %s of an e-mail is the same everywhere: whoever reads it can try which it was", plain)
	}
	if own := key("tid,hit_id\nT1,mine\n"); own != "mine" {
		t.Errorf("a line's own key became %s", own)
	}
}

// FuzzImportFile: whatever comes, a claim is an object of texts, and lines rise.
func FuzzImportFile(f *testing.F) {
	for _, seed := range []string{
		"tid,order_id\nT1,A-1\n", "tid;x\n\"a\"\"b\";c\n", "\xef\xbb\xbftid\tamount\nT\t\xff\n", "tid,order_id\n\"\n", "tid|coupon\n|\n|x|y\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, err := openImport(strings.NewReader(text), nil, map[string]string{"goal": "x"})
		if err != nil {
			return
		}
		last := 0
		for {
			l, err := file.next()
			if err != nil {
				return
			}
			if l.number <= last {
				t.Fatalf("line %d behind line %d", l.number, last)
			}
			last = l.number
			var values map[string]string
			if l.wrong == "" && json.Unmarshal(l.claim, &values) != nil {
				t.Fatalf("line %d is no claim: %s", l.number, l.claim)
			}
		}
	})
}
