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
// Errors: ErrUnavailable.
func (q *Queue) Lose(ctx context.Context, ended func(process string) bool, excused bool) error {
	err := q.update(ctx, func(c *call) error {
		present, err := c.tx.Present()
		if err != nil {
			return err
		}
		for _, p := range present {
			if !ended(p.ID) {
				continue
			}
			p.Unheard = p.Unheard || excused
			if err := c.bury(p, "the process has ended"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("take note of processes that have ended: %w", err)
	}
	return nil
}
