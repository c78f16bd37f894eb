package simulate_test

import (
	"flag"
	"testing"
	"time"

	"spiqsweep/deploy/simulate"
)

var (
	makespanWorkers = flag.Int("makespan-workers", 50, "workers of the simulated sweeps")
	makespanTasks   = flag.Int("makespan-tasks", 2000, "tasks of the simulated sweeps, a multiple of 100")
	makespanSeed    = flag.Uint64("makespan-seed", 1, "seed of the simulated sweeps")
	makespanCall    = flag.Duration("makespan-call", 500*time.Microsecond, "time that the coordinator takes for a call")
)

// TestMakespan simulates whole sweeps, and bounds how much longer than the ideal they take. make
// scale runs it with 10,000 workers and a million tasks, for the figures of deploy/SCALE.md.
func TestMakespan(t *testing.T) {
	base := simulate.Makespan{
		Seed: *makespanSeed, Workers: *makespanWorkers, Tasks: *makespanTasks, Replicates: 100,
		Median: time.Minute, Spread: 1, CallTime: *makespanCall,
	}
	small := *makespanWorkers == 50 && *makespanTasks == 2000 && *makespanSeed == 1 // what the bounds hold for
	spans := map[string]time.Duration{}
	for _, c := range []struct {
		name   string
		change func(*simulate.Makespan)
		most   float64 // makespan, divided by the ideal
	}{
		{"longest first within replicates", func(*simulate.Makespan) {}, 1.1},
		{"grid order", func(m *simulate.Makespan) { m.Order = simulate.ReplicatesGridOrder }, 1.3},
		{"longest of all first", func(m *simulate.Makespan) { m.Order = simulate.LongestFirst }, 1.1},
		{"stragglers", func(m *simulate.Makespan) { m.Stragglers = 0.05 }, 1.5},
		{"stragglers, grid order", func(m *simulate.Makespan) { m.Stragglers, m.Order = 0.05, simulate.ReplicatesGridOrder }, 1.6},
		{"preemption", func(m *simulate.Makespan) { m.Preempted, m.Away = 2*time.Hour, 10*time.Minute }, 1.3},
		{"preemption and stragglers", func(m *simulate.Makespan) { m.Stragglers, m.Preempted, m.Away = 0.05, 2*time.Hour, 10*time.Minute }, 1.6},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := base
			c.change(&m)
			began := time.Now()
			out, err := m.Run()
			if err != nil {
				t.Fatal(err)
			}
			ratio := out.Makespan.Seconds() / out.Ideal.Seconds()
			spans[c.name] = out.Makespan
			t.Logf("makespan %v, ideal %v, ratio %.3f, half done %v; %d calls, coordinator %.0f %% busy; %d preemptions, %d leases lost, %.2f %% of the work repeated; took %v",
				out.Makespan.Round(time.Second), out.Ideal.Round(time.Second), ratio, out.HalfDone.Round(time.Second),
				out.Calls, 100*out.Busy, out.Preemptions, out.Lost, 100*out.Repeated, time.Since(began).Round(100*time.Millisecond))
			if small && (ratio < 1 || ratio > c.most) {
				t.Errorf("the sweep takes %.3f times the ideal, want 1 to %.2f", ratio, c.most)
			}
		})
	}
	if !small {
		return
	}
	shortest := spans["longest of all first"]
	for _, name := range []string{"longest first within replicates", "grid order"} {
		if spans[name] < shortest {
			t.Errorf("%s takes %v, longest of all first %v", name, spans[name], shortest)
		}
	}
}
