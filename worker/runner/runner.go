package runner

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/gan"
	"spiqsweep/simulator/random"
	"spiqsweep/simulator/recording"
	"spiqsweep/sweep"
)

// Task is one training with its inputs.
type Task struct {
	ID            sweep.TaskID
	Configuration sweep.Configuration
	Raster        *recording.Raster // all repeats of the selected neurons; not modified
	Checkpoint    []byte            // to resume from; nil: start at step 0
	LogPairs      []any             // names and values of each log line besides the ID, such as the attempt
}

// Runner computes the results of tasks.
type Runner interface {
	// Run trains and evaluates the model of a task. When ctx ends, it reports a last
	// checkpoint and returns ErrStopped, at the latest after the step in progress.
	Run(ctx context.Context, t Task, r Reporter) (Outcome, error)
}

// Reporter receives the progress of a task. Run calls its methods on its own
// goroutine.
type Reporter interface {
	// Progress reports the number of steps done. The evaluation repeats the last
	// number regularly, to show that the task is alive.
	Progress(step int)
	// Checkpoint passes on the state after a step. The receiver may keep body.
	Checkpoint(step int, body []byte)
}

// Outcome is a result and the time of the attempt that computed it.
type Outcome struct {
	Result      sweep.Result
	ComputeTime time.Duration // of this attempt, also set if it failed
}

// ErrStopped is the error of a Run whose context ended.
var ErrStopped = errors.New("stopped")

// checkpointEvery is the interval of checkpoints: the work that a crash can lose.
const checkpointEvery = 60 * time.Second

// minUnsaved is the amount of unsaved work from which a checkpoint is made before
// the evaluation, which starts over if it is interrupted.
const minUnsaved = 5 * time.Second

// New returns the runner of a worker. It is safe for concurrent use.
func New(kernel circuit.Kernel, log hclog.Logger) Runner {
	if log.IsDebug() {
		log.Debug("kernel", "name", kernel.Name, "loops_of_512_bits", slices.Concat(kernel.WideLoops(), gan.WideLoops(kernel)))
	}
	data := newDataCache()
	trained := &spiqgan{
		kernel:          kernel,
		data:            data,
		checkpointEvery: checkpointEvery,
		now:             time.Now,
		newTrainer: func(s gan.Settings, address random.Training, real gan.Windows) (trainer, error) {
			return gan.NewTrainer(s, address, real)
		},
	}
	return logged{timed{recovered{byModel{trained, &fitted{data}}}, time.Now}, log}
}

// Failure is an error of a task, with its log.
type Failure struct {
	Err error
	Log string // the last lines of the task's log
	// Reproducible reports whether the error depends only on the task, so that
	// another attempt would fail in the same way.
	Reproducible bool
}

func (f *Failure) Error() string { return f.Err.Error() }

func (f *Failure) Unwrap() error { return f.Err }
