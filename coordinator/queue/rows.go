package queue

import (
	"context"
	"fmt"
	"iter"
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
			err := q.view(ctx, func(c *call) (err error) {
				if _, err = c.sweep(sweepID); err == nil {
					page, err = c.tx.Rows(sweepID, after, rowPage)
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
			err := q.view(ctx, func(c *call) (err error) {
				if _, err = c.sweep(sweepID); err == nil {
					page, err = c.tx.History(sweepID, row, attempt, historyPage)
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
