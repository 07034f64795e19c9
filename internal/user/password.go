package user

import (
	"slices"
	"strings"
	"unicode/utf8"

	"waybill/internal/fault"
)

// The bounds of a password, in characters and in bytes.
const (
	minPassword = 10
	maxPassword = 1000
)

// CheckPassword reports why a password would be guessed. What it is made of is
// the person's own affair; that it is short, common, or the name to log in with
// is not.
func CheckPassword(password, email string) error {
	folded := strings.ToLower(strings.TrimSpace(password))
	name, _, _ := strings.Cut(FoldEmail(email), "@")
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return fault.At("password", "is shorter than %d characters", minPassword)
	case len(password) > maxPassword:
		return fault.At("password", "is longer than %d bytes", maxPassword)
	case !utf8.ValidString(password):
		return fault.At("password", "is not text in UTF-8")
	case email != "" && (folded == FoldEmail(email) || repeats(folded, name)):
		return fault.At("password", "is the e-mail address, which everybody would try first")
	case common(folded):
		return fault.At("password", "is one of those that everybody tries first")
	default:
		return nil
	}
}

// repeats reports whether a text is a word over and over.
func repeats(text, word string) bool {
	return word != "" && strings.ReplaceAll(text, word, "") == ""
}

// common reports whether a password is known to be used by many: a single
// letter over and over, a row of the keyboard or the digits, or a word of the
// list with digits and signs around it.
func common(folded string) bool {
	first, size := utf8.DecodeRuneInString(folded)
	if repeats(folded, folded[:size]) && first != utf8.RuneError {
		return true
	}
	for _, row := range rows() {
		if strings.Contains(row+row, folded) {
			return true
		}
	}
	bare := strings.Trim(folded, "0123456789!?.,;:*#$@&%+-_=/ ")
	return bare == "" && len(folded) < 12 || slices.ContainsFunc(words(), func(word string) bool {
		return bare == word || repeats(bare, word)
	})
}

// rows are what fingers walk along.
func rows() []string {
	return []string{
		"0123456789", "9876543210", "1234567890", "0987654321", "abcdefghijklmnopqrstuvwxyz",
		"qwertyuiop", "qwertzuiop", "azertyuiop", "poiuytrewq", "asdfghjkl", "zxcvbnm",
		"qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
		"q1w2e3r4t5y6u7i8o9p0", "1a2b3c4d5e6f7g8h9i0j", "qazwsxedcrfvtgbyhnujm",
	}
}

// words are those most often found in lists of stolen passwords, and those that
// the product itself suggests.
func words() []string {
	return []string{
		"password", "passw0rd", "p@ssword", "p@ssw0rd", "pa$$word", "passwort", "passphrase", "motdepasse", "contraseña", "changeme", "changeit", "letmein",
		"welcome", "w3lcome", "iloveyou", "administrator", "admin", "root", "superuser", "default", "secret", "test", "testing", "guest",
		"qwerty", "qwertz", "azerty", "abc", "abcd", "abcdef", "asdf", "asdfgh", "zxcvbn", "monkey", "dragon", "sunshine",
		"princess", "football", "baseball", "basketball", "superman", "batman", "starwars", "pokemon", "master", "shadow", "michael", "jordan", "charlie", "whatever",
		"trustno", "computer", "internet", "samsung", "liverpool", "chelsea", "arsenal", "summer", "winter", "spring", "autumn", "january",
		"february", "september", "october", "november", "december", "monday", "login", "hello", "helloworld", "correcthorsebatterystaple", "waybill", "affiliate", "affiliates", "advertiser",
		"network", "postback", "tracking", "company", "marketing", "freedom", "mustang", "cookie", "ginger", "harley", "jennifer", "killer",
	}
}
