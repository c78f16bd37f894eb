package queue

import (
	"context"
	"fmt"
	"time"
)

// Status sums a sweep up.
type Status struct {
	Sweep    Sweep
	AsOf     time.Time
	Counts   Counts
	Workers  []Worker // of the whole store, the first MaxListed by ID
	Failed   []Row    // the first MaxListed in order of execution, without results
	Diverged []Row
	// TimeLeft is an estimate: by the cost model, corrected by what finished
	// tasks took, on the slots that are there now. Zero if there is none.
	TimeLeft time.Duration
	// Workforce sums up the workers of the whole store, including those that are not listed.
	Workforce Workforce
	// Warnings say what is wrong with the store; see Queue.Warnings.
	Warnings []string
	// Changes differs from what it was, together with the counts, whenever a row of
	// results.csv has changed.
	Changes int64
}

// Workforce sums up worker processes.
type Workforce struct {
	Processes, Slots, Leaving int
}

// MaxListed bounds each list in a Status, so that an answer has a bounded size.
const MaxListed = 100

// Counts of the tasks of a sweep. Done, Leased, Pending, Failed and Diverged
// add up to Planned; Verifying are those of the done ones that run once more.
type Counts struct {
	Planned, Done, Leased, Pending, Failed, Diverged, Verifying int
}

// Finished says whether nothing is left that could still run.
func (c Counts) Finished() bool { return c.Leased == 0 && c.Pending == 0 && c.Verifying == 0 }

// Worker is a process that has been heard of within the last lease term.
type Worker struct {
	Presence
	Running []Running // of all workers together, the first MaxListed
}

// Running is a live lease.
type Running struct {
	Attempt
	Steps uint64 // that the task has
	cost  time.Duration
}

// Status returns the state of a sweep. It reads sums, not every task.
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
	s.Counts = count(tallies)
	s.Changes = int64(tallies[Done].Arrivals + tallies[Failed].Arrivals + tallies[Diverged].Arrivals)
	if s.Failed, err = c.tx.RowsIn(s.Sweep.Plan, Failed, MaxListed); err != nil {
		return s, err
	}
	if s.Diverged, err = c.tx.RowsIn(s.Sweep.Plan, Diverged, MaxListed); err != nil {
		return s, err
	}
	present, err := c.tx.Present()
	if err != nil {
		return s, err
	}
	suited := 0 // slots
	for _, p := range present {
		s.Workforce.Processes++
		s.Workforce.Slots += p.Slots
		if p.Leaving {
			s.Workforce.Leaving++
		}
		if p.suits(s.Sweep) {
			suited += p.Slots
		}
	}
	if s.Workers, err = c.workers(present[:min(len(present), MaxListed)]); err != nil {
		return s, err
	}
	s.TimeLeft = timeLeft(s.Sweep, tallies, s.Workers, suited)
	return s, nil
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

// workers lists processes and part of what they hold: a thousand workers hold more
// than a person would read several times a second.
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

// timeLeft estimates how long a sweep will still take on so many slots. Its finished
// tasks tell how the cost model compares with the machines.
func timeLeft(s Sweep, tallies map[Phase]Tally, workers []Worker, slots int) time.Duration {
	left := tallies[Waiting].Cost + tallies[BackingOff].Cost + tallies[Leased].Cost
	longest := 0.0
	for _, w := range workers {
		if !w.suits(s) {
			continue
		}
		for _, r := range w.Running {
			share := min(1, float64(r.Step)/float64(max(1, r.Steps)))
			left -= share * r.cost.Seconds()
			longest = max(longest, (1-share)*r.cost.Seconds())
		}
	}
	if slots == 0 {
		return 0
	}
	slowness := 1.0
	if done := tallies[Done]; done.Cost > 0 && done.Compute > 0 {
		slowness = done.Compute / done.Cost
	}
	seconds := slowness * max(left/float64(slots), longest)
	return time.Duration(seconds * float64(time.Second))
}
