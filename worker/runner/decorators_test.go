package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/simulator/gan"
	"spiqsweep/simulator/random"
)

// badTrainer fails or panics at a step.
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

// nanTrainer returns NaN angles.
type nanTrainer struct{ trainer }

func (n nanTrainer) Angles() []float64 {
	angles := n.trainer.Angles()
	angles[0] /= 0 * angles[0]
	angles[0] -= angles[0] // ∞ − ∞
	return angles
}

func TestFailureDoesNotAffectOtherTasks(t *testing.T) {
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
			"panic after step 3: index out of range at 3", "badTrainer.Step",
		},
		"error": {
			func(t trainer) trainer {
				return badTrainer{t, func(int) error { return errors.New("the gradient is NaN") }}
			},
			"the gradient is NaN", "task begins",
		},
		"NaN": {func(t trainer) trainer { return nanTrainer{t} }, "measure history at step 0: set angles:", "task begins"},
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

func TestComputeTimeOfAttempt(t *testing.T) {
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

func TestTailKeepsWholeLines(t *testing.T) {
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
