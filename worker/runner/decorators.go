package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/simulator/gan"
)

// logBytes is the size of the log in a failure, which keeps the last lines.
const logBytes = 32 << 10

// logged puts a logger for the task into the context and attaches the task's log
// to its failure. It forwards all lines to the worker's log. It logs the failure
// itself at debug level, because the agent logs it too.
type logged struct {
	next Runner
	log  hclog.Logger
}

func (l logged) Run(ctx context.Context, t Task, r Reporter) (Outcome, error) {
	lines := &tail{limit: logBytes}
	log := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard})
	log.RegisterSink(forward{l.log.With(append([]any{"task", t.ID}, t.LogPairs...)...)})
	log.RegisterSink(hclog.NewSinkAdapter(&hclog.LoggerOptions{Output: lines, Level: hclog.Debug}))

	log.Debug("task begins", "configuration", t.Configuration.Label(), "steps", t.Configuration.Training.Steps)
	outcome, err := l.next.Run(hclog.WithContext(ctx, log), t, r)
	took := outcome.ComputeTime.Round(time.Millisecond).String()
	switch {
	case err == nil:
		log.Info("task is done", "configuration", t.Configuration.Label(), "took", took)
	case errors.Is(err, ErrStopped):
		log.Debug("task is stopped", "configuration", t.Configuration.Label(), "took", took)
	default:
		log.Debug("task failed", "configuration", t.Configuration.Label(), "took", took, "error", err)
		err = &Failure{Err: err, Log: lines.String(), Reproducible: errors.Is(err, gan.ErrNotFinite)}
	}
	return outcome, err
}

// forward passes log lines to another logger.
type forward struct{ log hclog.Logger }

func (f forward) Accept(_ string, level hclog.Level, message string, pairs ...any) {
	f.log.Log(level, message, pairs...)
}

// tail is a writer that keeps the last whole lines within its limit.
type tail struct {
	limit int // bytes
	bytes []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.bytes = append(t.bytes, p...)
	if excess := len(t.bytes) - t.limit; excess > 0 {
		for excess < len(t.bytes) && t.bytes[excess-1] != '\n' {
			excess++
		}
		t.bytes = append(t.bytes[:0], t.bytes[excess:]...)
	}
	return len(p), nil
}

func (t *tail) String() string { return string(t.bytes) }

// timed sets the compute time of the outcome.
type timed struct {
	next Runner
	now  func() time.Time
}

func (d timed) Run(ctx context.Context, t Task, r Reporter) (Outcome, error) {
	began := d.now()
	outcome, err := d.next.Run(ctx, t, r)
	outcome.ComputeTime = d.now().Sub(began)
	return outcome, err
}

// recovered turns a panic into an error of its task and logs the stack. The error
// names the step, by which the coordinator recognises a panic that repeats.
type recovered struct{ next Runner }

func (d recovered) Run(ctx context.Context, t Task, r Reporter) (outcome Outcome, err error) {
	steps := &lastStep{Reporter: r}
	defer func() {
		if value := recover(); value != nil {
			hclog.FromContext(ctx).Debug("panic", "value", value, "stack", string(debug.Stack()))
			outcome, err = Outcome{}, fmt.Errorf("panic after step %d: %v", steps.done, value)
		}
	}()
	return d.next.Run(ctx, t, steps)
}

// lastStep is a Reporter that records the last step.
type lastStep struct {
	Reporter
	done int
}

func (c *lastStep) Progress(step int) {
	c.done = step
	c.Reporter.Progress(step)
}
