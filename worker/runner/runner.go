package runner

import (
	"context"
	"errors"
	"time"

	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
)

// Task is one training, with all that it needs.
type Task struct {
	ID            sweep.TaskID
	Configuration sweep.Configuration
	Raster        *recording.Raster // all repeats of the chosen cells; nobody changes it
	Checkpoint    []byte            // to go on from; nil: from step 0
}

// Runner turns a task into a result.
type Runner interface {
	// Run trains and evaluates. When ctx ends it makes a last checkpoint and
	// returns ErrStopped, at the latest after the step in progress.
	Run(ctx context.Context, t Task, r Reporter) (Outcome, error)
}

// Reporter hears how a task gets on. Its methods are called from the
// goroutine of Run.
type Reporter interface {
	// Progress says that so many steps are done. Evaluation repeats the last
	// number now and then, as a sign of life.
	Progress(step int)
	// Checkpoint offers the state after a step, which may be kept.
	Checkpoint(step int, body []byte)
}

// Outcome is a result, and the time that this attempt at it took.
type Outcome struct {
	Result      sweep.Result
	ComputeTime time.Duration // of this attempt alone, also if it failed
}

// ErrStopped is returned by a Run whose context ended.
var ErrStopped = errors.New("stopped")
