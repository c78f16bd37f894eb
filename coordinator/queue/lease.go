package queue

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

// renew stores the reported progress of a process's leases and returns its live
// attempts. An expired lease becomes live again if the task was not granted since.
// (registerCall has moved the deadline.)
func (c *call) renew(r SyncRequest) ([]Attempt, error) {
	live, err := c.tx.HeldBy(r.ID)
	if err != nil {
		return nil, err
	}
	place := make(map[Lease]int, len(live))
	for i, a := range live {
		place[a.Lease] = i
	}
	for _, h := range r.Held {
		i, ok := place[h.Lease]
		if !ok {
			a, revived, err := c.revive(r.ID, h.Lease)
			if err != nil {
				return nil, err
			}
			if !revived {
				if _, err := c.storeLacks(r.Process, h.Lease, h.Proven); err != nil {
					return nil, err
				}
				continue
			}
			i = len(live)
			live, place[h.Lease] = append(live, a), i
		}
		if err := c.progress(&live[i], h); err != nil {
			return nil, err
		}
	}
	return live, nil
}

// progress stores the step that the holder of an attempt reports. It caps the step at
// the task's last, since a worker may report any number.
func (c *call) progress(a *Attempt, h Held) error {
	if h.Step > a.Step {
		s, err := c.specification(a.Task)
		if err != nil {
			return err
		}
		h.Step = min(h.Step, uint64(s.Configuration.Training.Steps))
	}
	if h.Step <= a.Step && (a.Started || !h.Started) {
		return nil
	}
	a.Step = max(a.Step, h.Step)
	a.Started = a.Started || h.Started
	return c.tx.PutAttempt(*a)
}

// revive makes an expired lease of a process live again if the task was not granted
// since, a sweep still refers to it, and neither it nor a task that the process holds now
// is exclusive. The loss is no longer recorded.
func (c *call) revive(process string, l Lease) (a Attempt, revived bool, err error) {
	a, found, err := c.tx.Attempt(l)
	if err != nil || !found || a.Process != process {
		return a, false, err
	}
	r, current, err := c.current(a)
	if err != nil || !current {
		return a, false, err
	}
	wanted, err := c.tx.Referring(l.Task)
	if err != nil || len(wanted) == 0 {
		return a, false, err
	}
	attempts, err := c.tx.Attempts(l.Task)
	if err != nil {
		return a, false, err
	}
	a.reopen()
	attempts[slices.IndexFunc(attempts, func(b Attempt) bool { return b.Attempt == a.Attempt })] = a
	r.Phase, r.Reason, r.Exclusive = Leased, "", c.policy.blame(attempts, r.Pardoned).exclusive
	if free, err := c.mayHold(process, r); err != nil || !free {
		return a, false, err
	}
	if err := c.tx.PutAttempt(a); err != nil {
		return a, false, err
	}
	return a, true, c.tx.PutRecord(r)
}

// mayHold reports whether a process may hold a task in addition to its live leases: an
// exclusive task is the only one of its holder.
func (c *call) mayHold(process string, r Record) (bool, error) {
	held, err := c.tx.HeldBy(process)
	if err != nil || len(held) == 0 {
		return err == nil, err
	}
	other, err := c.record(held[0].Task)
	return !r.Exclusive && !other.Exclusive, err
}

// current reports whether an attempt may still change its task: it is the newest, it is
// live, lost or withdrawn, and the task is not done. It returns the task's record.
func (c *call) current(a Attempt) (r Record, ok bool, err error) {
	r, err = c.record(a.Task)
	if err != nil {
		return r, false, err
	}
	open := a.Outcome == Live || a.Outcome == Lost || a.Outcome == Withdrawn
	return r, open && r.Attempt == a.Attempt && r.Phase != Done, nil
}

// Tick expires leases and ends back-offs. Each coordinator calls it about every second,
// from one goroutine.
//
// If no coordinator has ticked for Policy.FrozenAfter, or the clock was set, processes
// may have been silent only because the coordinators were frozen, suspended or killed.
// The first to tick then extends every lease by a full term instead of expiring any. If
// such a process never calls again, its tasks are not blamed. A coordinator's first tick
// does the same, because its predecessor may have just ended and its processes with it,
// but it skips processes that were extended since their last call, so that repeated
// restarts do not keep the leases of dead processes alive.
func (q *Queue) Tick(ctx context.Context) error {
	q.mu.Lock()
	ticked, busy := q.ticked, q.busy
	q.mu.Unlock()
	var open int
	err := q.update(ctx, func(c *call) (err error) {
		if err := c.tick(ticked); err != nil {
			return err
		}
		// Of two concurrent calls that finish the last two tasks, neither sees the
		// other's, so neither announces the end.
		open, err = c.countOpen()
		c.wake = c.wake || busy && open == 0
		return err
	})
	if err != nil {
		return fmt.Errorf("tick: %w", err)
	}
	q.health.ticked()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ticked, q.busy = true, open > 0
	return nil
}

func (c *call) tick(ticked bool) error {
	last, err := c.tx.Tick(c.now)
	if err != nil {
		return err
	}
	if away := c.now.Sub(last).Abs() >= c.policy.FrozenAfter; away || !ticked {
		err = c.extend(away)
	} else {
		err = c.expire()
	}
	if err != nil {
		return err
	}
	due := c.now
	if last.Sub(c.now) >= c.policy.FrozenAfter {
		due = c.now.Add(math.MaxInt64) // the clock was set back, so the ends of back-offs mean nothing
	}
	return c.endBackOffs(due)
}

// extend gives every process with a deadline a full term. Unless all is set, it skips
// those that have not called since the last extension, which has set ExcuseLoss.
func (c *call) extend(all bool) error {
	present, err := c.tx.Present(time.Time{})
	if err != nil {
		return err
	}
	for _, p := range present {
		if p.ExcuseLoss && !all {
			continue
		}
		p.Deadline, p.ExcuseLoss = c.now.Add(c.policy.LeaseTerm), true
		if err := c.tx.PutPresence(p); err != nil {
			return err
		}
	}
	return nil
}

// expire ends the leases of processes whose deadline has passed.
func (c *call) expire() error {
	overdue, err := c.tx.Present(c.now)
	if err != nil {
		return err
	}
	for _, p := range overdue {
		if err := c.expireProcess(p, fmt.Sprintf("the process was silent for %v", c.policy.LeaseTerm)); err != nil {
			return err
		}
	}
	return nil
}

// expireProcess ends the leases of a process as lost and removes its deadline.
func (c *call) expireProcess(p Presence, reason string) error {
	held, err := c.tx.HeldBy(p.ID)
	if err != nil {
		return err
	}
	for _, a := range held {
		if err := c.lose(a, p, len(held) == 1, reason); err != nil {
			return err
		}
	}
	p.Deadline = time.Time{}
	return c.tx.PutPresence(p)
}

// duePage bounds how many ended back-offs endBackOffs reads per query.
const duePage = 256

// endBackOffs makes the tasks whose back-off ends by a time wait again.
func (c *call) endBackOffs(by time.Time) error {
	for {
		due, err := c.tx.Due(by, duePage)
		if err != nil {
			return err
		}
		for _, task := range due {
			r, err := c.record(task)
			if err != nil {
				return err
			}
			r.Phase, r.NotBefore = Waiting, time.Time{}
			if err := c.tx.PutRecord(r); err != nil {
				return err
			}
			c.wake = true
		}
		if len(due) < duePage {
			return nil
		}
	}
}

// MarkLost ends the leases of processes that are known to have ended, without waiting for
// their deadline. A coordinator calls it for its local workers, when one ends and when
// the coordinator starts again, since they ended with its predecessor. If excused is
// set, the tasks are not blamed. If such a process does call again, it is treated like
// one that was lost by silence.
//
// MarkLost returns how many of the processes had a deadline.
//
// Errors: ErrUnavailable.
func (q *Queue) MarkLost(ctx context.Context, ended func(process string) bool, excused bool) (alive int, err error) {
	err = q.update(ctx, func(c *call) error {
		alive = 0
		present, err := c.tx.Present(time.Time{})
		if err != nil {
			return err
		}
		for _, p := range present {
			if !ended(p.ID) {
				continue
			}
			alive++
			p.ExcuseLoss = p.ExcuseLoss || excused
			if err := c.expireProcess(p, "the process has ended"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("mark ended processes as lost: %w", err)
	}
	return alive, nil
}

// Alive returns the IDs of the processes that have called within the last lease term
// and have not left.
//
// Errors: ErrUnavailable.
func (q *Queue) Alive(ctx context.Context) (map[string]bool, error) {
	alive := map[string]bool{}
	err := q.view(ctx, func(c *call) error {
		present, err := c.tx.Present(time.Time{})
		for _, p := range present {
			alive[p.ID] = true
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list live processes: %w", err)
	}
	return alive, nil
}
