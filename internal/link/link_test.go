package link_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"waybill/internal/fault"
	"waybill/internal/link"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*link.Link)
		fields string
	}{
		{"takes a plain link", func(*link.Link) {}, ""},
		{"takes a retired one", func(l *link.Link) { l.Status = link.Retired }, ""},
		{"takes the shortest code", func(l *link.Link) { l.Code = "a-_" }, ""},
		{"takes the longest code", func(l *link.Link) { l.Code = strings.Repeat("Z", 64) }, ""},
		{"takes values by any of their names", func(l *link.Link) {
			l.Query = "Source=news&s2=a%20b&click_id=7&aff_sub=x&url=https%3A%2F%2Fa.example%2F&test=1"
		}, ""},
		{"takes an empty value", func(l *link.Link) { l.Query = "source=&" }, ""},
		{"refuses no code", func(l *link.Link) { l.Code = "" }, "code"},
		{"refuses a code of two letters", func(l *link.Link) { l.Code = "ab" }, "code"},
		{"refuses a code of 65", func(l *link.Link) { l.Code = strings.Repeat("Z", 65) }, "code"},
		{"refuses a code with a slash", func(l *link.Link) { l.Code = "a/b/c" }, "code"},
		{"refuses a code beyond ASCII", func(l *link.Link) { l.Code = "frühling" }, "code"},
		{"names everything that is missing", func(l *link.Link) { *l = link.Link{} }, "code offer_id affiliate_id status"},
		{"refuses a status that is none", func(l *link.Link) { l.Status = "paused" }, "status"},
		{"refuses to be deleted by its status", func(l *link.Link) { l.Status = link.Deleted }, "status"},
		{"refuses a name that clicks do not know", func(l *link.Link) { l.Query = "sub11=x&campaign=y" }, "query query"},
		{"refuses another offer or affiliate", func(l *link.Link) { l.Query = "oid=5&aff_id=7&format=json" }, "query query query"},
		{"refuses a broken escape", func(l *link.Link) { l.Query = "sub1=100%&sub2=50%zz" }, "query query"},
		{"refuses a question mark", func(l *link.Link) { l.Query = "?sub1=x" }, "query"},
		{"refuses a space", func(l *link.Link) { l.Query = "sub1=a b" }, "query"},
		{"refuses a fragment", func(l *link.Link) { l.Query = "sub1=a#b" }, "query"},
		{"refuses a long query", func(l *link.Link) { l.Query = "sub1=" + strings.Repeat("a", 2044) }, "query"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := link.Default()
			l.Code, l.OfferID, l.AffiliateID = "spring", 5, 7
			tt.change(&l)
			err := l.Validate()
			var fields []string
			for _, f := range fault.All(err) {
				fields = append(fields, f.Field)
			}
			if got := strings.Join(fields, " "); got != tt.fields || err != nil && fault.Of(err) != fault.Invalid {
				t.Errorf("Validate() = %v; want Invalid faults at %q", err, tt.fields)
			}
		})
	}
}

func TestDrawCode(t *testing.T) {
	t.Parallel()
	const rounds = 20_000
	random := rand.NewChaCha8([32]byte{1})
	seen, counts := make(map[string]bool), make(map[rune]int)
	for range rounds {
		code, err := link.DrawCode(random)
		if err != nil || len(code) != 7 {
			t.Fatalf("DrawCode() = %q, %v; want 7 letters", code, err)
		}
		if seen[code] {
			t.Fatalf("DrawCode() = %q, drawn before", code)
		}
		seen[code] = true
		for _, r := range code {
			counts[r]++
		}
		l := link.Link{Code: code, OfferID: 1, AffiliateID: 1, Status: link.Active}
		if err := l.Validate(); err != nil {
			t.Fatalf("a drawn code is refused: %v", err)
		}
	}
	const mean = rounds * 7 / 62
	if len(counts) != 62 {
		t.Errorf("DrawCode() uses %d letters, want 62", len(counts))
	}
	for r, n := range counts { // a plain remainder would give the first 8 letters a quarter more
		if n < mean*85/100 || n > mean*115/100 {
			t.Errorf("%q was drawn %d times, want about %d", r, n, mean)
		}
	}
}

func TestDrawCodePassesOverUnfairBytes(t *testing.T) {
	t.Parallel()
	code, err := link.DrawCode(strings.NewReader("\xff\xf8\xf7\x00\x3d\x3e\x01" + "\x02\x03\x04\x05\x06\x07\x08"))
	if want := "z0z0123"; err != nil || code != want {
		t.Errorf("DrawCode() = %q, %v; want %q", code, err, want)
	}
}

func TestDrawCodeWithoutRandomness(t *testing.T) {
	t.Parallel()
	dry := errors.New("dry")
	if code, err := link.DrawCode(iotest.ErrReader(dry)); !errors.Is(err, dry) || code != "" {
		t.Errorf("DrawCode() = %q, %v; want its error and no code", code, err)
	}
}
