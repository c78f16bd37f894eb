package agent

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"spiqsweep/deploy/golden"
	"spiqsweep/proto/protocol"
	"spiqsweep/simulator/circuit"
	"spiqsweep/worker/runner"
)

// families returns the worker's metrics by name, without those of Go and the process.
func families(t *testing.T, m *Metrics) map[string]*dto.MetricFamily {
	t.Helper()
	gathered, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, f := range gathered {
		if strings.HasPrefix(f.GetName(), "spiqsweep_") {
			byName[f.GetName()] = f
		}
	}
	return byName
}

// values returns the value of each series, for a histogram the number of observations.
func values(t *testing.T, m *Metrics) map[string]float64 {
	t.Helper()
	got := map[string]float64{}
	for name, f := range families(t, m) {
		for _, s := range f.GetMetric() {
			if f.GetType() == dto.MetricType_HISTOGRAM {
				got[name] = float64(s.GetHistogram().GetSampleCount())
				continue
			}
			for _, l := range s.GetLabel() {
				if l.GetName() == "outcome" {
					name = f.GetName() + "/" + l.GetValue()
				}
			}
			got[strings.TrimPrefix(name, "spiqsweep_worker_")] = s.GetCounter().GetValue() + s.GetGauge().GetValue()
		}
	}
	return got
}

func testMetrics() *Metrics {
	return NewMetrics("v1", circuit.Kernel{Name: "test", Class: "test/class"}, 2)
}

// TestMetricsOfASweep runs tasks that finish, one that fails and one that is handed back.
func TestMetricsOfASweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newStub(t, 4)
		dial, closeStub := o.open()
		defer closeStub()
		run := func(ctx context.Context, task runner.Task, r runner.Reporter) (runner.Outcome, error) {
			switch task.Configuration.Replicate {
			case 2:
				r.Progress(3)
				return runner.Outcome{}, fmt.Errorf("no luck")
			case 3:
				r.Progress(2)
				time.Sleep(2 * time.Second)
				r.Progress(4)
				return stopping(ctx, task, r)
			}
			return finishing(ctx, task, r)
		}
		c := testConfig(dial, run)
		c.Metrics = testMetrics()
		drain := make(chan struct{})
		c.Drain = drain
		time.AfterFunc(time.Minute, func() {
			if got := values(t, c.Metrics)["tasks_running"]; got != 1 {
				t.Errorf("%v tasks run, want 1", got)
			}
			close(drain)
		})
		if code := Run(t.Context(), c); code != protocol.ExitWorkLeft {
			t.Fatalf("exit code %d, want %d", code, protocol.ExitWorkLeft)
		}
		got := values(t, c.Metrics)
		for _, name := range []string{"spiqsweep_worker_sync_duration_seconds", "last_sync_timestamp_seconds"} {
			if got[name] <= 0 {
				t.Errorf("%s is %v", name, got[name])
			}
			delete(got, name)
		}
		want := map[string]float64{
			"build_info": 1, "slots": 2, "tasks_running": 0, "sync_failures_total": 0,
			"tasks_total/finished": 2, "tasks_total/failed": 1, "tasks_total/handed_back": 1,
			"iterations_total":       5 + 5 + 3 + 4,
			"checkpoint_bytes_total": float64(len("state")),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestMetricsWithoutACoordinator checks the failures of Sync, and that no time of an answer is
// invented.
func TestMetricsWithoutACoordinator(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newStub(t, 1)
		dial, closeStub := o.open()
		closeStub()
		c := testConfig(dial, finishing)
		c.Metrics = testMetrics()
		if code := Run(t.Context(), c); code != protocol.ExitUnreachable {
			t.Fatalf("exit code %d, want %d", code, protocol.ExitUnreachable)
		}
		got := values(t, c.Metrics)
		if got["sync_failures_total"] < 5 {
			t.Errorf("%v failures", got["sync_failures_total"])
		}
		if _, found := got["last_sync_timestamp_seconds"]; found || got["sync_duration_seconds"] > 0 {
			t.Errorf("without an answer: %v", got)
		}
		if c.Metrics.Idle() != 0 {
			t.Errorf("idle for %v", c.Metrics.Idle())
		}
		time.Sleep(time.Minute)
		if c.Metrics.Idle() != time.Minute {
			t.Errorf("idle for %v, want a minute", c.Metrics.Idle())
		}
	})
}

// TestREADMEHasEveryMetric checks the table of coordinator/README.md.
func TestREADMEHasEveryMetric(t *testing.T) {
	m := testMetrics()
	m.publish(time.Now(), counts{lastSync: time.Now()})
	problems, err := testutil.GatherAndLint(m.Gatherer())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	var table strings.Builder
	table.WriteString("| metric of a worker | kind | labels | meaning |\n|---|---|---|---|\n")
	all := families(t, m)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		var labels []string
		for _, l := range all[name].GetMetric()[0].GetLabel() {
			labels = append(labels, "`"+l.GetName()+"`")
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s | %s |\n", name, strings.ToLower(all[name].GetType().String()), strings.Join(labels, ", "), all[name].GetHelp())
	}
	golden.CompareSection(t, "../../coordinator/README.md", "<!-- A worker's metrics: go test ./worker/agent -run TestREADME -update -->", "<!-- end of a worker's metrics -->", table.String())
}
