package runner

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/simulator/gan"
)

// logBytes bounds the log that a failure carries; its last lines are kept.
const logBytes = 32 << 10

// logged gives each task a log of its own, which those inside find in their
// context, and attaches it to the task's failure. Everything goes to the
// worker's log as well, the failure itself at debug level: the agent logs it.
type logged struct {
	next Runner
	log  hclog.Logger
}

func (l logged) Run(ctx context.Context, t Task, r Reporter) (Outcome, error) {
	lines := &tail{limit: logBytes}
	log := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard})
	log.RegisterSink(forward{l.log.With("task", t.ID)})
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

// forward hands log lines on to another logger.
type forward struct{ log hclog.Logger }

func (f forward) Accept(_ string, level hclog.Level, message string, pairs ...any) {
	f.log.Log(level, message, pairs...)
}

// tail keeps the end of what is written, from the beginning of a line.
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
