package app

import (
	"context"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep/model"
)

// Sampler returns a sampler of the model of the only selected task of the sweep in
// Config.Out, from its stored result, and the width of its time steps in milliseconds.
// The selection names no sweep. Sampler changes and trains nothing.
func Sampler(ctx context.Context, c Config, s queue.Selection, seed uint64) (*model.Sampler, float64, error) {
	a, err := openStored(ctx, c)
	if err != nil {
		return nil, 0, err
	}
	defer a.Close()
	return a.view.Sampler(ctx, s.Has, seed)
}
