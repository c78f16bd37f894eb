package runner

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"

	"spiqsweep/simulator/gan"
	"spiqsweep/simulator/random"
	"spiqsweep/sweep"
)

func resultOfTask(t *testing.T, r Runner, task Task) sweep.Result {
	t.Helper()
	result, err := sweep.DecodeResult(mustRun(t, r, task))
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// TestTrainingPoints checks which steps a training is measured at, and which numbers the
// points of each objective have.
func TestTrainingPoints(t *testing.T) {
	for _, test := range []struct {
		objective         string
		critic, generator bool
	}{{"wgan", true, true}, {"likelihood", false, true}, {"mmd", false, false}} {
		result := resultOfTask(t, newTestRunner(), smallTask(t, 2, 2, "objective", test.objective, "steps", 9.0))
		var steps []int
		for _, p := range result.Training {
			steps = append(steps, p.Step)
			if (p.CriticLoss != nil) != test.critic || (p.GeneratorLoss != nil) != test.generator || p.GradientNorm <= 0 {
				t.Errorf("%s: point %+v", test.objective, p)
			}
		}
		if !slices.Equal(steps, []int{2, 4, 6, 8, 9}) {
			t.Errorf("%s: points at the steps %v", test.objective, steps)
		}
	}
}

// scripted reports given norms and losses.
type scripted struct {
	trainer
	norms []float64
	step  int
	loss  float64
}

func (s *scripted) Step() error {
	s.step++
	return s.trainer.Step()
}
func (s *scripted) GradientNorm() float64               { return s.norms[s.step-1] }
func (s *scripted) Losses() (critic, generator float64) { return math.NaN(), s.loss }

// TestTrainingVariance checks mean and variance of the norms between two points, and that
// a point with a number that is not finite is left out.
func TestTrainingVariance(t *testing.T) {
	run := func(loss float64, norms ...float64) []sweep.TrainingPoint {
		s := trainOnly()
		sound := s.newTrainer
		s.newTrainer = func(settings gan.Settings, address random.Training, real gan.Windows) (trainer, error) {
			inner, err := sound(settings, address, real)
			return &scripted{trainer: inner, norms: norms, loss: loss}, err
		}
		outcome, err := s.Run(t.Context(), smallTask(t, 2, 1), &recorder{stopAt: -1})
		if err != nil {
			t.Fatal(err)
		}
		return outcome.Result.Training
	}
	got := run(3, 1, 3, 5, 5, 2, 8)
	if len(got) != 3 || got[0].GradientNorm != 2 || got[0].GradientNormVariance != 1 || got[1].GradientNormVariance != 0 ||
		got[2].GradientNorm != 5 || got[2].GradientNormVariance != 9 || *got[2].GeneratorLoss != 3 {
		t.Errorf("points %+v", got)
	}
	if got := run(3, 1, math.MaxFloat64, 1, 1, 1, 1); len(got) != 2 || got[0].Step != 4 {
		t.Errorf("a norm whose square overflows: %+v", got)
	}
	if got := run(math.Inf(1), 1, 1, 1, 1, 1, 1); len(got) != 0 {
		t.Errorf("infinite losses: %+v", got)
	}
}

// TestCheckpointOfAnEarlierVersion checks that a training goes on from a checkpoint without
// a trace: its result has the same digest, and the points of the steps after it.
func TestCheckpointOfAnEarlierVersion(t *testing.T) {
	task := smallTask(t, 2, 2)
	want := mustRun(t, newTestRunner(), task)
	_, w, err := runUntil(newTestRunner(), task, 3)
	if !errors.Is(err, ErrStopped) {
		t.Fatal(err)
	}
	c, err := decodeCheckpoint(w.checkpoints[3], task.ID)
	if err != nil || len(c.Trace.Points) != 1 || c.Trace.Steps != 1 {
		t.Fatalf("%v: trace %+v", err, c.Trace)
	}
	c.Trace = traceState{}
	if text, err := json.Marshal(c); err != nil || slices.Contains(keysOf(t, text), "trace") {
		t.Fatalf("an empty trace is written: %v", err)
	}
	if task.Checkpoint, err = c.encode(); err != nil {
		t.Fatal(err)
	}
	got := mustRun(t, newTestRunner(), task)
	if sweep.ResultDigest(got) != sweep.ResultDigest(want) {
		t.Error("the result has another digest")
	}
	result, err := sweep.DecodeResult(got)
	if err != nil || len(result.Training) != 2 || result.Training[0].Step != 4 {
		t.Errorf("%v: points %+v", err, result.Training)
	}
}

func keysOf(t *testing.T, object []byte) (keys []string) {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		t.Fatal(err)
	}
	for key := range fields {
		keys = append(keys, key)
	}
	return keys
}
