package metrics

import (
	"context"
	"net/http"
	"path"
	"strconv"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/queue"
)

const (
	namespace = "spiqsweep"
	subsystem = "coordinator"

	// maxLeases bounds the leases whose steps are remembered.
	maxLeases = 1 << 16
	// mostSteps is the largest value of the setting steps.
	mostSteps = 1e9
	// maxScrapes bounds the concurrent scrapes, and scrapeTimeout the time of each.
	maxScrapes    = 2
	scrapeTimeout = 8 * time.Second
)

// latencies are the bounds of the histograms, in seconds.
var latencies = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}

// Build describes the running program.
type Build struct {
	Version     string
	Numerics    int
	KernelClass string
}

// Metrics are the measurements of one coordinator. All methods may be called concurrently.
// Those that the server and the store call do nothing on a nil Metrics.
type Metrics struct {
	registry *prometheus.Registry

	calls         *prometheus.CounterVec
	callDurations *prometheus.HistogramVec
	longPolls     prometheus.Gauge
	verdicts      *prometheus.CounterVec
	iterations    prometheus.Counter
	steps         *lru.Cache[queue.Lease, lastStep]

	storeDurations *prometheus.HistogramVec
	storeErrors    *prometheus.CounterVec
}

// New returns the metrics of a coordinator.
func New(b Build) *Metrics {
	steps, err := lru.New[queue.Lease, lastStep](maxLeases)
	if err != nil {
		panic(err) // only for a size below 1
	}
	m := &Metrics{
		registry: prometheus.NewPedanticRegistry(),
		calls: prometheus.NewCounterVec(counter("calls_total",
			"gRPC calls that ended, by method and status code. Calls without a valid token are refusals instead."), []string{"method", "code"}),
		callDurations: prometheus.NewHistogramVec(histogram("call_duration_seconds",
			"Time from the receipt of a gRPC call to its answer, by method. The time for which a Sync waits for work is left out."), []string{"method"}),
		longPolls: prometheus.NewGauge(prometheus.GaugeOpts(opts("long_polls",
			"Sync calls of idle workers that wait for work now."))),
		verdicts: prometheus.NewCounterVec(counter("verdicts_total",
			"Reports of workers that were judged: accepted, duplicate, late or invalid."), []string{"verdict"}),
		iterations: prometheus.NewCounter(counter("iterations_total",
			"Training steps that workers have reported to this coordinator; its rate is the iterations per second of all workers.")),
		steps: steps,
		storeDurations: prometheus.NewHistogramVec(histogram("store_duration_seconds",
			"Time of a transaction of the store with the wait for its turn, by operation (read, write) and by the gRPC method that needs it, or own for those of the coordinator itself."), []string{"operation", "call"}),
		storeErrors: prometheus.NewCounterVec(counter("store_errors_total",
			"Transactions for which the store was not available, by operation (read, write)."), []string{"operation"}),
	}
	for _, judgement := range []queue.Judgement{queue.JudgedAccepted, queue.JudgedDuplicate, queue.JudgedLate, queue.JudgedInvalid} {
		m.verdicts.WithLabelValues(string(judgement))
	}
	for _, operation := range []string{read, write} {
		m.storeErrors.WithLabelValues(operation)
	}
	m.Register(
		m.calls, m.callDurations, m.longPolls, m.verdicts, m.iterations, m.storeDurations, m.storeErrors,
		constant("build_info", "1, with the version of the program, its numerics and the kernel class of its sweeps.", 1,
			prometheus.Labels{"version": b.Version, "numerics": strconv.Itoa(b.Numerics), "kernel_class": b.KernelClass}),
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

func opts(name, help string) prometheus.Opts {
	return prometheus.Opts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help}
}

func counter(name, help string) prometheus.CounterOpts {
	return prometheus.CounterOpts(opts(name, help))
}

func histogram(name, help string) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{Namespace: namespace, Subsystem: subsystem, Name: name, Help: help, Buckets: latencies}
}

// constant returns a gauge that never changes.
func constant(name, help string, value float64, labels prometheus.Labels) prometheus.Collector {
	o := opts(name, help)
	o.ConstLabels = labels
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts(o), func() float64 { return value })
}

// Register adds collectors. Their names must be new.
func (m *Metrics) Register(c ...prometheus.Collector) { m.registry.MustRegister(c...) }

// Gatherer returns the registry.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// Handler returns the handler of /metrics. A scrape reads the store once.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: maxScrapes, Timeout: scrapeTimeout,
	})
}

// waited is the context key of the time for which a call has waited for work.
type waited struct{}

// Unary measures calls of unary methods.
func (m *Metrics) Unary(ctx context.Context, in any, call *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if m == nil {
		return handle(ctx, in)
	}
	wait, began := new(time.Duration), time.Now()
	out, err := handle(context.WithValue(ctx, waited{}, wait), in)
	m.called(call.FullMethod, err, time.Since(began)-*wait)
	return out, err
}

// Stream measures calls of streaming methods.
func (m *Metrics) Stream(service any, stream grpc.ServerStream, call *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if m == nil {
		return handle(service, stream)
	}
	began := time.Now()
	err := handle(service, stream)
	m.called(call.FullMethod, err, time.Since(began))
	return err
}

// called counts a call. Only registered methods reach it.
func (m *Metrics) called(method string, err error, took time.Duration) {
	name := path.Base(method)
	m.calls.WithLabelValues(name, status.Code(err).String()).Inc()
	m.callDurations.WithLabelValues(name).Observe(took.Seconds())
}

// LongPoll counts a call as waiting for work until the returned function is called. It
// must run in the goroutine of the call.
func (m *Metrics) LongPoll(ctx context.Context) (end func()) {
	if m == nil {
		return func() {}
	}
	m.longPolls.Inc()
	began := time.Now()
	return func() {
		m.longPolls.Dec()
		if wait, ok := ctx.Value(waited{}).(*time.Duration); ok {
			*wait += time.Since(began)
		}
	}
}

// lastStep is the newest step of a lease that was counted, and the largest one that it can have.
type lastStep struct{ done, all uint64 }

// Synced counts the verdicts and the training steps of a Sync that was applied. invalid has
// the leases whose reports the service found invalid.
//
// The first steps that are seen of a lease that another coordinator granted do not count,
// since that one has counted most of them.
func (m *Metrics) Synced(r queue.SyncRequest, a queue.SyncAnswer, invalid map[queue.Lease]string) {
	if m == nil {
		return
	}
	steps := make(map[queue.Lease]uint64, len(r.Held))
	for _, h := range r.Held {
		steps[h.Lease] = h.Step
	}
	for _, assigned := range a.Assignments {
		if w := assigned.Work; w != nil {
			m.steps.ContainsOrAdd(assigned.Lease, lastStep{w.CheckpointStep, uint64(max(0, w.Configuration.Training.Steps))})
		} else if !m.trained(assigned.Lease, steps[assigned.Lease]) {
			m.steps.Add(assigned.Lease, lastStep{steps[assigned.Lease], mostSteps})
		}
	}
	for _, v := range a.Verdicts {
		judgement := v.Judgement
		if _, found := invalid[v.Lease]; found {
			judgement = queue.JudgedInvalid
		}
		m.verdicts.WithLabelValues(string(judgement)).Inc()
		m.trained(v.Lease, steps[v.Lease])
		m.steps.Remove(v.Lease)
	}
}

// trained counts the steps of a lease up to one, and reports whether the lease is known.
func (m *Metrics) trained(l queue.Lease, step uint64) (known bool) {
	last, known := m.steps.Get(l)
	if step = min(step, last.all); step > last.done {
		m.iterations.Add(float64(step - last.done))
		m.steps.Add(l, lastStep{step, last.all})
	}
	return known
}
