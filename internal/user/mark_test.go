package user_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"waybill/internal/user"
)

func TestMarks(t *testing.T) {
	const hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"
	mark, err := user.NewMark(rand.Reader, 3, hash)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := user.NewMark(rand.Reader, 3, hash); err != nil || second == mark || len(mark) > 128 {
		t.Errorf("marks %q and %q, %v; want two that differ and fit a cookie", mark, second, err)
	}
	token, sealed, _ := strings.Cut(mark, ".")
	bare, err := user.NewMark(rand.Reader, 3, "")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, mark string
		userID     int64
		hash       string
		want       bool
	}{
		{"the browser of a person is known", mark, 3, hash, true},
		{"that of another is not", mark, 4, hash, false},
		{"nor is it after a new password", mark, 3, hash + "2", false},
		{"nor by another token", "A" + token[1:] + "A." + sealed, 3, hash, false},
		{"nor without a seal", token, 3, hash, false},
		{"nor by an empty one", token + ".", 3, hash, false},
		{"nor by nothing", "", 3, hash, false},
		{"nobody without a password is known, even by a mark made of none", bare, 3, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := user.Marked(tt.mark, tt.userID, tt.hash); got != tt.want {
				t.Errorf("Marked(%q) = %t, want %t", tt.mark, got, tt.want)
			}
		})
	}
	if _, err := user.NewMark(iotest.ErrReader(errors.New("no chance")), 3, hash); err == nil {
		t.Error("a mark is drawn without chance")
	}
}
