package queue

import (
	"context"
	"fmt"
	"iter"
	"time"
)

// Status summarises a sweep.
type Status struct {
	Sweep    Sweep
	AsOf     time.Time
	Counts   Counts
	Workers  []Worker // of the whole store, the first MaxListed by ID
	Failed   []Row    // the first MaxListed in order of execution, without results
	Diverged []Row
	// TimeLeft estimates the remaining time on the present slots, by the cost model and
	// the compute times of finished tasks. It is zero without an estimate, and in a pause.
	TimeLeft time.Duration
	// Workforce counts all workers of the store, listed or not.
	Workforce Workforce
	// Warnings list the faults of the store; see Queue.Warnings.
	Warnings []string
	// Changes or Counts changes whenever a row of results.csv does.
	Changes int64
	// MoreExpected reports that results may decide on further tasks; see Queue.Expect.
	MoreExpected bool
	// WorkLeft estimates the compute time of the unfinished tasks, like TimeLeft.
	WorkLeft time.Duration
	// TimeUp reports that Limits.Until leaves nothing to do: tasks are left that cannot
	// end by then.
	TimeUp bool
}

// Workforce counts worker processes and their slots.
type Workforce struct {
	Processes, Slots, Leaving int
}

// MaxListed bounds each list in a Status, and so the size of an answer.
const MaxListed = 100

// Counts are the numbers of tasks of a sweep. Done, Leased, Pending, Failed and Diverged
// add up to Planned. Verifying counts the done tasks that are being verified, Queued the leased
// ones that wait for their slot.
type Counts struct {
	Planned, Done, Leased, Pending, Failed, Diverged, Verifying, Queued int
}

// Running returns the number of tasks in training.
func (c Counts) Running() int { return c.Leased - c.Queued }

// At returns the counts with Queued, for workers with some slots. A slot may hold a batch of
// small tasks, and trains one at a time: the others are queued at the worker.
func (c Counts) At(w Workforce) Counts {
	c.Queued = max(0, c.Leased-w.Slots)
	return c
}

// Finished reports whether no task can still run.
func (c Counts) Finished() bool { return c.Leased == 0 && c.Pending == 0 && c.Verifying == 0 }

// Worker is a process that has called within the last lease term.
type Worker struct {
	Presence
	Running []Running // the first MaxListed of all workers together
}

// Running is a live lease.
type Running struct {
	Attempt
	Steps uint64 // of the task
	cost  time.Duration
}

// Status returns the state of a sweep. It reads tallies, not every task.
// Errors: ErrUnknown, ErrUnavailable.
func (q *Queue) Status(ctx context.Context, sweepID string) (Status, error) {
	var s Status
	err := q.view(ctx, func(c *call) (err error) {
		s, err = c.status(sweepID)
		return err
	})
	if err != nil {
		return Status{}, fmt.Errorf("status: %w", err)
	}
	s.Warnings = q.Warnings()
	return s, nil
}

func (c *call) status(id string) (s Status, err error) {
	s.AsOf = c.now
	if s.Sweep, err = c.sweep(id); err != nil {
		return s, err
	}
	tallies, err := c.tx.Tallies(s.Sweep.Plan)
	if err != nil {
		return s, err
	}
	if s.MoreExpected, err = c.isExpected(id); err != nil {
		return s, err
	}
	s.Changes = int64(tallies[Done].Arrivals + tallies[Failed].Arrivals + tallies[Diverged].Arrivals)
	if s.Failed, err = c.tx.RowsIn(s.Sweep.Plan, Failed, MaxListed); err != nil {
		return s, err
	}
	if s.Diverged, err = c.tx.RowsIn(s.Sweep.Plan, Diverged, MaxListed); err != nil {
		return s, err
	}
	present, err := c.tx.Present(time.Time{})
	if err != nil {
		return s, err
	}
	s.Workforce = workforce(present)
	s.Counts = count(tallies).At(s.Workforce)
	suited := 0 // slots
	for _, p := range present {
		if p.Arithmetic() == s.Sweep.Arithmetic() {
			suited += p.Slots
		}
	}
	if s.Workers, err = c.workers(present[:min(len(present), MaxListed)]); err != nil {
		return s, err
	}
	if s.Sweep.Parallel > 0 {
		suited = min(suited, s.Sweep.Parallel)
	}
	if s.Sweep.Paused {
		suited = 0
	}
	s.WorkLeft, s.TimeLeft = timeLeft(s.Sweep, tallies, s.Workers, suited)
	s.TimeUp, err = c.timeUp(s.Sweep, tallies)
	return s, err
}

func count(tallies map[Phase]Tally) Counts {
	n := Counts{Failed: tallies[Failed].Tasks, Diverged: tallies[Diverged].Tasks}
	for _, t := range tallies {
		n.Planned += t.Tasks
		n.Verifying += t.Verifying
	}
	n.Done = tallies[Done].Tasks + n.Verifying
	n.Leased = tallies[Leased].Tasks - tallies[Leased].Verifying
	n.Pending = n.Planned - n.Done - n.Leased - n.Failed - n.Diverged
	return n
}

// workers lists processes and the first MaxListed of their leases.
func (c *call) workers(present []Presence) (workers []Worker, err error) {
	workers = make([]Worker, len(present))
	listed := 0
	for i, p := range present {
		workers[i].Presence = p
		if listed == MaxListed {
			continue
		}
		if workers[i].Running, err = c.running(p.ID, MaxListed-listed); err != nil {
			return nil, err
		}
		listed += len(workers[i].Running)
	}
	return workers, nil
}

// running lists up to limit leases of a process.
func (c *call) running(process string, limit int) ([]Running, error) {
	held, err := c.tx.HeldBy(process)
	if err != nil {
		return nil, err
	}
	held = held[:min(len(held), limit)]
	running := make([]Running, len(held))
	for i, a := range held {
		s, err := c.specification(a.Task)
		if err != nil {
			return nil, err
		}
		running[i] = Running{Attempt: a, Steps: uint64(s.Configuration.Training.Steps), cost: s.Cost}
	}
	return running, nil
}

// calibratingShare is the share of its steps from which a task tells how long the others take: the
// first ones wait for the start of a worker.
const calibratingShare = 0.05

// timeLeft estimates the remaining compute time of a sweep, and its remaining time on some
// slots, or 0 without slots. The finished tasks calibrate the cost model, or before the first
// one the steps of those that run.
func timeLeft(s Sweep, tallies map[Phase]Tally, workers []Worker, slots int) (work, onSlots time.Duration) {
	left := tallies[Waiting].Cost + tallies[BackingOff].Cost + tallies[Leased].Cost
	longest := 0.0
	cost, took := 0.0, 0.0 // of the steps that running tasks have reported
	for _, w := range workers {
		if w.Arithmetic() != s.Arithmetic() {
			continue
		}
		for _, r := range w.Running {
			share := min(1, float64(r.Step)/float64(max(1, r.Steps)))
			left -= share * r.cost.Seconds()
			longest = max(longest, (1-share)*r.cost.Seconds())
			if share >= calibratingShare && r.Step > r.From {
				cost += float64(r.Step-r.From) / float64(max(1, r.Steps)) * r.cost.Seconds()
				took += w.LastSeen.Sub(r.GrantedAt).Seconds()
			}
		}
	}
	unit := slowness(tallies) * float64(time.Second)
	if tallies[Done].Cost == 0 && cost > 0 && took > 0 {
		unit *= took / cost
	}
	work = time.Duration(unit * left)
	if slots == 0 {
		return work, 0
	}
	return work, time.Duration(unit * max(left/float64(slots), longest))
}

// Find returns a sweep by its ID or its name. An empty string finds the only sweep.
//
// Errors: ErrUnknown if there is no such sweep; ErrInvalid if there are several;
// ErrUnavailable.
func (q *Queue) Find(ctx context.Context, idOrName string) (Sweep, error) {
	var s Sweep
	err := q.view(ctx, func(c *call) (err error) {
		s, err = c.find(idOrName)
		return err
	})
	if err != nil {
		return Sweep{}, fmt.Errorf("find the sweep: %w", err)
	}
	return s, nil
}

func (c *call) find(idOrName string) (Sweep, error) {
	if s, found, err := c.tx.Sweep(idOrName); err != nil || found {
		return s, err
	}
	sweeps, err := c.tx.Sweeps()
	if err != nil {
		return Sweep{}, err
	}
	var matches []Sweep
	for _, s := range sweeps {
		if idOrName == "" || s.Name == idOrName {
			matches = append(matches, s)
		}
	}
	switch {
	case len(matches) == 1:
		return c.sweep(matches[0].ID)
	case len(matches) > 1 && idOrName == "":
		return Sweep{}, fmt.Errorf("%w: there are %d sweeps: name one, as in status SWEEP or cancel --sweep SWEEP", ErrInvalid, len(matches))
	case len(matches) > 1:
		return Sweep{}, fmt.Errorf("%w: %d sweeps are called %q: name one by its ID", ErrInvalid, len(matches), idOrName)
	case idOrName == "":
		return Sweep{}, unknownError("there is no sweep")
	default:
		return Sweep{}, unknown("sweep", idOrName)
	}
}

// rowPage and historyPage bound how many rows one transaction reads. Workers are served
// between two transactions.
const (
	rowPage     = 256
	historyPage = 512
)

// Rows streams the rows of a sweep in row order. It reads them page by page, so rows of
// different pages may show different times. The stream ends with the first error.
// Errors: ErrUnknown, ErrUnavailable.
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

// Configurations streams the first task of each configuration of a sweep by row, with its
// configuration and recording, which a stream of rows omits. It reads them like Rows.
func (q *Queue) Configurations(ctx context.Context, sweepID string) iter.Seq2[Planned, error] {
	return func(yield func(Planned, error) bool) {
		after, last := -1, -1 // the row and the configuration that were read last
		for {
			var page []Row
			var firsts []Planned
			err := q.view(ctx, func(c *call) error {
				firsts = firsts[:0]
				s, err := c.sweep(sweepID)
				if err != nil {
					return err
				}
				if page, err = c.tx.Rows(s.Plan, after, rowPage); err != nil {
					return err
				}
				before := last
				for _, row := range page {
					if row.Task.ConfigurationIndex == before {
						continue
					}
					before = row.Task.ConfigurationIndex
					found, err := c.specification(row.Task.ID)
					if err != nil {
						return err
					}
					row.Task.Configuration, row.Task.Recording = found.Configuration, found.Recording
					firsts = append(firsts, row.Planned)
				}
				return nil
			})
			if err != nil {
				yield(Planned{}, fmt.Errorf("read configurations: %w", err))
				return
			}
			for _, first := range firsts {
				if !yield(first, nil) {
					return
				}
				last = first.Task.ConfigurationIndex
			}
			if len(page) < rowPage {
				return
			}
			after = page[len(page)-1].Row
		}
	}
}

// Attempts streams the attempts of a sweep's tasks by row, then attempt, like Rows.
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

// Sweeps lists the sweeps by turn. It reads tallies, not every task.
// Errors: ErrUnavailable.
func (q *Queue) Sweeps(ctx context.Context) ([]Summary, error) {
	var summaries []Summary
	err := q.view(ctx, func(c *call) (err error) {
		present, err := c.tx.Present(time.Time{})
		if err != nil {
			return err
		}
		summaries, err = c.summaries(workforce(present))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list sweeps: %w", err)
	}
	return summaries, nil
}

// summaries lists the sweeps, which share the workers.
func (c *call) summaries(w Workforce) ([]Summary, error) {
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
		summaries[i] = Summary{Sweep: s, Counts: count(tallies).At(w)}
	}
	return summaries, nil
}

// Overview is the state of the whole store.
type Overview struct {
	Sweeps    []Summary // by turn
	Workforce Workforce
	// LeaseAge is the time since the oldest live lease was granted; 0 without leases.
	LeaseAge time.Duration
	// Silence is the longest time since a present worker has called; 0 without workers.
	Silence time.Duration
}

// Overview returns the state of the whole store. It reads tallies and the present workers,
// not every task. Errors: ErrUnavailable.
func (q *Queue) Overview(ctx context.Context) (Overview, error) {
	var o Overview
	err := q.view(ctx, func(c *call) (err error) {
		o, err = c.overview()
		return err
	})
	if err != nil {
		return Overview{}, fmt.Errorf("read the state of the store: %w", err)
	}
	return o, nil
}

func (c *call) overview() (o Overview, err error) {
	present, err := c.tx.Present(time.Time{})
	if err != nil {
		return o, err
	}
	o.Workforce = workforce(present)
	if o.Sweeps, err = c.summaries(o.Workforce); err != nil {
		return o, err
	}
	for _, p := range present {
		o.Silence = max(o.Silence, c.now.Sub(p.LastSeen))
	}
	granted, found, err := c.tx.OldestGrant()
	if found {
		o.LeaseAge = max(0, c.now.Sub(granted)) // the clock may have been set back
	}
	return o, err
}

// workforce counts processes.
func workforce(present []Presence) (w Workforce) {
	for _, p := range present {
		w.Processes++
		w.Slots += p.Slots
		if p.Leaving {
			w.Leaving++
		}
	}
	return w
}

func (c *call) sweep(id string) (Sweep, error) {
	s, found, err := c.tx.Sweep(id)
	if err == nil && !found {
		err = unknown("sweep", id)
	}
	return s, err
}

// Summary is a sweep, without its grid, and its counts.
type Summary struct {
	Sweep
	Counts Counts
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
