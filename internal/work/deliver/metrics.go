package deliver

import (
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"waybill/internal/delivery"
)

// metrics count what the worker does, as a whole and by destination. So many
// destinations have series of their own, those that were served first; the rest
// are one, called other.
type metrics struct {
	attempts   *prometheus.CounterVec
	took       prometheus.Histogram
	inFlight   prometheus.Gauge
	dead       prometheus.Counter
	unrecorded prometheus.Counter

	most int
	host func(int64) string
	mu   sync.Mutex
	by   map[int64]*tally // 0: the others
}

// tally is what is counted of one destination.
type tally struct {
	host     string
	outcomes map[string]float64
	inFlight float64
	queue    *delivery.Destination // as last seen; of the others all together
	open     float64               // how many breakers are
}

// The labels of what is counted by destination.
const (
	byID   = "subscription"
	byHost = "host"
	others = "other"
)

// newMetrics makes the worker's metrics and registers them, if r is not nil. host
// gives where a subscription leads.
func newMetrics(r prometheus.Registerer, most int, host func(int64) string) *metrics {
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
		most: most, host: host, by: make(map[int64]*tally),
	}
	if r != nil {
		r.MustRegister(m.attempts, m.took, m.inFlight, m.dead, m.unrecorded, newByDestination(m))
	}
	return m
}

// of gives the tally of a destination.
func (m *metrics) of(id int64) *tally {
	one := m.by[id]
	if one != nil {
		return one
	}
	host := others
	if len(m.by) >= m.most {
		id = 0
		if m.by[id] != nil {
			return m.by[id]
		}
	} else {
		host = m.host(id)
	}
	one = &tally{host: host, outcomes: make(map[string]float64)}
	m.by[id] = one
	return one
}

// begin and end count what is in flight.
func (m *metrics) begin(id int64) { m.fly(id, 1) }
func (m *metrics) end(id int64)   { m.fly(id, -1) }

func (m *metrics) fly(id int64, n float64) {
	m.inFlight.Add(n)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.of(id).inFlight += n
}

// count counts one attempt and what became of its postback. err says why it was
// not recorded.
func (m *metrics) count(r delivery.Report, host string, err error) {
	m.attempts.WithLabelValues(outcome(r.Attempt)).Inc()
	m.took.Observe(r.Attempt.Took.Seconds())
	m.mu.Lock()
	one := m.of(r.After.SubscriptionID)
	if one != m.by[0] {
		one.host = host
	}
	one.outcomes[outcome(r.Attempt)]++
	m.mu.Unlock()
	if err != nil {
		m.unrecorded.Inc()
		return
	}
	if r.After.State == delivery.Dead {
		m.dead.Inc()
	}
}

// see takes over the queues as the ledger has them.
func (m *metrics) see(all []delivery.Destination) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.by {
		one.queue, one.open = nil, 0
	}
	for _, d := range all {
		one := m.of(d.SubscriptionID)
		if !d.Breaker.Closed() {
			one.open++
		}
		if one.queue == nil {
			one.queue = &d
			continue
		}
		one.queue.Waiting += d.Waiting
		one.queue.Dead += d.Dead
		if !d.OldestDue.IsZero() && (one.queue.OldestDue.IsZero() || d.OldestDue.Before(one.queue.OldestDue)) {
			one.queue.OldestDue = d.OldestDue
		}
	}
}

// byDestination gives what is counted by destination.
type byDestination struct {
	*metrics
	attempts, inFlight, waiting, dead, oldest, breaker *prometheus.Desc
}

func newByDestination(m *metrics) *byDestination {
	desc := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc("waybill_destination_"+name, help, append([]string{byID, byHost}, more...), nil)
	}
	return &byDestination{
		metrics:  m,
		attempts: desc("attempts_total", "Attempts to deliver a postback to the destination, by outcome.", "outcome"),
		inFlight: desc("in_flight", "Postbacks that are being sent to the destination."),
		waiting:  desc("waiting", "Owed postbacks that wait for the destination, counted up to 10000."),
		dead:     desc("dead", "Owed postbacks to the destination that were given up, counted up to 10000."),
		oldest:   desc("oldest_due_timestamp_seconds", "Since when the first of the postbacks that are due has been so. Absent while none is."),
		breaker:  desc("breaker_open", "1 while the destination is given a rest, else 0; of the others, how many are."),
	}
}

// Describe says what there is.
func (b *byDestination) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{b.attempts, b.inFlight, b.waiting, b.dead, b.oldest, b.breaker} {
		to <- d
	}
}

// Collect gives it.
func (b *byDestination) Collect(to chan<- prometheus.Metric) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, one := range b.by {
		labels := []string{strconv.FormatInt(id, 10), one.host}
		if id == 0 {
			labels = []string{others, others}
		}
		gauge := func(d *prometheus.Desc, v float64) {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
		}
		for outcome, n := range one.outcomes {
			to <- prometheus.MustNewConstMetric(b.attempts, prometheus.CounterValue, n, append(labels, outcome)...)
		}
		gauge(b.inFlight, one.inFlight)
		q := one.queue
		if q == nil {
			continue
		}
		gauge(b.waiting, float64(q.Waiting))
		gauge(b.dead, float64(q.Dead))
		gauge(b.breaker, one.open)
		if !q.OldestDue.IsZero() {
			gauge(b.oldest, float64(q.OldestDue.Unix()))
		}
	}
}
