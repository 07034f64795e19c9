package tune_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/tune"
)

// read gives a list as text: a line each, and how it ended.
func read(r io.Reader) string {
	lines, err := tune.NewReader(r)
	if err != nil {
		return err.Error()
	}
	var out strings.Builder
	for {
		line, err := lines.Read()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				fmt.Fprintf(&out, "%s\n", err)
			}
			return out.String()
		}
		m := line.Mapping
		if line.Err != nil {
			fmt.Fprintf(&out, "%d: %s\n", line.Number, line.Err)
			continue
		}
		fmt.Fprintf(&out, "%d: %s %s is %d %s\n", line.Number, m.Kind, m.TuneID, m.WaybillID, m.URL)
	}
}

func TestReader(t *testing.T) {
	tests := []struct{ name, list, want string }{
		{"a list", "kind,tune_id,waybill_id\noffer,1001,5\naffiliate,2002,7\n", "2: offer 1001 is 5 \n3: affiliate 2002 is 7 \n"},
		{"columns in another order, more of them, in capitals", "Note,Waybill_ID,Tune_ID,KIND,url\n\"a, b\",5,02,Offer_URL,https://shop.example/two\n", "2: offer_url 2 is 5 https://shop.example/two\n"},
		{"as a spreadsheet saves it", "\ufeffkind;tune_id;waybill_id\r\noffer;1001;5\r\n", "2: offer 1001 is 5 \n"},
		{"with tabs", "kind\ttune_id\twaybill_id\noffer\t1001\t5", "2: offer 1001 is 5 \n"},
		{"a line that takes away", "kind,tune_id,waybill_id\noffer,1001,\n", "2: offer 1001 is 0 \n"},
		{"empty lines", "kind,tune_id,waybill_id\n\n\noffer,1001,5\n", "4: offer 1001 is 5 \n"},
		{
			"lines that are wrong do not stop it", "kind,tune_id,waybill_id\noffer,x,5\ncampaign,1,1\noffer,1,0\noffer,1,x\noffer\noffer,1001,5\n",
			"2: tune_id: \"x\" is not a number of TUNE's\n3: kind: is none of advertiser, affiliate, goal, offer and offer_url\n" +
				"4: waybill_id: \"0\" is not a number that anything has here\n5: waybill_id: \"x\" is not a number that anything has here\n" +
				"6: has fewer columns than the first line\n7: offer 1001 is 5 \n",
		},
		{"a line that nobody can read does", "kind,tune_id,waybill_id\noffer,1001,5\noffer,\"1,2\noffer,3,4\n", "2: offer 1001 is 5 \nline 3 is not CSV: extraneous or missing \" in quoted-field\n"},
		{"no column", "kind,tune_id\noffer,1\n", "the list has no column waybill_id; its first line names the columns: kind,tune_id,waybill_id"},
		{"no names of columns", "offer,1001,5\n", "the list has no column kind; its first line names the columns: kind,tune_id,waybill_id"},
		{"nothing", "", "the list is empty; its first line names the columns: kind,tune_id,waybill_id"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := read(strings.NewReader(tt.list)); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

var errGone = errors.New("the sender left")

// cutOff is a list that breaks off.
type cutOff struct{ text io.Reader }

func (c cutOff) Read(p []byte) (int, error) {
	n, err := c.text.Read(p)
	if errors.Is(err, io.EOF) {
		err = errGone
	}
	return n, err
}

func TestReaderTellsABrokenListFromAWrongOne(t *testing.T) {
	lines, err := tune.NewReader(cutOff{strings.NewReader("kind,tune_id,waybill_id\noffer,1001,5\n")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lines.Read(); err != nil {
		t.Fatal(err)
	}
	if _, err := lines.Read(); !errors.Is(err, errGone) || fault.Of(err) == fault.Invalid {
		t.Errorf("a list that breaks off ends with %v", err)
	}
}

// FuzzReader holds that every mapping that is read is one that would be kept as
// it is.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{"kind,tune_id,waybill_id,url\noffer,1001,5,\noffer_url,2,5,https://shop.example/\n", "kind;tune_id;waybill_id\n\"a\";;", "\ufeffkind\ttune_id\twaybill_id\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		lines, err := tune.NewReader(strings.NewReader(list))
		if err != nil {
			return
		}
		for range 1000 {
			line, err := lines.Read()
			if err != nil {
				return
			}
			m := line.Mapping
			if line.Err != nil {
				continue
			}
			if err := m.Check(); err != nil || m != line.Mapping || m.WaybillID < 0 || line.Number < 2 {
				t.Fatalf("line %d gives %+v, which is %v", line.Number, line.Mapping, err)
			}
		}
	})
}
