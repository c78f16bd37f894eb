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
	"spiqsweep/sweep"
	"spiqsweep/sweep/failpoint"
)

// trainer is what a training needs of *gan.Trainer.
type trainer interface {
	Step() error
	Steps() int
	Angles() []float64 // [time][layer][qubit][RY, RZ] flattened
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

// spiqgan runs the tasks of the model "spiqgan".
type spiqgan struct {
	kernel          circuit.Kernel
	data            *dataShelf
	checkpointEvery time.Duration
	now             func() time.Time // decides when, never what
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
		return Outcome{}, fmt.Errorf("the result cannot be right: %w", err)
	}
	failpoint.Reach("worker.trained")
	return Outcome{Result: result}, nil
}

// run is one task under way.
type run struct {
	*spiqgan
	task      Task
	reporter  Reporter
	data      *data
	generator gan.Generator
	trainer   trainer
	history   *history
	saved     int       // step of the newest checkpoint
	savedAt   time.Time // of it, or of the beginning
}

// begin prepares a task and goes back to its checkpoint.
func (s *spiqgan) begin(ctx context.Context, t Task, r Reporter) (*run, error) {
	c := t.Configuration
	if c.Model != sweep.ModelSpiQGAN {
		return nil, fmt.Errorf("this worker does not know the model %q", c.Model)
	}
	if t.Raster.Neurons != c.Neurons {
		return nil, fmt.Errorf("the recording has %d cells, the task wants %d", t.Raster.Neurons, c.Neurons)
	}
	data, err := s.data.of(t)
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
	if len(t.Checkpoint) > 0 {
		log := hclog.FromContext(ctx)
		if err := run.resume(t.Checkpoint); err != nil {
			log.Warn("the checkpoint is refused: starting from step 0", "error", err)
		} else {
			log.Debug("resumed", "step", run.trainer.Steps())
		}
	}
	return run, nil
}

// resume takes the state of a checkpoint, or none of it.
func (r *run) resume(body []byte) error {
	c, err := decodeCheckpoint(body, r.task.ID)
	if err != nil {
		return err
	}
	if err := r.trainer.UnmarshalBinary(c.Trainer); err != nil {
		return err
	}
	r.saved, r.history.points = r.trainer.Steps(), c.History
	return nil
}

// train makes the steps that are left. When ctx ends it leaves a checkpoint
// and returns ErrStopped.
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
		if unsaved := r.now().Sub(r.savedAt); unsaved >= r.checkpointEvery || done && unsaved >= worthEvaluating {
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

// step makes one step of the training. An overflow is the settings' fault, so the
// error names those that cause it.
func (r *run) step() error {
	err := r.trainer.Step()
	if errors.Is(err, gan.ErrNotFinite) {
		t := r.task.Configuration.Training
		return fmt.Errorf("%w: lower generator_learning_rate (%g) or critic_learning_rate (%g)", err, t.GeneratorLearningRate, t.CriticLearningRate)
	}
	return err
}

// stop leaves a last checkpoint.
func (r *run) stop() error {
	if err := r.save(); err != nil {
		return err
	}
	return ErrStopped
}

// save offers a checkpoint, unless the present step has one.
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
	body, err := checkpoint{Task: r.task.ID, Trainer: state, History: r.history.points}.encode()
	if err != nil {
		return fmt.Errorf("make checkpoint at step %d: %w", step, err)
	}
	failpoint.Reach("worker.checkpoint")
	r.saved = step
	r.reporter.Checkpoint(step, body)
	return nil
}
