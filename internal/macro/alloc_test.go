//go:build !race

package macro_test

import (
	"testing"

	"waybill/internal/macro"
)

const (
	plainURL    = "https://shop.example/landing?ref=waybill&tid={transaction_id}&aff={affiliate_id}&s1={sub1}&s2={sub2}"
	filteredURL = "https://shop.example/?a={sub1|lower|sha256}&b={sub3|raw}&c={sub2|base64url}&d={click_time|2006-01-02 15:04:05}&e={sub9|default:none}&f={click_time}"
	form        = "tid={transaction_id}&note={sub4}&raw={sub3|raw}&at={click_time|unix_ms}&clid={fbclid|default:-}"
	header      = "Key {transaction_id} {sub2|base64url} {click_time|rfc3339}"
	body        = `{"id":"{transaction_id}","amount":{amount},"note":"{sub4|lower}","items":{items}}`
)

func TestRenderingAllocatesNothing(t *testing.T) {
	v := values()
	for text, as := range map[string]macro.Encoding{plainURL: macro.URL, filteredURL: macro.URL, body: macro.JSON, form: macro.Form, header: macro.Header} {
		tmpl, err := macro.Parse(text, as, macro.NetworkPostback)
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 0, 4096)
		if got := testing.AllocsPerRun(1000, func() { buf = tmpl.Append(buf[:0], v) }); got != 0 {
			t.Errorf("rendering %s makes %v allocations, want 0", text, got)
		}
		if len(buf) == 0 {
			t.Errorf("rendering %s gives nothing", text)
		}
	}
}

func TestDeepLinksAllocateNothing(t *testing.T) {
	tmpl, err := macro.Parse(plainURL, macro.URL, macro.OfferURL)
	if err != nil {
		t.Fatal(err)
	}
	v, buf := values(), make([]byte, 0, 4096)
	got := testing.AllocsPerRun(1000, func() {
		buf = tmpl.AppendDeepLink(buf[:0], "https://shop.example/shoes?size=42&tid=x#top", v)
	})
	if got != 0 || len(buf) == 0 {
		t.Errorf("a deep link makes %v allocations, want 0", got)
	}
}

func BenchmarkAppend(b *testing.B) {
	for name, text := range map[string]string{"plain": plainURL, "filtered": filteredURL} {
		b.Run(name, func(b *testing.B) {
			tmpl, err := macro.Parse(text, macro.URL, macro.NetworkPostback)
			if err != nil {
				b.Fatal(err)
			}
			v, buf := values(), make([]byte, 0, 4096)
			b.ReportAllocs()
			for b.Loop() {
				buf = tmpl.Append(buf[:0], v)
			}
		})
	}
}
