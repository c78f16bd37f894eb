package runner

import (
	"fmt"

	"spiqsweep/simulator/gan"
	"spiqsweep/simulator/statistics"
	"spiqsweep/sweep"
)

// history measures the Jensen–Shannon divergence during a training if n·t ≤ 16
// (sweep.MaxStateBits): at step 0, at regular steps and at the end.
type history struct {
	every, last int // steps
	binMS       float64
	real        statistics.Statistics
	model       *model              // nil: too many words, no history
	exact       *statistics.History // nil: from generated windows, like the evaluation
	points      []sweep.HistoryPoint
}

func newHistory(c sweep.Configuration, g gan.Generator, real statistics.Statistics) (*history, error) {
	h := &history{every: c.Evaluation.HistoryEvery, last: c.Training.Steps, binMS: c.Recording.BinMS, real: real}
	if !c.HasState() {
		return h, nil
	}
	var err error
	if h.model, err = newModel(c, g); err != nil {
		return nil, err
	}
	if !c.Sampled() {
		h.exact, err = statistics.NewHistory(real, c.Neurons, c.Timesteps, g.Noise())
	}
	return h, err
}

// note adds a point if the trainer's current step is due and was not measured
// before the last checkpoint.
func (h *history) note(t trainer) error {
	step := t.Steps()
	due := step%h.every == 0 || step == h.last
	if h.model == nil || !due || len(h.points) > 0 && h.points[len(h.points)-1].Step >= step {
		return nil
	}
	bits, err := h.divergence(t.Angles())
	if err != nil {
		return fmt.Errorf("measure history at step %d: %w", step, err)
	}
	h.points = append(h.points, sweep.HistoryPoint{Step: step, JSBits: bits})
	return nil
}

func (h *history) divergence(angles []float64) (float64, error) {
	if err := h.model.Set(angles); err != nil {
		return 0, err
	}
	if h.exact == nil {
		return statistics.Errors(h.model.sampled(), h.real, h.binMS)["js_bits"], nil
	}
	return h.exact.JSBits(h.model)
}
