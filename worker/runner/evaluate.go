package runner

import (
	"context"
	"fmt"

	"spiqsweep/simulator/statistics"
	"spiqsweep/sweep"
)

// evaluate computes the result of the trained model and reports progress
// regularly. If ctx ends, it saves a checkpoint at the last step and returns
// ErrStopped.
func (r *run) evaluate(ctx context.Context) (sweep.Result, error) {
	c, angles := r.task.Configuration, r.trainer.Angles()
	m, err := newModel(c, r.generator)
	if err != nil {
		return sweep.Result{}, fmt.Errorf("evaluate: %w", err)
	}
	if err := m.Set(angles); err != nil {
		return sweep.Result{}, fmt.Errorf("evaluate: %w", err)
	}
	m.keepGoing = func() bool {
		r.reporter.Progress(r.trainer.Steps())
		return ctx.Err() == nil
	}
	var measured statistics.Statistics
	if c.Sampled() {
		measured = m.sampled()
	} else {
		measured, err = statistics.Exact(m, r.generator.Noise())
	}
	var likelihood *sweep.Likelihood
	if err == nil && c.HasLikelihood() {
		likelihood, err = r.likelihood(m)
	}
	samples := m.generate(sweep.SampleWindows)
	if ctx.Err() != nil { // then the statistics may be incomplete
		return sweep.Result{}, r.stop()
	}
	if err != nil {
		return sweep.Result{}, err
	}
	result := r.data.compare(measured)
	result.TrainableParameters = r.generator.Parameters()
	result.History, result.Training = r.history.points, r.trace.Points
	result.Likelihood = likelihood
	result.Angles = nested(angles, c)
	result.Samples = samples
	return result, nil
}

// compare returns a result with the statistics of a model, those of the data, and the
// errors with their floors and intervals.
func (d *data) compare(measured statistics.Statistics) sweep.Result {
	result := sweep.Result{
		Errors: statistics.Errors(measured, d.seen.Statistics, d.binMS),
		Floors: d.seen.Floors,
		Model:  measured.Vectors(d.binMS),
		Data:   d.seen.Statistics.Vectors(d.binMS),

		ErrorIntervals: d.seen.Intervals(measured, d.binMS),
	}
	if h := d.heldout; h != nil {
		result.HeldoutErrors = statistics.Errors(measured, h.Statistics, d.binMS)
		result.HeldoutFloors = h.Floors
		result.Heldout = h.Statistics.Vectors(d.binMS)
		result.HeldoutErrorIntervals = h.Intervals(measured, d.binMS)
	}
	return result
}

// likelihood measures how well a model predicts the windows of both parts of the
// recording; nil if that needs too many nodes.
func (r *run) likelihood(m *model) (*sweep.Likelihood, error) {
	seen, unseen := r.data.scored(r.task.Configuration)
	both, err := statistics.ExactLikelihood(m, r.generator.Noise(), seen, unseen)
	if both == nil || err != nil {
		return nil, err
	}
	return likelihoodOf(both[0], both[1]), nil
}

// likelihoodOf combines the likelihoods of the windows that training has seen and of
// the others.
func likelihoodOf(seen, unseen statistics.Likelihood) *sweep.Likelihood {
	return &sweep.Likelihood{
		BitsPerBin: seen.BitsPerBin, HeldoutBitsPerBin: unseen.BitsPerBin,
		HeldoutStandardError: unseen.StandardError, HeldoutUnits: unseen.Units,
	}
}

// nested reshapes flat angles to [time][layer][qubit][RY, RZ].
func nested(flat []float64, c sweep.Configuration) [][][][2]float64 {
	angles := make([][][][2]float64, c.Timesteps)
	for step := range angles {
		angles[step] = make([][][2]float64, c.Circuit.Layers)
		for layer := range angles[step] {
			angles[step][layer] = make([][2]float64, c.Qubits())
			for qubit := range angles[step][layer] {
				angles[step][layer][qubit] = [2]float64(flat)
				flat = flat[2:]
			}
		}
	}
	return angles
}
