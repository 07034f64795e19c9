package attribution

import (
	"fmt"
	"strconv"
	"time"

	"waybill/internal/click"
	"waybill/internal/offer"
	"waybill/internal/signal"
	"waybill/internal/span"
)

// creditReject is the word of an offer that credits no click whose record is
// lost.
const creditReject = "reject"

func judge(o *offer.Offer, received time.Time, hasOrder bool, c Candidate) Judged {
	j := Judged{Candidate: c}
	if c.Touchless() {
		j.judgeOrder(hasOrder)
		return j
	}
	if c.Parts.Offer != o.ID {
		j.Code, j.Rule = signal.OfferMismatch, fmt.Sprintf("the %s is of offer %d, not of offer %d", c.what(), c.Parts.Offer, o.ID)
		j.Detail.Got = strconv.FormatInt(o.ID, 10)
		return j
	}
	if why := c.turnedAway(); why != "" {
		j.Code, j.Rule, j.Detail.Why = signal.TurnedAway, "the visitor was not sent to the offer: "+why, why
		return j
	}
	age := received.Sub(c.At())
	if age < 0 && age >= -ClockSkew {
		age = 0
	}
	j.judgeAge(o, age)
	if j.Creditable() && c.Record == nil {
		j.judgeLost(o)
	}
	return j
}

// what names the touch.
func (c Candidate) what() string {
	if c.View() {
		return "view"
	}
	return "click"
}

// judgeOrder judges a candidate without a touch: only an order says that it is
// counted once.
func (j *Judged) judgeOrder(hasOrder bool) {
	who := fmt.Sprintf("%s names affiliate %d", j.By, j.Affiliate)
	if j.Named != "" {
		who = fmt.Sprintf("%s %.80q is affiliate %d's", j.By, j.Named, j.Affiliate)
	}
	if !hasOrder {
		j.Code, j.Rule = signal.OrderIDMissing, who+", and without a click it is counted by its order alone"
		return
	}
	j.Code, j.Rule = signal.OK, who
}

// turnedAway says why the visitor was not sent to the offer, empty when he was.
func (c Candidate) turnedAway() string {
	switch {
	case c.Record != nil && c.Record.TurnedAway != click.Sent:
		return string(c.Record.TurnedAway)
	case c.Parts.TurnedAway:
		return "so its ID says"
	default:
		return ""
	}
}

// window is how long a candidate is credited, and the setting that says so.
type window struct {
	span    span.Span
	setting string
}

// touched gives how long after the touch itself it is credited.
func (c Candidate) touched(o *offer.Offer) window {
	w := window{o.ClickWindow, "click_window"}
	if c.View() {
		w = window{o.ViewWindow, "view_window"}
	}
	if c.By == offer.ByIPUserAgent && o.IPSpan() < w.span {
		w = window{o.IPSpan(), "ip_window"}
	}
	return w
}

// credited gives how long the candidate is credited. A customer who was bound in
// time goes on being credited for as long as the offer says.
func (c Candidate) credited(o *offer.Offer) window {
	w := c.touched(o)
	if !c.By.Customer() || o.CustomerWindow == 0 || w.span == 0 {
		return w
	}
	if !c.BoundAt.IsZero() && c.BoundAt.Sub(c.At()) > w.span.Duration() {
		return w // bound when the touch had passed
	}
	return window{o.CustomerWindow, "customer_window"}
}

func (j *Judged) judgeAge(o *offer.Offer, age time.Duration) {
	j.Detail.Got = age.Round(time.Millisecond).String()
	w, what := j.credited(o), j.what()
	switch {
	case age < 0:
		j.Code, j.Detail.Want = signal.TooFast, o.MinConversionTime.String()
		j.Rule = fmt.Sprintf("received %s before its %s; at most %s are put down to clocks", -age, what, ClockSkew)
	case j.View() && o.ViewWindow == 0:
		j.Code, j.Detail.Want, j.Detail.Param = signal.ClickExpired, w.span.String(), w.setting
		j.Rule = "it is a view, and the offer has no view_window"
	case age < o.MinConversionTime.Duration():
		j.Code, j.Detail.Want = signal.TooFast, o.MinConversionTime.String()
		j.Rule = fmt.Sprintf("received %s after its %s; the offer takes none before %s", age, what, o.MinConversionTime)
	case age > w.span.Duration():
		j.Code, j.Detail.Want, j.Detail.Param = signal.ClickExpired, w.span.String(), w.setting
		j.Rule = fmt.Sprintf("received %s after its %s; the %s is %s", age, what, words(w.setting), w.span)
	default:
		j.Code = signal.OK
		j.Rule = fmt.Sprintf("%s: received %s after its %s, within the window of %s", j.By, age, what, w.span)
	}
}

// words gives a setting as it reads in a sentence.
func words(setting string) string {
	switch setting {
	case "view_window":
		return "view window"
	case "customer_window":
		return "customer window"
	case "ip_window":
		return "IP window"
	default:
		return "click window"
	}
}

// judgeLost says what a touch is worth that is only known from its ID.
func (j *Judged) judgeLost(o *offer.Offer) {
	if o.CreditWithoutClick == creditReject {
		j.Code = signal.ClickNotFound
		j.Rule = fmt.Sprintf("the %s's record is lost, and the offer credits none without it", j.what())
		j.Detail = signal.Detail{Got: j.ID.String()}
		return
	}
	j.Code = signal.RecordMissing
	j.Rule += fmt.Sprintf("; from the ID alone, since the %s's record is lost", j.what())
}
