package deliver

import (
	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/delivery"
)

// metrics count what the worker does.
type metrics struct {
	attempts   *prometheus.CounterVec
	took       prometheus.Histogram
	inFlight   prometheus.Gauge
	dead       prometheus.Counter
	unrecorded prometheus.Counter
}

// newMetrics makes the worker's metrics and registers them, if r is not nil.
func newMetrics(r prometheus.Registerer) *metrics {
	m := &metrics{
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waybill_postback_attempts_total", Help: "Attempts to deliver a postback, by outcome: delivered, or what went wrong.",
		}, []string{"outcome"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "waybill_postback_attempt_seconds", Help: "How long an attempt to deliver a postback takes.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "waybill_postbacks_in_flight", Help: "Postbacks that are being sent.",
		}),
		dead: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waybill_postbacks_given_up_total", Help: "Postbacks that died: every attempt failed, or they can never succeed.",
		}),
		unrecorded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waybill_postback_attempts_unrecorded_total", Help: "Attempts that the ledger did not take. Their postbacks are sent again with the same ID.",
		}),
	}
	if r != nil {
		r.MustRegister(m.attempts, m.took, m.inFlight, m.dead, m.unrecorded)
	}
	return m
}

// count counts one attempt and what became of its postback. err says why it was
// not recorded.
func (m *metrics) count(a delivery.Attempt, after delivery.Owed, err error) {
	m.attempts.WithLabelValues(outcome(a)).Inc()
	m.took.Observe(a.Took.Seconds())
	if err != nil {
		m.unrecorded.Inc()
		return
	}
	if after.State == delivery.Dead {
		m.dead.Inc()
	}
}
