package reconcile_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"waybill/internal/conversion"
	"waybill/internal/fault"
	"waybill/internal/reconcile"
	"waybill/internal/txid"
)

// TestAListIsRead has lists as partners write them, all of one order.
func TestAListIsRead(t *testing.T) {
	w := newTrade(t)
	click := w.id(txid.Click, noon, 1, 7).String()
	conv := w.id(txid.Conversion, noon, 1, 7).String()
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String("Order\tUmsatz\nÄ-1\t12,50\n")
	if err != nil {
		t.Fatal(err)
	}
	bare, err := unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewEncoder().String("Order,Total\nA-1,12.50\nA-2,7.00\n")
	if err != nil {
		t.Fatal(err)
	}
	windows, err := charmap.Windows1252.NewEncoder().String("Bestellnummer;Betrag;Währung\nÄ-1;12,50;€\n")
	if err != nil {
		t.Fatal(err)
	}
	cents := int64(12_500_000)
	tests := []struct {
		name    string
		text    string
		columns string
		order   string
		click   string
		amount  int64
		sep     string
		found   string // field=how, in the order of the columns
	}{
		{"by the contract's names", "transaction_id,order_id,amount\n" + click + ",A-1,12.50\n", "", "A-1", click, cents, ",", "transaction_id=contents order_id=name amount=name"},
		{"by aliases with spaces and capitals", "Click ID;Txn-ID;Sale Amount\n" + click + ";A-1;12,50\n", "", "A-1", click, cents, ";", "transaction_id=contents order_id=name amount=name"},
		{"in any order of columns", "Sum,Order No.\n12.50,A-1\n", "", "A-1", "", cents, ",", "amount=name order_id=name"},
		{"by what a column holds, whatever its name", "foo,transaction_id,total\n" + click + ",A-1,12.50\n", "order_id:transaction_id", "A-1", click, cents, ",", "transaction_id=contents order_id=told amount=name"},
		{"as told", "a,b,c\nA-1,9,12.50\n", "order_id:a,amount:C", "A-1", "", cents, ",", "order_id=told amount=told"},
		{"as told by number, without a head", "A-1,9,12.50\nA-2,9,1.00\n", "order_id:#1,amount:#3", "A-1", "", cents, ",", "order_id=told amount=told"},
		{"by a name with a comma", "\"Order, No\",amount\nA-1,12.50\n", `order_id:Order\, No`, "A-1", "", cents, ",", "order_id=told amount=name"},
		{"with a mark for UTF-8", "\ufefforder_id,amount\nA-1,12.50\n", "", "A-1", "", cents, ",", "order_id=name amount=name"},
		{"in UTF-16 with tabs", utf16, "", "Ä-1", "", cents, "\t", "order_id=name amount=name"},
		{"in UTF-16 without a mark", bare, "", "A-1", "", cents, ",", "order_id=name amount=name"},
		{"in Windows-1252", windows, "", "Ä-1", "", cents, ";", "order_id=name amount=name currency=name"},
		{"with what Excel writes first", "sep=;\norder_id;amount\nA-1;12,50\n", "", "A-1", "", cents, ";", "order_id=name amount=name"},
		{"with quotes and line ends of every kind", "\"order_id\",\"amount\"\r\n\"A-1\",\"12.50\"\r\n", "", "A-1", "", cents, ",", "order_id=name amount=name"},
		{"with commas in quotes and semicolons between", "order_id;amount;what\nA-1;12,50;\"a, b, c, d, e\"\n", "", "A-1", "", cents, ";", "order_id=name amount=name"},
		{"with pipes", "order_id|amount\nA-1|12.50\n", "", "A-1", "", cents, "|", "order_id=name amount=name"},
		{"with a quote that is never closed", "order_id,amount,note\nA-1,12.50,5\" wide\n", "", "A-1", "", cents, ",", "order_id=name amount=name"},
		{"with empty lines and a total", "\n\norder_id,amount\n\nA-1,12.50\n,,\nTotal,,12.50\n", "amount:amount", "A-1", "", cents, ",", "order_id=name amount=told"},
		{"without a line end", "order_id,amount\nA-1,12.50", "", "A-1", "", cents, ",", "order_id=name amount=name"},
		{"with line ends of old Macs", "order_id,amount\rA-1,12.50\rA-2,7.00\r", "", "A-1", "", cents, ",", "order_id=name amount=name"},
		{"below titles", "Report for November 2026\nExample Shop, Inc.\n\nOrder;Click;Sum\nA-1;;12,50\nA-2;;1,00\n", "", "A-1", "", cents, ";", "order_id=name amount=name"},
		{"below titles with the separators of a table", "Report,,\nNovember 2026,,\norder_id,amount,what\nA-1,12.50,kettle\n", "", "A-1", "", cents, ",", "order_id=name amount=name"},
		{"below a title, as told", "November\nx;y\nA-1;12,50\n", "order_id:x,amount:y", "A-1", "", cents, ";", "order_id=told amount=told"},
		{"with the currency in the head", "Bestellnummer;Betrag (EUR)\nA-1;12,50\n", "", "A-1", "", cents, ";", "order_id=name amount=name"},
		{"with a currency in words of the head", "Order,Tax EUR,Sale Amount in USD\nA-1,2.00,12.50\n", "", "A-1", "", cents, ",", "order_id=name amount=name"},
		{"our conversion ID in the transaction ID's column", "transaction_id,amount\n" + conv + ",12.50\n", "", "", "", cents, ",", "conversion_id=contents amount=name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			how := w.reading()
			var err error
			if how.Columns, err = reconcile.ParseColumns(tt.columns); err != nil {
				t.Fatal(err)
			}
			list := w.read(how, tt.text)
			if list.Unsure != nil || len(list.Lines) == 0 {
				t.Fatalf("unsure: %v, %d lines, problems %+v", list.Unsure, len(list.Lines), list.Problems)
			}
			l := list.Lines[0]
			amount, _ := l.Value(reconcile.Amount)
			if l.OrderID != tt.order || l.Click.String() != tt.click || amount != tt.amount || list.Separator != tt.sep {
				t.Errorf("order %q, click %q, amount %d, separator %q; want %q, %q, %d, %q",
					l.OrderID, l.Click, amount, list.Separator, tt.order, tt.click, tt.amount, tt.sep)
			}
			var found []string
			for _, c := range list.Columns {
				found = append(found, string(c.Field)+"="+c.How)
			}
			if got := strings.Join(found, " "); got != tt.found {
				t.Errorf("columns %s, want %s", got, tt.found)
			}
		})
	}
}

func TestAListIsRefused(t *testing.T) {
	w := newTrade(t)
	tests := []struct {
		name, text, columns, says string
	}{
		{"nothing", "", "", "empty"},
		{"white space", " \n\n", "", "empty"},
		{"a spreadsheet", "PK\x03\x04rest", "", "save the list as CSV"},
		{"an old spreadsheet", "\xd0\xcf\x11\xe0rest", "", "save the list as CSV"},
		{"what is compressed", "\x1f\x8brest", "", "compressed"},
		{"what is no text", "a,b\x00\x01\x02,c\n", "", "not a text file"},
		{"no column that names anything", "color,size\nred,1\n", "", "columns=order_id:NAME"},
		{"a column that is not there", "order_id\nA\n", "amount:Sale", `no column "Sale"; it has order_id`},
		{"too many lines", "order_id\n" + strings.Repeat("A\n", 12), "", "more than 10 lines"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			how := w.reading()
			how.MaxLines = 10
			how.Columns, _ = reconcile.ParseColumns(tt.columns)
			list, err := reconcile.Read(strings.NewReader(tt.text), how)
			if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Read() = %+v, %v; want an Invalid fault that says %q", list, err, tt.says)
			}
		})
	}
}

func TestParseColumnsRefuses(t *testing.T) {
	for text, says := range map[string]string{
		"price:Sale":                  "is not one of transaction_id",
		"amount":                      "say which column holds amount",
		"amount:":                     "say which column holds amount",
		"amount:Sale,amount:Turnover": "two columns for amount",
	} {
		if got, err := reconcile.ParseColumns(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("ParseColumns(%q) = %v, %v; want an error that says %q", text, got, err, says)
		}
	}
}

// TestTimesAreRead has every way the trade writes a time.
func TestTimesAreRead(t *testing.T) {
	w := newTrade(t)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	second, minute, day := "2026-11-14T14:05:09+01:00", "2026-11-14T14:05:00+01:00", "2026-11-14T00:00:00+01:00"
	tests := []struct{ text, want string }{
		{"2026-11-14 14:05:09", second},
		{"2026-11-14T14:05:09", second},
		{"2026/11/14 14:05", minute},
		{"2026-11-14", day},
		{"14.11.2026 14:05:09", second},
		{"14.11.26 14:05", minute},
		{"14.11.2026", day},
		{"14.11.2026, 14:05 ", minute},
		{"11/14/2026 2:05:09 PM", second},
		{"11/14/2026 02:05 p.m.", minute},
		{"14/11/2026 14:05:09", second},
		{"14-11-2026", day},
		{"14-Nov-2026 14:05:09", second},
		{"Nov 14, 2026 2:05 PM", minute},
		{"14 November 2026 14:05", minute},
		{"2026-Nov-14", day},
		{"Sat, 14 Nov 2026 14:05:09", second},
		{"Saturday, November 14, 2026", day},
		{"Sat Nov 14 2026 14:05:09", second},
		{"20261114", day},
		{"20261114140509", second},
		{"202611141405", minute},
		{"1794661509", second},
		{"1794661509000", second},
		{"2026-11-14T13:05:09Z", second},
		{"2026-11-14 13:05:09 UTC", second},
		{"2026-11-14 13:05:09.000 +0000", second},
		{"2026-11-14 15:05:09 UTC+2", second},
		{"2026-11-14T18:35:09+05:30", second},
		{"2026-11-14 08:05:09 GMT-5", second},
		{"2026-11-14 12:05 AM", "2026-11-14T00:05:00+01:00"},
		{"2026-11-14 12:05 PM", "2026-11-14T12:05:00+01:00"},
		{"2026-11-31", ""},
		{"2026-13-01", ""},
		{"2026-11-14 25:00", ""},
		{"2026-11-14 13:05 PM", ""},
		{"14.11", ""},
		{"Foo 14 2026", ""},
		{"2026-11-14 14:05 PST", ""},
		{"2026-11-14 14:05 +25:00", ""},
		{"yesterday", ""},
		{"1026-11-14", ""},
		{"2026-11-14 14:5x", ""},
	}
	for _, tt := range tests {
		how := w.reading()
		how.Zone = berlin
		list := w.read(how, "order_id;time\nA-1;"+tt.text+"\n")
		got := ""
		if at := list.Lines[0].At; !at.IsZero() {
			got = at.In(berlin).Format(time.RFC3339)
		}
		if got != tt.want || (tt.want == "") != (list.Troubled == 1) {
			t.Errorf("%q is %q with problems %+v, want %q", tt.text, got, list.Problems, tt.want)
		}
	}
}

// TestTheColumnDecidesDates has dates whose order only the others tell.
func TestTheColumnDecidesDates(t *testing.T) {
	w := newTrade(t)
	tests := []struct {
		name  string
		dates string
		told  reconcile.DateOrder
		want  string // the first date, or what is asked
		note  string
	}{
		{"another date has its day first", "03/04/2026|25/04/2026", "", "2026-04-03", "day first, since 1 of 2"},
		{"another date has its month first", "03/04/2026|04/25/2026", "", "2026-03-04", "month first, since 1 of 2"},
		{"one way lies ahead", "03/12/2026|05/12/2026", "", "2026-03-12", "would lie ahead"},
		{"it is told", "03/04/2026", reconcile.MonthFirst, "2026-03-04", "as was said"},
		{"both ways are the same", "03/03/2026", "", "2026-03-03", "no date differs"},
		{"nothing tells", "03/04/2026|05/06/2026", "", "date_order", ""},
		{"the dates contradict each other", "25/04/2026|04/25/2026", "", "date_order", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			how := w.reading()
			how.Order = tt.told
			list := w.read(how, "order_id,date\nA,"+strings.ReplaceAll(tt.dates, "|", "\nB,")+"\n")
			got := list.Lines[0].At.Format(time.DateOnly)
			if list.Unsure != nil {
				got = list.Unsure.Error()
			}
			if !strings.Contains(got, tt.want) || !strings.Contains(strings.Join(list.Notes, " "), tt.note) {
				t.Errorf("the first date is %s, notes %q; want %s, and %q", got, list.Notes, tt.want, tt.note)
			}
		})
	}
}

// TestTheColumnDecidesNumbers has amounts that could be a thousand times more.
func TestTheColumnDecidesNumbers(t *testing.T) {
	w := newTrade(t)
	tests := []struct {
		name    string
		amounts string
		told    reconcile.Decimal
		want    string // in micro-units
	}{
		{"a comma elsewhere makes the dot part thousands", "1.234|12,50", "", "1234000000 12500000"},
		{"a dot elsewhere makes the comma part thousands", "1,234|12.50", "", "1234000000 12500000"},
		{"a dot elsewhere makes the dot decimal", "1.234|12.50", "", "1234000 12500000"},
		{"a comma elsewhere makes the comma decimal", "1,234|12,5", "", "1234000 12500000"},
		{"a lone dot is decimal", "1.234", "", "1234000"},
		{"a lone comma is asked for", "1,234", "", "query.decimal"},
		{"a lone comma that is told", "1,234", reconcile.Point, "1234000000"},
		{"both kinds are asked for", "1,50|1.50", "", "query.decimal"},
		{"both separators in one tell", "1.234,56|2.345", "", "1234560000 2345000000"},
		{"spaces and apostrophes part thousands", "1 234,50|1'234,50", "", "1234500000 1234500000"},
		{"refunds are negative", "-12.50|(3.00)|4.00-|$-5.00", "", "-12500000 -3000000 -4000000 -5000000"},
		{"refunds behind a currency are negative", "EUR -12.50|€ -3.00|EUR (4.00)|(5.00) EUR|- 6.00|USD−7.00", "", "-12500000 -3000000 -4000000 -5000000 -6000000 -7000000"},
		{"a dash stands for no cents", "49,-|49,– €|-49,-", "", "49000000 49000000 -49000000"},
		{"four digits are no thousands", "1234.567|12.50", "", "1234567000 12500000"},
		{"four digits tell the decimals", "1234,567|1,234", "", "1234567000 1234000"},
		{"four digits contradict another", "1234.567|5,67", "", "query.decimal"},
		{"no digit before the sign", ".125|USD 0,125", reconcile.Point, "125000 125000"},
		{"a refund in doubt", "-1.234|1,5", "", "-1234000000 1500000"},
		{"three decimals below one", "0,125", "", "125000"},
		{"codes and signs are taken off", "EUR 12,50|12,50 €", "", "12500000 12500000"},
		{"what is no amount is left out", "ten|12.50", "", "0 12500000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			how := w.reading()
			how.Decimal = tt.told
			list := w.read(how, "order_id;amount\nA;"+strings.ReplaceAll(tt.amounts, "|", "\nB;")+"\n")
			var got []string
			for i := range list.Lines {
				v, _ := list.Lines[i].Value(reconcile.Amount)
				got = append(got, fmt.Sprint(v))
			}
			if list.Unsure != nil {
				got = []string{list.Unsure.Error()}
			}
			text := strings.Join(got, " ")
			if list.Unsure != nil {
				text, _, _ = strings.Cut(text, ":")
			}
			if text != tt.want {
				t.Errorf("%s, want %s", text, tt.want)
			}
		})
	}
}

// TestTotalsAreLeftOut has lines that sum up the others, wherever they say so.
func TestTotalsAreLeftOut(t *testing.T) {
	w := newTrade(t)
	for _, text := range []string{
		"order_id,amount\nA-1,12.50\nTotal,12.50\n",
		"order_id;amount\nA-1;12,50\nGesamtsumme:;12,50\n",
		"transaction_id,order_id,amount\n,A-1,12.50\nTOTAL,,12.50\n",
		"transaction_id,order_id,amount\n,A-1,12.50\n,Total,12.50\n",
		"order_id,amount,what\nA-1,12.50,Total\n,12.50,\nTotal,12.50,\n",
	} {
		list := w.read(w.reading(), text)
		lines := list.Lines
		if strings.Contains(text, "what") { // a line that names nothing is a problem, not a total
			lines = lines[:1]
		}
		if list.Skipped != 1 || len(lines) != 1 || lines[0].OrderID != "A-1" {
			t.Errorf("%q has %d lines, %d left out; want A-1 alone, and the total left out", text, len(list.Lines), list.Skipped)
		}
	}
}

// TestWhatIsNotSaidIsNoted holds the reader to telling what is compared, and in
// what currency.
func TestWhatIsNotSaidIsNoted(t *testing.T) {
	w := newTrade(t)
	tests := []struct{ name, text, note, currency string }{
		{"no amounts", "order_id,Wert der Ware\nA-1,12.50\n", "no money is compared; say which it is, as in columns=amount:NAME", ""},
		{"the head's currency", "order_id,amount (EUR)\nA-1,12.50\n", "are EUR, as the head", "EUR"},
		{"the amount's own currency goes first", "order_id,amount (EUR)\nA-1,USD 12.50\n", "are EUR, as the head", "USD"},
		{"the head of the first of two says it", "order_id,amount EUR,commission\nA-1,12.50,1\n", "are EUR, as the head", "EUR"},
		{"the head of the second does", "order_id,amount,commission EUR\nA-1,12.50,1\n", "are EUR, as the head", "EUR"},
		{"heads that differ", "order_id,amount EUR,commission USD\nA-1,12.50,1\n", "", ""},
		{"a word that is no currency", "order_id,amount all\nA-1,12.50\n", "no money is compared", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list := w.read(w.reading(), tt.text)
			notes := strings.Join(list.Notes, " ")
			if got := string(list.Lines[0].Currency); !strings.Contains(notes, tt.note) || got != tt.currency {
				t.Errorf("notes %q, currency %q; want %q, %q", notes, got, tt.note, tt.currency)
			}
		})
	}
}

func TestStatusesAreRead(t *testing.T) {
	w := newTrade(t)
	how := w.reading()
	how.Words = map[string]string{"Versendet": "approved", "void": "pending"}
	list := w.read(how, "order_id,status\nA,Confirmed\nB,CANCELLED\nC,on hold\nD,versendet\nE,void\nF,blue\nG,\nH,blue\n")
	want := []conversion.Status{conversion.Approved, conversion.Rejected, conversion.Hold, conversion.Approved, conversion.Pending, "", "", ""}
	for i, s := range want {
		if got := list.Lines[i].Status; got != s {
			t.Errorf("line %s has the status %q, want %q", list.Lines[i].OrderID, got, s)
		}
	}
	if list.Troubled != 1 || !strings.Contains(list.Problems[0].Message, `"blue" is not known`) || list.Problems[0].Line != 7 {
		t.Errorf("problems %+v, want one about blue in line 7", list.Problems)
	}
}

// TestDateAndClockInTwoColumns joins them.
func TestDateAndClockInTwoColumns(t *testing.T) {
	w := newTrade(t)
	for _, text := range []string{"order_id,Date,Time\nA,2026-11-14,14:05\n", "order_id,Order Date,Time of day\nA,14.11.2026,2:05 PM\n"} {
		list := w.read(w.reading(), text)
		if got := list.Lines[0].At; !got.Equal(time.Date(2026, 11, 14, 14, 5, 0, 0, time.UTC)) {
			t.Errorf("%q has the time %s", text, got)
		}
	}
}

// FuzzRead holds the reader to what follows lean on: it never fails but with an
// Invalid fault, and each line it gives is within its bounds and fits a match.
func FuzzRead(f *testing.F) {
	f.Add("order_id,amount,date\nA-1,12.50,2026-11-14 10:00\n")
	f.Add("sep=;\norder_id;amount;status;currency\nÄ;1.234,50 €;void;EUR\n")
	f.Add("\xff\xfeo\x00r\x00d\x00e\x00r\x00\n\x00A\x00\n\x00")
	f.Add("tid\t\"a\nb\"\n\x80\x81\t03/04/2026 1:00 PM\n")
	f.Add("date,time,order\n01/02/03,12:00,-\n,,(1)\n")
	f.Fuzz(func(t *testing.T, text string) {
		w := newTrade(t)
		how := w.reading()
		how.MaxLines = 100
		list, err := reconcile.Read(strings.NewReader(text), how)
		if err != nil {
			if fault.Of(err) != fault.Invalid {
				t.Fatalf("Read(%q) failed with %v, want an Invalid fault", text, err)
			}
			return
		}
		if len(list.Lines) > how.MaxLines {
			t.Fatalf("Read(%q) gave %d lines, the most is %d", text, len(list.Lines), how.MaxLines)
		}
		p := w.params()
		p.From, p.Until = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(1992, 1, 1, 0, 0, 0, 0, time.UTC)
		m, err := reconcile.New(list, p)
		if err != nil {
			if fault.Of(err) != fault.Invalid {
				t.Fatalf("New() on %q failed with %v, want an Invalid fault", text, err)
			}
			return
		}
		m.Add(w.conversion(p.From.Add(time.Hour), 1250))
		result(t, m)
	})
}
