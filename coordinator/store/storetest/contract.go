package storetest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/proto/protocol"
	"spiqsweep/sweep"
)

// Run tests the contract of queue.Store. open must return an empty store each time.
func Run(t *testing.T, open func(t testing.TB, now func() time.Time) queue.Store) {
	queuetest.RunScenarios(t, "contract", contract, open)
}

var contract = []queuetest.Scenario{
	{Name: "a failed call has no effect", Run: rollBack},
	{Name: "a view cannot write", Run: viewOnly},
	{Name: "a commit wakes callers if it was announced", Run: announced},
	{Name: "tasks are added to a plan and dropped by pages", Run: planPages},
	{Name: "a compressed result is returned uncompressed", Run: compressedResult},
	{Name: "the last tick", Run: lastTick},
	{Name: "the time is the same throughout a call", Run: timeOnce},
	{Name: "a call with an ended context does not run", Run: contextEnds},
	{Name: "a panic reaches the caller", Run: panics},
	{Name: "a closed store is unavailable", Run: closed},
}

var ctx = context.Background()

var errRefused = errors.New("refused")

func rollBack(t *testing.T, f *queuetest.Fixture) {
	f.Plan("A", queuetest.Plan(0, 3, 10))
	w := f.Worker(1)
	lease := w.Take()
	w.Checkpoint(lease, 5)
	want := queue.Counts{Planned: 3, Leased: 1, Pending: 2}
	err := f.Store.Update(ctx, nil, func(tx queue.Tx) error {
		task := lease.Task
		a, _, err := tx.Sweep("A")
		return queuetest.FirstError(
			func() error { return err },
			func() error { return tx.PutRecord(queue.Record{Task: task, Phase: queue.Done}) },
			func() error { return tx.PutAttempt(queue.Attempt{Lease: queue.Lease{Task: task, Attempt: 2}}) },
			func() error { return tx.PutSweep(queue.Sweep{ID: "B"}) },
			func() error { _, err := tx.DropPlanned(a.Plan, 1); return err },
			func() error {
				return tx.PutPresence(queue.Presence{Process: queue.Process{ID: "ghost"}, Deadline: f.Clock.Now()})
			},
			func() error { return tx.PutResult(task, "digest", queue.StoredResult{Body: []byte("body")}) },
			func() error { return tx.DeleteCheckpoint(task) },
			func() error { return tx.PutRecording("digest", []byte("body")) },
			func() error { return tx.SetTurn("A", 99) },
			func() error { return errRefused },
		)
	})
	if !errors.Is(err, errRefused) {
		t.Fatalf("Update = %v: want the call's error", err)
	}
	f.WantCounts("A", want)
	f.Read(func(tx queue.Tx) (err error) {
		var sweeps []queue.Sweep
		var ghost, result, recording bool
		var step uint64
		err = queuetest.FirstError(
			func() error { sweeps, err = tx.Sweeps(); return err },
			func() error { _, ghost, err = tx.Presence("ghost"); return err },
			func() error { _, result, err = tx.Result(lease.Task, "digest"); return err },
			func() error { _, recording, err = tx.Recording("digest"); return err },
			func() error { step, err = tx.CheckpointStep(lease.Task); return err },
		)
		if err != nil {
			return err
		}
		if len(sweeps) != 1 || sweeps[0].Turn == 99 || ghost || result || recording || step != 5 {
			t.Errorf("after the failed call: %d sweeps, process %v, result %v, recording %v; step %d", len(sweeps), ghost, result, recording, step)
		}
		return nil
	})
}

func viewOnly(t *testing.T, f *queuetest.Fixture) {
	f.Plan("A", queuetest.Plan(0, 2, 10))
	held := f.Worker(1).Sync().Assignments[0]
	task := held.Task
	for name, write := range map[string]func(queue.Tx) error{
		"PutSweep":         func(tx queue.Tx) error { return tx.PutSweep(queuetest.Sweep("A")) },
		"DeleteSweep":      func(tx queue.Tx) error { return tx.DeleteSweep("A") },
		"SetTurn":          func(tx queue.Tx) error { return tx.SetTurn("A", 9) },
		"PutDraft":         func(tx queue.Tx) error { return tx.PutDraft(queue.Draft{Plan: "x"}) },
		"AddPlanned":       func(tx queue.Tx) error { _, err := tx.AddPlanned("x", "", queuetest.Plan(0, 1, 10)); return err },
		"DropPlanned":      func(tx queue.Tx) error { _, err := tx.DropPlanned("x", 1); return err },
		"PutRecord":        func(tx queue.Tx) error { return tx.PutRecord(queue.Record{Task: task, Phase: queue.Done}) },
		"PutAttempt":       func(tx queue.Tx) error { return tx.PutAttempt(queue.Attempt{Lease: held.Lease, Process: "x"}) },
		"PutPresence":      func(tx queue.Tx) error { return tx.PutPresence(queue.Presence{Process: queue.Process{ID: "x"}}) },
		"Tick":             func(tx queue.Tx) error { _, err := tx.Tick(f.Clock.Now()); return err },
		"PutResult":        func(tx queue.Tx) error { return tx.PutResult(task, "x", queue.StoredResult{}) },
		"PutCheckpoint":    func(tx queue.Tx) error { return tx.PutCheckpoint(task, 7, nil) },
		"DeleteCheckpoint": func(tx queue.Tx) error { return tx.DeleteCheckpoint(task) },
		"PutRecording":     func(tx queue.Tx) error { return tx.PutRecording("x", nil) },
	} {
		if err := f.Store.View(ctx, write); err == nil {
			t.Errorf("%s in a view: want an error", name)
		}
	}
	// The cache must not have the refused writes, either.
	wantAbsent := func(what string, read func(queue.Tx) (bool, error)) {
		t.Helper()
		err := f.Store.View(ctx, func(tx queue.Tx) error {
			found, err := read(tx)
			if found {
				t.Errorf("%s was refused but is found", what)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
	wantAbsent("a record", func(tx queue.Tx) (bool, error) {
		r, _, err := tx.Record(task)
		return r.Phase == queue.Done, err
	})
	wantAbsent("an attempt", func(tx queue.Tx) (bool, error) {
		a, _, err := tx.Attempt(held.Lease)
		return a.Process == "x", err
	})
	wantAbsent("a process", func(tx queue.Tx) (bool, error) {
		_, present, err := tx.Presence("x")
		return present, err
	})
	wantAbsent("a checkpoint", func(tx queue.Tx) (bool, error) {
		step, err := tx.CheckpointStep(task)
		return step > 0, err
	})
}

func compressedResult(t *testing.T, f *queuetest.Fixture) {
	f.Plan("A", queuetest.Plan(0, 1, 10))
	task, body, measures := queuetest.Task(0).ID, bytes.Repeat([]byte("body"), 1000), []byte("measures")
	err := f.Store.Update(ctx, nil, func(tx queue.Tx) error {
		return tx.PutResult(task, "digest", queue.StoredResult{Body: body, Packed: protocol.Pack(body), Measures: measures})
	})
	if err != nil {
		t.Fatal(err)
	}
	err = f.Store.Update(ctx, nil, func(tx queue.Tx) error {
		got, found, err := tx.Result(task, "digest")
		if err != nil {
			return err
		}
		if diff := cmp.Diff(queue.StoredResult{Body: body, Measures: measures}, got); diff != "" || !found {
			t.Errorf("found: %v (-want +got):\n%s", found, diff)
		}
		return tx.DeleteResult(task, "digest") // no attempt has reported it
	})
	if err != nil {
		t.Fatal(err)
	}
}

// planPages adds two pages of tasks to a plan and drops them again: task 0 is done, task 1
// leased and task 2 waiting, all in the plan of sweep A; tasks 3 to 5 are new.
func planPages(t *testing.T, f *queuetest.Fixture) {
	f.Plan("A", queuetest.Plan(0, 3, 10))
	w := f.Worker(1)
	w.Sync(queuetest.Finished(w.Take(), 0))
	err := f.Store.Update(ctx, nil, func(tx queue.Tx) error {
		a, _, err := tx.Sweep("A")
		add := func(from, to int, previous string, want queue.AddedPage) func() error {
			return func() error {
				added, err := tx.AddPlanned("x", previous, queuetest.Plan(from, to, 10))
				if err == nil && added != want {
					t.Errorf("tasks %d to %d: %+v: want %+v", from, to-1, added, want)
				}
				return err
			}
		}
		list := func(after, limit int, want ...queue.PlannedTask) func() error {
			return func() error {
				tasks, err := tx.PlannedTasks("x", after, limit)
				if err == nil && !slices.Equal(tasks, want) {
					t.Errorf("%d tasks after row %d: %v: want %v", limit, after, tasks, want)
				}
				return err
			}
		}
		planned := func(number int, phase queue.Phase) queue.PlannedTask {
			return queue.PlannedTask{Task: queuetest.Task(number).ID, Row: number, Phase: phase}
		}
		prefixed := func(prefix sweep.TaskID, limit int, want ...int) func() error {
			return func() error {
				tasks, err := tx.PlannedWithPrefix("x", prefix, limit)
				if err == nil && !slices.Equal(tasks, taskIDs(want...)) {
					t.Errorf("%d tasks with the prefix %q: %v: want those of %v", limit, prefix, tasks, want)
				}
				return err
			}
		}
		drop := func(limit int, want ...int) func() error {
			return func() error {
				tasks, err := tx.DropPlanned("x", limit)
				if err == nil && !slices.Equal(tasks, taskIDs(want...)) {
					t.Errorf("dropped %v: want those of %v", tasks, want)
				}
				return err
			}
		}
		drafts := func(want int) func() error {
			return func() error {
				drafts, err := tx.Drafts()
				if err == nil && len(drafts) != want {
					t.Errorf("drafts %v: want %d", drafts, want)
				}
				return err
			}
		}
		tallies := func(want int) func() error {
			return func() error {
				tallies, err := tx.Tallies("x")
				tasks := 0
				for _, tally := range tallies {
					tasks += tally.Tasks
				}
				if err == nil && tasks != want {
					t.Errorf("tallies %v: want %d tasks", tallies, want)
				}
				return err
			}
		}
		return queuetest.FirstError(
			func() error { return err },
			func() error { return tx.PutDraft(queue.Draft{Plan: "x", Touched: tx.Now()}) },
			add(0, 0, a.Plan, queue.AddedPage{}),
			add(0, 4, a.Plan, queue.AddedPage{New: 4, Kept: 3, Done: 1}),
			add(2, 6, "", queue.AddedPage{New: 2}),
			tallies(6),
			list(-1, 3, planned(0, queue.Done), planned(1, queue.Leased), planned(2, queue.Waiting)),
			list(3, 3, planned(4, queue.Waiting), planned(5, queue.Waiting)),
			list(5, 3),
			prefixed("", 10, 0, 1, 2, 3, 4, 5),
			prefixed("00", 2, 0, 1),
			prefixed(queuetest.Task(4).ID, 2, 4),
			prefixed("1", 2),
			prefixed("0-", 2),
			func() error {
				s, found, err := tx.Specification(queuetest.Task(5).ID)
				if err == nil && (!found || s.Cost != 10*time.Second) {
					t.Errorf("specification of task 5: %+v, %v", s, found)
				}
				return err
			},
			drop(3, 0, 1, 2), tallies(3), drafts(1),
			drop(4, 3, 4, 5), tallies(0), drafts(0),
			drop(1),
			func() error { return errRefused }, // no sweep has this plan
		)
	})
	if !errors.Is(err, errRefused) {
		t.Error(err)
	}
}

func taskIDs(numbers ...int) []sweep.TaskID {
	var ids []sweep.TaskID
	for _, n := range numbers {
		ids = append(ids, queuetest.Task(n).ID)
	}
	return ids
}

func announced(t *testing.T, f *queuetest.Fixture) {
	call := func(announce bool, err error) {
		t.Helper()
		changed := f.Store.Changed()
		got := f.Store.Update(ctx, nil, func(tx queue.Tx) error {
			if announce {
				tx.Announce()
			}
			queuetest.WantWoken(t, false, changed)
			return err
		})
		if !errors.Is(got, err) {
			t.Fatal(got)
		}
		queuetest.WantWoken(t, announce && err == nil, changed)
	}
	call(false, nil)
	call(true, errRefused)
	call(true, nil)
	call(true, nil)
}

func lastTick(t *testing.T, f *queuetest.Fixture) {
	want := f.Clock.Now() // the fixture has ticked
	for _, reason := range []error{errRefused, nil, nil} {
		now := want.Add(time.Hour)
		err := f.Store.Update(ctx, nil, func(tx queue.Tx) error {
			last, err := tx.Tick(now)
			if err == nil && !last.Equal(want) {
				t.Errorf("last tick at %v: want %v", last, want)
			}
			return errors.Join(err, reason)
		})
		if !errors.Is(err, reason) {
			t.Fatal(err)
		}
		if reason == nil {
			want = now
		}
	}
}

func timeOnce(t *testing.T, f *queuetest.Fixture) {
	f.Clock.Advance(1234567 * time.Nanosecond)
	f.Read(func(tx queue.Tx) error {
		first := tx.Now()
		f.Clock.Advance(time.Hour)
		if again := tx.Now(); !again.Equal(first) {
			t.Errorf("now is %v, then %v", first, again)
		}
		if first.Location() != time.UTC || first.Nanosecond()%1000 != 0 {
			t.Errorf("now = %v: want whole microseconds in UTC", first)
		}
		return nil
	})
}

func contextEnds(t *testing.T, f *queuetest.Fixture) {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	err := f.Store.Update(ended, nil, func(queue.Tx) error {
		t.Error("the call ran, although its context had ended before")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Update = %v: want %v", err, context.Canceled)
	}
}

func panics(t *testing.T, f *queuetest.Fixture) {
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = f.Store.Update(ctx, nil, func(tx queue.Tx) error {
			if err := tx.PutSweep(queuetest.Sweep("A")); err != nil {
				return err
			}
			panic("a fault of the rules")
		})
	}()
	if _, err := f.Queue.Sweep(ctx, "A"); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("after the panic: %v: want %v", err, queue.ErrUnknown)
	}
}

func closed(t *testing.T, f *queuetest.Fixture) {
	for range 2 {
		if err := f.Store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Queue.Sweep(ctx, "A"); !errors.Is(err, queue.ErrUnavailable) {
		t.Errorf("after closing: %v: want %v", err, queue.ErrUnavailable)
	}
	f.Store.Store = emptied{f.Store.Store}
}

// emptied lets a fixture be closed whose store is already closed.
type emptied struct{ queue.Store }

func (emptied) View(context.Context, func(queue.Tx) error) error { return nil }
