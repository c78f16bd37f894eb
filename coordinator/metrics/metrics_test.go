package metrics_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/metrics"
	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/deploy/golden"
	"spiqsweep/sweep"
)

// source is a Source with a fixed state.
type source struct {
	state queue.Overview
	err   error
}

func (s *source) Overview(context.Context) (queue.Overview, error) { return s.state, s.err }

// values returns the value of each series whose name begins with a prefix.
func values(t *testing.T, m *metrics.Metrics, prefix string) map[string]float64 {
	t.Helper()
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), prefix) {
			continue
		}
		for _, s := range f.GetMetric() {
			var labels []string
			for _, l := range s.GetLabel() {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			got[f.GetName()+"{"+strings.Join(labels, ",")+"}"] = valueOf(s)
		}
	}
	return got
}

// valueOf returns the value of a counter or a gauge, or the number of observations of a histogram.
func valueOf(m *dto.Metric) float64 {
	switch {
	case m.Counter != nil:
		return m.GetCounter().GetValue()
	case m.Gauge != nil:
		return m.GetGauge().GetValue()
	default:
		return float64(m.GetHistogram().GetSampleCount())
	}
}

// full returns metrics of which every family has a series.
func full(t *testing.T) *metrics.Metrics {
	t.Helper()
	m := metrics.New(metrics.Build{Version: "v1.2.3", Numerics: 7, KernelClass: "simd/amd64"})
	m.Watch(&source{state: queue.Overview{Sweeps: []queue.Summary{{Sweep: queue.Sweep{ID: "1", Name: "one"}}}}}, func(context.Context) (int64, int64) { return 1, 2 })
	m.WatchServer(func() int64 { return 3 }, func() map[string]uint64 { return map[string]uint64{"rate_limited": 4} })
	_, _ = m.Unary(t.Context(), nil, &grpc.UnaryServerInfo{FullMethod: "/a.B/Sync"}, func(context.Context, any) (any, error) { return nil, nil })
	_ = m.Store(queuetest.Memory(time.Now)).View(t.Context(), func(queue.Tx) error { return nil })
	return m
}

// TestREADMEHasEveryMetric checks the table of coordinator/README.md.
func TestREADMEHasEveryMetric(t *testing.T) {
	families, err := full(t).Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	table.WriteString("| metric of the coordinator | kind | labels | meaning |\n|---|---|---|---|\n")
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "spiqsweep_") {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, "`"+l.GetName()+"`")
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()), strings.Join(labels, ", "), f.GetHelp())
	}
	golden.CompareSection(t, "../README.md", "<!-- The coordinator's metrics: go test ./coordinator/metrics -run TestREADME -update -->", "<!-- end of the coordinator's metrics -->", table.String())
}

// TestNamesFollowTheConventions applies the rules of `promtool check metrics`.
func TestNamesFollowTheConventions(t *testing.T) {
	problems, err := testutil.GatherAndLint(full(t).Gatherer())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// TestHandler reads /metrics.
func TestHandler(t *testing.T) {
	server := httptest.NewServer(full(t).Handler())
	defer server.Close()
	answer, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s, %v", answer.Status, err)
	}
	for _, want := range []string{
		`spiqsweep_coordinator_build_info{kernel_class="simd/amd64",numerics="7",version="v1.2.3"} 1`,
		`spiqsweep_coordinator_call_duration_seconds_count{method="Sync"} 1`,
		"go_goroutines ",
	} {
		if !strings.Contains(string(body), want) {
			t.Errorf("there is no %q in\n%s", want, body)
		}
	}
}

// TestSweepsAreBounded checks that unfinished sweeps come before finished ones, and newer
// ones before older ones, and that the others are added up.
func TestSweepsAreBounded(t *testing.T) {
	const finished, unfinished = metrics.MaxSweeps, 20
	s := &source{}
	for i := range finished + unfinished {
		counts := queue.Counts{Planned: 3, Done: 2, Failed: 1}
		if i%7 == 3 && i/7 < unfinished {
			counts = queue.Counts{Planned: 3, Leased: 1, Pending: 2}
		}
		s.state.Sweeps = append(s.state.Sweeps, queue.Summary{
			Sweep: queue.Sweep{ID: fmt.Sprint(i), Name: "same", CreatedAt: time.Unix(int64(i), 0)}, Counts: counts,
		})
	}
	m := metrics.New(metrics.Build{})
	m.Watch(s, func(context.Context) (int64, int64) { return -1, -1 })
	got := values(t, m, "spiqsweep_coordinator_tasks")
	if want := 5 * (metrics.MaxSweeps + 1); len(got) != want {
		t.Fatalf("%d series, want %d", len(got), want)
	}
	sums := map[string]float64{}
	for series, n := range got {
		for _, label := range strings.Split(series[strings.Index(series, "{")+1:len(series)-1], ",") {
			if value, ok := strings.CutPrefix(label, "state="); ok {
				sums[value] += n
			}
		}
	}
	want := map[string]float64{"done": 0, "leased": 0, "pending": 0, "failed": 0, "diverged": 0}
	for _, one := range s.state.Sweeps {
		want["done"] += float64(one.Counts.Done)
		want["leased"] += float64(one.Counts.Leased)
		want["pending"] += float64(one.Counts.Pending)
		want["failed"] += float64(one.Counts.Failed)
	}
	if diff := cmp.Diff(want, sums); diff != "" {
		t.Errorf("sums over the sweeps (-want +got):\n%s", diff)
	}
	for series, kept := range map[string]bool{"3": true, "0": false, "69": true} {
		if _, found := got["spiqsweep_coordinator_tasks{name=same,state=leased,sweep="+series+"}"]; found != kept {
			t.Errorf("sweep %s has its own series: %v, want %v", series, found, kept)
		}
	}
}

// TestAStoreThatDoesNotAnswer checks that its state is absent rather than 0.
func TestAStoreThatDoesNotAnswer(t *testing.T) {
	s := &source{err: queue.ErrUnavailable}
	m := metrics.New(metrics.Build{})
	m.Watch(s, func(context.Context) (int64, int64) { return -1, -1 })
	for _, test := range []struct {
		err  error
		want map[string]float64
	}{
		{queue.ErrUnavailable, map[string]float64{"spiqsweep_coordinator_store_up{}": 0}},
		{nil, map[string]float64{"spiqsweep_coordinator_store_up{}": 1}},
	} {
		s.err = test.err
		if diff := cmp.Diff(test.want, values(t, m, "spiqsweep_coordinator_store_up")); diff != "" {
			t.Errorf("with the error %v (-want +got):\n%s", test.err, diff)
		}
		if got := values(t, m, "spiqsweep_coordinator_workers"); len(got) > 0 != (test.err == nil) {
			t.Errorf("with the error %v: %v", test.err, got)
		}
	}
}

// TestSynced counts steps and verdicts over the calls of workers.
func TestSynced(t *testing.T) {
	m := metrics.New(metrics.Build{})
	lease := func(task string) queue.Lease { return queue.Lease{Task: sweep.TaskID(task), Attempt: 1} }
	granted := func(task string, from uint64) queue.Assignment {
		c := sweep.Default()
		c.Training.Steps = 1000
		return queue.Assignment{Lease: lease(task), Work: &queue.Work{Task: sweep.Task{Configuration: c}, CheckpointStep: from}}
	}
	held := func(task string, step uint64) queue.Held { return queue.Held{Lease: lease(task), Step: step} }
	kept := func(task string) queue.Assignment { return queue.Assignment{Lease: lease(task)} }
	verdict := func(task string, j queue.Judgement) queue.Verdict {
		return queue.Verdict{Lease: lease(task), Judgement: j}
	}
	for i, call := range []struct {
		held     []queue.Held
		assigned []queue.Assignment
		verdicts []queue.Verdict
		want     float64
	}{
		{nil, []queue.Assignment{granted("a", 0), granted("b", 400)}, nil, 0},
		{[]queue.Held{held("a", 100), held("b", 450)}, []queue.Assignment{kept("a"), kept("b")}, nil, 150},
		{[]queue.Held{held("a", 100), held("b", 450)}, []queue.Assignment{kept("a"), kept("b")}, nil, 150}, // repeated
		{[]queue.Held{held("a", 50), held("b", 5000)}, []queue.Assignment{kept("a"), kept("b")}, nil, 700}, // more than there are
		{[]queue.Held{held("a", 1000)}, nil, []queue.Verdict{verdict("a", queue.JudgedAccepted)}, 1600},
		{[]queue.Held{held("a", 1000)}, nil, []queue.Verdict{verdict("a", queue.JudgedDuplicate)}, 1600},
		{[]queue.Held{held("c", 700)}, []queue.Assignment{kept("c")}, nil, 1600}, // granted by another coordinator
		{[]queue.Held{held("c", 800)}, []queue.Assignment{kept("c")}, nil, 1700},
		{[]queue.Held{held("d", 900)}, nil, nil, 1700}, // never granted
		{nil, nil, []queue.Verdict{verdict("e", queue.JudgedLate), verdict("f", queue.JudgedAccepted)}, 1700},
	} {
		invalid := map[queue.Lease]string{lease("f"): "the digest differs"}
		m.Synced(queue.SyncRequest{Held: call.held}, queue.SyncAnswer{Assignments: call.assigned, Verdicts: call.verdicts}, invalid)
		if got := values(t, m, "spiqsweep_coordinator_iterations_total")["spiqsweep_coordinator_iterations_total{}"]; got != call.want {
			t.Fatalf("after call %d: %v steps, want %v", i, got, call.want)
		}
	}
	want := map[string]float64{}
	for _, verdict := range []string{"accepted", "duplicate", "late", "invalid"} {
		want["spiqsweep_coordinator_verdicts_total{verdict="+verdict+"}"] = 1
	}
	if diff := cmp.Diff(want, values(t, m, "spiqsweep_coordinator_verdicts")); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

// failing is a store that fails.
type failing struct {
	queue.Store
	err error
}

func (f failing) View(context.Context, func(queue.Tx) error) error                 { return f.err }
func (f failing) Update(context.Context, *queue.Claim, func(queue.Tx) error) error { return f.err }

// TestStore measures transactions of a store that answers, refuses and is unavailable.
func TestStore(t *testing.T) {
	m := metrics.New(metrics.Build{})
	refused := errors.New("refused")
	ctx := grpc.NewContextWithServerTransportStream(t.Context(), method("/spiqsweep.v1.WorkerService/Sync"))
	for _, err := range []error{nil, refused, fmt.Errorf("commit: %w", queue.ErrUnavailable)} {
		s := m.Store(failing{err: err})
		if got := s.Update(ctx, nil, nil); !errors.Is(got, err) {
			t.Errorf("error is %v, want %v", got, err)
		}
		if got := s.View(t.Context(), nil); !errors.Is(got, err) {
			t.Errorf("error is %v, want %v", got, err)
		}
	}
	want := map[string]float64{
		"spiqsweep_coordinator_store_duration_seconds{call=Sync,operation=write}": 3,
		"spiqsweep_coordinator_store_duration_seconds{call=own,operation=read}":   3,
		"spiqsweep_coordinator_store_errors_total{operation=read}":                1,
		"spiqsweep_coordinator_store_errors_total{operation=write}":               1,
	}
	got := values(t, m, "spiqsweep_coordinator_store")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// method is the stream of a call of a method.
type method string

func (m method) Method() string             { return string(m) }
func (method) SetHeader(metadata.MD) error  { return nil }
func (method) SendHeader(metadata.MD) error { return nil }
func (method) SetTrailer(metadata.MD) error { return nil }

// TestCalls counts calls by method and code.
func TestCalls(t *testing.T) {
	m := metrics.New(metrics.Build{})
	unary := &grpc.UnaryServerInfo{FullMethod: "/spiqsweep.v1.WorkerService/Sync"}
	for _, err := range []error{nil, nil, status.Error(codes.Unavailable, "full")} {
		_, _ = m.Unary(t.Context(), nil, unary, func(context.Context, any) (any, error) { return nil, err })
	}
	stream := &grpc.StreamServerInfo{FullMethod: "/spiqsweep.v1.OperatorService/ListRows"}
	_ = m.Stream(nil, nil, stream, func(any, grpc.ServerStream) error { return nil })
	want := map[string]float64{
		"spiqsweep_coordinator_calls_total{code=OK,method=Sync}":          2,
		"spiqsweep_coordinator_calls_total{code=Unavailable,method=Sync}": 1,
		"spiqsweep_coordinator_calls_total{code=OK,method=ListRows}":      1,
		"spiqsweep_coordinator_call_duration_seconds{method=Sync}":        3,
		"spiqsweep_coordinator_call_duration_seconds{method=ListRows}":    1,
	}
	if diff := cmp.Diff(want, values(t, m, "spiqsweep_coordinator_call")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestNilMeasuresNothing calls what the server and the store call.
func TestNilMeasuresNothing(t *testing.T) {
	var m *metrics.Metrics
	m.LongPoll(t.Context())()
	m.Synced(queue.SyncRequest{}, queue.SyncAnswer{}, nil)
	m.Watch(nil, nil)
	m.WatchServer(nil, nil)
	s := queuetest.Memory(time.Now)
	if m.Store(s) != s {
		t.Error("the store is measured")
	}
	if out, err := m.Unary(t.Context(), 1, nil, func(context.Context, any) (any, error) { return 2, nil }); out != 2 || err != nil {
		t.Errorf("%v, %v", out, err)
	}
	if err := m.Stream(nil, nil, nil, func(any, grpc.ServerStream) error { return nil }); err != nil {
		t.Error(err)
	}
}
