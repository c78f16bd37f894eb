package queue

import (
	"context"
	"fmt"
)

// Lose ends the leases of processes that are known to have ended, sooner than
// their silence would. A coordinator knows it of its own local workers: when it
// sees one end, and when it comes back itself, for they ended with it. That is
// excused: nothing is blamed on the tasks. If such a process calls all the same,
// it is one that was taken for lost.
//
// It returns how many of the processes it knew to be alive.
//
// Errors: ErrUnavailable.
func (q *Queue) Lose(ctx context.Context, ended func(process string) bool, excused bool) (alive int, err error) {
	err = q.update(ctx, func(c *call) error {
		alive = 0
		present, err := c.tx.Present()
		if err != nil {
			return err
		}
		for _, p := range present {
			if !ended(p.ID) {
				continue
			}
			alive++
			p.Unheard = p.Unheard || excused
			if err := c.bury(p, "the process has ended"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("take note of processes that have ended: %w", err)
	}
	return alive, nil
}

// Alive returns the IDs of the processes that have called and that neither have
// left nor were silent for a lease term.
//
// Errors: ErrUnavailable.
func (q *Queue) Alive(ctx context.Context) (map[string]bool, error) {
	alive := map[string]bool{}
	err := q.view(ctx, func(c *call) error {
		present, err := c.tx.Present()
		for _, p := range present {
			alive[p.ID] = true
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list the processes that are alive: %w", err)
	}
	return alive, nil
}
