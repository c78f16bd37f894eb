package runner

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"spiqsweep/simulator/gan"
	"spiqsweep/simulator/random"
)

func TestInterruptedTaskGivesTheSameResult(t *testing.T) {
	for name, task := range variants(t) {
		t.Run(name, func(t *testing.T) {
			want := mustRun(t, newTestRunner(), task)
			for step := range task.Configuration.Training.Steps + 1 {
				_, w, err := runUntil(newTestRunner(), task, step)
				if !errors.Is(err, ErrStopped) {
					t.Fatalf("stopped after step %d: error %v", step, err)
				}
				resumed := task
				resumed.Checkpoint = w.checkpoints[step]
				if step > 0 && resumed.Checkpoint == nil {
					t.Fatalf("stopped after step %d: checkpoints of %v", step, slices.Collect(maps.Keys(w.checkpoints)))
				}
				outcome, w, err := runUntil(newTestRunner(), resumed, -1)
				if err != nil {
					t.Fatal(err)
				}
				if w.steps[0] != step {
					t.Errorf("stopped after step %d, resumed at %d", step, w.steps[0])
				}
				got, err := outcome.Result.Encode()
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("stopped after step %d: another result\n%s", step, cmp.Diff(string(want), string(got)))
				}
			}
		})
	}
}

func TestInterruptedAfterEveryStep(t *testing.T) {
	task := smallTask(t, 2, 2, "holdout", 0.25)
	want := mustRun(t, newTestRunner(), task)
	for step := 1; step <= task.Configuration.Training.Steps; step++ {
		_, w, err := runUntil(newTestRunner(), task, step)
		if !errors.Is(err, ErrStopped) {
			t.Fatal(err)
		}
		if len(w.steps) != 2 {
			t.Fatalf("stopped after step %d, it did %v", step, w.steps)
		}
		task.Checkpoint = w.checkpoints[step]
	}
	if got := mustRun(t, newTestRunner(), task); !bytes.Equal(got, want) {
		t.Error("a training interrupted after every step ends with another result")
	}
}

// hookedTrainer calls a function when the angles of the last step are read for the
// second time: first the history reads them, then the evaluation.
type hookedTrainer struct {
	trainer
	last, asked int
	evaluated   func()
}

func (c *hookedTrainer) Angles() []float64 {
	if c.Steps() == c.last {
		if c.asked++; c.asked == 2 {
			c.evaluated()
		}
	}
	return c.trainer.Angles()
}

func TestInterruptedDuringEvaluation(t *testing.T) {
	task := smallTask(t, 2, 1)
	want := mustRun(t, newTestRunner(), task)
	s := trainOnly()
	ctx, cancel := context.WithCancel(t.Context())
	sound := s.newTrainer
	s.newTrainer = func(settings gan.Settings, address random.Training, real gan.Windows) (trainer, error) {
		inner, err := sound(settings, address, real)
		return &hookedTrainer{trainer: inner, last: settings.Steps, evaluated: cancel}, err
	}
	w := &recorder{stopAt: -1}
	if _, err := s.Run(ctx, task, w); !errors.Is(err, ErrStopped) {
		t.Fatalf("error %v, want ErrStopped", err)
	}
	task.Checkpoint = w.checkpoints[task.Configuration.Training.Steps]
	if task.Checkpoint == nil {
		t.Fatal("there is no checkpoint of the last step")
	}
	if got := mustRun(t, newTestRunner(), task); !bytes.Equal(got, want) {
		t.Error("another result")
	}
}

// measured returns tasks whose evaluation reports progress several times.
func measured(t *testing.T) map[string]Task {
	return map[string]Task{
		"exact":   smallTask(t, 3, 6, "history_every", 1e9),
		"samples": smallTask(t, 2, 10, "noise", "per_qubit", "samples", 5.0*generatedPerCheck),
	}
}

// evaluationRecorder counts the progress reports of the evaluation and stops the
// task at the report number stopAt.
type evaluationRecorder struct {
	recorder
	last, signals, stopAt int
	stop                  context.CancelFunc
}

func (w *evaluationRecorder) Progress(step int) {
	if step == w.last {
		if w.signals++; w.signals == w.stopAt {
			w.stop()
		}
	}
}

func TestEvaluationReportsProgressAndStops(t *testing.T) {
	for name, task := range measured(t) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			last := task.Configuration.Training.Steps
			whole := &evaluationRecorder{last: last}
			if _, err := newTestRunner().Run(ctx, task, whole); err != nil {
				t.Fatal(err)
			}
			if whole.signals < 6 {
				t.Errorf("%d progress reports", whole.signals)
			}
			cut := &evaluationRecorder{last: last, stopAt: 4, stop: cancel}
			if _, err := newTestRunner().Run(ctx, task, cut); !errors.Is(err, ErrStopped) {
				t.Fatalf("error %v, want ErrStopped", err)
			}
			if cut.signals > cut.stopAt+1 {
				t.Errorf("stopped at progress report %d, but got %d", cut.stopAt, cut.signals)
			}
			task.Checkpoint = cut.checkpoints[last]
			if task.Checkpoint == nil {
				t.Fatal("there is no checkpoint of the last step")
			}
			fresh := task
			fresh.Checkpoint = nil
			if !bytes.Equal(mustRun(t, newTestRunner(), task), mustRun(t, newTestRunner(), fresh)) {
				t.Error("another result")
			}
		})
	}
}

func TestNoCheckpointWithoutANewStep(t *testing.T) {
	task := smallTask(t, 2, 1)
	_, w, _ := runUntil(newTestRunner(), task, 0)
	if len(w.checkpoints) != 0 {
		t.Errorf("checkpoints of %v after no step", slices.Collect(maps.Keys(w.checkpoints)))
	}
	_, w, _ = runUntil(newTestRunner(), task, 3)
	task.Checkpoint = w.checkpoints[3]
	_, w, err := runUntil(newTestRunner(), task, 3)
	if !errors.Is(err, ErrStopped) || len(w.checkpoints) != 0 {
		t.Errorf("error %v, checkpoints of %v after no new step", err, slices.Collect(maps.Keys(w.checkpoints)))
	}
}

func TestCheckpointInterval(t *testing.T) {
	task := smallTask(t, 2, 1, "steps", 20.0)
	s := trainOnly()
	s.now = (&clock{now: time.Unix(0, 0), tick: 10 * time.Second}).Now
	_, w, err := runUntil(s, task, -1)
	if err != nil {
		t.Fatal(err)
	}
	// Every reading of the clock takes 10 s: at the beginning, at each step, at each
	// checkpoint. The last state is saved before the evaluation.
	if diff := cmp.Diff([]int{5, 11, 17, 20}, slices.Sorted(maps.Keys(w.checkpoints))); diff != "" {
		t.Error(diff)
	}
}

func TestInvalidCheckpointsAreRejected(t *testing.T) {
	task := smallTask(t, 2, 1)
	want := mustRun(t, newTestRunner(), task)
	_, w, _ := runUntil(newTestRunner(), task, 3)
	good := w.checkpoints[3]
	other := smallTask(t, 2, 1, "seed", 2.0)
	_, w, _ = runUntil(newTestRunner(), other, 3)
	decoded, err := decodeCheckpoint(good, task.ID)
	if err != nil {
		t.Fatal(err)
	}
	decoded.Trainer = decoded.Trainer[:10]
	noTrainer, err := decoded.encode()
	if err != nil {
		t.Fatal(err)
	}
	damaged := bytes.Clone(good)
	damaged[len(damaged)/2] ^= 1
	tests := map[string]struct {
		body []byte
		why  string
	}{
		"of another task": {w.checkpoints[3], "it belongs to task"},
		"damaged":         {damaged, "its digest is"},
		"cut":             {good[:len(good)-1], "its digest is"},
		"short":           {good[:20], "its 20 bytes begin with"},
		"of a version":    {[]byte("spiqsweep task/0\n" + string(good[17:])), "bytes begin with"},
		"half empty":      {noTrainer, "load checkpoint of 10 bytes"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			r := New(portable(), hclog.New(&hclog.LoggerOptions{Output: &log}))
			task.Checkpoint = test.body
			outcome, w, err := runUntil(r, task, -1)
			if err != nil {
				t.Fatal(err)
			}
			if w.steps[0] != 0 {
				t.Errorf("starts from step %d", w.steps[0])
			}
			if got, _ := outcome.Result.Encode(); !bytes.Equal(got, want) {
				t.Error("another result")
			}
			if !strings.Contains(log.String(), "the checkpoint is invalid") || !strings.Contains(log.String(), test.why) {
				t.Errorf("the log lacks the reason %q:\n%s", test.why, log.String())
			}
		})
	}
}
