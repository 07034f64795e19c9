package api

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// writing writes each letter of a text in one of the ways that there are.
type writing func(rt *rapid.T, text string) string

func hexOf(rt *rapid.T, digits int, n rune) string {
	text := fmt.Sprintf("%0*x", digits, n)
	if rapid.Bool().Draw(rt, "upper") {
		text = strings.ToUpper(text)
	}
	return text
}

// percent writes as URLs do: what need not be escaped may be, by digits of either
// case, and a space may be a plus.
func percent(rt *rapid.T, text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		must := strings.IndexByte("%&+ #?/\\\"<>", c) >= 0 || c >= utf8.RuneSelf
		switch {
		case c == ' ' && rapid.Bool().Draw(rt, "plus"):
			b.WriteByte('+')
		case must || rapid.Bool().Draw(rt, "escaped"):
			b.WriteString("%" + hexOf(rt, 2, rune(c)))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func inJSONText(rt *rapid.T, text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r >= 0x10000 && rapid.Bool().Draw(rt, "pair"):
			high, low := 0xD800+(r-0x10000)>>10, 0xDC00+(r-0x10000)&0x3FF
			b.WriteString(`\u` + hexOf(rt, 4, high) + `\u` + hexOf(rt, 4, low))
		case r < 0x10000 && rapid.Bool().Draw(rt, "escaped"):
			b.WriteString(`\u` + hexOf(rt, 4, r))
		case r == '"' || r == '\\', r == '/' && rapid.Bool().Draw(rt, "slash"):
			b.WriteString(`\` + string(r))
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func inPage(rt *rapid.T, text string) string {
	names := map[rune]string{'&': "amp", '<': "lt", '>': "gt", '"': "quot", '\'': "apos"}
	var b strings.Builder
	for _, r := range text {
		way := rapid.IntRange(0, 3).Draw(rt, "way")
		switch name, has := names[r]; {
		case has && way < 2:
			b.WriteString("&" + name + ";")
		case has && way == 2, way == 1:
			fmt.Fprintf(&b, "&#%d;", r)
		case has, way == 2:
			b.WriteString("&#x" + hexOf(rt, 2, r) + ";")
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// TestSecretsInEveryWriting holds that a secret is found whatever way it is written
// in, in up to three layers, and nothing beside it is touched.
func TestSecretsInEveryWriting(t *testing.T) {
	writings := []writing{percent, inJSONText, inPage}
	letter := rapid.SampledFrom([]rune("abcXY019+/%&=\"'\\<>.-_~ ;#u2é€𝄞"))
	rapid.Check(t, func(rt *rapid.T) {
		// It ends with a letter that nothing else is written by: where a sign ends that
		// begins another is not to be told.
		secret := string(rapid.SliceOfN(letter, leastVeiled, 24).Draw(rt, "secret")) + "Q"
		s := new(secrets)
		s.add(secret, 7)
		s.ready()
		before, text, behind := "z(z", secret, "z)z"
		for range rapid.IntRange(0, 3).Draw(rt, "layers") {
			write := rapid.SampledFrom(writings).Draw(rt, "writing")
			before, text, behind = write(rt, before), write(rt, text), write(rt, behind)
		}
		whole := before + text + behind
		if got, want := string(s.hide([]byte(whole), 0)), before+hiddenSecret+behind; got != want {
			rt.Fatalf("%q in %q comes out as %q, want %q", secret, whole, got, want)
		}
		if got := string(s.hide([]byte(whole), 7)); got != whole {
			rt.Fatalf("to its owner %q comes out as %q", whole, got)
		}
	})
}

// TestSecretsInBase64 holds that no base64 of a secret comes out, whatever stands
// around it, nor a letter that holds a part of it.
func TestSecretsInBase64(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		secret := rapid.StringMatching(`[a-zA-Z0-9+/%&=]{6,40}`).Draw(rt, "secret")
		before, behind := rapid.StringN(0, 8, 8).Draw(rt, "before"), rapid.StringN(0, 8, 8).Draw(rt, "behind")
		e := rapid.SampledFrom([]*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding}).Draw(rt, "alphabet")
		s := new(secrets)
		s.add(secret, 7)
		s.ready()
		text := e.EncodeToString([]byte(before + secret + behind))
		from, to := len(before)*8/6, (len(before+secret)*8+5)/6
		want := text[:from] + hiddenSecret + text[to:]
		if got := string(s.hide([]byte(text), 0)); got != want {
			rt.Fatalf("%q between %q and %q in base64 is %q and comes out as %q, want %q", secret, before, behind, text, got, want)
		}
		write := rapid.SampledFrom([]writing{percent, inJSONText, inPage}).Draw(rt, "writing")
		if got := string(s.hide([]byte("z"+write(rt, text)+"z"), 0)); !strings.Contains(got, hiddenSecret) {
			rt.Fatalf("%q in base64, written again, comes out as %q", secret, got)
		}
	})
}

// TestNoSecrets holds that a text without any comes out as it is.
func TestNoSecrets(t *testing.T) {
	s := new(secrets)
	s.add("secret-1", 1)
	s.add("%25%25%25", 2)
	s.ready()
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringMatching(`[sec\\%&+;u25#x-]{0,200}`).Draw(rt, "text")
		if got := string(s.hide([]byte(text), 0)); !strings.Contains(text, "%") && !strings.Contains(text, "sec") && got != text {
			rt.Fatalf("%q comes out as %q", text, got)
		}
	})
	for _, text := range []string{"", "+", "%", "%2", `\`, `\u`, `\u00`, `\ud800`, `\ud800\u`, "&", "&#", "&#x;", "&;", "secret-", "ecret-1"} {
		if got := string(s.hide([]byte(text), 0)); got != text {
			t.Errorf("%q comes out as %q", text, got)
		}
	}
}

// TestHidingTakesItsTime holds that nobody makes an answer slow by what is sent.
func TestHidingTakesItsTime(t *testing.T) {
	s := new(secrets)
	for i := range int64(2000) {
		s.add(fmt.Sprintf("%016x-secret", i*2654435761), i)
	}
	s.ready()
	const most = 5 * time.Second // a hundredth of it on an idle machine
	for _, c := range []string{"%25", `\`, `\\u005c`, "&amp;", "&", "+", "%", "&#38;", "%5c", "0", "0000000000000000-"} {
		text := []byte(strings.Repeat(c, 64<<10/len(c)))
		start := time.Now()
		s.hide(text, 0)
		if took := time.Since(start); took > most {
			t.Errorf("64 KiB of %q take %s", c, took)
		} else {
			t.Logf("64 KiB of %q take %s", c, took)
		}
	}
}
