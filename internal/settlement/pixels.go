package settlement

import (
	"encoding/binary"
	"strings"

	"waybill/internal/conversion"
	"waybill/internal/delivery"
	"waybill/internal/receiver"
	"waybill/internal/signal"
)

// maxPixels is how many pixels one page loads at most.
const maxPixels = 20

// fire gives the page that brought a new conversion the affiliate's pixels to
// load, and notes on the conversion which they are. A page that came by https
// loads nothing by http. What a pixel needs and is lost cannot be waited for.
func (h *hearing) fire(c *conversion.Conversion) []signal.PagePixel {
	event, heard := conversion.EventOf(conversion.Conversion{}, *c)
	if h.s.Page == "" || !heard {
		return nil
	}
	var all []signal.PagePixel
	for _, sub := range h.Catalog.Pixels(c, event) {
		if len(all) == maxPixels {
			break
		}
		o := delivery.Owed{
			ID: delivery.ID(h.s.ID, sub.ID, event), SubscriptionID: sub.ID, ConversionID: c.ID, TransactionID: c.Touch.TransactionID,
			Sequence: c.Version, Event: event, Test: c.Test, Values: Values(h.Catalog, c, &sub.Subscription),
		}
		if c.Touch.RecordMissing && needsLost(sub, o.Values) {
			continue
		}
		r, err := sub.Plan.Request(&o, receiver.Moment{At: h.Now, Random: binary.BigEndian.Uint64(h.s.ID[12:])})
		if err != nil || h.s.Page == "https" && !strings.HasPrefix(strings.ToLower(r.URL), "https://") {
			continue
		}
		all = append(all, signal.PagePixel{SubscriptionID: sub.ID, Frame: sub.Format == delivery.Iframe, URL: r.URL})
		c.Memory.Pixels = append(c.Memory.Pixels, sub.ID)
	}
	return all
}
