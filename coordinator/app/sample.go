package app

import (
	"context"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep/model"
)

// Sampler returns a sampler of the model of the only selected task of the sweep in
// Config.Out, from its stored result, and the width of its time steps in milliseconds.
// The selection names no sweep. Sampler changes and trains nothing. It rejects a path "to"
// that Export rejects, unless it is "".
func Sampler(ctx context.Context, c Config, s queue.Selection, seed uint64, to string) (*model.Sampler, float64, error) {
	a, err := openStored(ctx, c)
	if err != nil {
		return nil, 0, err
	}
	defer a.Close()
	if to != "" {
		if err := a.checkTarget(to, false); err != nil {
			return nil, 0, err
		}
	}
	return a.view.Sampler(ctx, s.Has, seed)
}
