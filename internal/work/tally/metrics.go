package tally

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/fact"
)

// Metrics counts what tally does.
type Metrics struct {
	registry prometheus.Registerer
	rows     *prometheus.CounterVec
	batches  prometheus.Counter
	took     prometheus.Histogram
	errors   *prometheus.CounterVec
}

// The parts that tally works with, as its errors are counted.
const (
	journalPart   = "journal"
	ledgerPart    = "ledger"
	warehousePart = "warehouse"
	recordPart    = "record" // of the journal, that cannot be read
	sortPart      = "sort"
)

// NewMetrics makes tally's metrics and registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		registry: r,
		rows: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waybill_tally_rows_total", Help: "Facts shipped to the warehouse, by table.",
		}, []string{"table"}),
		batches: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waybill_tally_batches_total", Help: "Batches shipped to the warehouse.",
		}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "waybill_tally_batch_seconds", Help: "How long a batch took to be read and stored.",
			Buckets: prometheus.ExponentialBuckets(0.002, 4, 7),
		}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waybill_tally_errors_total", Help: "Failures on the way to the warehouse, by what failed: journal, record, ledger, warehouse or sort.",
		}, []string{"part"}),
	}
	for _, table := range []string{fact.Clicks, fact.Impressions, fact.Conversions, fact.Signals, fact.Deliveries} {
		m.rows.WithLabelValues(table)
	}
	for _, part := range []string{journalPart, ledgerPart, warehousePart, recordPart, sortPart} {
		m.errors.WithLabelValues(part)
	}
	r.MustRegister(m.rows, m.batches, m.took, m.errors)
	return m
}

// follow measures how far a worker is behind.
func (m *Metrics) follow(w *Worker) {
	started := time.Now()
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "waybill_tally_lag_seconds", Help: "How far the warehouse is behind what was received; since the start, while that is unknown.",
		}, func() float64 {
			through := w.State().Through
			if through.IsZero() {
				through = started
			}
			return time.Since(through).Seconds()
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "waybill_tally_parked", Help: "1 while the warehouse is left alone because it is damaged.",
		}, func() float64 {
			if w.State().Parked != nil {
				return 1
			}
			return 0
		}),
	)
}

func (m *Metrics) failed(part string) { m.errors.WithLabelValues(part).Inc() }

// shipped counts a batch that was stored.
func (m *Metrics) shipped(b *fact.Batch, took time.Duration) {
	m.batches.Inc()
	m.took.Observe(took.Seconds())
	for table, n := range map[string]int{
		fact.Clicks: len(b.Clicks), fact.Impressions: len(b.Impressions), fact.Conversions: len(b.Conversions),
		fact.Signals: len(b.Signals), fact.Deliveries: len(b.Attempts),
	} {
		m.rows.WithLabelValues(table).Add(float64(n))
	}
}
