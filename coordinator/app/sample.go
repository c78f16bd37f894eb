package app

import (
	"context"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep/model"
)

// Sampler returns a sampler of the model of the only selected task, from its stored result,
// and the width of its time steps in milliseconds. The selection names no sweep. Sampler
// changes and trains nothing. It rejects a path "to" that Export rejects, unless it is "".
func (s *Stored) Sampler(ctx context.Context, selected queue.Selection, seed uint64, to string) (*model.Sampler, float64, error) {
	if to != "" {
		if err := s.app.checkTarget(to, false); err != nil {
			return nil, 0, err
		}
	}
	return s.app.view.Sampler(ctx, selected.Has, seed)
}
