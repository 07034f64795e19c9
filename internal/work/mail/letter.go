package mail

import (
	"fmt"
	"strings"
	"time"
)

// Invitation is the letter to somebody who may join.
func Invitation(to, installation, link string, until time.Time) Letter {
	return Letter{
		To:      to,
		Subject: "You are invited to " + line(installation),
		Text: fmt.Sprintf("Hello,\n\n"+
			"you are invited to the Waybill console at %s.\n"+
			"Open this link to choose a password and sign in:\n\n%s\n\n"+
			"It works once, until %s.\n"+
			"If you did not expect this, ignore it: without the link nothing happens.\n",
			line(installation), link, moment(until)),
	}
}

// Reset is the letter to somebody who forgot the password.
func Reset(to, installation, link string, until time.Time) Letter {
	return Letter{
		To:      to,
		Subject: "A new password for " + line(installation),
		Text: fmt.Sprintf("Hello,\n\n"+
			"somebody, probably you, asked for a new password for the Waybill console at %s.\n"+
			"Open this link to choose one:\n\n%s\n\n"+
			"It works once, until %s. Your password stays as it is until then.\n"+
			"If it was not you, ignore this: only who reads your mail can use the link.\n",
			line(installation), link, moment(until)),
	}
}

// line keeps a text on one line.
func line(text string) string { return strings.Join(strings.Fields(text), " ") }

func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }
