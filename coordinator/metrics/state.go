package metrics

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"spiqsweep/coordinator/queue"
)

// MaxSweeps bounds the sweeps that have separate series: the unfinished and then the
// newest ones. The tasks of the others are added up in one sweep, others.
const MaxSweeps = 50

// others is the label of the sweeps beyond MaxSweeps.
const others = "others"

// readTimeout bounds the time for which a scrape waits for the store.
const readTimeout = 5 * time.Second

// Source is the state of a store that a scrape reads.
type Source interface {
	Overview(context.Context) (queue.Overview, error)
}

// Disk returns the size of a store, and the free space where it is, in bytes. A value below
// 0 is not known.
type Disk func(context.Context) (size, free int64)

// state collects the state of a store.
type state struct {
	source Source
	disk   Disk

	up, tasks, workers, leaving, slots, leaseAge, silence, size, free *prometheus.Desc
}

// Watch adds the state of a store, which each scrape reads. It does nothing on a nil
// Metrics.
func (m *Metrics) Watch(source Source, disk Disk) {
	if m == nil {
		return
	}
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prometheus.BuildFQName(namespace, subsystem, name), help, labels, nil)
	}
	m.Register(&state{
		source: source, disk: disk,
		up:       describe("store_up", "1 if the store answers, 0 if not. Without an answer, the other numbers that are read from it are absent."),
		tasks:    describe("tasks", "Tasks of a sweep by state: done, leased, pending, failed or diverged. The 50 sweeps that are unfinished or newest have their ID and name; the others are one sweep, others.", "sweep", "name", "state"),
		workers:  describe("workers", "Worker processes that have called within a lease term."),
		leaving:  describe("workers_leaving", "Worker processes that an operator has asked to leave."),
		slots:    describe("worker_slots", "Tasks that these workers can run at a time."),
		leaseAge: describe("oldest_lease_age_seconds", "Time since the oldest live lease was granted; 0 without leases."),
		silence:  describe("longest_silence_seconds", "Longest time since a worker process has called; 0 without workers. A lease term of silence ends its leases."),
		size:     describe("store_size_bytes", "Size of the store: of the SQLite file with its log, or of the PostgreSQL database."),
		free:     describe("store_free_bytes", "Free space of the file system that has the SQLite file."),
	})
}

// WatchServer adds the open connections and the refusals of a gRPC server. It does nothing
// on a nil Metrics.
func (m *Metrics) WatchServer(connections func() int64, refusals func() map[string]uint64) {
	if m == nil {
		return
	}
	m.Register(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts(opts("connections", "Open gRPC connections.")), func() float64 { return float64(connections()) }),
		&refused{refusals, prometheus.NewDesc(prometheus.BuildFQName(namespace, subsystem, "refusals_total"),
			"Callers that were refused, by reason: connections over the limit, failed handshakes, connections or calls without a valid token, calls over a rate, streams without progress.", []string{"reason"}, nil)},
	)
}

// refused collects refusals.
type refused struct {
	counts func() map[string]uint64
	*prometheus.Desc
}

// Describe implements prometheus.Collector.
func (r *refused) Describe(out chan<- *prometheus.Desc) { out <- r.Desc }

// Collect implements prometheus.Collector.
func (r *refused) Collect(out chan<- prometheus.Metric) {
	for reason, n := range r.counts() {
		out <- prometheus.MustNewConstMetric(r.Desc, prometheus.CounterValue, float64(n), reason)
	}
}

// Describe implements prometheus.Collector.
func (s *state) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.up, s.tasks, s.workers, s.leaving, s.slots, s.leaseAge, s.silence, s.size, s.free} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (s *state) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readTimeout)
	defer cancel()
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	size, free := s.disk(ctx)
	if size >= 0 {
		gauge(s.size, float64(size))
	}
	if free >= 0 {
		gauge(s.free, float64(free))
	}
	o, err := s.source.Overview(ctx)
	if err != nil {
		gauge(s.up, 0)
		return
	}
	gauge(s.up, 1)
	gauge(s.workers, float64(o.Workforce.Processes))
	gauge(s.leaving, float64(o.Workforce.Leaving))
	gauge(s.slots, float64(o.Workforce.Slots))
	gauge(s.leaseAge, o.LeaseAge.Seconds())
	gauge(s.silence, o.Silence.Seconds())
	for _, sweep := range selected(o.Sweeps) {
		for state, n := range sweep.byState() {
			gauge(s.tasks, float64(n), sweep.id, sweep.name, state)
		}
	}
}

// labelled is a sweep, or several, with the labels of its series.
type labelled struct {
	id, name string
	queue.Counts
}

func (l labelled) byState() map[string]int {
	return map[string]int{"done": l.Done, "leased": l.Leased, "pending": l.Pending, "failed": l.Failed, "diverged": l.Diverged}
}

// selected returns at most MaxSweeps sweeps, and the sum of the others if there are more.
func selected(sweeps []queue.Summary) []labelled {
	sweeps = slices.Clone(sweeps)
	slices.SortFunc(sweeps, func(a, b queue.Summary) int {
		if a.Counts.Finished() != b.Counts.Finished() {
			if b.Counts.Finished() {
				return -1
			}
			return 1
		}
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	var kept []labelled
	for _, s := range sweeps[:min(len(sweeps), MaxSweeps)] {
		kept = append(kept, labelled{s.ID, s.Name, s.Counts})
	}
	if len(sweeps) <= MaxSweeps {
		return kept
	}
	rest := labelled{id: others, name: others}
	for _, s := range sweeps[MaxSweeps:] {
		rest.Done += s.Counts.Done
		rest.Leased += s.Counts.Leased
		rest.Pending += s.Counts.Pending
		rest.Failed += s.Counts.Failed
		rest.Diverged += s.Counts.Diverged
	}
	return append(kept, rest)
}
