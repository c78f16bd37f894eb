package runner

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/gan"
	"spiqsweep/simulator/random"
	"spiqsweep/sweep/failpoint"
)

// trainer is what a training needs of *gan.Trainer.
type trainer interface {
	Step() error
	Steps() int
	Angles() []float64 // [time][layer][qubit][RY, RZ] flattened
	Measure(on bool)
	Losses() (critic, generator float64)
	GradientNorm() float64
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

// spiqgan runs the tasks of the model "spiqgan".
type spiqgan struct {
	kernel          circuit.Kernel
	data            *dataCache
	checkpointEvery time.Duration
	now             func() time.Time // affects only when checkpoints are made
	newTrainer      func(gan.Settings, random.Training, gan.Windows) (trainer, error)
}

func (s *spiqgan) Run(ctx context.Context, t Task, r Reporter) (Outcome, error) {
	run, err := s.begin(ctx, t, r)
	if err != nil {
		return Outcome{}, err
	}
	if err := run.train(ctx); err != nil {
		return Outcome{}, err
	}
	result, err := run.evaluate(ctx)
	if err != nil {
		return Outcome{}, err
	}
	if err := result.Validate(t.Configuration); err != nil {
		return Outcome{}, fmt.Errorf("the result is invalid: %w", err)
	}
	failpoint.Reach("worker.trained")
	return Outcome{Result: result}, nil
}

// run is the state of a task in progress.
type run struct {
	*spiqgan
	task      Task
	reporter  Reporter
	data      *data
	generator gan.Generator
	trainer   trainer
	history   *history
	trace     *trace
	saved     int       // step of the last checkpoint
	savedAt   time.Time // time of the last checkpoint, or of the start
}

// begin prepares a task and resumes from its checkpoint.
func (s *spiqgan) begin(ctx context.Context, t Task, r Reporter) (*run, error) {
	c := t.Configuration
	data, err := s.data.get(t)
	if err != nil {
		return nil, err
	}
	settings := settingsOf(c, s.kernel)
	run := &run{spiqgan: s, task: t, reporter: r, data: data, generator: settings.Generator, savedAt: s.now()}
	if run.trainer, err = s.newTrainer(settings, addressOf(c), data.windows); err != nil {
		return nil, err
	}
	if run.history, err = newHistory(c, settings.Generator, data.seen.Statistics); err != nil {
		return nil, err
	}
	run.trace = newTrace(c, run.trainer)
	if len(t.Checkpoint) > 0 {
		log := hclog.FromContext(ctx)
		if err := run.resume(t.Checkpoint); err != nil {
			log.Warn("the checkpoint is invalid: starting from step 0", "error", err)
		} else {
			log.Debug("resumed", "step", run.trainer.Steps())
		}
	}
	return run, nil
}

// resume restores the state of a checkpoint. If it fails, the state is unchanged.
func (r *run) resume(body []byte) error {
	c, err := decodeCheckpoint(body, r.task.ID)
	if err != nil {
		return err
	}
	if err := r.trainer.UnmarshalBinary(c.Trainer); err != nil {
		return err
	}
	r.saved, r.history.points, r.trace.traceState = r.trainer.Steps(), c.History, c.Trace
	return nil
}

// train makes the remaining steps. When ctx ends, it saves a checkpoint and
// returns ErrStopped.
func (r *run) train(ctx context.Context) error {
	first := r.trainer.Steps()
	r.reporter.Progress(first)
	for {
		if err := r.history.note(r.trainer); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return r.stop()
		}
		done := r.trainer.Steps() == r.task.Configuration.Training.Steps
		if unsaved := r.now().Sub(r.savedAt); unsaved >= r.checkpointEvery || done && unsaved >= minUnsaved {
			if err := r.save(); err != nil {
				return err
			}
		}
		if done {
			return nil
		}
		if err := r.step(); err != nil {
			return err
		}
		if r.reporter.Progress(r.trainer.Steps()); r.trainer.Steps() == first+1 {
			hclog.FromContext(ctx).Debug("the first step is done", "step", first+1)
		}
	}
}

// step makes one step of the training. The error of an overflow names the settings
// that cause it.
func (r *run) step() error {
	r.trace.before(r.trainer.Steps() + 1)
	err := r.trainer.Step()
	if err == nil {
		r.trace.note(r.trainer.Steps())
	}
	if errors.Is(err, gan.ErrNotFinite) {
		c := r.task.Configuration
		remedy := fmt.Sprintf("lower generator_learning_rate (%g)", c.Training.GeneratorLearningRate)
		if c.Objective == string(gan.WGAN) {
			remedy += fmt.Sprintf(" or critic_learning_rate (%g)", c.Training.CriticLearningRate)
		}
		return fmt.Errorf("%w: %s", err, remedy)
	}
	return err
}

// stop saves a last checkpoint and returns ErrStopped.
func (r *run) stop() error {
	if err := r.save(); err != nil {
		return err
	}
	return ErrStopped
}

// save reports a checkpoint, unless the current step has one.
func (r *run) save() error {
	step := r.trainer.Steps()
	r.savedAt = r.now()
	if step == r.saved {
		return nil
	}
	state, err := r.trainer.MarshalBinary()
	if err != nil {
		return fmt.Errorf("make checkpoint at step %d: %w", step, err)
	}
	body, err := checkpoint{Task: r.task.ID, Trainer: state, History: r.history.points, Trace: r.trace.traceState}.encode()
	if err != nil {
		return fmt.Errorf("make checkpoint at step %d: %w", step, err)
	}
	failpoint.Reach("worker.checkpoint")
	r.saved = step
	r.reporter.Checkpoint(step, body)
	return nil
}
