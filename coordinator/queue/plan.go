package queue

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"iter"
	"math"
	"slices"
	"time"

	"spiqsweep/sweep"
)

// Plan stores a new sweep or the next revision of one. Tasks that are already in the
// store keep their state, so finished tasks are done for every sweep. Tasks that only the
// previous revision had are withdrawn unless another sweep refers to them. An unchanged
// plan makes no new revision; if s.Digest is the [Digest] of its plan, Plan recognises
// that without reading the tasks. Limits.Until replaces the stored time. Limits.Parallel and
// Note replace the stored ones unless they are KeepParallel and "". So does Recording, if the
// plan is unchanged. A plan neither pauses nor resumes.
//
// Plan writes the tasks as a draft, in many transactions, so that workers are served in
// between. The last one makes the draft the sweep's plan. Until then, and after a crash
// or an error, the sweep is unchanged. Plan is fastest if the tasks come in the order of
// execution. If two calls plan a sweep concurrently, the last to finish wins.
//
// Errors: ErrInvalid if two tasks share an ID or a row; ErrMismatch if the sweep has
// other numerics or another kernel class; ErrUnavailable; an error of the stream of tasks.
func (q *Queue) Plan(ctx context.Context, s Sweep, tasks iter.Seq2[Planned, error]) (Revision, error) {
	revision, err := q.plan(ctx, s, tasks)
	if err != nil {
		return Revision{}, fmt.Errorf("plan sweep %q: %w", s.Name, err)
	}
	return revision, nil
}

func (q *Queue) plan(ctx context.Context, s Sweep, tasks iter.Seq2[Planned, error]) (Revision, error) {
	switch {
	case s.ID == "":
		return Revision{}, fmt.Errorf("%w: the sweep has no ID", ErrInvalid)
	case s.Parallel < KeepParallel || s.Parallel > math.MaxInt32:
		return Revision{}, fmt.Errorf("%w: parallel = %d: must be from 0 to %d", ErrInvalid, s.Parallel, math.MaxInt32)
	}
	if s.Digest != "" {
		if revision, same, err := q.keepIfUnchanged(ctx, s); err != nil || same {
			return revision, err
		}
	}
	d, err := q.beginDraft(ctx, s)
	if err != nil {
		return Revision{}, err
	}
	revision, err := d.write(ctx, tasks)
	if err != nil {
		// If this fails, a later plan deletes the stale draft.
		_, fault := q.deletePlan(ctx, d.key)
		return Revision{}, errors.Join(err, fault)
	}
	dropped, err := q.deletePlan(ctx, d.obsolete)
	if err != nil {
		return Revision{}, err
	}
	if d.obsolete != d.key {
		revision.Dropped = max(0, dropped-revision.Kept) // dropped counts all tasks of the previous plan
	}
	return revision, nil
}

// keepIfUnchanged reports whether the stored plan of a sweep has the digest s.Digest. If
// so, it updates everything else that a plan sets.
func (q *Queue) keepIfUnchanged(ctx context.Context, s Sweep) (Revision, bool, error) {
	var revision Revision
	var same bool
	err := q.update(ctx, func(c *call) error {
		revision, same = Revision{}, false
		before, found, err := c.existing(s)
		if err != nil || !found || before.Digest != s.Digest {
			return err
		}
		same = true
		revision, err = c.keepPlan(before, s)
		return err
	})
	if err != nil {
		return Revision{}, false, err
	}
	return revision, same, nil
}

// existing looks up a sweep that is to be planned again. Its arithmetic must be the same.
func (c *call) existing(s Sweep) (before Sweep, found bool, err error) {
	before, found, err = c.tx.Sweep(s.ID)
	if err != nil || !found {
		return before, false, err
	}
	if reason, with := SweepMismatch(before.Arithmetic(), s.Arithmetic()); reason != "" {
		return before, true, fmt.Errorf("%w: the sweep %s: resume it with %s", ErrMismatch, reason, with)
	}
	return before, true, nil
}

// keepPlan updates the name, the grid, the note, the recording's name and the limits of a sweep whose plan is
// unchanged.
func (c *call) keepPlan(before, s Sweep) (Revision, error) {
	tallies, err := c.tx.Tallies(before.Plan)
	if err != nil {
		return Revision{}, err
	}
	kept := before
	before.Recording = cmp.Or(s.Recording, before.Recording)
	if before.Limits, before.Note = before.planned(s); s.Name != before.Name || string(s.Grid) != string(before.Grid) {
		before.Revision++
		before.Name, before.Grid = s.Name, s.Grid
	}
	if before.Revision != kept.Revision || before.Limits != kept.Limits || before.Note != kept.Note || before.Recording != kept.Recording {
		c.wake = true // the limits may allow more
		if err := c.tx.PutSweep(before); err != nil {
			return Revision{}, err
		}
	}
	counts := count(tallies)
	c.closed = true
	return Revision{Number: before.Revision, Kept: counts.Planned, AlreadyDone: counts.Done}, nil
}

// maxCost bounds the cost of a task, in seconds: 30 years.
const maxCost = 1e9

// maxRows bounds the rows of a plan.
const maxRows = 1 << 26

// Draft is a plan that belongs to no sweep, because it is being written or deleted.
type Draft struct {
	Plan    string // its key
	Touched time.Time
}

// draftTerm is how long a draft may be unchanged before the next plan deletes it as one
// that a crashed coordinator has left behind.
const draftTerm = 10 * time.Minute

// draftWriter writes a plan as a draft.
type draftWriter struct {
	queue    *Queue
	wanted   Sweep  // with the new name and grid
	before   Sweep  // the stored sweep when the draft began, or zero
	key      string // of the draft
	sum      planSum
	rows     []uint64 // a bit for each row in use
	revision Revision
	obsolete string // the plan to delete: the previous one, or the draft if both are equal
}

// beginDraft starts a draft for a sweep.
func (q *Queue) beginDraft(ctx context.Context, s Sweep) (*draftWriter, error) {
	if err := q.deleteStaleDrafts(ctx); err != nil {
		return nil, err
	}
	d := &draftWriter{queue: q, wanted: s, sum: newPlanSum()}
	err := q.update(ctx, func(c *call) (err error) {
		if d.before, _, err = c.existing(s); err != nil {
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

// newPlanKey returns an unused key. It is short, because several indexes repeat it in
// every entry.
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
func (d *draftWriter) write(ctx context.Context, tasks iter.Seq2[Planned, error]) (Revision, error) {
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

// check validates a task. put finds repeated IDs.
func (d *draftWriter) check(p Planned) error {
	switch {
	case p.Task.ID == "":
		return fmt.Errorf("%w: the task of row %d has no ID", ErrInvalid, p.Row)
	case p.Row < 0 || p.Row >= maxRows || d.takeRow(p.Row):
		return fmt.Errorf("%w: row = %d of task %s: must be from 0 to %d and of no other task", ErrInvalid, p.Row, p.Task.ID, maxRows-1)
	case !(p.Cost >= 0 && p.Cost <= maxCost):
		return fmt.Errorf("%w: cost = %v of task %s: must be from 0 to %v seconds", ErrInvalid, p.Cost, p.Task.ID, maxCost)
	}
	return nil
}

// takeRow marks a row as used and reports whether it was already.
func (d *draftWriter) takeRow(row int) bool {
	for row/64 >= len(d.rows) {
		d.rows = append(d.rows, 0)
	}
	bit := uint64(1) << (row % 64)
	before := d.rows[row/64]&bit != 0
	d.rows[row/64] |= bit
	return before
}

// put stores a page of tasks.
func (d *draftWriter) put(ctx context.Context, page []Planned) error {
	var added AddedPage
	err := d.queue.update(ctx, func(c *call) (err error) {
		if err := c.touch(d); err != nil {
			return err
		}
		added, err = c.tx.AddPlanned(d.key, d.before.Plan, page)
		if again := len(page) - added.New; err == nil && again > 0 {
			err = fmt.Errorf("%w: two rows are the same task: %d rows repeat the task of another", ErrInvalid, again)
		}
		return err
	})
	if err != nil {
		return err
	}
	d.revision.Kept += added.Kept
	d.revision.Added += len(page) - added.Kept
	d.revision.AlreadyDone += added.Done
	return nil
}

// touch updates the time of a draft. It fails if the draft was deleted as stale.
func (c *call) touch(d *draftWriter) error {
	drafted, err := c.drafted(d.key)
	if err != nil {
		return err
	}
	if !drafted {
		return fmt.Errorf("%w: the plan took more than %v between two pages: try again", ErrUnavailable, draftTerm)
	}
	return c.tx.PutDraft(Draft{Plan: d.key, Touched: c.now})
}

// drafted reports whether a plan is a draft.
func (c *call) drafted(plan string) (bool, error) {
	drafts, err := c.tx.Drafts()
	return slices.ContainsFunc(drafts, func(d Draft) bool { return d.Plan == plan }), err
}

// finish makes the draft the sweep's plan and the previous plan a draft to delete. If
// both plans are equal, it keeps the previous one and deletes the draft.
func (d *draftWriter) finish(ctx context.Context) (Revision, error) {
	digest := d.sum.digest()
	var revision Revision
	err := d.queue.update(ctx, func(c *call) error {
		revision = d.revision
		if err := c.touch(d); err != nil {
			return err
		}
		s, found, err := c.existing(d.wanted) // a concurrent call may have planned or deleted it
		if err != nil {
			return err
		}
		if found && s.Digest == digest {
			d.obsolete = d.key
			revision, err = c.keepPlan(s, d.wanted)
			return err
		}
		return c.adopt(d, s, found, digest, &revision)
	})
	if err != nil {
		return Revision{}, err
	}
	return revision, nil
}

// adopt makes the draft the plan of its sweep.
func (c *call) adopt(d *draftWriter, s Sweep, found bool, digest string, revision *Revision) error {
	if !found {
		last, err := c.lastTurn()
		if err != nil {
			return err
		}
		s = Sweep{ID: d.wanted.ID, Numerics: d.wanted.Numerics, KernelClass: d.wanted.KernelClass, CreatedAt: c.now, Turn: last + 1}
	}
	d.obsolete = s.Plan
	s.Name, s.Grid, s.Recording, s.Plan, s.Digest = d.wanted.Name, d.wanted.Grid, d.wanted.Recording, d.key, digest
	s.Limits, s.Note = s.planned(d.wanted)
	s.Revision++
	revision.Number = s.Revision
	c.wake = revision.Added > 0
	c.closed = true
	if d.obsolete != "" {
		if err := c.tx.PutDraft(Draft{Plan: d.obsolete, Touched: c.now}); err != nil {
			return err
		}
	}
	return c.tx.PutSweep(s)
}

func (c *call) lastTurn() (last int64, err error) {
	sweeps, err := c.tx.Sweeps()
	for _, s := range sweeps {
		last = max(last, s.Turn)
	}
	return last, err
}

// Digest returns a digest of a plan. Two plans with the same digest have the same tasks
// in the same sequence, with the same positions and costs.
func Digest(tasks iter.Seq2[Planned, error]) (string, error) {
	sum := newPlanSum()
	for task, err := range tasks {
		if err != nil {
			return "", err
		}
		sum.add(task)
	}
	return sum.digest(), nil
}

// planSum computes the digest of a plan.
type planSum struct {
	hash hash.Hash
	line []byte // scratch
}

func newPlanSum() planSum { return planSum{hash: sha256.New()} }

func (s *planSum) add(p Planned) {
	s.line = append(append(s.line[:0], p.Task.ID...), 0)
	s.line = append(append(s.line, p.Task.Recording...), 0)
	for _, n := range []int64{int64(p.Task.ConfigurationIndex), int64(p.Row), int64(p.Order), p.Expected().Microseconds()} {
		s.line = binary.BigEndian.AppendUint64(s.line, uint64(n))
	}
	s.hash.Write(s.line)
}

func (s *planSum) digest() string { return hex.EncodeToString(s.hash.Sum(nil)) }

// deleteStaleDrafts deletes the drafts that a crashed coordinator has left behind.
func (q *Queue) deleteStaleDrafts(ctx context.Context) error {
	var stale []Draft
	err := q.view(ctx, func(c *call) (err error) {
		stale, err = c.tx.Drafts()
		stale = slices.DeleteFunc(stale, func(d Draft) bool { return c.now.Sub(d.Touched) < draftTerm })
		return err
	})
	if err != nil {
		return err
	}
	for _, d := range stale {
		if _, err := q.deletePlan(ctx, d.Plan); err != nil {
			return err
		}
	}
	return nil
}

// deletePlan deletes a draft page by page and counts its tasks.
func (q *Queue) deletePlan(ctx context.Context, plan string) (tasks int, err error) {
	for plan != "" {
		var page int
		var more bool
		err := q.update(ctx, func(c *call) (err error) {
			page, more, err = c.deletePlanPage(plan)
			return err
		})
		if err != nil {
			return tasks, err
		}
		tasks += page
		if !more {
			break
		}
	}
	return tasks, nil
}

// deletePlanPage deletes a page of a draft. It does nothing if the plan is not a draft:
// a commit whose outcome was unknown may have made it a sweep's plan.
func (c *call) deletePlanPage(plan string) (dropped int, more bool, err error) {
	if drafted, err := c.drafted(plan); err != nil || !drafted {
		return 0, false, err
	}
	page, err := c.tx.DropPlanned(plan, c.policy.PlanPage)
	if err != nil {
		return 0, false, err
	}
	for _, task := range page {
		if err := c.release(task); err != nil {
			return 0, false, err
		}
	}
	if len(page) < c.policy.PlanPage {
		return len(page), false, nil
	}
	return len(page), true, c.tx.PutDraft(Draft{Plan: plan, Touched: c.now})
}

// release withdraws the lease of a task that no sweep refers to any more, and ends its
// verification.
func (c *call) release(task sweep.TaskID) error {
	wanted, err := c.tx.Referring(task)
	if err != nil || len(wanted) > 0 {
		return err
	}
	r, err := c.record(task)
	if err != nil {
		return err
	}
	const reason = "no sweep refers to the task any more"
	if r.Verifying {
		if err := c.revoke(r, Withdrawn, reason); err != nil {
			return err
		}
		return c.endVerification(r, "")
	}
	if r.Phase != Leased {
		return nil
	}
	a, found, err := c.tx.Attempt(Lease{Task: task, Attempt: r.Attempt})
	if err != nil || !found {
		return err
	}
	a.end(Withdrawn, reason, c.now)
	return c.endAttempt(a, false)
}
