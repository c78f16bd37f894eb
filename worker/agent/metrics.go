package agent

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
)

// counts are what an Agent has counted since its start.
type counts struct {
	running                      int    // tasks that run now
	iterations                   uint64 // training steps
	finished, failed, handedBack uint64 // tasks
	syncFailures                 uint64
	lastSync                     time.Time // of the last answer; zero before the first
}

// reported counts the outcome of a task.
func (c *counts) reported(r *spiqsweepv1.Report) {
	switch r.GetOutcome().(type) {
	case *spiqsweepv1.Report_Result:
		c.finished++
	case *spiqsweepv1.Report_Failure:
		c.failed++
	case *spiqsweepv1.Report_HandBack:
		c.handedBack++
	}
}

// Metrics measures a worker for Prometheus. Run publishes its counts after each event, of
// which a running task makes one a second at most. The methods that Run calls do nothing on
// a nil Metrics.
type Metrics struct {
	registry        *prometheus.Registry
	syncDurations   prometheus.Histogram
	checkpointBytes prometheus.Counter

	mu      sync.Mutex
	counts  counts    // guarded by mu
	handled time.Time // guarded by mu; when the last event was handled
}

// NewMetrics returns the metrics of a worker with a version of the program, a kernel and a
// number of slots.
func NewMetrics(version string, kernel circuit.Kernel, slots int) *Metrics {
	m := &Metrics{
		registry: prometheus.NewPedanticRegistry(),
		syncDurations: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "spiqsweep_worker_sync_duration_seconds",
			Help:    "Time of the answered Sync calls that hold or report tasks. Those of an idle worker wait for work, and are left out.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
		checkpointBytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "spiqsweep_worker_checkpoint_bytes_total", Help: "Bytes of the checkpoints that the coordinator has stored.",
		}),
	}
	m.registry.MustRegister(m.syncDurations, m.checkpointBytes, &published{m: m}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	constant := func(name, help string, value float64, labels prometheus.Labels) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, func() float64 { return value }))
	}
	constant("spiqsweep_worker_build_info", "1, with the version of the program, its numerics, and the kernel with its class.", 1, prometheus.Labels{
		"version": version, "numerics": strconv.Itoa(sweep.Numerics), "kernel_class": kernel.Class, "kernel": kernel.Name,
	})
	constant("spiqsweep_worker_slots", "Tasks that this worker can run at a time.", float64(slots), nil)
	return m
}

// Gatherer returns the registry.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Handler returns the handler of /metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 2})
}

// Idle returns how long ago the worker has handled its last event; 0 before the first. A
// worker that works, or waits for a coordinator, handles one every minute at least.
func (m *Metrics) Idle() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.handled.IsZero() {
		return 0
	}
	return time.Since(m.handled)
}

// publish replaces the counts.
func (m *Metrics) publish(now time.Time, c counts) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.counts, m.handled = c, now
}

// synced measures a Sync that was answered.
func (m *Metrics) synced(r *spiqsweepv1.SyncRequest, took time.Duration) {
	if m == nil || len(r.GetHeld())+len(r.GetReports()) == 0 {
		return
	}
	m.syncDurations.Observe(took.Seconds())
}

// stored counts a checkpoint that the coordinator has stored.
func (m *Metrics) stored(bytes int) {
	if m != nil {
		m.checkpointBytes.Add(float64(bytes))
	}
}

// published collects the published counts.
type published struct{ m *Metrics }

var (
	descRunning = prometheus.NewDesc("spiqsweep_worker_tasks_running", "Tasks that run now.", nil, nil)
	descSteps   = prometheus.NewDesc("spiqsweep_worker_iterations_total", "Training steps that were done; its rate is the iterations per second.", nil, nil)
	descTasks   = prometheus.NewDesc("spiqsweep_worker_tasks_total", "Tasks that ended, by outcome: finished, failed or handed_back.", []string{"outcome"}, nil)
	descFailed  = prometheus.NewDesc("spiqsweep_worker_sync_failures_total", "Sync calls that failed.", nil, nil)
	descSynced  = prometheus.NewDesc("spiqsweep_worker_last_sync_timestamp_seconds", "Unix time of the last answer to a Sync; time() minus this is the time without a coordinator. Absent before the first.", nil, nil)
)

// Describe implements prometheus.Collector.
func (*published) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descRunning, descSteps, descTasks, descFailed, descSynced} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (p *published) Collect(out chan<- prometheus.Metric) {
	p.m.mu.Lock()
	c := p.m.counts
	p.m.mu.Unlock()
	send := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, value, labels...)
	}
	send(descRunning, prometheus.GaugeValue, float64(c.running))
	send(descSteps, prometheus.CounterValue, float64(c.iterations))
	send(descTasks, prometheus.CounterValue, float64(c.finished), "finished")
	send(descTasks, prometheus.CounterValue, float64(c.failed), "failed")
	send(descTasks, prometheus.CounterValue, float64(c.handedBack), "handed_back")
	send(descFailed, prometheus.CounterValue, float64(c.syncFailures))
	if !c.lastSync.IsZero() {
		send(descSynced, prometheus.GaugeValue, float64(c.lastSync.UnixMilli())/1000)
	}
}
