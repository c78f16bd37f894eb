package simulate

import (
	"context"
	"errors"
	"fmt"

	"spiqsweep/coordinator/queue"
)

// gate stands between one process of a coordinator and the store: here calls
// fail, and here the process is killed.
type gate struct {
	store       queue.Store
	coordinator *coordinator
	life        *life
}

// Fate is what happens at a call of the store.
type Fate int

// The fates of a call, and of the process that makes it.
const (
	Served        Fate = iota
	Unavailable        // nothing has happened, and the caller is told
	RolledBack         // everything was done but the commit
	Unanswered         // it is committed, but the caller is told that it may not be
	KilledBefore       // the process dies before the call
	KilledWithin       // … before the commit
	KilledAfter        // … after the commit, before anybody is answered
	numberOfFates = iota
)

var errStore = fmt.Errorf("%w: simulated", queue.ErrUnavailable)

func (g *gate) Update(ctx context.Context, call func(queue.Tx) error) error {
	return g.pass(ctx, call, g.store.Update, g.fate(true))
}

func (g *gate) View(ctx context.Context, call func(queue.Tx) error) error {
	return g.pass(ctx, call, g.store.View, g.fate(false))
}

func (g *gate) Changed() <-chan struct{} { return g.store.Changed() }

func (g *gate) Close() error {
	return errors.New("a coordinator of the simulation does not close its store")
}

func (g *gate) pass(ctx context.Context, call func(queue.Tx) error, on func(context.Context, func(queue.Tx) error) error, fate Fate) error {
	if g.life.dead {
		return errStore
	}
	if fate != Served {
		g.life.log("%s: a call of the store is %v", g.life.name, fate)
	}
	if fate == KilledBefore {
		g.coordinator.kill()
	}
	if fate == KilledBefore || fate == Unavailable {
		return errStore
	}
	err := on(ctx, func(tx queue.Tx) error {
		if err := call(tx); err != nil || fate != RolledBack && fate != KilledWithin {
			return err
		}
		return errStore
	})
	if fate == KilledWithin || fate == KilledAfter {
		g.coordinator.kill()
		return errStore
	}
	if fate == Unanswered && err == nil {
		return errStore
	}
	return err
}

// commitFault is a fault within a call of an operator: of one of its commits.
type commitFault struct {
	spared int // commits before it
	fate   Fate
}

// strikes reports whether a fault hits the present commit.
func (f *commitFault) strikes() bool {
	if f == nil {
		return false
	}
	f.spared--
	return f.spared < 0
}

// drawFault decides whether and where a fault hits the call of an operator.
func (w *world) drawFault() *commitFault {
	if !w.trouble(w.odds.operator) {
		return nil
	}
	fates := [...]Fate{RolledBack, RolledBack, Unanswered, Unanswered, KilledWithin, KilledAfter}
	return &commitFault{spared: w.random.IntN(10), fate: fates[w.random.IntN(len(fates))]}
}

// fate decides what happens at a call of the store, which may be a commit.
func (g *gate) fate(commits bool) Fate {
	w := g.life.world
	if g.life.dead {
		return Served // by nobody
	}
	w.storeCalls++
	switch {
	case commits && w.fault.strikes():
		fate := w.fault.fate
		w.fault = nil
		w.tally[OperatorFaults]++
		return fate
	case w.storeCalls == w.Kill.Call:
		return w.Kill.Fate
	case w.now.Before(w.outage):
		return Unavailable
	case w.trouble(w.odds.store):
		fate := Fate(1 + w.random.IntN(numberOfFates-1))
		w.tally[StoreFaults]++
		return fate
	default:
		return Served
	}
}

func (f Fate) String() string {
	return [...]string{
		"served", "unavailable", "rolled back", "committed but not answered",
		"the death of its process before it began", "its death before the commit", "its death after the commit",
	}[f]
}
