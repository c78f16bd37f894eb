package queue

import (
	"context"
	"fmt"
	"time"
)

// Tick expires leases and ends back-offs; it is called every second or so, by
// one goroutine.
//
// A coordinator that finds itself far from its last tick was frozen, suspended
// or started again, or its clock was set: the silence may have been its own. It
// then gives every process a full term before it expires anything, and blames
// nothing on the tasks of those that it does not hear of again.
func (q *Queue) Tick(ctx context.Context) error {
	q.mu.Lock()
	last := q.lastTick
	q.mu.Unlock()
	err := q.update(ctx, func(c *call) error {
		if err := c.tick(last); err != nil {
			return err
		}
		c.tx.OnCommit(func() { q.ticked(c.now) })
		return nil
	})
	if err != nil {
		return fmt.Errorf("tick: %w", err)
	}
	return nil
}

func (q *Queue) ticked(now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lastTick = now
}

func (c *call) tick(last time.Time) error {
	if away := c.now.Sub(last).Abs(); away >= c.policy.FrozenAfter {
		if err := c.extend(); err != nil {
			return err
		}
	} else if err := c.expire(); err != nil {
		return err
	}
	return c.endBackOffs()
}

// extend gives every process that may hold leases a full term.
func (c *call) extend() error {
	present, err := c.tx.Present()
	if err != nil {
		return err
	}
	for _, p := range present {
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
		held, err := c.tx.HeldBy(p.ID)
		if err != nil {
			return err
		}
		for _, a := range held {
			if err := c.lose(a, p, len(held) == 1); err != nil {
				return err
			}
		}
		p.Deadline = time.Time{}
		if err := c.tx.PutPresence(p); err != nil {
			return err
		}
	}
	return nil
}

// duePage bounds how many ended back-offs are read at once.
const duePage = 256

// endBackOffs lets tasks that failed be granted again.
func (c *call) endBackOffs() error {
	for {
		due, err := c.tx.Due(c.now, duePage)
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
