package user

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"strconv"
	"strings"
)

// NewMark draws the mark of a browser in which a person has shown the password,
// whose hash is given. A browser that is known by it is counted by itself when
// the password is mistyped there: strangers who guess elsewhere make everybody else
// wait, and not the person. It is good as long as the password stays, and proves
// nothing but that: it lets nobody in.
func NewMark(random io.Reader, userID int64, hash string) (string, error) {
	token, err := NewToken(random)
	return token + "." + seal(token, userID, hash), err
}

// Marked reports whether a mark was drawn for a person who has the password of a
// hash. Whoever has none cannot be known by it.
func Marked(mark string, userID int64, hash string) bool {
	token, sealed, _ := strings.Cut(mark, ".")
	return hash != "" && hmac.Equal([]byte(sealed), []byte(seal(token, userID, hash)))
}

// seal is what only who knows the hash can make: it never leaves the machine, and
// its salt is nothing to guess.
func seal(token string, userID int64, hash string) string {
	mac := hmac.New(sha256.New, []byte(hash))
	mac.Write([]byte("browser of user " + strconv.FormatInt(userID, 10) + " " + token))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
