package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"

	"spiqsweep/simulator/gan"
	"spiqsweep/simulator/random"
	"spiqsweep/sweep"
)

func TestInterruptedEqualsUninterrupted(t *testing.T) {
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
					t.Errorf("stopped after step %d, goes on from %d", step, w.steps[0])
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

func TestTasksSideBySideEqualTasksAlone(t *testing.T) {
	tasks := variants(t)
	want := map[string][]byte{}
	for name, task := range tasks {
		want[name] = mustRun(t, newTestRunner(), task)
	}
	shared := newTestRunner()
	var wait sync.WaitGroup
	for name, task := range tasks {
		for range 2 {
			wait.Go(func() {
				outcome, _, err := runUntil(shared, task, -1)
				if err != nil {
					t.Error(err)
					return
				}
				if got, _ := outcome.Result.Encode(); !bytes.Equal(got, want[name]) {
					t.Errorf("%s: another result beside others", name)
				}
			})
		}
	}
	wait.Wait()
}

func TestResults(t *testing.T) {
	for name, task := range variants(t) {
		t.Run(name, func(t *testing.T) {
			var result sweep.Result
			if err := json.Unmarshal(mustRun(t, newTestRunner(), task), &result); err != nil {
				t.Fatal(err)
			}
			if err := result.Validate(task.Configuration); err != nil {
				t.Error(err)
			}
			var steps []int
			for _, p := range result.History {
				steps = append(steps, p.Step)
			}
			want := []int{0, 2, 4, 6}
			if !task.Configuration.HasState() {
				want = nil
			}
			if diff := cmp.Diff(want, steps); diff != "" {
				t.Errorf("steps of the history: %s", diff)
			}
			if want != nil {
				if last := result.History[3].JSBits; abs(last-result.Errors["js_bits"]) > 1e-12 {
					t.Errorf("the history ends with %v, the evaluation is %v", last, result.Errors["js_bits"])
				}
			}
			if holdout := task.Configuration.Recording.Holdout > 0; holdout != (result.Heldout != nil) {
				t.Errorf("held-out numbers %v", result.Heldout)
			}
		})
	}
}

func abs(x float64) float64 { return max(x, -x) }

func TestFloorsAreTheSameForAllReplicates(t *testing.T) {
	floorsOf := func(task Task) map[string]float64 {
		outcome, _, err := runUntil(newTestRunner(), task, -1)
		if err != nil {
			t.Fatal(err)
		}
		return outcome.Result.Floors
	}
	first, second := smallTask(t, 2, 1), smallTask(t, 2, 1)
	second.Configuration.Replicate = 1
	if diff := cmp.Diff(floorsOf(first), floorsOf(second)); diff != "" {
		t.Error(diff)
	}
}

func TestCheckpointsComeWithTime(t *testing.T) {
	task := smallTask(t, 2, 1, "steps", 20.0)
	s := trainOnly()
	s.now = (&clock{now: time.Unix(0, 0), tick: 10 * time.Second}).Now
	_, w, err := runUntil(s, task, -1)
	if err != nil {
		t.Fatal(err)
	}
	// Every look at the clock takes 10 s: at the beginning, at each step, at each
	// checkpoint. The last state is worth saving before the evaluation.
	if diff := cmp.Diff([]int{5, 11, 17, 20}, slices.Sorted(maps.Keys(w.checkpoints))); diff != "" {
		t.Error(diff)
	}
}

func TestBadCheckpointsAreRefused(t *testing.T) {
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
			if !strings.Contains(log.String(), "the checkpoint is refused") || !strings.Contains(log.String(), test.why) {
				t.Errorf("the log does not say why (%q):\n%s", test.why, log.String())
			}
		})
	}
}

// badTrainer goes wrong at a step.
type badTrainer struct {
	trainer
	step func(done int) error
}

func (b badTrainer) Step() error {
	if err := b.step(b.Steps()); err != nil {
		return err
	}
	return b.trainer.Step()
}

// nanTrainer ends with angles that are no numbers.
type nanTrainer struct{ trainer }

func (n nanTrainer) Angles() []float64 {
	angles := n.trainer.Angles()
	angles[0] /= 0 * angles[0]
	angles[0] -= angles[0] // ∞ − ∞
	return angles
}

func TestABadTaskFailsAlone(t *testing.T) {
	tests := map[string]struct {
		spoil   func(trainer) trainer
		message string
		log     string
	}{
		"panic": {
			func(t trainer) trainer {
				return badTrainer{t, func(done int) error {
					if done == 3 {
						panic(fmt.Sprint("index out of range at ", done))
					}
					return nil
				}}
			},
			"panic: index out of range at 3", "badTrainer.Step",
		},
		"error": {
			func(t trainer) trainer {
				return badTrainer{t, func(int) error { return errors.New("the gradient is NaN") }}
			},
			"the gradient is NaN", "task begins",
		},
		"NaN": {func(t trainer) trainer { return nanTrainer{t} }, "history at step 0: set angles:", "task begins"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			bad, good := smallTask(t, 2, 1), smallTask(t, 2, 2)
			want := mustRun(t, newTestRunner(), good)
			s := trainOnly()
			make := s.newTrainer
			s.newTrainer = func(settings gan.Settings, address random.Training, real gan.Windows) (trainer, error) {
				sound, err := make(settings, address, real)
				if settings.Timesteps == 1 {
					return test.spoil(sound), err
				}
				return sound, err
			}
			r := logged{timed{recovered{s}, time.Now}, hclog.NewNullLogger()}
			var wait sync.WaitGroup
			wait.Go(func() {
				if got := mustRun(t, r, good); !bytes.Equal(got, want) {
					t.Error("the neighbour has another result")
				}
			})
			_, _, err := runUntil(r, bad, -1)
			wait.Wait()
			failure := (*Failure)(nil)
			if !errors.As(err, &failure) {
				t.Fatalf("error is %v, want a Failure", err)
			}
			if !strings.HasPrefix(failure.Error(), test.message) || !strings.Contains(failure.Log, test.log) {
				t.Errorf("failure is %q, with the log\n%s", failure.Error(), failure.Log)
			}
		})
	}
}

func TestUnfitTasksAreRefused(t *testing.T) {
	tests := map[string]func(*Task){
		`does not know the model "ising"`: func(t *Task) { t.Configuration.Model = "ising" },
		"has 2 cells, the task wants 3":   func(t *Task) { t.Configuration.Neurons = 3 },
		"windows of 61 time steps":        func(t *Task) { t.Configuration.Timesteps = 61 },
		"hold out a share of 1":           func(t *Task) { t.Configuration.Recording.Holdout = 1 },
		"constraint is":                   func(t *Task) { t.Configuration.Training.Constraint = "fetters" },
		"more than 32768":                 func(t *Task) { t.Configuration.Circuit.NoiseHigh = 1e5 },
	}
	for want, spoil := range tests {
		task := smallTask(t, 2, 1)
		spoil(&task)
		if _, _, err := runUntil(newTestRunner(), task, -1); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want one with %q", err, want)
		}
	}
}

func TestComputeTimeIsThatOfTheAttempt(t *testing.T) {
	inner := runnerFunc(func(context.Context, Task, Reporter) (Outcome, error) { return Outcome{}, ErrStopped })
	c := &clock{now: time.Unix(0, 0), tick: 3 * time.Second}
	outcome, _, err := runUntil(timed{inner, c.Now}, Task{}, -1)
	if !errors.Is(err, ErrStopped) || outcome.ComputeTime != 3*time.Second {
		t.Errorf("compute time %v, error %v", outcome.ComputeTime, err)
	}
}

type runnerFunc func(context.Context, Task, Reporter) (Outcome, error)

func (f runnerFunc) Run(ctx context.Context, t Task, r Reporter) (Outcome, error) {
	return f(ctx, t, r)
}

func TestTailKeepsWholeLastLines(t *testing.T) {
	lines := &tail{limit: 20}
	for i := range 10 {
		fmt.Fprintf(lines, "line %d\n", i)
	}
	if got := lines.String(); got != "line 8\nline 9\n" {
		t.Errorf("tail is %q", got)
	}
	fmt.Fprint(lines, strings.Repeat("x", 30))
	if got := lines.String(); got != "" {
		t.Errorf("tail is %q after a line that is too long", got)
	}
}
