package queue

import (
	"context"
	"fmt"
	"math"
	"time"
)

// Tick expires leases and ends back-offs; each coordinator calls it every second
// or so, in one goroutine.
//
// Where nobody has ticked for a while, or the clock was set, the silence of the
// processes may have been the coordinators' own: frozen, suspended, killed. The
// first to tick gives every process a full term before anything expires, and
// blames nothing on the tasks of those that are not heard of again. A coordinator
// that begins does so too, since one may have ended just before and taken its
// processes with it; but for each silence once: one that is started again and
// again does not keep the leases of the dead alive. One that was frozen beside
// others that ticked changes nothing.
func (q *Queue) Tick(ctx context.Context) error {
	q.mu.Lock()
	begun, busy := q.begun, q.busy
	q.mu.Unlock()
	var open int
	err := q.update(ctx, func(c *call) (err error) {
		if err := c.tick(begun); err != nil {
			return err
		}
		// Calls that run at once may each have ended all but the other's last task.
		open, err = c.tx.Open()
		c.stirred = c.stirred || busy && open == 0
		return err
	})
	if err != nil {
		return fmt.Errorf("tick: %w", err)
	}
	q.health.ticked()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.begun, q.busy = true, open > 0
	return nil
}

func (c *call) tick(begun bool) error {
	last, err := c.tx.LastTick()
	if err != nil {
		return err
	}
	if away := c.now.Sub(last).Abs() >= c.policy.FrozenAfter; away || !begun {
		err = c.extend(away)
	} else {
		err = c.expire()
	}
	if err != nil {
		return err
	}
	due := c.now
	if last.Sub(c.now) >= c.policy.FrozenAfter {
		due = c.now.Add(math.MaxInt64) // the clock was set back: it measures no pause that began before
	}
	if err := c.endBackOffs(due); err != nil {
		return err
	}
	return c.tx.PutLastTick(c.now)
}

// extend gives every process that may hold leases a full term; if not again, only
// those that have called since they were given one.
func (c *call) extend(again bool) error {
	present, err := c.tx.Present()
	if err != nil {
		return err
	}
	for _, p := range present {
		if p.Unheard && !again {
			continue
		}
		p.Deadline, p.Unheard = c.now.Add(c.policy.LeaseTerm), true
		if err := c.tx.PutPresence(p); err != nil {
			return err
		}
	}
	return nil
}

// expire ends the leases of processes that have fallen silent.
func (c *call) expire() error {
	overdue, err := c.tx.Overdue(c.now)
	if err != nil {
		return err
	}
	for _, p := range overdue {
		if err := c.bury(p, fmt.Sprintf("the process was silent for %v", c.policy.LeaseTerm)); err != nil {
			return err
		}
	}
	return nil
}

// bury ends the leases of a process that is gone.
func (c *call) bury(p Presence, reason string) error {
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

// duePage bounds how many ended back-offs are read at once.
const duePage = 256

// endBackOffs lets tasks that failed be granted again whose pauses end by then.
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
			c.stirred = true
		}
		if len(due) < duePage {
			return nil
		}
	}
}
