package service_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"spiqsweep/coordinator/metrics"
	"spiqsweep/coordinator/service"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// families returns the metrics by name.
func families(t *testing.T, m *metrics.Metrics) map[string]*dto.MetricFamily {
	t.Helper()
	gathered, err := m.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, f := range gathered {
		byName[f.GetName()] = f
	}
	return byName
}

// TestMetricsOfCalls checks that a long poll counts as waiting and not as latency, and that
// steps, verdicts and refusals are counted.
func TestMetricsOfCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := metrics.New(metrics.Build{})
		b := newFixture(t, 1, func(c *service.Config) { c.Metrics = m })
		waiting := func() float64 {
			return families(t, m)["spiqsweep_coordinator_long_polls"].GetMetric()[0].GetGauge().GetValue()
		}
		lease := b.lease("first")
		idle := &spiqsweepv1.SyncRequest{Process: process("second", 1), Sequence: 1, FreeSlots: 1}
		b.sync(idle)
		idle.Sequence = 2
		answered := make(chan struct{})
		go func() {
			b.sync(idle)
			close(answered)
		}()
		time.Sleep(protocol.LongPoll / 2)
		if got := waiting(); got != 1 {
			t.Errorf("%v calls wait, want 1", got)
		}
		<-answered
		if got := waiting(); got != 0 {
			t.Errorf("%v calls wait after the answer", got)
		}

		sync := families(t, m)["spiqsweep_coordinator_call_duration_seconds"].GetMetric()[0].GetHistogram()
		if sync.GetSampleCount() != 3 || sync.GetSampleSum() != 0 {
			t.Errorf("%d Sync calls in %v s, want 3 in 0: a long poll is no latency", sync.GetSampleCount(), sync.GetSampleSum())
		}

		b.sync(&spiqsweepv1.SyncRequest{
			Process: process("first", 1), Sequence: 2, Held: []*spiqsweepv1.HeldLease{{Lease: lease, Step: 120, Started: true}}, Draining: true,
			Reports: []*spiqsweepv1.Report{{Lease: lease, Outcome: &spiqsweepv1.Report_HandBack{HandBack: &spiqsweepv1.HandBack{Reason: "leaving"}}}},
		})
		_ = callEmpty(t.Context(), b.dial("wrong"), spiqsweepv1.WorkerService_Sync_FullMethodName)
		got := families(t, m)
		if steps := got["spiqsweep_coordinator_iterations_total"].GetMetric()[0].GetCounter().GetValue(); steps != 120 {
			t.Errorf("%v steps, want 120", steps)
		}
		verdicts := map[string]float64{}
		for _, s := range got["spiqsweep_coordinator_verdicts_total"].GetMetric() {
			verdicts[s.GetLabel()[0].GetValue()] = s.GetCounter().GetValue()
		}
		if diff := cmp.Diff(map[string]float64{"accepted": 1, "duplicate": 0, "late": 0, "invalid": 0}, verdicts); diff != "" {
			t.Errorf("verdicts (-want +got):\n%s", diff)
		}
		if n, err := testutil.GatherAndCount(m.Gatherer(), "spiqsweep_coordinator_refusals_total"); n != 6 || err != nil {
			t.Errorf("%d reasons of refusals, want 6: %v", n, err)
		}
		for _, s := range got["spiqsweep_coordinator_refusals_total"].GetMetric() {
			if s.GetLabel()[0].GetValue() == "unauthenticated_call" && s.GetCounter().GetValue() != 1 {
				t.Errorf("refusals: %v", s)
			}
		}
		if open := got["spiqsweep_coordinator_connections"].GetMetric()[0].GetGauge().GetValue(); open < 1 {
			t.Errorf("%v open connections", open)
		}
	})
}

// BenchmarkSync measures the renewal of a lease, by a client of the server, with and without
// metrics.
func BenchmarkSync(b *testing.B) {
	for name, measured := range map[string]bool{"measured": true, "unmeasured": false} {
		b.Run(name, func(b *testing.B) {
			unlimited := service.Limits{CallsPerSecond: 1e9, CallBurst: 1e9, ProcessCallsPerSecond: 1e9, ProcessCallBurst: 1e9}
			f := newFixture(b, 1, func(c *service.Config) {
				c.Limits = unlimited
				if measured {
					c.Metrics = metrics.New(metrics.Build{})
				}
			})
			held := []*spiqsweepv1.HeldLease{{Lease: f.lease("worker"), Started: true}}
			sequence := uint64(1)
			for b.Loop() {
				sequence++
				held[0].Step = sequence % 2000
				f.sync(&spiqsweepv1.SyncRequest{Process: process("worker", 1), Sequence: sequence, Held: held})
			}
		})
	}
}
