package runner

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
)

// TestMemory compares the estimate of a task's memory with what training and evaluation hold.
func TestMemory(t *testing.T) {
	for name, change := range map[string]func(*sweep.Configuration){
		"n=10 t=30":          func(c *sweep.Configuration) { c.Neurons, c.Timesteps = 10, 30 },
		"n=14":               func(c *sweep.Configuration) { c.Neurons = 14 },
		"n=16 t=5":           func(c *sweep.Configuration) { c.Neurons, c.Timesteps = 16, 5 },
		"n=17":               func(c *sweep.Configuration) { c.Neurons = 17 },
		"n=16, two layers":   func(c *sweep.Configuration) { c.Neurons, c.Circuit.Layers = 16, 2 },
		"n=16, eight layers": func(c *sweep.Configuration) { c.Neurons, c.Circuit.Layers = 16, 8 },
		"n=10, six auxiliary": func(c *sweep.Configuration) {
			c.Neurons, c.Circuit.Auxiliary, c.Circuit.FinalEncoding = 10, 6, true
		},
		"n=14, ring":           func(c *sweep.Configuration) { c.Neurons, c.Circuit.Entangler = 14, "ring" },
		"n=16, many units":     func(c *sweep.Configuration) { c.Neurons, c.Training.HiddenUnits = 16, 512 },
		"n=16, shifts":         func(c *sweep.Configuration) { c.Neurons, c.Training.Gradient = 16, "parameter_shift" },
		"n=16, reinforce":      func(c *sweep.Configuration) { c.Neurons, c.Training.Gradient = 16, "reinforce" },
		"n=16, likelihood":     func(c *sweep.Configuration) { c.Neurons, c.Objective = 16, "likelihood" },
		"n=16 t=2, likelihood": func(c *sweep.Configuration) { c.Neurons, c.Timesteps, c.Objective = 16, 2, "likelihood" },
		"n=16, mmd":            func(c *sweep.Configuration) { c.Neurons, c.Objective = 16, "mmd" },
		"n=17 t=2, mmd":        func(c *sweep.Configuration) { c.Neurons, c.Timesteps, c.Objective = 17, 2, "mmd" },
		"n=10 t=50, mmd in large batches": func(c *sweep.Configuration) {
			c.Neurons, c.Timesteps, c.Objective, c.Training.BatchSize = 10, 50, "mmd", 4096
		},
		"n=10 t=200, many units":    func(c *sweep.Configuration) { c.Neurons, c.Timesteps, c.Training.HiddenUnits = 10, 200, 4096 },
		"n=10 t=100, large batches": func(c *sweep.Configuration) { c.Neurons, c.Timesteps, c.Training.BatchSize = 10, 100, 16384 },
		"n=10 t=100, large batches and much noise": func(c *sweep.Configuration) {
			c.Neurons, c.Timesteps, c.Training.BatchSize = 10, 100, 8192
			c.Circuit.Noise, c.Circuit.NoisePerPatch, c.Circuit.NoisePerLayer = "per_qubit", true, true
		},
		"n=16 t=2, rbm":     func(c *sweep.Configuration) { c.Model, c.Neurons, c.Timesteps = sweep.ModelRBM, 16, 2 },
		"n=17 t=2, mixture": func(c *sweep.Configuration) { c.Model, c.Neurons, c.Timesteps = sweep.ModelMixture, 17, 2 },
	} {
		c := sweep.Default()
		c.Training.Steps = 1000
		change(&c)
		if err := c.Validate(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		source := recording.Surrogate(c.Seed)
		ids, err := source.Select(recording.Selection{}, c.Neurons, c.Seed)
		if err != nil {
			t.Fatal(err)
		}
		raster := source.Raster(ids)
		before := heldBytes()
		s := trainOnly()
		s.kernel = circuit.DefaultKernel()
		run, err := s.begin(t.Context(), Task{Configuration: c, Raster: raster}, &recorder{stopAt: -1})
		if err != nil {
			t.Fatal(err)
		}
		m, err := newModel(c, run.generator)
		if err != nil {
			t.Fatal(err)
		}
		held := heldBytes() - before
		estimate := c.MemoryBytes()
		t.Logf("%s: holds %.0f MB, estimate %.0f MB", name, held/1e6, estimate/1e6)
		if estimate < held || estimate > 1.5*held+64e6 {
			t.Errorf("%s: holds %.0f MB, the estimate is %.0f MB", name, held/1e6, estimate/1e6)
		}
		runtime.KeepAlive(m)
		runtime.KeepAlive(run)
	}
}

// heldBytes returns the size of the heap without garbage.
func heldBytes() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// blockingRunner runs a task until it may end.
type blockingRunner struct {
	started chan struct{}
	end     chan struct{}
}

func (r blockingRunner) Run(context.Context, Task, Reporter) (Outcome, error) {
	r.started <- struct{}{}
	<-r.end
	return Outcome{}, nil
}

// TestWithMemory runs a task that fits beside no other of its size.
func TestWithMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		large := Task{Configuration: sweep.Default()}
		large.Configuration.Neurons = 20
		small := Task{Configuration: sweep.Default()}
		next := blockingRunner{make(chan struct{}, 4), make(chan struct{})}
		memory := uint64(large.Configuration.MemoryBytes() * 1.5)
		r := WithMemory(memory, next, hclog.NewNullLogger())
		ended := make(chan error, 4)
		run := func(ctx context.Context, task Task) *recorder {
			seen := &recorder{stopAt: -1}
			go func() {
				_, err := r.Run(ctx, task, seen)
				ended <- err
			}()
			synctest.Wait()
			return seen
		}
		run(t.Context(), large)
		run(t.Context(), small)
		if len(next.started) != 2 {
			t.Fatalf("%d tasks run that fit together, want 2", len(next.started))
		}
		ctx, cancel := context.WithCancel(t.Context())
		stopped, waiting := run(ctx, large), run(t.Context(), large)
		time.Sleep(3 * waitingEvery / 2)
		synctest.Wait()
		if len(next.started) != 2 || len(stopped.steps) == 0 || len(waiting.steps) == 0 {
			t.Errorf("%d tasks run, and those that wait are alive %d and %d times; want 2 tasks", len(next.started), len(stopped.steps), len(waiting.steps))
		}
		cancel()
		if err := <-ended; !errors.Is(err, ErrStopped) {
			t.Errorf("a task that was stopped while it waited ends with %v", err)
		}
		close(next.end)
		for range 3 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		if len(next.started) != 3 {
			t.Errorf("%d tasks have run, want 3", len(next.started))
		}
	})
}

// TestTooLittleMemory has a task fail that fits no worker of the size, with the remedy.
func TestTooLittleMemory(t *testing.T) {
	task := Task{Configuration: sweep.Default()}
	task.Configuration.Neurons = 20
	_, err := WithMemory(1<<30, blockingRunner{}, hclog.NewNullLogger()).Run(t.Context(), task, &recorder{stopAt: -1})
	const want = "n=20 t=1 k=0 takes about 1.7 GB of memory, and this worker has 1.1 GB: stop this worker or give it more, and run `coordinator retry`; " +
		"or leave the configuration out of the grid"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
