package queue

import (
	"context"
	"fmt"
	"math"
	"time"

	"spiqsweep/sweep"
)

// Sweep is a live sweep: the newest revision of its grid.
type Sweep struct {
	ID          string // random, kept in the output folder
	Name        string // a label
	Revision    int    // counts the grids from 1; Plan sets it
	Grid        []byte // the grid's text as it was run
	Numerics    int    // of every task of the sweep
	KernelClass string
	CreatedAt   time.Time // Plan sets it
	// Turn orders the sweeps that share a store: the smallest is served next.
	// Plan and the grants set it.
	Turn int64
	// Plan is the key of the newest revision's plan. Plan sets it.
	Plan string
	// Digest is that of the plan: see [Digest]. Plan takes it, if it is given, and
	// sets it.
	Digest string
}

// Planned is a task in its place within a sweep.
type Planned struct {
	Task  sweep.Task
	Row   int     // position in results.csv
	Order int     // position in the order of execution
	Cost  float64 // seconds on the reference kernel
}

// Expected is the cost as a time, to the microsecond.
func (p Planned) Expected() time.Duration {
	return time.Duration(math.Round(p.Cost*1e6)) * time.Microsecond
}

// Revision says what a plan changed.
type Revision struct {
	Number      int
	Added       int // tasks new to the sweep
	Kept        int // tasks that the revision before had too
	Dropped     int // tasks that only the revision before had
	AlreadyDone int // of Added and Kept: finished before, whichever sweep asked
}

// Row is a planned task and what is known of it. In a stream of rows, the
// configuration and the recording are left out unless there is a Reason: who
// knows the grid knows them.
type Row struct {
	Planned
	Phase  Phase
	State  sweep.State
	Reason string // why it failed, or how its results differ
	// Digest is that of the accepted result, Measures what tables show of it, as
	// sweep.Measures.Encode writes it. They are empty unless it is done or diverged.
	Digest   string
	Measures []byte
}

// Sweep returns a sweep. Errors: ErrUnknown, ErrUnavailable.
func (q *Queue) Sweep(ctx context.Context, id string) (Sweep, error) {
	var s Sweep
	err := q.view(ctx, func(c *call) (err error) {
		s, err = c.sweep(id)
		return err
	})
	if err != nil {
		return Sweep{}, fmt.Errorf("look up sweep: %w", err)
	}
	return s, nil
}

// Summary is a sweep, without its grid, and how far it is.
type Summary struct {
	Sweep
	Counts Counts
}

// Sweeps lists the live sweeps, by turn. It reads sums, not every task.
// Errors: ErrUnavailable.
func (q *Queue) Sweeps(ctx context.Context) ([]Summary, error) {
	var summaries []Summary
	err := q.view(ctx, func(c *call) (err error) {
		summaries, err = c.summaries()
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list sweeps: %w", err)
	}
	return summaries, nil
}

func (c *call) summaries() ([]Summary, error) {
	sweeps, err := c.tx.Sweeps()
	if err != nil {
		return nil, err
	}
	summaries := make([]Summary, len(sweeps))
	for i, s := range sweeps {
		tallies, err := c.tx.Tallies(s.Plan)
		if err != nil {
			return nil, err
		}
		summaries[i] = Summary{Sweep: s, Counts: count(tallies)}
	}
	return summaries, nil
}

func (c *call) sweep(id string) (Sweep, error) {
	s, found, err := c.tx.Sweep(id)
	if err == nil && !found {
		err = fmt.Errorf("%w: sweep %q", ErrUnknown, id)
	}
	return s, err
}
