package tune

import (
	"encoding/json"
	"strings"

	"waybill/internal/signal"
)

// Reply is the answer to a postback or pixel, in TUNE's words.
type Reply struct {
	Success bool
	Message string // empty for a success
}

// maxEchoed bounds how much of a wrong transaction ID is repeated.
const maxEchoed = 64

// NewReply gives the answer to a hit that was judged. sent is the transaction ID
// as it came.
//
// What was seen before is an error there and is one here, but for the second
// channel of a known conversion, which TUNE does not have. A hit that will be
// judged later is a success: nothing is left for its sender to do.
func NewReply(v signal.Verdict, sent string) Reply {
	switch v.Status {
	case signal.Accepted, signal.Updated, signal.Queued:
		return Reply{Success: true}
	case signal.Duplicate:
		if v.Code == signal.Sighting {
			return Reply{Success: true}
		}
		return Reply{Message: "Duplicate conversion: " + clean(v.Message)}
	default:
	}
	switch v.Code {
	case signal.TransactionIDMissing:
		return Reply{Message: "Invalid Trans. ID #: " + clean(v.Message)}
	case signal.TransactionIDInvalid:
		return Reply{Message: "Invalid Trans. ID #" + echo(sent) + ": " + why(v, sent)}
	default:
		return Reply{Message: clean(v.Message) + " (" + string(v.Code) + ")"}
	}
}

// why says what is wrong with a transaction ID. Of one that TUNE made the usual
// advice would lead nowhere.
func why(v signal.Verdict, sent string) string {
	if IsTransactionID(sent) {
		return "TUNE made this ID, so its click came before the move and is not on record here; " +
			"the conversion was not counted, and the network can credit it by hand"
	}
	return clean(v.Message)
}

// echo repeats what came as far as it is plain.
func echo(sent string) string {
	sent = strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`;<>&"'`, r) {
			return -1
		}
		return r
	}, sent)
	return sent[:min(len(sent), maxEchoed)]
}

// clean takes out of a message what would end it, since a semicolon does.
func clean(message string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ';':
			return ','
		case r < ' ' || r == 0x7f:
			return ' '
		default:
			return r
		}
	}, message)
}

// Text gives the reply as TUNE writes it: "success=true;".
func (r Reply) Text() string {
	if r.Success {
		return "success=true;"
	}
	// Some senders look for the words of a success anywhere in the answer, and a
	// message may repeat what they sent.
	message := strings.ReplaceAll(clean(r.Message), "success=", "success ")
	return "success=false; err_msg=" + message + ";"
}

// MarshalJSON gives the reply to a hit that asked for format=json: the same two
// names.
func (r Reply) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Success bool   `json:"success"`
		Message string `json:"err_msg,omitempty"`
	}{r.Success, r.Message}) //nolint:wrapcheck // two plain fields
}
