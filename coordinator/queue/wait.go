package queue

import (
	"context"
	"fmt"
)

// idle says whether a process asks for work and for nothing else.
func (r SyncRequest) idle() bool {
	return len(r.Held)+len(r.Reports) == 0 && !r.Draining && r.FreeSlots > 0
}

// WouldWait says whether a Sync with this request would have nothing to say:
// the process is known, holds and reports nothing, nothing can be granted to it
// now, and work may still come. (One that is new is noted first: a person sees it
// in the status, and may drain it.) The service then waits for Changed before it calls Sync:
// a second Sync under the same sequence number would be an old call.
func (q *Queue) WouldWait(ctx context.Context, r SyncRequest) (bool, error) {
	if !r.idle() {
		return false, nil
	}
	var wait bool
	err := q.view(ctx, func(c *call) (err error) {
		wait, err = c.wouldWait(r)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("look for work for process %q: %w", r.ID, err)
	}
	return wait, nil
}

func (c *call) wouldWait(r SyncRequest) (bool, error) {
	p, known, err := c.tx.Presence(r.ID)
	if err != nil || !known || r.Sequence <= p.Sequence || p.Leaving {
		return false, err // Sync will say why, or take note of one that is new
	}
	held, err := c.tx.HeldBy(r.ID)
	if err != nil || len(held) > 0 {
		return false, err
	}
	sweeps, err := c.tx.Sweeps()
	if err != nil || admit(r, sweeps) != nil {
		return false, err
	}
	done, err := c.done(SyncAnswer{}, r, sweeps)
	if err != nil || done {
		return false, err
	}
	work, err := c.anything(suitable(r.Process, sweeps))
	return !work, err
}
