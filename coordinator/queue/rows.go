package queue

import (
	"context"
	"fmt"
	"iter"

	"spiqsweep/sweep"
)

// rowPage and historyPage bound how many rows are read in one transaction:
// others are served between two pages.
const (
	rowPage     = 256
	historyPage = 512
)

// Rows streams the rows of a sweep in row order. Each page of them is of one
// moment, the whole is not, unless nothing changes meanwhile.
// Errors: ErrUnknown, ErrUnavailable; the stream ends with the first.
func (q *Queue) Rows(ctx context.Context, sweepID string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		after := -1
		for {
			var page []Row
			err := q.view(ctx, func(c *call) error {
				s, err := c.sweep(sweepID)
				if err == nil {
					page, err = c.tx.Rows(s.Plan, after, rowPage)
				}
				return err
			})
			if err != nil {
				yield(Row{}, fmt.Errorf("read rows: %w", err))
				return
			}
			for _, row := range page {
				if !yield(row, nil) {
					return
				}
				after = row.Row
			}
			if len(page) < rowPage {
				return
			}
		}
	}
}

// Attempts streams the history of the tasks that a sweep refers to, by row and
// attempt, like Rows.
func (q *Queue) Attempts(ctx context.Context, sweepID string) iter.Seq2[History, error] {
	return func(yield func(History, error) bool) {
		row, attempt := -1, uint64(0)
		for {
			var page []History
			err := q.view(ctx, func(c *call) error {
				s, err := c.sweep(sweepID)
				if err == nil {
					page, err = c.tx.History(s.Plan, row, attempt, historyPage)
				}
				return err
			})
			if err != nil {
				yield(History{}, fmt.Errorf("read attempts: %w", err))
				return
			}
			for _, h := range page {
				if !yield(h, nil) {
					return
				}
				row, attempt = h.Row, h.Attempt.Attempt
			}
			if len(page) < historyPage {
				return
			}
		}
	}
}

// Result returns a result of a task by its digest, as canonical JSON.
// Errors: ErrUnknown, ErrUnavailable.
func (q *Queue) Result(ctx context.Context, task sweep.TaskID, digest string) ([]byte, error) {
	var body []byte
	err := q.view(ctx, func(c *call) error {
		stored, found, err := c.tx.Result(task, digest)
		if err == nil && !found {
			err = ErrUnknown
		}
		body = stored
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fetch result %.100q of task %.100q: %w", digest, task, err)
	}
	return body, nil
}
