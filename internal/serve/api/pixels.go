package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"waybill/internal/account"
	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/macro"
	"waybill/internal/offer"
	"waybill/internal/receiver"
	"waybill/internal/signal"
)

// What is looked at to tell whether an offer's conversions come through a
// browser, and for how long.
const (
	outlookSpan  = 30 * 24 * time.Hour
	outlookMost  = 200
	outlookLeast = 10 // fewer tell nothing
	outlookLimit = time.Second
)

// pixelOutlook says why an affiliate's browser pixels cannot fire for an offer,
// or hardly; empty when they can. They cannot where it does not listen to pixels,
// and hardly do where none of its latest conversions was made by one.
func (a *API) pixelOutlook(ctx context.Context, o *offer.Offer) string {
	if !o.Hears(string(signal.Pixel)) {
		return fmt.Sprintf("Browser pixels cannot fire for this offer: its conversions come by %s, and no page of ours is shown to the visitor. Use a postback of format get.", channels(o))
	}
	ctx, cancel := context.WithTimeout(ctx, outlookLimit)
	defer cancel()
	list, _, err := a.Conversions.Conversions(ctx, ConversionFilter{OfferID: o.ID, From: a.now().Add(-outlookSpan), Limit: outlookMost})
	byPixel := func(c conversion.Conversion) bool { return c.Channel == string(signal.Pixel) }
	if err != nil || len(list) < outlookLeast || slices.ContainsFunc(list, byPixel) { // nobody knows better
		return ""
	}
	return fmt.Sprintf("Browser pixels would not have fired of late: none of this offer's latest conversions (%d, of the last 30 days) was made by a pixel on the advertiser's page. Where a server is the first to report, they never fire.", len(list))
}

// channels names the ways an offer's conversions come by.
func channels(o *offer.Offer) string {
	words := make([]string, 0, len(o.Channels))
	for _, c := range o.Channels {
		switch signal.Channel(c) {
		case signal.Postback:
			words = append(words, "server postbacks")
		case signal.SDK:
			words = append(words, "the browser SDK")
		case signal.API:
			words = append(words, "the API")
		case signal.Import:
			words = append(words, "imports")
		case signal.Pixel:
		}
	}
	if len(words) == 0 {
		return "no channel at all"
	}
	if last := len(words) - 1; last > 0 {
		return strings.Join(words[:last], ", ") + " and " + words[last] + " alone"
	}
	return words[0] + " alone"
}

// pixelWarnings tells what a browser's pixel will not do although it may be
// saved.
func (a *API) pixelWarnings(ctx context.Context, s *delivery.Subscription) []warning {
	if !s.Format.Browser() {
		return nil
	}
	var all []warning
	warn := func(field, text string) { all = append(all, warning{Field: field, Message: text}) }
	if text := a.pixelReach(ctx, s); text != "" {
		warn("format", text)
	}
	if !slices.Contains(s.On, conversion.EventCreated) && !slices.Contains(s.On, conversion.EventRejected) {
		warn("on", "a pixel fires when a conversion is made, in the page that reports it, and never later: use [\"conversion.created\"]")
	}
	if s.Delay != 0 {
		warn("delay", "is not used: a pixel fires with the page, or not at all")
	}
	if strings.HasPrefix(strings.ToLower(s.URL), "http://") {
		warn("url", "is left out of pages that are shown by https, which nearly all are")
	}
	if p, err := receiver.Compile(*s); err == nil && p.Uses(macro.Payout) {
		warn("url", "{payout} can be read by the visitor, and by whoever looks at his browser")
	}
	return all
}

// pixelReach says for which of the offers that it is for a pixel cannot fire;
// empty when it can for all.
func (a *API) pixelReach(ctx context.Context, s *delivery.Subscription) string {
	if s.OfferID != 0 {
		if o, ok := a.Catalog().Offer(s.OfferID); ok {
			return a.pixelOutlook(ctx, &o.Offer)
		}
		return ""
	}
	offers, never := 0, 0
	for o := range a.Catalog().Offers() {
		offers++
		if !o.Hears(string(signal.Pixel)) {
			never++
		}
	}
	switch never {
	case 0:
		return ""
	case offers:
		return "Browser pixels cannot fire: no offer takes conversions by pixels. Use a postback of format get."
	default:
		return fmt.Sprintf("Browser pixels cannot fire for %d of %d offers, which take no conversions by pixels; an offer's links say whether it is one of them.", never, offers)
	}
}

// pixels adds what the page that brought a conversion was given to load. Whose
// pixels these are is no advertiser's business.
func (t *tracer) pixels(c *conversion.Conversion) {
	if t.who.Role == account.Advertiser {
		return
	}
	for _, id := range c.Memory.Pixels {
		what := "an image or a frame"
		if s, ok := t.api.Catalog().Subscription(id); ok {
			what = string(s.Format)
			if origin, ok := receiver.Origin(s.URL); ok {
				what += " from " + origin
			}
		}
		t.steps = append(t.steps, step{
			At: c.CreatedAt.UTC(), Store: fromLedger, Kind: "pixel", ID: c.ID,
			Text: fmt.Sprintf("The page that reported it was given pixel %d to load (%s). Whether the browser did, nobody can know.", id, what),
		})
	}
}
