package simulate_test

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/deploy/simulate"
)

// bug is a bug that the simulation must find. It is planted between the rules and the
// store, or in the policy, so that the product needs no switch for it.
type bug struct {
	name   string
	plant  func(queue.Tx) queue.Tx
	policy func(*queue.Policy)
	// breaks lists the invariants that the bug may violate, within a number of seeds.
	breaks []simulate.Invariant
	within uint64
}

var bugs = []bug{
	{
		name:   "no fencing",
		plant:  func(tx queue.Tx) queue.Tx { return unfenced{tx} },
		breaks: []simulate.Invariant{simulate.Fencing, simulate.Durable},
		within: 50,
	},
	{
		name:   "renewal by host name",
		plant:  func(tx queue.Tx) queue.Tx { return renewedByHost{tx} },
		breaks: []simulate.Invariant{simulate.DeadLease},
		within: 50,
	},
	{
		name:   "done when nothing is pending",
		plant:  func(tx queue.Tx) queue.Tx { return leasedIsDone{tx} },
		breaks: []simulate.Invariant{simulate.Done},
		within: 20,
	},
	{
		name:   "an old call taken for a new one",
		plant:  func(tx queue.Tx) queue.Tx { return unnumbered{tx} },
		breaks: []simulate.Invariant{simulate.OldCall},
		within: 20,
	},
	{
		name:   "a failure that repeats is retried",
		policy: func(p *queue.Policy) { p.MaxRepeats = math.MaxInt },
		breaks: []simulate.Invariant{simulate.Blame},
		within: 50,
	},
	{
		name:   "all leases expire after a freeze",
		policy: func(p *queue.Policy) { p.FrozenAfter = math.MaxInt64 },
		breaks: []simulate.Invariant{simulate.LiveLease, simulate.Blame},
		within: 50,
	},
	{
		name:   "tasks granted whatever time is left",
		plant:  func(tx queue.Tx) queue.Tx { return untimed{tx} },
		breaks: []simulate.Invariant{simulate.Lifetime},
		within: 20,
	},
}

// untimed lists waiting tasks as if each fitted into the time that is left.
type untimed struct{ queue.Tx }

func (t untimed) Next(plan string, exclusive bool, most time.Duration, limit int) ([]queue.Next, error) {
	next, err := t.Tx.Next(plan, exclusive, math.MaxInt64, limit)
	for i := range next {
		next[i].Cost = min(next[i].Cost, most)
	}
	return next, err
}

// TestBugs plants each bug and runs histories until one violates an invariant.
func TestBugs(t *testing.T) {
	for _, b := range bugs {
		t.Run(b.name, func(t *testing.T) {
			for seed := uint64(1); seed <= b.within; seed++ {
				s := simulate.Setup{Seed: seed, Policy: b.policy}
				if b.plant != nil {
					s.WrapStore = func(store queue.Store) queue.Store { return planted{store, b.plant} }
				}
				found := run(t, s).Violation
				if found == nil {
					continue
				}
				t.Logf("found after %d seeds: %v", seed, found)
				if !slices.Contains(b.breaks, found.Invariant) {
					t.Errorf("seed %d shows the bug by %q, want one of %q", seed, found.Invariant, b.breaks)
				}
				return
			}
			t.Errorf("not found in %d histories", b.within)
		})
	}
}

// planted is a store whose transactions have a bug.
type planted struct {
	queue.Store
	plant func(queue.Tx) queue.Tx
}

func (p planted) Update(ctx context.Context, claim *queue.Claim, call func(queue.Tx) error) error {
	return p.Store.Update(ctx, claim, func(tx queue.Tx) error { return call(p.plant(tx)) })
}

func (p planted) View(ctx context.Context, call func(queue.Tx) error) error {
	return p.Store.View(ctx, func(tx queue.Tx) error { return call(p.plant(tx)) })
}

// unfenced applies every report on a task to its newest attempt.
type unfenced struct{ queue.Tx }

func (t unfenced) Attempt(l queue.Lease) (queue.Attempt, bool, error) {
	a, found, err := t.Tx.Attempt(l)
	if err != nil || !found {
		return a, found, err
	}
	r, _, err := t.Record(l.Task)
	if err != nil {
		return a, false, err
	}
	newest, found, err := t.Tx.Attempt(queue.Lease{Task: l.Task, Attempt: r.Attempt})
	newest.Process = a.Process
	return newest, found, err
}

func (t unfenced) PutAttempt(a queue.Attempt) error {
	stored, found, err := t.Tx.Attempt(a.Lease)
	if err != nil {
		return err
	}
	if found {
		a.Process = stored.Process
	}
	return t.Tx.PutAttempt(a)
}

// renewedByHost renews the leases of all processes of the caller's host.
type renewedByHost struct{ queue.Tx }

func (t renewedByHost) PutPresence(p queue.Presence) error {
	present, err := t.Present(time.Time{})
	if err != nil {
		return err
	}
	for _, other := range present {
		if other.Host == p.Host && other.ID != p.ID && p.Deadline.After(other.Deadline) {
			other.Deadline = p.Deadline
			if err := t.Tx.PutPresence(other); err != nil {
				return err
			}
		}
	}
	return t.Tx.PutPresence(p)
}

// leasedIsDone does not count leased tasks as open.
type leasedIsDone struct{ queue.Tx }

func (t leasedIsDone) CountUnfinished() (int, error) {
	open, err := t.Tx.CountUnfinished()
	if err != nil {
		return 0, err
	}
	sweeps, err := t.Sweeps()
	for _, s := range sweeps {
		if err == nil {
			var tallies map[queue.Phase]queue.Tally
			tallies, err = t.Tallies(s.Plan)
			open -= tallies[queue.Leased].Tasks
		}
	}
	return open, err
}

// unnumbered loses the number of each process's newest call.
type unnumbered struct{ queue.Tx }

func (t unnumbered) Presence(process string) (queue.Presence, bool, error) {
	p, found, err := t.Tx.Presence(process)
	p.Sequence = 0
	return p, found, err
}
