package queue

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// expectTerm is how long the announcement of more tasks holds.
const expectTerm = time.Minute

// expectedPlan begins the key of the draft that announces more tasks of a sweep. It has
// no tasks.
const expectedPlan = "expected "

// Expect announces that results may decide on further tasks of a sweep. For a minute,
// processes without work then wait instead of learning that all is done. The planner
// repeats the announcement while it follows the sweep, and withdraws it (more = false) when
// no task can follow. The sweep need not be planned yet. Errors: ErrUnavailable.
func (q *Queue) Expect(ctx context.Context, sweepID string, more bool) error {
	err := q.update(ctx, func(c *call) error {
		if more {
			return c.tx.PutDraft(Draft{Plan: expectedPlan + sweepID, Touched: c.now})
		}
		c.closed = true
		return c.expectNone(sweepID)
	})
	if err != nil {
		return fmt.Errorf("announce tasks of sweep %q: %w", sweepID, err)
	}
	return nil
}

// expectNone withdraws the announcement of more tasks of a sweep.
func (c *call) expectNone(sweepID string) error {
	_, err := c.tx.DropPlanned(expectedPlan+sweepID, 1)
	return err
}

// expected lists the sweeps of which more tasks are announced.
func (c *call) expected() (sweeps []string, err error) {
	drafts, err := c.tx.Drafts()
	for _, d := range drafts {
		if id, isExpected := strings.CutPrefix(d.Plan, expectedPlan); isExpected && c.now.Sub(d.Touched) < expectTerm {
			sweeps = append(sweeps, id)
		}
	}
	return sweeps, err
}

func (c *call) isExpected(sweepID string) (bool, error) {
	sweeps, err := c.expected()
	return slices.Contains(sweeps, sweepID), err
}
