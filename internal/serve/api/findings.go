package api

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"waybill/internal/account"
	"waybill/internal/advertiser"
	"waybill/internal/catalog"
	"waybill/internal/conversion"
	"waybill/internal/offer"
	"waybill/internal/signal"
	"waybill/internal/txid"
)

// The levels of findings.
const (
	fine  = "ok"
	warns = "warning"
	wrong = "problem"
)

// integrationCheck is one look at what came for a test click.
type integrationCheck struct {
	api    *API
	who    account.Principal
	offer  *catalog.Offer
	id     txid.ID
	url    string // where the click led; empty where that is not known
	server bool   // a server's postback was judged
	out    integrationCheckRecord
}

// look reads what came by now, and says what it shows.
func (c *integrationCheck) look(ctx context.Context) error {
	c.out = integrationCheckRecord{
		TransactionID: c.id.String(), LandingURL: c.url, State: "waiting",
		Findings: []findingRecord{}, Verdicts: []verdictRecord{},
	}
	t, err := c.api.Trace.Trace(ctx, c.id.String())
	if err != nil {
		return err
	}
	t.Verdicts = slices.DeleteFunc(t.Verdicts, func(v signal.Verdict) bool { return !c.api.seesSignal(c.who, &v) })
	c.landing()
	c.judged(t.Verdicts)
	for i := range t.Conversions {
		c.conversion(&t.Conversions[i])
	}
	if len(t.Verdicts) == 0 {
		missed, err := c.missed(ctx)
		if err != nil {
			return err
		}
		c.nothing(missed)
	}
	c.proof()
	c.settleState(t.Verdicts)
	return nil
}

func (c *integrationCheck) find(level, code, signalID, format string, args ...any) {
	c.out.Findings = append(c.out.Findings, findingRecord{Level: level, Code: code, Text: fmt.Sprintf(format, args...), Signal: signalID})
}

// landing says whether the landing page is told the ID.
func (c *integrationCheck) landing() {
	if c.url != "" && !strings.Contains(c.url, c.id.String()) {
		c.find(wrong, "landing_url_without_id", "",
			"The landing page is not told the transaction ID: the offer's destination_url has no {transaction_id}. "+
				"Add it, such as ?wb={transaction_id}, and let the page keep the value.")
	}
}

// judged says what became of the signals that named the click.
func (c *integrationCheck) judged(all []signal.Verdict) {
	browser := false
	for _, v := range all {
		shown := showVerdict(v)
		if !c.who.IsNetwork() {
			shown.Rule, shown.GoalID, shown.Channel, shown.Candidates = "", 0, "", nil
		}
		c.out.Verdicts = append(c.out.Verdicts, shown)
		server := v.Channel.FromServer()
		c.server, browser = c.server || server, browser || !server
		switch {
		case v.Status == signal.Rejected:
			c.find(wrong, string(v.Code), v.SignalID, "What came by %s was rejected (%s): %s.", v.Channel, v.Code, v.Message)
		case v.Status == signal.Duplicate && v.Code == signal.CodeDuplicate:
			c.find(fine, string(v.Code), v.SignalID, "The same came by %s once more, and counted once.", v.Channel)
		default:
			c.find(fine, string(v.Code), v.SignalID, "What came by %s was taken (%s): %s.", v.Channel, v.Code, v.Message)
		}
	}
	if browser && !c.server && c.offer.Hears(string(signal.Postback)) {
		c.find(warns, "only_browser", "",
			"Only the browser has told of it. What a browser sends may be lost or forged: let the shop's server send a postback as well.")
	}
}

// conversion says what a conversion lacks.
func (c *integrationCheck) conversion(v *conversion.Conversion) {
	if !v.AmountKnown {
		c.find(warns, string(signal.AmountMissing), "",
			"No amount came for goal %s. It is paid all the same; send amount=… if sales are to be summed up.", v.GoalCode)
	}
	g, ok := c.offer.Goal(v.GoalCode)
	if ok && v.OrderID == "" && (g.Dedupe == offer.PerOrder || g.Dedupe == offer.Every) {
		c.find(warns, string(signal.OrderIDMissing), "",
			"No order_id came, and goal %s counts more than once a visitor: without it a hit that is sent twice may count twice.", v.GoalCode)
	}
	if v.GoalCode == offer.DefaultGoal && len(c.offer.Goals) > 1 {
		c.find(fine, "goal_default", "", "It counted for the goal default; the offer has others too: name one by goal=….")
	}
}

// nothing says that nothing named the click, and what may have been meant for it.
func (c *integrationCheck) nothing(missed []signal.Verdict) {
	for _, v := range missed {
		c.find(wrong, string(v.Code), v.SignalID,
			"Since the test click something came that names no click of ours (%s): %s.", v.Code, v.Message)
	}
	if len(missed) > 0 {
		return
	}
	c.find(warns, "nothing_came", "",
		"Nothing has come for this click yet. Open the landing page, convert, and see that the shop's server then calls "+
			"%s/postback?transaction_id=%s with the advertiser's token.", c.api.PublicURL, c.id)
}

// proof says whether postbacks are believed without one.
func (c *integrationCheck) proof() {
	if c.offer.Advertiser.PostbackAuth == advertiser.AuthOff {
		c.find(warns, "unproven", "",
			"Postbacks are believed without a proof: whoever knows a transaction ID can send one. Set the advertiser's postback_auth to token or signature.")
	}
}

// settleState sums up.
func (c *integrationCheck) settleState(all []signal.Verdict) {
	if len(all) > 0 {
		c.out.State = "working"
	}
	for _, f := range c.out.Findings {
		if f.Level == wrong {
			c.out.State = "problems"
		}
	}
}
