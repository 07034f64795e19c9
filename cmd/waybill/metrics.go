package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"waybill/internal/delivery"
	"waybill/internal/fault"
	"waybill/internal/store/pebblejournal"
)

// stores shows what the stores and workers count, when somebody asks.
type stores struct {
	node *node
}

// register makes all that the node counts visible.
func (n *node) register() {
	queries := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "waybill_warehouse_query_seconds", Help: "How long reports and lists take in the warehouse.",
		Buckets: []float64{.005, .02, .05, .1, .3, 1, 3, 10, 30},
	}, []string{"outcome"})
	n.metrics.MustRegister(queries)
	n.warehouse.asked = func(took time.Duration, err error) {
		outcome := "ok"
		if err != nil {
			outcome = fault.Of(err).String()
		}
		queries.WithLabelValues(outcome).Observe(took.Seconds())
	}
	n.metrics.MustRegister(stores{n}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

// askLedger is how long a question to the ledger may hold up the metrics.
const askLedger = 2 * time.Second

// Describe announces nothing: what is collected may vary.
func (stores) Describe(chan<- *prometheus.Desc) {}

// Collect reads every counter.
func (s stores) Collect(out chan<- prometheus.Metric) {
	s.journal(out)
	s.ledger(out)
	s.queues(out)
	s.warehouse(out)
}

// journal shows the journal's counters.
func (s stores) journal(out chan<- prometheus.Metric) {
	st := s.node.journal.Stats()
	count := func(name, help string, v uint64) { metric(out, prometheus.CounterValue, name, help, float64(v)) }
	count("waybill_journal_records_total", "Records appended to the journal, each on disk.", st.Records)
	count("waybill_journal_commits_total", "Commits of the journal, each one fsync.", st.Commits)
	count("waybill_journal_refused_total", "Appends refused at once: journal down, disk nearly full, too many waiting.", st.Refused)
	count("waybill_journal_failed_total", "Appends whose commit failed.", st.Failed)
	count("waybill_journal_late_total", "Appends whose caller did not wait for the end.", st.Late)
	count("waybill_journal_failures_total", "Times that the journal's store broke.", st.Failures)
	count("waybill_journal_reopens_total", "Times that the journal's store was opened again.", st.Reopens)
	count("waybill_journal_corruptions_total", "Damaged files met.", st.Corruptions)
	metric(out, prometheus.GaugeValue, "waybill_journal_disk_bytes", "Size of the journal on disk.", float64(st.DiskBytes))
	metric(out, prometheus.GaugeValue, "waybill_journal_free_bytes", "Free space on the journal's disk.", float64(st.FreeBytes))
	metric(out, prometheus.GaugeValue, "waybill_journal_waiting", "Records that wait for a commit.", float64(st.Waiting))
	histogram(out, "waybill_journal_append_seconds", "From asking for an append to its fsync.", st.AppendSeconds)
	histogram(out, "waybill_journal_commit_seconds", "How long a commit takes.", st.CommitSeconds)
	histogram(out, "waybill_journal_commit_records", "How many records share a commit.", st.CommitEntries)
}

// ledger shows the ledger's counters.
func (s stores) ledger(out chan<- prometheus.Metric) {
	st := s.node.ledger.Stats()
	count := func(name, help string, v float64) { metric(out, prometheus.CounterValue, name, help, v) }
	count("waybill_ledger_commits_total", "Commits of the ledger's database.", float64(st.Commits))
	count("waybill_ledger_transactions_total", "Writes of the ledger; on SQLite several share a commit.", float64(st.Transactions))
	count("waybill_ledger_failed_commits_total", "Commits that did not come about.", float64(st.Failed))
	count("waybill_ledger_retried_total", "Transactions run again after a collision.", float64(st.Retried))
	count("waybill_ledger_commit_seconds_total", "Time spent in commits.", st.CommitTime.Seconds())
}

// queues shows what waits.
func (s stores) queues(out chan<- prometheus.Metric) {
	gauge := func(name, help string, v float64) { metric(out, prometheus.GaugeValue, name, help, v) }
	unsettled, oldest := s.node.settler.Unsettled()
	gauge("waybill_signals_unsettled", "Signals that are written down and wait to be settled.", float64(unsettled))
	gauge("waybill_signals_unsettled_age_seconds", "Age of the oldest of them.", oldest.Seconds())
	gauge("waybill_catalog_version", "Version of the catalog that the node serves by.", float64(s.node.Catalog().Version()))
	ctx, cancel := context.WithTimeout(context.Background(), askLedger)
	defer cancel()
	depth, err := s.node.ledger.Depths(ctx)
	if err != nil {
		return // the ledger is away: its queues are not known, and that is all there is to say
	}
	gauge("waybill_postbacks_waiting", "Owed postbacks that wait to be sent, counted up to 100,000.", float64(depth[delivery.Waiting]))
	gauge("waybill_postbacks_dead", "Owed postbacks given up, counted up to 100,000.", float64(depth[delivery.Dead]))
	gauge("waybill_postbacks_parked", "Owed postbacks that wait for a person, counted up to 100,000.", float64(depth[delivery.Parked]))
}

// warehouse shows whether there is one to report from.
func (s stores) warehouse(out chan<- prometheus.Metric) {
	up := 1.0
	if s.node.warehouse.state() != nil {
		up = 0
	}
	metric(out, prometheus.GaugeValue, "waybill_warehouse_up", "Whether the warehouse is open and sound: without it clicks and postbacks go on, reports are refused.", up)
}

// metric shows one number.
func metric(out chan<- prometheus.Metric, kind prometheus.ValueType, name, help string, v float64) {
	out <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, help, nil, nil), kind, v)
}

// histogram shows a distribution.
func histogram(out chan<- prometheus.Metric, name, help string, h pebblejournal.Histogram) {
	buckets := make(map[float64]uint64, len(h.Bounds))
	var below uint64
	for i, bound := range h.Bounds {
		below += h.Counts[i]
		buckets[bound] = below
	}
	out <- prometheus.MustNewConstHistogram(prometheus.NewDesc(name, help, nil, nil), h.Count(), h.Sum, buckets)
}
