package runner

import (
	"context"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// smallRaster returns 12 repeats of 60 bins of random spikes.
func smallRaster(neurons int) *recording.Raster {
	r := &recording.Raster{Neurons: neurons, Repeats: 12, Bins: 60, BinMS: 20}
	for q := range neurons {
		r.NeuronIDs = append(r.NeuronIDs, 3*q)
	}
	draw := random.Training{Seed: 5, Neurons: neurons}.Stream("test raster").At(0, 0)
	for range r.Repeats * r.Bins {
		word := uint32(0)
		for q := range neurons {
			if draw.Float64() < 0.2 {
				word |= 1 << q
			}
		}
		r.Words = append(r.Words, word)
	}
	return r
}

// smallTask returns a task of a few steps, with settings given as name, value, ….
func smallTask(t testing.TB, neurons, timesteps int, settings ...any) Task {
	t.Helper()
	c := sweep.Default()
	c.Neurons, c.Timesteps, c.K = neurons, timesteps, 1
	c.Training.Steps, c.Training.BatchSize, c.Training.HiddenUnits = 6, 5, 7
	c.Evaluation.HistoryEvery, c.Evaluation.Samples = 2, 200
	for i := 0; i < len(settings); i += 2 {
		setting, ok := sweep.Lookup(settings[i].(string))
		if !ok {
			t.Fatalf("there is no setting %v", settings[i])
		}
		if err := setting.Set(&c, settings[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	r := smallRaster(neurons)
	return Task{ID: sweep.NewTaskID(c, r.Digest(), sweep.Numerics, portable().Class), Configuration: c, Raster: r}
}

// longTask is smallTask with 6 repeats of 120 bins.
func longTask(t testing.TB, neurons, timesteps int, settings ...any) Task {
	task := smallTask(t, neurons, timesteps, settings...)
	task.Raster.Repeats, task.Raster.Bins = 6, 120
	task.ID = sweep.NewTaskID(task.Configuration, task.Raster.Digest(), sweep.Numerics, portable().Class)
	return task
}

// variants returns tasks that together exercise all parts of a run.
func variants(t testing.TB) map[string]Task {
	return map[string]Task{
		"one step":          smallTask(t, 2, 1),
		"holdout":           smallTask(t, 2, 2, "holdout", 0.25, "average", 0.9),
		"holdout of time":   longTask(t, 2, 3, "holdout_time", 0.5),
		"many words":        smallTask(t, 3, 6, "constraint", "clip", "k", 0.0),
		"many outcomes":     smallTask(t, 5, 2),
		"samples":           smallTask(t, 2, 2, "noise", "per_qubit"),
		"noise per patch":   smallTask(t, 2, 2, "noise_per_patch", true, "gradient", "reinforce"),
		"no noise":          smallTask(t, 2, 1, "noise", "none", "schedule", "constant"),
		"general path":      smallTask(t, 2, 1, "entangler", "ring", "auxiliary", 1.0, "auxiliary_readout", "postselect"),
		"independent batch": smallTask(t, 2, 1, "k_loss", "absolute_independent", "final_encoding", true),
		"likelihood":        smallTask(t, 2, 2, "objective", "likelihood", "restarts", 2.0, "average", 0.9),
		"likelihood batch":  smallTask(t, 2, 9, "objective", "likelihood"),
		"mmd":               smallTask(t, 3, 2, "objective", "mmd", "restarts", 3.0, "noise", "per_qubit"),
	}
}

// portable returns the kernel of the golden results.
func portable() circuit.Kernel {
	k, err := circuit.NamedKernel("portable")
	if err != nil {
		panic(err)
	}
	return k
}

func newTestRunner() Runner { return New(portable(), hclog.NewNullLogger()) }

// trainOnly returns the innermost runner of a new worker.
func trainOnly() *spiqgan {
	return newTestRunner().(logged).next.(timed).next.(recovered).next.(byModel).trained.(*spiqgan)
}

// recorder is a Reporter that records all calls and can cancel a context at a step.
type recorder struct {
	steps       []int
	checkpoints map[int][]byte
	stopAt      int // step; −1: never
	stop        context.CancelFunc
}

func (w *recorder) Progress(step int) {
	w.steps = append(w.steps, step)
	if step == w.stopAt {
		w.stop()
	}
}

func (w *recorder) Checkpoint(step int, body []byte) {
	if w.checkpoints == nil {
		w.checkpoints = map[int][]byte{}
	}
	w.checkpoints[step] = body
}

// runUntil runs a task and stops it after the given step (−1: never).
func runUntil(r Runner, task Task, stopAt int) (Outcome, *recorder, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := &recorder{stopAt: stopAt, stop: cancel}
	outcome, err := r.Run(ctx, task, w)
	return outcome, w, err
}

// mustRun runs a task to its end and returns the encoded result.
func mustRun(t testing.TB, r Runner, task Task) []byte {
	t.Helper()
	outcome, _, err := runUntil(r, task, -1)
	if err != nil {
		t.Fatal(err)
	}
	body, err := outcome.Result.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// clock is a clock that advances at every reading.
type clock struct {
	now  time.Time
	tick time.Duration // per reading
}

func (c *clock) Now() time.Time {
	c.now = c.now.Add(c.tick)
	return c.now
}
