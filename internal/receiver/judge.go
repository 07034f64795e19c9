package receiver

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"

	"waybill/internal/delivery"
)

// Outcome is what an answer means.
type Outcome struct {
	Class     delivery.ErrorClass // empty: delivered
	Permanent bool                // trying again is of no use
	Detail    string              // what was wrong, in words
}

// Judge says what an answer means. body is its beginning. A status of 2xx is
// delivered, unless the format or the subscription knows better by the body.
func (p *Plan) Judge(status int, header http.Header, body []byte) Outcome {
	class, detail := p.judge(status, header, body)
	return Outcome{Class: class, Permanent: class.Permanent(), Detail: delivery.Harmless([]byte(detail))}
}

func (p *Plan) judge(status int, header http.Header, body []byte) (delivery.ErrorClass, string) {
	class, _ := delivery.Classify(status, "")
	if j, ok := p.payload.(judge); ok && class != delivery.ErrRedirect && class != delivery.ErrGone {
		if class, detail := j.judge(status, header, body); class != "" {
			return class, detail
		}
	}
	switch {
	case class == delivery.ErrRedirect && header.Get("Location") != "":
		return class, fmt.Sprintf("answered %s; postbacks are not redirected: enter the address it leads to", named(status))
	case class != "":
		return class, "answered " + named(status)
	case holds(body, p.failure):
		return delivery.ErrAnswer, fmt.Sprintf("answered %s, but with %s", named(status), quoted(p.failure))
	case p.success != "" && !holds(body, p.success):
		return delivery.ErrAnswer, fmt.Sprintf("answered %s, but without %s", named(status), quoted(p.success))
	default:
		return "", ""
	}
}

// holds reports whether body has one of the texts that | separates in texts.
func holds(body []byte, texts string) bool {
	for text := range strings.SplitSeq(texts, "|") {
		if text != "" && bytes.Contains(body, []byte(text)) {
			return true
		}
	}
	return false
}

// quoted names texts that | separates.
func quoted(texts string) string {
	return strings.ReplaceAll(fmt.Sprintf("%q", texts), "|", `" or "`)
}

// named gives a status with its name.
func named(status int) string {
	if text := http.StatusText(status); text != "" {
		return fmt.Sprintf("%d %s", status, text)
	}
	return fmt.Sprint(status)
}
