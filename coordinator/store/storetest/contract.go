package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
)

// contract is what queue.Store promises.
var contract = []life{
	{"a failed call leaves nothing behind", rollBack},
	{"a view cannot write", viewOnly},
	{"what is announced is heard after the commit", announced},
	{"the last tick", lastTick},
	{"the time is read once a call", timeOnce},
	{"a context ends the waiting", contextEnds},
	{"a panic is its caller's", panics},
	{"closed", closed},
}

var ctx = context.Background()

var errRefused = errors.New("refused")

func rollBack(t *testing.T, l *Lab) {
	l.Plan("A", Plan(0, 3, 10))
	w := l.Worker(1)
	lease := w.Take()
	w.Checkpoint(lease, 5)
	want := queue.Counts{Planned: 3, Leased: 1, Pending: 2}
	err := l.Store.Update(ctx, func(tx queue.Tx) error {
		task := lease.Task
		return errors.Join(
			tx.PutRecord(queue.Record{Task: task, Phase: queue.Done}),
			tx.PutAttempt(queue.Attempt{Lease: queue.Lease{Task: task, Attempt: 2}}),
			tx.PutSweep(queue.Sweep{ID: "B"}),
			tx.DropPlanned("A", Task(1).ID),
			tx.PutPresence(queue.Presence{Process: queue.Process{ID: "ghost"}, Deadline: l.Clock.Now()}),
			tx.PutResult(task, "digest", queue.StoredResult{Body: []byte("body")}),
			tx.DeleteCheckpoint(task),
			tx.PutRecording("digest", []byte("body")),
			tx.SetTurn("A", 99),
			errRefused,
		)
	})
	if !errors.Is(err, errRefused) {
		t.Fatalf("Update = %v: want the call's error", err)
	}
	l.WantCounts("A", want)
	l.read(func(tx queue.Tx) error {
		sweeps, e1 := tx.Sweeps()
		_, ghost, e2 := tx.Presence("ghost")
		_, result, e3 := tx.Result(lease.Task, "digest")
		_, recording, e4 := tx.Recording("digest")
		step, e5 := tx.CheckpointStep(lease.Task)
		if err := errors.Join(e1, e2, e3, e4, e5); err != nil {
			return err
		}
		if len(sweeps) != 1 || sweeps[0].Turn == 99 || ghost || result || recording || step != 5 {
			t.Errorf("left behind: %d sweeps, process %v, result %v, recording %v; step %d", len(sweeps), ghost, result, recording, step)
		}
		return nil
	})
}

func viewOnly(t *testing.T, l *Lab) {
	for name, write := range map[string]func(queue.Tx) error{
		"put":    func(tx queue.Tx) error { return tx.PutSweep(Sweep("A")) },
		"delete": func(tx queue.Tx) error { return tx.DeleteSweep("A") },
	} {
		if err := l.Store.View(ctx, write); err == nil {
			t.Errorf("%s in a view: want an error", name)
		}
	}
}

func announced(t *testing.T, l *Lab) {
	call := func(announce bool, err error) {
		t.Helper()
		changed := l.Store.Changed()
		got := l.Store.Update(ctx, func(tx queue.Tx) error {
			if announce {
				tx.Announce()
			}
			woken(t, false, changed)
			return err
		})
		if !errors.Is(got, err) {
			t.Fatal(got)
		}
		woken(t, announce && err == nil, changed)
	}
	call(false, nil)
	call(true, errRefused)
	call(true, nil)
	call(true, nil)
}

func lastTick(t *testing.T, l *Lab) {
	want := l.Clock.Now() // the lab has ticked
	read := func(tx queue.Tx) error {
		got, err := tx.LastTick()
		if err == nil && !got.Equal(want) {
			t.Errorf("last tick at %v: want %v", got, want)
		}
		return err
	}
	l.read(read)
	err := l.Store.Update(ctx, func(tx queue.Tx) error {
		return errors.Join(tx.PutLastTick(want.Add(time.Hour)), errRefused)
	})
	if !errors.Is(err, errRefused) {
		t.Fatal(err)
	}
	l.read(read)
}

func timeOnce(t *testing.T, l *Lab) {
	l.Clock.Advance(1234567 * time.Nanosecond)
	l.read(func(tx queue.Tx) error {
		first := tx.Now()
		l.Clock.Advance(time.Hour)
		if again := tx.Now(); !again.Equal(first) {
			t.Errorf("now is %v, then %v", first, again)
		}
		if first.Location() != time.UTC || first.Nanosecond()%1000 != 0 {
			t.Errorf("now = %v: want whole microseconds in UTC", first)
		}
		return nil
	})
}

func contextEnds(t *testing.T, l *Lab) {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	err := l.Store.Update(ended, func(queue.Tx) error {
		t.Error("the call was run, though nobody waited for it from the start")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update = %v: want %v", err, context.Canceled)
	}
}

func panics(t *testing.T, l *Lab) {
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = l.Store.Update(ctx, func(tx queue.Tx) error {
			if err := tx.PutSweep(Sweep("A")); err != nil {
				return err
			}
			panic("a fault of the rules")
		})
	}()
	if _, err := l.Queue.Sweep(ctx, "A"); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("after the panic: %v: want %v", err, queue.ErrUnknown)
	}
}

func closed(t *testing.T, l *Lab) {
	for range 2 {
		if err := l.Store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Queue.Sweep(ctx, "A"); !errors.Is(err, queue.ErrUnavailable) {
		t.Errorf("after closing: %v: want %v", err, queue.ErrUnavailable)
	}
	l.Store.Store = emptied{l.Store.Store}
}

// emptied lets a lab whose store is closed already be closed.
type emptied struct{ queue.Store }

func (emptied) View(context.Context, func(queue.Tx) error) error { return nil }
