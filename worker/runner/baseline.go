package runner

import (
	"context"
	"fmt"

	"spiqsweep/simulator/baseline"
	"spiqsweep/sweep"
)

// byModel runs tasks of all models.
type byModel struct {
	trained, fitted Runner
}

func (m byModel) Run(ctx context.Context, t Task, r Reporter) (Outcome, error) {
	if t.Raster.Neurons != t.Configuration.Neurons {
		return Outcome{}, fmt.Errorf("the recording has %d neurons, the task needs %d", t.Raster.Neurons, t.Configuration.Neurons)
	}
	if t.Configuration.IsFitted() {
		return m.fitted.Run(ctx, t, r)
	}
	return m.trained.Run(ctx, t, r)
}

// fitted runs the tasks of models that are not trained. A fit takes seconds and is one
// step, so there are no checkpoints.
type fitted struct{ data *dataCache }

func (f *fitted) Run(ctx context.Context, t Task, r Reporter) (Outcome, error) {
	r.Progress(0)
	result, err := f.fit(t)
	switch {
	case ctx.Err() != nil:
		return Outcome{}, ErrStopped
	case err != nil:
		return Outcome{}, err
	}
	if err := result.Validate(t.Configuration); err != nil {
		return Outcome{}, fmt.Errorf("the result is invalid: %w", err)
	}
	return Outcome{Result: result}, nil
}

func (f *fitted) fit(t Task) (sweep.Result, error) {
	data, err := f.data.get(t)
	if err != nil {
		return sweep.Result{}, err
	}
	model, err := baseline.Fit(t.Configuration.Model, data.windows)
	if err != nil {
		return sweep.Result{}, err
	}
	measured, err := model.Statistics()
	if err != nil {
		return sweep.Result{}, err
	}
	result := data.compare(measured)
	if t.Configuration.HasLikelihood() {
		seen, unseen := data.scored(t.Configuration)
		result.Likelihood = likelihoodOf(seen.Likelihood(model.LogLikelihood), unseen.Likelihood(model.LogLikelihood))
	}
	result.TrainableParameters = model.Parameters()
	result.Parameters = sweep.KeptParameters(t.Configuration, model.Values())
	result.Samples = model.Sample(addressOf(t.Configuration).Stream(generated), sweep.SampleWindows)
	return result, nil
}
