package api

import (
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"waybill/internal/report"
)

func TestAnswerAsJSON(t *testing.T) {
	w := lineWriter{
		fields: []report.Field{
			{Name: "day", Kind: report.Time, Dimension: true},
			{Name: "offer", Kind: report.ID, Dimension: true, Named: true},
			{Name: "test", Kind: report.Flag, Dimension: true},
			{Name: "clicks", Kind: report.Count},
			{Name: "payout", Kind: report.Money},
			{Name: "cr", Kind: report.Ratio},
		},
		names: func(_ string, id int64) string { return map[int64]string{7: `The "seventh"`}[id] },
	}
	day := time.Date(2026, 11, 20, 23, 0, 0, 0, time.UTC)
	open := report.Cell{Null: true}
	sums := []report.Cell{open, open, open, {Kind: report.Count, Number: 9}, {Kind: report.Money, Text: "4.50"}, open}
	got := string(w.writeAnswer(&report.Answer{
		Rows: []report.Line{{
			Cells: []report.Cell{
				{Kind: report.Time, Text: "2026-11-21"},
				{Kind: report.ID, Number: 7},
				{Kind: report.Flag, Number: 1},
				{Kind: report.Count, Number: 8},
				{Kind: report.Money, Text: "4.00"},
				{Kind: report.Ratio, Text: "0.125000"},
			},
			Previous: []report.Cell{{Kind: report.Count, Number: 2}, {Kind: report.Money, Text: "0.00"}, open},
			Links:    []report.Link{{Name: "clicks", Query: "filter=offer%3D7&from=x"}},
		}},
		Total: report.Line{Cells: sums}, Other: &report.Line{Cells: sums},
		Previous: &report.Previous{From: day.AddDate(0, 0, -1), To: day, Total: report.Line{Cells: sums}},
		Currency: "USD", From: day, To: day.AddDate(0, 0, 1), Zone: "Europe/Berlin", AsOf: day, Notes: []string{"read <this>"}, Truncated: true,
	}, nil))
	const want = `{"rows":[{"day":"2026-11-21","offer":7,"offer_name":"The \"seventh\"","test":true,"clicks":8,"payout":"4.00","cr":0.125000,` +
		`"previous":{"clicks":2,"payout":"0.00","cr":null},"links":{"clicks":"/api/v1/clicks?filter=offer%3D7&from=x"}}],` +
		`"total":{"clicks":9,"payout":"4.50","cr":null},"other":{"clicks":9,"payout":"4.50","cr":null},` +
		`"previous":{"from":"2026-11-20T00:00:00+01:00","to":"2026-11-21T00:00:00+01:00","total":{"clicks":9,"payout":"4.50","cr":null}},` +
		`"currency":"USD","from":"2026-11-21T00:00:00+01:00","to":"2026-11-22T00:00:00+01:00","tz":"Europe/Berlin",` +
		`"as_of":"2026-11-20T23:00:00Z","notes":["read <this>"],"truncated":true}` + "\n"
	if got != want {
		t.Errorf("answer:\n%s\nwant:\n%s", got, want)
	}
	if !json.Valid([]byte(got)) {
		t.Error("the answer is not JSON")
	}
}

func TestAnswerWithNothingInIt(t *testing.T) {
	w := lineWriter{fields: []report.Field{{Name: "clicks", Kind: report.Count}}}
	got := string(w.writeAnswer(&report.Answer{Total: report.Line{Cells: []report.Cell{{Kind: report.Count}}}, Zone: "UTC"}, nil))
	const want = `{"rows":[],"total":{"clicks":0},"from":null,"to":null,"tz":"UTC","as_of":null,"notes":[],"truncated":false}` + "\n"
	if got != want {
		t.Errorf("answer %s; want %s", got, want)
	}
}

func TestALargeAnswerIsSentInChunks(t *testing.T) {
	w := lineWriter{fields: []report.Field{{Name: "sub1", Kind: report.Text, Dimension: true}}}
	a := report.Answer{Rows: make([]report.Line, 10_000), Zone: "UTC"}
	for i := range a.Rows {
		a.Rows[i].Cells = []report.Cell{{Kind: report.Text, Text: strings.Repeat("x", i%100)}}
	}
	var sent []byte
	end := w.writeAnswer(&a, func(part []byte) {
		if len(part) > 2*chunk {
			t.Errorf("a chunk of %d bytes, want about %d", len(part), chunk)
		}
		sent = append(sent, part...)
	})
	if len(end) > 2*chunk {
		t.Errorf("the last chunk has %d bytes, want about %d", len(end), chunk)
	}
	var got struct{ Rows []struct{ Sub1 string } }
	if err := json.Unmarshal(append(sent, end...), &got); err != nil || len(got.Rows) != len(a.Rows) || len(got.Rows[9_999].Sub1) != 99 {
		t.Errorf("%d rows (%v), want %d", len(got.Rows), err, len(a.Rows))
	}
}

// FuzzLine holds what is written to what the standard library reads.
func FuzzLine(f *testing.F) {
	for _, seed := range [...]string{"", "plain", `a "quote", and more`, "two\r\nlines", " spaces ", "\xff\xfe", "\x00\x1f\\", "größe \u2028 \ufffd", "=1+1"} {
		f.Add(seed, seed)
	}
	w := lineWriter{fields: []report.Field{{Name: "one", Kind: report.Text}, {Name: "other", Kind: report.Text}}}
	f.Fuzz(func(t *testing.T, one, other string) {
		l := report.Line{Cells: []report.Cell{{Kind: report.Text, Text: one}, {Kind: report.Text, Text: other}}}
		want := [...]string{strings.ToValidUTF8(one, "\ufffd"), strings.ToValidUTF8(other, "\ufffd")}

		var o map[string]string
		text := w.appendCells(nil, l.Cells, whole)
		if err := json.Unmarshal(text, &o); err != nil {
			t.Fatalf("%q is written as %s: %v", one, text, err)
		}
		// JSON replaces each broken byte, where CSV replaces each run of them.
		if plain := strings.ToValidUTF8(o["one"], ""); strings.ReplaceAll(plain, "\ufffd", "") != strings.ReplaceAll(want[0], "\ufffd", "") {
			t.Errorf("JSON of %q reads as %q", one, o["one"])
		}

		text = w.appendRecord(w.appendHead(nil), &l)
		records, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
		if err != nil || len(records) != 2 {
			t.Fatalf("%q, %q are written as %q: %v", one, other, text, err)
		}
		for i, got := range records[1] {
			if got != strings.ReplaceAll(harmless(want[i]), "\r\n", "\n") { // the reader makes these one
				t.Errorf("CSV of %q reads as %q", want[i], got)
			}
		}
	})
}

func TestOneEmptyFieldIsARecord(t *testing.T) {
	w := lineWriter{fields: []report.Field{{Name: "sub1", Kind: report.Text}}}
	if got := string(w.appendRecord(nil, &report.Line{Cells: []report.Cell{{Kind: report.Text}}})); got != "\"\"\r\n" {
		t.Errorf("a record of one empty field is %q; want one that is there", got)
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	w := lineWriter{
		fields: []report.Field{{Name: "offer", Kind: report.ID, Dimension: true, Named: true}, {Name: "sub1", Kind: report.Text, Dimension: true}, {Name: "profit", Kind: report.Money}},
		names:  func(string, int64) string { return "=NOW()" },
	}
	for sub, want := range map[string]string{
		`=HYPERLINK("https://x.example","open")`: `"'=HYPERLINK(""https://x.example"",""open"")"`,
		"+1+cmd|x":                               "'+1+cmd|x",
		"-2-3":                                   "'-2-3",
		"-":                                      "'-",
		"-1.5.2":                                 "'-1.5.2",
		"-1e5":                                   "'-1e5",
		"@SUM(1)":                                "'@SUM(1)",
		"\t=1":                                   "'\t=1",
		"\r=1":                                   "\"'\r=1\"",
		"-12.50":                                 "-12.50",
		"+49301234":                              "+49301234",
		"a=b":                                    "a=b",
		"'quoted":                                "'quoted",
	} {
		l := report.Line{Cells: []report.Cell{{Kind: report.ID, Number: 7}, {Kind: report.Text, Text: sub}, {Kind: report.Money, Text: "-2.00"}}}
		if got := string(w.appendRecord(nil, &l)); got != "7,'=NOW(),"+want+",-2.00\r\n" {
			t.Errorf("the record of %q is %q, want its cell as %q", sub, got, want)
		}
	}
}
