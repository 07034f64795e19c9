package reconcile_test

import (
	"strings"
	"testing"
	"time"

	"waybill/internal/conversion"
	"waybill/internal/reconcile"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// TestWhyALineIsMissing has one line and says what is known about it.
func TestWhyALineIsMissing(t *testing.T) {
	w := newTrade(t)
	counted := w.conversion(noon, 5000)
	click := w.id(txid.Click, noon, 1, 7)
	foreign := w.id(txid.Click, noon, 3, 7)
	elsewhere := counted
	elsewhere.OccurredAt = time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)
	otherOffer := counted
	otherOffer.OfferID = 2
	test := counted
	test.Test = true
	rejected := &reconcile.Signal{
		ID: w.id(txid.Signal, noon, 1, 7), At: noon, TransactionID: click, Status: signal.Rejected,
		Code: signal.ClickExpired, Message: "the click lies further back than the window",
	}
	byOrder := &reconcile.Signal{
		ID: w.id(txid.Signal, noon, 1, 7), At: noon, OrderID: "b-1", Status: signal.Rejected, Code: signal.TokenInvalid, Message: "the token is wrong",
	}
	byText := &reconcile.Signal{
		ID: w.id(txid.Signal, noon, 1, 7), At: noon, Text: "{click_id}", Status: signal.Rejected, Code: signal.MacroUnexpanded, Message: "a literal macro",
	}
	twice := &reconcile.Signal{
		ID: w.id(txid.Signal, noon, 1, 7), At: noon, TransactionID: click, Status: signal.Duplicate, Code: signal.CodeDuplicate,
		Message: "this was counted before", ConversionID: counted.ID.String(),
	}
	text := counted.TransactionID.String()
	typo := "0"
	if text[30] == '0' {
		typo = "1"
	}
	tests := []struct {
		name    string
		line    string // transaction ID, order, amount
		ours    *reconcile.Conversion
		signal  *reconcile.Signal
		clicked bool
		offer   int64
		insider bool
		reason  reconcile.Reason
		says    string
		likely  bool
	}{
		{name: "its signal was rejected", line: click.String() + ",,10", signal: rejected, insider: true, reason: reconcile.Refused, says: "(click_expired): the click lies"},
		{name: "its signal was rejected, known by the order", line: ",B-1,10", signal: byOrder, insider: true, reason: reconcile.Refused, says: "token_invalid"},
		{name: "its signal was rejected, known by what it sent", line: "{click_id},,10", signal: byText, insider: true, reason: reconcile.Refused, says: "macro_unexpanded"},
		{name: "its signal was a duplicate", line: click.String() + ",Z-9,10", signal: twice, insider: true, reason: reconcile.CountedBefore, says: "repetition"},
		{name: "no signal ever came", line: click.String() + ",,10", clicked: true, insider: true, reason: reconcile.NoSignal, says: "no signal for it ever came"},
		{name: "the click is not on record", line: click.String() + ",,10", insider: true, reason: reconcile.ClickUnknown, says: "not on record"},
		{name: "the ID was cut", line: text[:20] + ",,77", ours: &counted, insider: true, reason: reconcile.BadID, says: "it was cut, to 20 characters", likely: true},
		{name: "the ID was cut too short to know it", line: text[:9] + ",,77", ours: &counted, insider: true, reason: reconcile.BadID, says: "it was cut"},
		{name: "the ID is mistyped", line: text[:30] + typo + text[31:] + ",,77", ours: &counted, insider: true, reason: reconcile.BadID, says: "mistyped", likely: true},
		{name: "the ID is another system's", line: "5f3c9a-11,,10", insider: true, reason: reconcile.BadID, says: "not ours"},
		{name: "it is another advertiser's, for the network", line: foreign.String() + ",,10", insider: true, reason: reconcile.OtherParty, says: "offer 3"},
		{name: "it is another advertiser's, for an advertiser", line: foreign.String() + ",,10", reason: reconcile.UnknownID, says: "not one of yours"},
		{name: "it happened outside the period", line: text + ",,50", ours: &elsewhere, insider: true, reason: reconcile.OutsidePeriod, says: "1h0m0s after the period"},
		{name: "it is of another offer", line: text + ",,50", ours: &otherOffer, offer: 1, insider: true, reason: reconcile.OtherOffer, says: "of offer 2"},
		{name: "its click is of another offer", line: click.String() + ",,50", offer: 2, insider: true, reason: reconcile.OtherOffer, says: "another offer"},
		{name: "it is a test", line: text + ",,50", ours: &test, insider: true, reason: reconcile.TestTraffic, says: "test traffic"},
		{name: "its order is another click's", line: click.String() + "," + counted.OrderID + ",50", ours: &counted, insider: true, reason: reconcile.OtherTransaction, says: text},
		{name: "nothing came with its order", line: ",X-1,10", insider: true, reason: reconcile.OrderUnknown, says: "no signal with this order"},
		{name: "it looks like a conversion by amount and time", line: ",X-1,50", ours: &counted, insider: true, reason: reconcile.OrderUnknown, says: "the same amount within 0s", likely: true},
		{name: "it names nothing", line: ",,10", insider: true, reason: reconcile.Unnamed, says: "neither a transaction nor an order"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := w.params()
			p.Insider, p.OfferID = tt.insider, tt.offer
			var ours []reconcile.Conversion
			if tt.ours != nil {
				ours = append(ours, *tt.ours)
			}
			m := w.match(p, w.reading(), "Click ID,Order,Sale,Date\n"+tt.line+",2026-11-15 12:00:00\n", ours...)
			clicks, others := m.Unexplained()
			if tt.signal != nil {
				if asked := tt.signal.TransactionID.IsZero() && others || len(clicks) == 1 && clicks[0] == click; !asked {
					t.Errorf("Unexplained() = %v, %v; the signal is not asked for", clicks, others)
				}
				m.AddSignal(*tt.signal)
			}
			if tt.clicked {
				m.AddClick(click)
			}
			s := result(t, m)
			got := rows(t, m, reconcile.MissingHere)
			if len(got) != 1 || got[0].Reason != tt.reason || !strings.Contains(got[0].Message, tt.says) {
				t.Fatalf("missing here: %+v; want reason %s, saying %q", got, tt.reason, tt.says)
			}
			if likely := got[0].See != nil && got[0].See.Likely; likely != tt.likely || (s.Likely == 1) != tt.likely {
				t.Errorf("likely: %v (%d in the summary), want %v", likely, s.Likely, tt.likely)
			}
			if s.Matched != 0 {
				t.Errorf("%d are matched, want none", s.Matched)
			}
		})
	}
}

// TestLinesFindTheirConversion has two conversions of one click and one of
// another.
func TestLinesFindTheirConversion(t *testing.T) {
	w := newTrade(t)
	first, second, third := w.conversion(noon, 5000), w.conversion(noon.Add(time.Hour), 7000), w.conversion(noon.Add(2*time.Hour), 9000)
	second.TransactionID = first.TransactionID
	third.OrderID = "00123"
	click := first.TransactionID.String()
	tests := []struct {
		name    string
		lines   string // transaction ID, conversion ID, order, amount
		matched []string
		class   reconcile.Class // of what is not matched
		reason  reconcile.Reason
	}{
		{
			"by transaction ID and order, in any order of lines", click + ",," + second.OrderID + ",70|" + click + ",," + first.OrderID + ",50",
			[]string{second.ID.String(), first.ID.String()},
			"", "",
		},
		{"by transaction ID and amount", click + ",,,70", []string{second.ID.String()}, "", ""},
		{"by the ID in capitals, with o for 0", strings.ReplaceAll(strings.ToUpper(third.TransactionID.String()), "0", "O") + ",,,90", []string{third.ID.String()}, "", ""},
		{"by conversion ID, whatever else it says", "," + first.ID.String() + ",Z,50", []string{first.ID.String()}, "", ""},
		{"by order in small letters with a #", ",,#" + strings.ToLower(second.OrderID) + ",70", []string{second.ID.String()}, "", ""},
		{"by an order that lost its zeros", ",,123,90", []string{third.ID.String()}, "", ""},
		{"by transaction ID though the order is written otherwise", third.TransactionID.String() + ",,Order 00123,90", []string{third.ID.String()}, "", ""},
		{"by order though the transaction ID is broken", "zzz,," + first.OrderID + ",50", []string{first.ID.String()}, "", ""},
		{
			"the second line of one conversion is a repetition", third.TransactionID.String() + ",,,90|" + third.TransactionID.String() + ",,,90",
			[]string{third.ID.String()},
			reconcile.Duplicate, reconcile.SameInList,
		},
		{
			"a refund is a repetition that takes back", third.TransactionID.String() + ",,,90|" + third.TransactionID.String() + ",,,-90",
			[]string{third.ID.String()},
			reconcile.Duplicate, reconcile.ReversedInList,
		},
		{
			"a third order of a click is another one", click + ",," + first.OrderID + ",50|" + click + ",," + second.OrderID + ",70|" + click + ",,NEW,11",
			[]string{first.ID.String(), second.ID.String()},
			reconcile.MissingHere, reconcile.OtherOrder,
		},
		{"what is unknown twice is missing once", ",,N-1,5|,,N-1,5", nil, reconcile.Duplicate, reconcile.SameInList},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text := "transaction_id,conversion_id,order_id,amount\n" + strings.ReplaceAll(tt.lines, "|", "\n")
			m := w.match(w.params(), w.reading(), text, first, second, third)
			result(t, m)
			var got []string
			for _, r := range rows(t, m, reconcile.Matched) {
				got = append(got, r.Ours.ConversionID)
			}
			if strings.Join(got, " ") != strings.Join(tt.matched, " ") {
				t.Errorf("matched %v, want %v", got, tt.matched)
			}
			if tt.class == "" {
				return
			}
			if left := rows(t, m, tt.class); len(left) != 1 || left[0].Reason != tt.reason {
				t.Errorf("%s: %+v; want one for reason %s", tt.class, left, tt.reason)
			}
		})
	}
}

func TestHowAPairDiffers(t *testing.T) {
	w := newTrade(t)
	plain := w.conversion(noon, 5000)
	changed := plain
	changed.Version, changed.UpdatedAt = 2, noon.Add(24*time.Hour)
	declined := changed
	declined.Status = conversion.Rejected
	pending := plain
	pending.Status = conversion.Pending
	unknown := plain
	unknown.AmountKnown, unknown.Money[reconcile.Amount] = false, usd(0)
	tests := []struct {
		name   string
		ours   reconcile.Conversion
		line   string // amount, currency, status
		class  reconcile.Class
		reason reconcile.Reason
		apart  string // the whole difference
		says   string
	}{
		{"not at all", plain, "50.00,USD,approved", reconcile.Matched, reconcile.MatchedByClick, "0.00", ""},
		{"paid there is approved here", plain, "50.00,USD,Paid", reconcile.Matched, reconcile.MatchedByClick, "0.00", ""},
		{"no status said is none that differs", plain, "50,USD,", reconcile.Matched, reconcile.MatchedByClick, "0.00", ""},
		{"by a cent", plain, "50.01,USD,", reconcile.AmountDiffers, reconcile.Rounding, "0.01", "rounding"},
		{"by something", plain, "60,USD,", reconcile.AmountDiffers, reconcile.AmountOtherwise, "10.00", "20.00% more"},
		{"since ours was changed", changed, "60,USD,", reconcile.AmountDiffers, reconcile.ChangedHere, "10.00", "changed since 2026-11-16 12:00 UTC"},
		{"by saying no amount", plain, ",USD,", reconcile.AmountDiffers, reconcile.AmountUnsaid, "-50.00", "no amount"},
		{"because no signal named an amount", unknown, "50,USD,", reconcile.AmountDiffers, reconcile.AmountUnknown, "50.00", "no signal"},
		{"rejected here alone", declined, "50,USD,approved", reconcile.StatusDiffers, reconcile.RejectedHere, "50.00", "approved there, rejected here since"},
		{"rejected here, and listed without a status", declined, "50,USD,", reconcile.StatusDiffers, reconcile.RejectedHere, "50.00", "listed there, rejected here"},
		{"rejected there alone", plain, "50,USD,cancelled", reconcile.StatusDiffers, reconcile.StatusOtherwise, "-50.00", "rejected there, approved here"},
		{"rejected on both sides, at whatever amount", declined, "99,USD,void", reconcile.Matched, reconcile.MatchedByClick, "0.00", ""},
		{"pending here", pending, "50,USD,approved", reconcile.StatusDiffers, reconcile.StatusOtherwise, "0.00", "approved there, pending here"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := w.match(w.params(), w.reading(), "tid,amount,currency,status\n"+tt.ours.TransactionID.String()+","+tt.line+"\n", tt.ours)
			s := result(t, m)
			got := rows(t, m, tt.class)
			if len(got) != 1 || got[0].Reason != tt.reason || !strings.Contains(got[0].Message, tt.says) {
				t.Fatalf("%s: %+v; want reason %s, saying %q (%+v)", tt.class, got, tt.reason, tt.says, s)
			}
			if len(s.Totals) != 1 || s.Totals[0].Difference != tt.apart {
				t.Errorf("totals %+v, want the difference %s", s.Totals, tt.apart)
			}
		})
	}
}

// TestCurrencyDiffers keeps the sums of two currencies apart.
func TestCurrencyDiffers(t *testing.T) {
	w := newTrade(t)
	c := w.conversion(noon, 5000)
	m := w.match(w.params(), w.reading(), "tid,amount\n"+c.TransactionID.String()+",46 €\n", c)
	s := result(t, m)
	if got := rows(t, m, reconcile.AmountDiffers); len(got) != 1 || got[0].Reason != reconcile.CurrencyDiffers || got[0].Differences[0].Difference != "" {
		t.Errorf("amount differs: %+v; want one for its currency, with no number", got)
	}
	if len(s.Totals) != 2 || s.Totals[0].Currency != "EUR" || s.Totals[0].Difference != "46.00" || s.Totals[1].Difference != "-50.00" {
		t.Errorf("totals %+v, want 46.00 EUR and -50.00 USD", s.Totals)
	}
}

func TestWhyAConversionIsNotInTheList(t *testing.T) {
	w := newTrade(t)
	with := func(change func(*reconcile.Conversion)) reconcile.Conversion {
		c := w.conversion(noon, 5000)
		change(&c)
		return c
	}
	late := with(func(c *reconcile.Conversion) { c.OccurredAt = noon.Add(time.Minute) })
	tests := []struct {
		name   string
		ours   reconcile.Conversion
		line   string
		reason reconcile.Reason
	}{
		{"it is not in the list", with(func(*reconcile.Conversion) {}), "", reconcile.NotListed},
		{"we rejected it", with(func(c *reconcile.Conversion) { c.Status = conversion.Rejected }), "", reconcile.RejectedHere},
		{"it is pending", with(func(c *reconcile.Conversion) { c.Status = conversion.Hold }), "", reconcile.PendingHere},
		{"only a pixel saw it", with(func(c *reconcile.Conversion) { c.ByServer = false }), "", reconcile.PixelOnly},
		{"it is close to the end", with(func(c *reconcile.Conversion) { c.OccurredAt = time.Date(2026, 11, 30, 22, 0, 0, 0, time.UTC) }), "", reconcile.NearEdge},
		{"it is close to the beginning", with(func(c *reconcile.Conversion) { c.OccurredAt = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) }), "", reconcile.NearEdge},
		{"the list has it on another day", late, late.TransactionID.String() + ",50,2026-12-03", reconcile.ListedOutside},
		{"a line looks like it", late, "gone-1,50,2026-11-15 12:03:00", reconcile.ListedMistyped},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := w.match(w.params(), w.reading(), "tid,amount,date\nsomething else,1,2026-11-15\n"+tt.line+"\n", tt.ours)
			result(t, m)
			got := rows(t, m, reconcile.MissingThere)
			if len(got) != 1 || got[0].Reason != tt.reason || got[0].Message == "" {
				t.Errorf("missing there: %+v; want reason %s", got, tt.reason)
			}
		})
	}
}

// TestATaxIsRecognised has a list with prices that hold a tax.
func TestATaxIsRecognised(t *testing.T) {
	w := newTrade(t)
	var ours []reconcile.Conversion
	text := "tid,amount\n"
	for i := range int64(20) {
		c := w.conversion(noon.Add(time.Duration(i)*time.Minute), 1000+137*i)
		ours = append(ours, c)
		cents := (c.Money[reconcile.Amount].Units/10_000*119 + 50) / 100
		if i == 7 {
			cents += 1000
		}
		text += c.TransactionID.String() + "," + decimal(cents) + "\n"
	}
	m := w.match(w.params(), w.reading(), text, ours...)
	s := result(t, m)
	if len(s.Factors) != 1 || s.Factors[0].Factor != "1.19" || s.Factors[0].Lines != 19 || !strings.Contains(s.Factors[0].Message, "19% tax") {
		t.Errorf("factors %+v, want 1.19 for 19 lines of 20", s.Factors)
	}
	reasons := map[reconcile.Reason]int{}
	for _, r := range rows(t, m, reconcile.AmountDiffers) {
		reasons[r.Reason]++
	}
	if reasons[reconcile.ConstantFactor] != 19 || reasons[reconcile.AmountOtherwise] != 1 {
		t.Errorf("reasons %v, want 19 for the factor and 1 for something else", reasons)
	}
}
