package txid_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"waybill/internal/txid"
)

func TestKeysAreKept(t *testing.T) {
	want := newKey(t, 3, noon.Add(1999*time.Microsecond), 'k')
	if !want.ActiveFrom.Equal(noon.Add(time.Millisecond)) {
		t.Errorf("in force from %s, want whole milliseconds", want.ActiveFrom)
	}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	const text = `{"number":3,"active_from":"2026-03-14T12:00:00.001Z","secret":"a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="}`
	if string(b) != text {
		t.Errorf("json.Marshal() = %s, want %s", b, text)
	}
	var got txid.Key
	if err := json.Unmarshal(b, &got); err != nil || got != want {
		t.Errorf("json.Unmarshal() = %v, %v; want %v", got, err, want)
	}
}

func TestSpoiltKeysAreRefused(t *testing.T) {
	tests := []struct{ name, text string }{
		{name: "no object", text: `[]`},
		{name: "no secret", text: `{"number":1,"active_from":"2026-03-14T12:00:00Z"}`},
		{name: "a short secret", text: `{"number":1,"active_from":"2026-03-14T12:00:00Z","secret":"a2tr"}`},
		{name: "no base64", text: `{"number":1,"active_from":"2026-03-14T12:00:00Z","secret":"?"}`},
		{name: "no time", text: `{"number":1,"active_from":"noon","secret":"a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s="}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got txid.Key
			if err := json.Unmarshal([]byte(tt.text), &got); err == nil || got != (txid.Key{}) {
				t.Errorf("json.Unmarshal(%s) = %v, %v; want an error and no key", tt.text, got, err)
			}
		})
	}
}

func TestNewKeyNeedsRandomness(t *testing.T) {
	for _, random := range []io.Reader{strings.NewReader("too short"), iotest.ErrReader(io.ErrClosedPipe)} {
		if k, err := txid.NewKey(1, noon, random); err == nil || k != (txid.Key{}) {
			t.Errorf("NewKey() = %v, %v; want an error and no key", k, err)
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	k := newKey(t, 1, noon, 'k')
	const want = "key 1, in force from 2026-03-14T12:00:00Z"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		if got := fmt.Sprintf(verb, k); got != want {
			t.Errorf("%s prints %q, want %q", verb, got, want)
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("rotated", slog.Any("key", k))
	if !strings.Contains(log.String(), want) || strings.Contains(log.String(), "a2tra2") {
		t.Errorf("logged %s, want %q and no secret", log.String(), want)
	}
}
