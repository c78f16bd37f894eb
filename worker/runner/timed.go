package runner

import (
	"context"
	"time"
)

// timed measures how long a run takes.
type timed struct {
	next Runner
	now  func() time.Time
}

func (d timed) Run(ctx context.Context, t Task, r Reporter) (Outcome, error) {
	began := d.now()
	outcome, err := d.next.Run(ctx, t, r)
	outcome.ComputeTime = d.now().Sub(began)
	return outcome, err
}
