package txid_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"waybill/internal/fault"
	"waybill/internal/txid"
)

func TestParseSaysWhatIsWrong(t *testing.T) {
	id, err := oneRing(t).Seal(txid.Parts{Kind: txid.Click, Time: noon, Offer: 7, Affiliate: 42})
	if err != nil {
		t.Fatal(err)
	}
	good := id.String()
	tests := []struct {
		name string
		text string
		want string // in the error
	}{
		{name: "nothing", text: "", want: "it was cut, to 0 characters; IDs have 32"},
		{name: "cut by two", text: good[:30], want: "it was cut, to 30 characters"},
		{name: "one too many", text: good + "0", want: "it is too long, to 33 characters"},
		{name: "with a space behind it", text: good + " ", want: "it is too long"},
		{name: "a letter of no ID", text: good[:4] + "u" + good[5:], want: "'u', at position 5,"},
		{name: "a sign", text: "-" + good[1:], want: "'-', at position 1,"},
		{name: "a sign below the capitals", text: "@" + good[1:], want: "'@', at position 1,"},
		{name: "a sign above the capitals", text: "[" + good[1:], want: "'[', at position 1,"},
		{name: "a macro left in", text: "{transaction_id}" + good[:16], want: "'{', at position 1,"},
		{name: "32 characters, one not of ASCII", text: good[:31] + "é", want: "'é', at position 32,"},
		{name: "a broken character", text: good[:31] + "\xff", want: "at position 32,"},
		{name: "another version", text: "8" + good[1:], want: "it is of version 2, ours are of version 1"},
		{name: "all zeros", text: strings.Repeat("0", 32), want: "it is of version 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := txid.Parse(tt.text)
			if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse(%q) = %v, want an invalid fault with %q", tt.text, err, tt.want)
			}
			if !got.IsZero() {
				t.Errorf("Parse(%q) = %s beside an error", tt.text, got)
			}
		})
	}
}

// TestLettersMistakenAreTheSame types an ID as people do: in either case, and
// with o, i and l for the digits that they look like.
func TestLettersMistakenAreTheSame(t *testing.T) {
	ring := oneRing(t)
	likes := map[rune][]string{'0': {"0", "o", "O"}, '1': {"1", "i", "I", "l", "L"}}
	rapid.Check(t, func(t *rapid.T) {
		want, err := ring.Seal(anyParts().Draw(t, "parts"))
		if err != nil {
			t.Fatal(err)
		}
		var typed strings.Builder
		for _, r := range want.String() {
			same := likes[r]
			if same == nil {
				same = []string{string(r), strings.ToUpper(string(r))}
			}
			typed.WriteString(rapid.SampledFrom(same).Draw(t, "typed"))
		}
		if got, err := txid.Parse(typed.String()); err != nil || got != want {
			t.Fatalf("Parse(%q) = %s, %v; want %s", typed.String(), got, err, want)
		}
	})
}

// TestOneWrongCharacterIsRefused tries every other character at a place.
func TestOneWrongCharacterIsRefused(t *testing.T) {
	ring := oneRing(t)
	rapid.Check(t, func(t *rapid.T) {
		id, err := ring.Seal(anyParts().Draw(t, "parts"))
		if err != nil {
			t.Fatal(err)
		}
		text := []byte(id.String())
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		right := text[at]
		for _, c := range []byte("0123456789abcdefghjkmnpqrstvwxyz") {
			if c == right {
				continue
			}
			text[at] = c
			wrong, err := txid.Parse(string(text))
			if err == nil {
				_, err = ring.Open(wrong)
			}
			if fault.Of(err) != fault.Invalid {
				t.Fatalf("%s for %s was not refused: %v", text, id, err)
			}
		}
	})
}

func TestZeroIsWrittenAsNothing(t *testing.T) {
	type named struct {
		ID txid.ID `json:"id"`
	}
	b, err := json.Marshal(named{})
	if err != nil || string(b) != `{"id":""}` {
		t.Fatalf("json.Marshal() = %s, %v", b, err)
	}
	got := named{ID: txid.ID{1}}
	if err := json.Unmarshal(b, &got); err != nil || !got.ID.IsZero() {
		t.Errorf("json.Unmarshal(%s) = %v, %v; want the zero ID", b, got.ID, err)
	}
	if got := (txid.ID{}).String(); got != "" {
		t.Errorf("String() = %q, want nothing", got)
	}
}

func TestIDsAreJSON(t *testing.T) {
	ring := oneRing(t)
	want, err := ring.Seal(txid.Parts{Kind: txid.Signal, Time: noon})
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(want)
	if err != nil || string(b) != `"`+want.String()+`"` {
		t.Fatalf("json.Marshal() = %s, %v", b, err)
	}
	var got txid.ID
	if err := json.Unmarshal(b, &got); err != nil || got != want {
		t.Errorf("json.Unmarshal(%s) = %s, %v", b, got, err)
	}
	if err := json.Unmarshal([]byte(`"hello"`), &got); fault.Of(err) != fault.Invalid || got != want {
		t.Errorf("json.Unmarshal(hello) = %s, %v; want an invalid fault, and the ID untouched", got, err)
	}
}

// FuzzParseAndOpen holds that whatever comes in is either refused with a reason
// or an ID whose text, written again, is the same but for case and likeness.
func FuzzParseAndOpen(f *testing.F) {
	ring := oneRing(f)
	id, err := ring.Seal(txid.Parts{Kind: txid.Click, Time: noon, Offer: 7, Affiliate: 42})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(id.String())
	f.Add(strings.ToUpper(id.String()))
	f.Add(id.String()[:31] + "é")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := txid.Parse(s)
		if err != nil {
			if fault.Of(err) != fault.Invalid || !id.IsZero() {
				t.Fatalf("Parse(%q) = %s, %v", s, id, err)
			}
			return
		}
		if got := strings.NewReplacer("o", "0", "i", "1", "l", "1").Replace(strings.ToLower(s)); got != id.String() {
			t.Fatalf("Parse(%q) is written %s", s, id)
		}
		parts, err := ring.Open(id)
		if err != nil {
			if fault.Of(err) != fault.Invalid {
				t.Fatalf("Open(%s) = %v", id, err)
			}
			return
		}
		if again, err := ring.Seal(parts); err != nil || again != id {
			t.Fatalf("Seal(Open(%s)) = %s, %v", id, again, err)
		}
	})
}
