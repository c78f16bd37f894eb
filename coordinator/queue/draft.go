package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"slices"
	"time"

	"spiqsweep/sweep"
)

// maxCost bounds what a task may be said to cost, in seconds: 30 years.
const maxCost = 1e9

// maxRows bounds the rows of a plan.
const maxRows = 1 << 26

// Draft is a plan that no sweep has: it is being written or taken away.
type Draft struct {
	Plan    string // its key
	Touched time.Time
}

// draftTerm is how long nobody may touch a draft before it is taken for one that
// a coordinator has left behind, and is taken away with the next plan.
const draftTerm = 10 * time.Minute

// draft is a plan that is being written.
type draft struct {
	queue    *Queue
	wanted   Sweep  // as it shall be
	before   Sweep  // as it was at the beginning; without a revision if it was not
	key      string // of the draft
	sum      planSum
	rows     []uint64 // a bit for each row that is taken
	revision Revision
	replaced string // the plan that is to be taken away: of the revision before, or the draft itself
}

// beginDraft makes a draft for a sweep.
func (q *Queue) beginDraft(ctx context.Context, s Sweep) (*draft, error) {
	if err := q.clearStale(ctx); err != nil {
		return nil, err
	}
	d := &draft{queue: q, wanted: s, sum: newPlanSum()}
	err := q.update(ctx, func(c *call) (err error) {
		if d.before, _, err = c.begun(s); err != nil {
			return err
		}
		if d.key, err = c.newPlanKey(s.ID, d.before.Plan); err != nil {
			return err
		}
		return c.tx.PutDraft(Draft{Plan: d.key, Touched: c.now})
	})
	if err != nil {
		return nil, err
	}
	return d, nil
}

// newPlanKey makes a key that no plan has. It is short, since it stands in every
// entry of several indexes.
func (c *call) newPlanKey(sweepID, plan string) (string, error) {
	drafts, err := c.tx.Drafts()
	if err != nil {
		return "", err
	}
	for n := 0; ; n++ {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", sweepID, c.now.UnixMicro(), n))
		key := hex.EncodeToString(sum[:6])
		if key != plan && !slices.ContainsFunc(drafts, func(d Draft) bool { return d.Plan == key }) {
			return key, nil
		}
	}
}

// write stores the tasks and makes them the sweep's plan.
func (d *draft) write(ctx context.Context, tasks iter.Seq2[Planned, error]) (Revision, error) {
	page := make([]Planned, 0, d.queue.policy.PlanPage)
	for task, err := range tasks {
		if err == nil {
			err = d.check(task)
		}
		if err != nil {
			return Revision{}, err
		}
		d.sum.add(task)
		if page = append(page, task); len(page) == cap(page) {
			if err := d.put(ctx, page); err != nil {
				return Revision{}, err
			}
			page = page[:0]
		}
	}
	if err := d.put(ctx, page); err != nil {
		return Revision{}, err
	}
	return d.finish(ctx)
}

// check looks at a task alone; whether its ID was planned before, the store knows.
func (d *draft) check(p Planned) error {
	switch {
	case p.Task.ID == "":
		return fmt.Errorf("%w: the task of row %d has no ID", ErrInvalid, p.Row)
	case p.Row < 0 || p.Row >= maxRows || d.taken(p.Row):
		return fmt.Errorf("%w: row = %d of task %s: must be from 0 to %d and of no other task", ErrInvalid, p.Row, p.Task.ID, maxRows-1)
	case !(p.Cost >= 0 && p.Cost <= maxCost):
		return fmt.Errorf("%w: cost = %v of task %s: must be from 0 to %v seconds", ErrInvalid, p.Cost, p.Task.ID, maxCost)
	}
	return nil
}

// taken says whether a row is taken, and takes it.
func (d *draft) taken(row int) bool {
	for row/64 >= len(d.rows) {
		d.rows = append(d.rows, 0)
	}
	bit := uint64(1) << (row % 64)
	before := d.rows[row/64]&bit != 0
	d.rows[row/64] |= bit
	return before
}

// put stores a page of tasks.
func (d *draft) put(ctx context.Context, page []Planned) error {
	var kept, done int
	err := d.queue.update(ctx, func(c *call) error {
		kept, done = 0, 0
		if err := c.touch(d); err != nil {
			return err
		}
		records, err := c.addRecords(page)
		if err != nil {
			return err
		}
		for i, p := range page {
			had, err := c.place(d, p, records[i])
			if err != nil {
				return err
			}
			if had {
				kept++
			}
			if records[i].State() == sweep.Done {
				done++
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	d.revision.Kept += kept
	d.revision.Added += len(page) - kept
	d.revision.AlreadyDone += done
	return nil
}

// touch says that the draft is being written. One that was silent for long may
// be gone.
func (c *call) touch(d *draft) error {
	drafted, err := c.drafted(d.key)
	if err != nil {
		return err
	}
	if !drafted {
		return fmt.Errorf("%w: the plan took more than %v between two pages: try again", ErrUnavailable, draftTerm)
	}
	return c.tx.PutDraft(Draft{Plan: d.key, Touched: c.now})
}

// drafted says whether a plan is a draft.
func (c *call) drafted(plan string) (bool, error) {
	drafts, err := c.tx.Drafts()
	return slices.ContainsFunc(drafts, func(d Draft) bool { return d.Plan == plan }), err
}

// addRecords returns the records of a page of tasks: those of new ones wait.
func (c *call) addRecords(page []Planned) ([]Record, error) {
	ids := make([]sweep.TaskID, len(page))
	for i, p := range page {
		ids[i] = p.Task.ID
	}
	return c.tx.AddRecords(ids)
}

// place puts a task into the draft. It says whether the plan before had it.
func (c *call) place(d *draft, p Planned, r Record) (kept bool, err error) {
	if err := c.tx.PutSpecification(Specification{Task: p.Task, Cost: p.Expected()}); err != nil {
		return false, err
	}
	if err := c.tx.PutPlanned(d.key, p, r); err != nil || d.before.Plan == "" {
		return false, err
	}
	return c.tx.Plans(d.before.Plan, p.Task.ID)
}
