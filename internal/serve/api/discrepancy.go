package api

import (
	"context"

	"waybill/internal/money"
	"waybill/internal/report"
	"waybill/internal/span"
)

// discrepancyRecord compares pixel and postback.
type discrepancyRecord struct {
	Rows       []discrepancyRow `json:"rows"`
	Total      discrepancySums  `json:"total"`
	Browsers   []browserLoss    `json:"browsers" doc:"How much of what servers reported the pixel lost, by family of browsers."`
	OneChannel []int64          `json:"one_channel_offers" doc:"Offers whose conversions came by one channel alone; they are in no row."`
	frame
}

type discrepancyRow struct {
	Day     string `json:"day" doc:"Of the conversion's first sighting, in tz."`
	OfferID int64  `json:"offer"`
	discrepancySums
}

type discrepancySums struct {
	Conversions  int64 `json:"conversions" doc:"That either channel has seen."`
	Both         int64 `json:"both"`
	OnlyPixel    int64 `json:"only_pixel"`
	OnlyPostback int64 `json:"only_postback"`

	PixelFirst int64 `json:"pixel_first" doc:"Of both: how often the browser's word came first."`
	OtherDay   int64 `json:"other_day" doc:"Of both: how often the two came on different days of tz, so that two parties may count them on different days."`

	AmountsEqual  int64        `json:"amounts_equal" doc:"Of both: how often they said the same amount."`
	AmountsDiffer int64        `json:"amounts_differ"`
	AmountMissing int64        `json:"amount_missing" doc:"Of both: how often only one of them said an amount."`
	Difference    money.Micros `json:"amount_difference" doc:"What postbacks said beyond pixels, where both said one; in the offer's currency."`

	LagMedian *span.Span `json:"lag_median,omitempty" doc:"Half of those that both have seen have no longer time between the two."`
	LagP90    *span.Span `json:"lag_p90,omitempty"`

	PixelLoss    lossRecord    `json:"pixel_loss" doc:"Of what the postback reported, how much the pixel did not."`
	PostbackLoss lossRecord    `json:"postback_loss" doc:"Of what the pixel reported, how much the postback did not."`
	Causes       []causeRecord `json:"causes"`
}

type lossRecord struct {
	Missed int64    `json:"missed"`
	Of     int64    `json:"of"`
	Rate   *float64 `json:"rate" doc:"From 0 to 1; null where there was nothing to miss."`
	Low    *float64 `json:"low" doc:"With 95 % confidence the true rate lies between low and high."`
	High   *float64 `json:"high"`
}

type causeRecord struct {
	Channel     string         `json:"channel" enum:"pixel,postback" doc:"Whose word is missing."`
	Cause       report.Missing `json:"cause" enum:"no_cookie,late,rejected,recent,never_came" doc:"no_cookie: the pixel came for the order, without a transaction ID; recent: it may still come."`
	Code        string         `json:"code,omitempty" doc:"Of the verdict by which it was rejected."`
	Conversions int64          `json:"conversions"`
}

type browserLoss struct {
	Browser string `json:"browser" doc:"Empty where it is not known."`
	lossRecord
}

func (p *reporter) discrepancy(ctx context.Context, x *exchange) (*answer, error) {
	q, err := report.ParseDiscrepancy(x.r.URL.Query(), p.now(), report.ViewerOf(x.who))
	if err != nil {
		return nil, err
	}
	var found report.DiscrepancyAnswer
	err = p.ask(ctx, x, p.desk.Answer, func(ctx context.Context, r report.Reader) error {
		found, err = q.Answer(ctx, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := discrepancyRecord{
		Rows: make([]discrepancyRow, 0, len(found.Rows)), Total: showSums(&found.Total),
		Browsers: make([]browserLoss, 0, len(found.Browsers)), OneChannel: found.OneChannel,
		frame: frameOf(found.From, found.To, found.Zone, found.AsOf, found.Notes),
	}
	for i := range found.Rows {
		r := &found.Rows[i]
		out.Rows = append(out.Rows, discrepancyRow{Day: r.Day, OfferID: r.OfferID, discrepancySums: showSums(r)})
	}
	for _, b := range found.Browsers {
		out.Browsers = append(out.Browsers, browserLoss{Browser: b.Browser, lossRecord: showLoss(b.Loss)})
	}
	return &answer{Body: out}, nil
}

func showSums(r *report.DiscrepancyRow) discrepancySums {
	s := discrepancySums{
		Conversions: r.Both + r.OnlyPixel + r.OnlyPostback, Both: r.Both, OnlyPixel: r.OnlyPixel, OnlyPostback: r.OnlyPostback,
		PixelFirst: r.PixelFirst, OtherDay: r.OtherDay,
		AmountsEqual: r.AmountsEqual, AmountsDiffer: r.AmountsDiffer, AmountMissing: r.AmountMissing, Difference: money.Micros(r.Difference),
		LagMedian: (*span.Span)(r.LagMedian), LagP90: (*span.Span)(r.LagP90),
		PixelLoss: showLoss(r.PixelLoss), PostbackLoss: showLoss(r.PostbackLoss),
		Causes: make([]causeRecord, 0, len(r.Causes)),
	}
	for _, c := range r.Causes {
		s.Causes = append(s.Causes, causeRecord{Channel: c.Channel, Cause: c.Why, Code: c.Code, Conversions: c.Conversions})
	}
	return s
}

func showLoss(l report.Loss) lossRecord {
	rec := lossRecord{Missed: l.Missed, Of: l.Of}
	if rate, low, high, ok := l.Rate(); ok {
		rate, low, high = share(rate), share(low), share(high)
		rec.Rate, rec.Low, rec.High = &rate, &low, &high
	}
	return rec
}
