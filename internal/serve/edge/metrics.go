package edge

import (
	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/click"
	"waybill/internal/signal"
)

// Metrics counts what the edge does. The counters of the hot path are looked up
// once, here, and not by label for each click.
type Metrics struct {
	toOffer    prometheus.Counter
	toFallback prometheus.Counter
	nowhere    prometheus.Counter
	turnedAway *prometheus.CounterVec
	viewed     prometheus.Counter
	refused    *prometheus.CounterVec
	unrecorded prometheus.Counter
	prefetches prometheus.Counter
	signals    *prometheus.CounterVec
	images     prometheus.Counter
	frames     prometheus.Counter
}

// NewMetrics makes the edge's counters and registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	clicks := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "waybill_clicks_total", Help: "Clicks answered, by where the visitor was sent: offer, fallback or nowhere.",
	}, []string{"sent"})
	pixels := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "waybill_browser_pixels_total", Help: "Affiliates' pixels that pages were given to load, by format. Whether a browser did, nobody can know.",
	}, []string{"format"})
	m := &Metrics{
		images: pixels.WithLabelValues("image"), frames: pixels.WithLabelValues("iframe"),
		toOffer: clicks.WithLabelValues("offer"), toFallback: clicks.WithLabelValues("fallback"), nowhere: clicks.WithLabelValues("nowhere"),
		turnedAway: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waybill_clicks_turned_away_total", Help: "Clicks whose visitor was not sent to the offer, by reason.",
		}, []string{"reason"}),
		viewed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waybill_impressions_total", Help: "Impressions answered that may earn a conversion.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waybill_impressions_turned_away_total", Help: "Impressions answered that can earn nothing, by reason.",
		}, []string{"reason"}),
		unrecorded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waybill_clicks_unrecorded_total", Help: "Clicks and impressions answered although their record could not be written. Should be 0.",
		}),
		prefetches: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waybill_prefetches_total", Help: "Requests in which a browser only looked ahead; they count nowhere.",
		}),
		signals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waybill_signals_total", Help: "Conversion signals answered, by the code of their verdict.",
		}, []string{"code"}),
	}
	r.MustRegister(clicks, pixels, m.turnedAway, m.viewed, m.refused, m.unrecorded, m.prefetches, m.signals)
	return m
}

// click counts one answered click.
func (m *Metrics) click(reason click.Reason, somewhere bool) {
	if reason == click.Sent {
		m.toOffer.Inc()
		return
	}
	m.turnedAway.WithLabelValues(string(reason)).Inc()
	if somewhere {
		m.toFallback.Inc()
	} else {
		m.nowhere.Inc()
	}
}

// impression counts one answered impression.
func (m *Metrics) impression(reason click.Reason) {
	if reason == click.Sent {
		m.viewed.Inc()
	} else {
		m.refused.WithLabelValues(string(reason)).Inc()
	}
}

// signal counts one answered signal.
func (m *Metrics) signal(code signal.Code) { m.signals.WithLabelValues(string(code)).Inc() }

// shown counts the pixels that a page was given to load.
func (m *Metrics) shown(pixels []signal.PagePixel) {
	for _, p := range pixels {
		if p.Frame {
			m.frames.Inc()
		} else {
			m.images.Inc()
		}
	}
}
