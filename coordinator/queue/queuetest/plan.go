package queuetest

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
)

// planScenarios test sweeps, revisions, and tasks that several sweeps share.
var planScenarios = []Scenario{
	{"only a changed plan is a new revision", revisions},
	{"a finished task is done in every sweep that plans it", shared},
	{"a dropped task is withdrawn", withdrawn},
	{"a withdrawn task that is planned again continues", plannedAgain},
	{"a withdrawn task that was granted again belongs to its new holder", withdrawnAndGrantedAgain},
	{"an invalid plan is an error", badPlans},
	{"a sweep keeps its numerics", keepsNumerics},
	{"a diverged or reopened task is not done for a new plan", plannedDiverged},
	{"a deleted sweep keeps the tasks of other sweeps", deleteSweep},
}

func revisions(t *testing.T, f *Fixture) {
	wantRevision := func(got, want queue.Revision) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("revision (-want +got):\n%s", diff)
		}
	}
	wantRevision(f.Plan("A", Plan(0, 4, 10)), queue.Revision{Number: 1, Added: 4})
	f.WantCounts("A", queue.Counts{Planned: 4, Pending: 4})
	wantRevision(f.Plan("A", Plan(0, 4, 10)), queue.Revision{Number: 1, Kept: 4})

	w := f.Worker(1)
	w.Take()
	w.Sync(Finished(w.Leases()[0].Lease, 0))
	wantRevision(f.Plan("A", Plan(0, 6, 10)), queue.Revision{Number: 2, Added: 2, Kept: 4, AlreadyDone: 1})
	f.WantCounts("A", queue.Counts{Planned: 6, Done: 1, Leased: 1, Pending: 4})

	wantRevision(f.Plan("A", Plan(2, 6, 10)), queue.Revision{Number: 3, Kept: 4, Dropped: 2})
	f.WantCounts("A", queue.Counts{Planned: 4, Pending: 4})

	moved := Plan(2, 6, 20)
	moved[0].Row, moved[3].Row = moved[3].Row, moved[0].Row
	wantRevision(f.Plan("A", moved), queue.Revision{Number: 4, Kept: 4})
	rows := f.Rows("A")
	if len(rows) != 4 || rows[0].Task.ID != Task(5).ID || rows[3].Task.ID != Task(2).ID || rows[0].Cost != 20 {
		t.Errorf("rows after the move: %+v", rows)
	}

	other := Sweep("A")
	other.Grid = []byte("sweep { # with a comment\n}")
	r, err := f.Queue.Plan(ctx, other, Stream(moved))
	if err != nil {
		t.Fatal(err)
	}
	wantRevision(r, queue.Revision{Number: 5, Kept: 4})
	s, err := f.Queue.Sweep(ctx, "A")
	if err != nil || string(s.Grid) != string(other.Grid) || s.Revision != 5 || !s.CreatedAt.Equal(f.Clock.Now()) {
		t.Errorf("sweep = %+v, %v", s, err)
	}
	wantRevision(f.Plan("A", nil), queue.Revision{Number: 6, Dropped: 4})
	f.WantCounts("A", queue.Counts{})
}

func shared(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 10))
	w := f.Worker(1)
	w.Sync(Finished(w.Take(), 0))
	r := f.Plan("B", Plan(0, 3, 10))
	if r.AlreadyDone != 1 {
		t.Errorf("already done: %d", r.AlreadyDone)
	}
	// The worker holds task 1, which both sweeps plan.
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 1, Leased: 1})
	f.WantCounts("B", queue.Counts{Planned: 3, Done: 1, Leased: 1, Pending: 1})
	w.Sync(Finished(w.Leases()[0].Lease, 0))
	f.WantCounts("A", queue.Counts{Planned: 2, Done: 2})
	f.WantCounts("B", queue.Counts{Planned: 3, Done: 2, Leased: 1})
	f.Plan("A", nil)
	if n := len(f.Rows("B")[0].Measures); n == 0 {
		t.Error("the result of a task that one of two sweeps dropped is gone")
	}
}

func withdrawn(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 10))
	f.Plan("B", Plan(1, 2, 10))
	first, second := f.Worker(1), f.Worker(1)
	a, b := first.Take(), second.Take()
	f.Plan("A", nil)
	f.WantCounts("B", queue.Counts{Planned: 1, Leased: 1})

	if got := first.Sync(); len(got.Assignments) != 0 {
		t.Errorf("the worker still holds a task that no sweep plans: %v", got.Assignments)
	}
	if got := second.Sync(); len(got.Assignments) != 1 {
		t.Errorf("a task that sweep B plans was withdrawn: %v", got.Assignments)
	}
	if got := f.Outcomes(a.Task); len(got) != 1 || got[0] != queue.Withdrawn {
		t.Errorf("outcomes of the dropped task: %v", got)
	}
	if r := f.Record(b.Task); r.Phase != queue.Leased {
		t.Errorf("the task of sweep B is %s", r.Phase)
	}
	// A result of the withdrawn task is still accepted.
	if v := first.Sync(Finished(a, 0)).Verdicts; v[0].Judgement != queue.JudgedAccepted {
		t.Errorf("verdict on a result of a withdrawn task: %+v", v[0])
	}
	if r := f.Plan("A", Plan(0, 1, 10)); r.AlreadyDone != 1 {
		t.Errorf("planned again: %+v", r)
	}
}

func plannedAgain(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	w := f.Worker(1)
	lease := w.Take()
	w.Start(lease, 7)
	w.Checkpoint(lease, 7)
	f.Plan("A", nil)
	f.Plan("A", Plan(0, 1, 10))
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
	answer := w.Sync()
	if len(answer.Assignments) != 1 || answer.Assignments[0].Lease != lease || answer.Assignments[0].Work != nil {
		t.Fatalf("assignments: %+v", answer.Assignments)
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Leased: 1})
}

func withdrawnAndGrantedAgain(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	first, second := f.Worker(1), f.Worker(1)
	old := first.Take()
	f.Plan("A", nil)
	f.Plan("A", Plan(0, 1, 10))
	fresh := second.Take()
	if fresh.Attempt != 2 {
		t.Errorf("attempt = %d", fresh.Attempt)
	}
	verdict(t, first.Sync(Finished(old, 0)), queue.JudgedLate)
	if got := f.Outcomes(old.Task); got[0] != queue.Late || got[1] != queue.Live {
		t.Errorf("outcomes: %v", got)
	}
	verdict(t, second.Sync(Finished(fresh, 0)), queue.JudgedAccepted)
	f.WantCounts("A", queue.Counts{Planned: 1, Done: 1})
}

func badPlans(t *testing.T, f *Fixture) {
	plan := func(change func(p []queue.Planned)) []queue.Planned {
		p := Plan(0, 3, 10)
		change(p)
		return p
	}
	for name, p := range map[string][]queue.Planned{
		"a task twice":         plan(func(p []queue.Planned) { p[2].Task = p[0].Task }),
		"a row twice":          plan(func(p []queue.Planned) { p[2].Row = 0 }),
		"a negative row":       plan(func(p []queue.Planned) { p[2].Row = -1 }),
		"a task without an ID": plan(func(p []queue.Planned) { p[1].Task.ID = "" }),
		"a cost below 0":       plan(func(p []queue.Planned) { p[1].Cost = -1 }),
		"a NaN cost":           plan(func(p []queue.Planned) { p[1].Cost = math.NaN() }),
		"an infinite cost":     plan(func(p []queue.Planned) { p[1].Cost = math.Inf(1) }),
	} {
		if _, err := f.TryPlan("A", p); !errors.Is(err, queue.ErrInvalid) {
			t.Errorf("%s: %v: want %v", name, err, queue.ErrInvalid)
		}
	}
	if _, err := f.TryPlan("", nil); !errors.Is(err, queue.ErrInvalid) {
		t.Errorf("a sweep without an ID: %v", err)
	}
	if _, err := f.Queue.Status(ctx, "A"); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("status of a sweep that was never planned: %v", err)
	}
}

func keepsNumerics(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 1, 10))
	for _, change := range []func(*queue.Sweep){
		func(s *queue.Sweep) { s.Numerics++ },
		func(s *queue.Sweep) { s.KernelClass = "simd/test" },
	} {
		s := Sweep("A")
		change(&s)
		if _, err := f.Queue.Plan(ctx, s, Stream(Plan(0, 1, 10))); !errors.Is(err, queue.ErrMismatch) {
			t.Errorf("plan with %d, %q: %v: want %v", s.Numerics, s.KernelClass, err, queue.ErrMismatch)
		}
	}
	f.WantCounts("A", queue.Counts{Planned: 1, Pending: 1})
}

func deleteSweep(t *testing.T, f *Fixture) {
	f.Plan("A", Plan(0, 2, 10))
	f.Plan("B", Plan(0, 1, 10))
	w := f.Worker(2)
	w.Sync()
	if err := f.Queue.Delete(ctx, "A"); err != nil {
		t.Fatal(err)
	}
	f.Consistent()
	if answer := w.Sync(); len(answer.Assignments) != 1 {
		t.Errorf("held after A was deleted: %+v", answer.Assignments)
	}
	if err := f.Queue.Delete(ctx, "A"); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("second delete: %v", err)
	}
	for _, err := range f.Queue.Rows(ctx, "A") {
		if !errors.Is(err, queue.ErrUnknown) {
			t.Errorf("rows of a deleted sweep: %v", err)
		}
	}
	for _, err := range f.Queue.Attempts(ctx, "A") {
		if !errors.Is(err, queue.ErrUnknown) {
			t.Errorf("attempts of a deleted sweep: %v", err)
		}
	}
	sweeps, err := f.Queue.Sweeps(ctx)
	if err != nil || len(sweeps) != 1 || sweeps[0].ID != "B" {
		t.Errorf("sweeps = %+v, %v", sweeps, err)
	}
	// The same plan under the old ID is a new sweep.
	if r := f.Plan("A", Plan(0, 2, 10)); r.Number != 1 || r.Added != 2 {
		t.Errorf("planned again: %+v", r)
	}
}

func plannedDiverged(t *testing.T, f *Fixture) {
	plan := Plan(0, 2, 10)
	f.Plan("A", plan)
	task := diverge(f)
	notDone := func(when string) {
		t.Helper()
		longer := Plan(0, 3, 10) // a changed plan, which is drafted task by task
		if again, other := f.Plan("A", plan), f.Plan("B", longer); again.AlreadyDone != 0 || other.AlreadyDone != 0 {
			t.Errorf("%s: %d tasks are done, and %d in another sweep", when, again.AlreadyDone, other.AlreadyDone)
		}
		if err := f.Queue.Delete(ctx, "B"); err != nil {
			t.Error(err)
		}
	}
	notDone("diverged")
	f.Retry(queue.RetryRequest{Selection: queue.Selection{Tasks: []sweep.TaskID{task}}, Diverged: true})
	notDone("reopened")
}
