package signal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"

	"waybill/internal/signal"
)

// codes reads every code out of the source, so that a new one cannot be left
// out of the tests.
func codes(t *testing.T) []signal.Code {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "verdict.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []signal.Code
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Code" {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, signal.Code(text))
		return true
	})
	if len(all) < 35 {
		t.Fatalf("verdict.go has %d codes, the contract 35", len(all))
	}
	return all
}

func explanations() map[signal.Code]struct {
	http   int
	detail signal.Detail
	want   string
} {
	type d = signal.Detail
	return map[signal.Code]struct {
		http   int
		detail signal.Detail
		want   string
	}{
		"ok":             {200, d{}, "the conversion was counted"},
		"record_missing": {200, d{}, "credited from the transaction ID alone"},
		"updated":        {200, d{Why: "approved, was pending"}, "the conversion was changed: approved, was pending"},
		"duplicate":      {200, d{}, "counted before, as the conversion named here"},
		"sighting":       {200, d{}, "known from another channel; it counts once"},
		"queued":         {202, d{}, "no need to send it again"},

		"malformed":              {400, d{Why: "the JSON ends too early"}, "cannot be understood: the JSON ends too early; mend it"},
		"transaction_id_missing": {400, d{}, "no transaction_id came (an empty value is none, and so is a word such as null); send the value that the landing page's URL carried"},
		"transaction_id_invalid": {400, d{Got: "abc", Why: "it was cut"}, `transaction_id "abc" is not one of ours: it was cut; send the 32 characters`},
		"macro_unexpanded":       {400, d{Param: "transaction_id", Got: "{transaction_id}"}, `transaction_id arrived as the literal text "{transaction_id}": the macro was not filled in by the system that sent this;`},
		"amount_invalid":         {400, d{Got: "1,234", Why: "it could be 1234 or 1.234"}, `amount "1,234" cannot be read: it could be 1234 or 1.234; write it like 1234.56`},
		"amount_missing":         {400, d{}, "pays a percentage of the sale, and no amount came; send it, such as amount=49.90"},
		"currency_invalid":       {400, d{Got: "EUR", Want: "USD"}, `the currency "EUR" does not fit; send amounts in USD`},
		"order_id_missing":       {400, d{}, "no order_id came; send the shop's order number"},

		"token_missing":       {401, d{}, "no token came; add token=…"},
		"token_invalid":       {401, d{}, "the token is wrong; copy it again"},
		"signature_invalid":   {401, d{}, `of ts + "." + the raw query before &sig=`},
		"signature_expired":   {401, d{Got: "1700000000", Want: "1700001000"}, "signed (1700000000) is not within 5 minutes of ours (1700001000); sign each request when it is sent"},
		"ip_not_allowed":      {403, d{Got: "192.0.2.1"}, "not taken from the address 192.0.2.1; add it to the advertiser's ip_allow"},
		"channel_not_allowed": {403, d{Got: "pixel", Want: "postback, api"}, "by this channel (pixel); it takes them by postback, api"},

		"click_not_found": {404, d{Got: "01abc"}, "the click 01abc is not on record;"},
		"offer_unknown":   {404, d{Got: "99"}, `there is no offer "99"; check offer_id`},
		"goal_unknown":    {404, d{Got: "sale", Want: "default, lead"}, `the offer has no goal "sale"; it has default, lead, or leave goal out`},
		"conflict":        {409, d{Why: "amount 10, was 12"}, "with other contents: amount 10, was 12; to change a conversion send its new status"},

		"click_expired":          {422, d{Got: "40d", Want: "30d"}, "the click lies further back (40d) than the offer's click_window of 30d; if this should count"},
		"too_fast":               {422, d{Got: "2s", Want: "10s"}, "sooner after its click (2s) than the offer's min_conversion_time of 10s;"},
		"offer_inactive":         {422, d{Got: "5"}, "the offer 5 is archived"},
		"turned_away":            {422, d{Why: "offer_paused"}, "was not sent to the offer when the link was clicked: offer_paused;"},
		"cap_reached":            {422, d{Why: "100 conversions a day", Want: "2026-11-23T00:00:00Z"}, "used up: 100 conversions a day; it begins anew at 2026-11-23T00:00:00Z"},
		"offer_mismatch":         {422, d{Got: "9"}, "of another offer than offer_id 9; send the ID of this visitor's click"},
		"affiliate_blocked":      {422, d{Got: "7"}, "the affiliate 7 is blocked"},
		"invalid_traffic":        {422, d{Why: "a known bot"}, "does not look like a person's: a known bot;"},
		"transition_not_allowed": {422, d{Got: "paid", Want: "pending"}, "cannot go from paid to pending; what is paid stays so, and the network corrects it by an adjustment (kind clawback)"},

		"rate_limited": {429, d{Want: "10s"}, "was not kept; send it again in 10s, and fewer at a time"},
		"unavailable":  {503, d{}, "could not be written down and does not count; send it again later"},
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	all := explanations()
	for _, code := range codes(t) {
		t.Run("about "+string(code), func(t *testing.T) {
			t.Parallel()
			tt, ok := all[code]
			if !ok {
				t.Fatalf("no test of %s", code)
			}
			if got := code.HTTP(); got != tt.http {
				t.Errorf("HTTP() = %d, want %d", got, tt.http)
			}
			if got := signal.Explain(code, tt.detail); !strings.Contains(got, tt.want) {
				t.Errorf("Explain() = %q; want it to say %q", got, tt.want)
			}
			bare := signal.Explain(code, signal.Detail{})
			for _, flaw := range []string{"  ", " ;", " ,", ";;", ": ;", "()", `""`, string(code) + "\n", " of than", " of;"} {
				if strings.Contains(bare, flaw) {
					t.Errorf("Explain() without details = %q, which holds %q", bare, flaw)
				}
			}
			if bare == string(code) || len(bare) < 20 || strings.HasSuffix(bare, ".") {
				t.Errorf("Explain() without details = %q, want a sentence", bare)
			}
		})
	}
}

// A page has other credentials than a server, so it is told of other ones.
func TestExplainToAPage(t *testing.T) {
	t.Parallel()
	for code, want := range map[signal.Code]string{
		signal.TokenMissing: "no publishable key came", signal.TokenInvalid: "no publishable key of the offer's advertiser",
		signal.SignatureInvalid: "the signature is missing or wrong",
	} {
		if got := signal.Explain(code, signal.Detail{Param: signal.Key}); !strings.Contains(got, want) {
			t.Errorf("Explain(%s) = %q, want it to say %q", code, got, want)
		}
	}
}

// TestExplainWhoIsCredited says which window was too short, and what led nowhere.
func TestExplainWhoIsCredited(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code   signal.Code
		detail signal.Detail
		want   string
	}{
		{signal.ClickExpired, signal.Detail{Param: "view_window", Got: "169h0m0s", Want: "7d"}, "the view lies further back (169h0m0s) than the offer's view_window of 7d"},
		{signal.ClickExpired, signal.Detail{Param: "customer_window", Want: "365d"}, "the click lies further back than the offer's customer_window of 365d"},
		{signal.ClickNotFound, signal.Detail{Param: "customer_id"}, "customer_id leads to no click or view of this offer; send the transaction_id too, or bind"},
		{signal.ClickNotFound, signal.Detail{Param: "device_id"}, "device_id leads to no click or view of this offer; send the transaction_id"},
		{signal.ClickNotFound, signal.Detail{Param: "coupon", Got: "MAY"}, `coupon "MAY" is no active coupon of this offer`},
		{signal.ClickNotFound, signal.Detail{Param: "affiliate_id", Got: "77"}, `affiliate_id "77" is no affiliate`},
		{signal.TransactionIDMissing, signal.Detail{Want: "transaction_id, coupon"}, "send one of transaction_id, coupon"},
	}
	for _, tt := range tests {
		if got := signal.Explain(tt.code, tt.detail); !strings.Contains(got, tt.want) {
			t.Errorf("Explain(%s, %+v) = %q; want it to say %q", tt.code, tt.detail, got, tt.want)
		}
	}
}

func TestExplainCutsWhatCame(t *testing.T) {
	t.Parallel()
	got := signal.Explain(signal.TransactionIDInvalid, signal.Detail{Got: strings.Repeat("é", 500)})
	if n := strings.Count(got, "é"); n != 80 {
		t.Errorf("Explain() shows %d letters of what came, want 80", n)
	}
}

func TestExplainOfAnotherCode(t *testing.T) {
	t.Parallel()
	if got := signal.Explain("of_a_later_version", signal.Detail{}); got != "of_a_later_version" {
		t.Errorf("Explain() = %q, want the code", got)
	}
}
