package simulate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/sweep"
)

// operate makes an operator call a random coordinator, again and again until one answers
// the call or the faults end.
func (w *world) operate(k kind, what string, do func(*queue.Queue) error) {
	era, answered := w.calm, false
	w.operations++
	done := func(err error) {
		if answered {
			return
		}
		answered = true
		w.log("operator: %s: %v", what, err)
		w.operations--
		switch {
		case errors.Is(err, queue.ErrUnavailable) && era == w.calm:
			w.operations++
			w.after(w.between(time.Second, 5*time.Second), func() {
				w.operations--
				if era == w.calm {
					w.operate(k, what, do)
				}
			})
		case errors.Is(err, queue.ErrUnavailable):
		case errors.Is(err, queue.ErrUnknown): // the sweep was deleted
		case err != nil:
			w.violated(Refused, "operator: %s: %v", what, err)
		default:
			w.tally[Operations]++
		}
	}
	w.after(operatorTimeout, func() { done(errStore) })
	c := w.someCoordinator()
	c.receive(func() {
		if era != w.calm {
			return
		}
		var err error
		w.operatorFault = w.drawFault()
		c.during(act{kind: k, by: c}, func() { err = do(c.queue) })
		w.operatorFault = nil
		w.checkAll()
		if c.dead {
			err = errStore
		}
		done(err)
	}, func() { done(errStore) })
}

// submit plans a sweep of tasks, or its next revision.
func (w *world) submit(id string, jobs []*job) {
	w.submitPlan(id, plan(jobs))
}

func (w *world) submitPlan(id string, planned []queue.Planned) {
	w.operate(planning, "plan "+id, func(q *queue.Queue) error {
		if err := q.PutRecording(background, recordingDigest, recordingBody); err != nil {
			return err
		}
		before := w.rowsOf(id)
		_, err := q.Plan(background, queuetest.Sweep(id), queuetest.Stream(planned))
		w.checkPlan(id, before, describe(planned), err)
		return err
	})
}

// checkPlan checks that a call has replaced the plan of a sweep. A call that failed may
// also have left the plan as it was before.
func (w *world) checkPlan(id string, before, wanted []string, err error) {
	is := w.rowsOf(id)
	if slices.Equal(is, wanted) || err != nil && slices.Equal(is, before) {
		return
	}
	w.violated(WholePlan, "after %v, sweep %s has the plan %q, it had %q, wanted: %q", err, id, is, before, wanted)
}

// rowsOf describes the rows of a sweep's plan. It returns nil if there is no such sweep.
func (w *world) rowsOf(id string) []string {
	var planned []queue.Planned
	for row, err := range queue.New(w.base, w.policy).Rows(background, id) {
		if errors.Is(err, queue.ErrUnknown) {
			return nil
		}
		if err != nil {
			w.violated(Nothing, "read the rows of sweep %s: %v", id, err)
			return nil
		}
		planned = append(planned, row.Planned)
	}
	return describe(planned)
}

func describe(planned []queue.Planned) []string {
	rows := make([]string, 0, len(planned))
	for _, p := range planned {
		rows = append(rows, fmt.Sprintf("row %d: task %s, order %d, %.6f s", p.Row, p.Task.ID, p.Order, p.Cost))
	}
	return rows
}

// revise plans some of the tasks as sweep A or B, which then share tasks.
func (w *world) revise() {
	var some []*job
	for _, j := range w.jobs {
		if w.chance(0.7) {
			some = append(some, j)
		}
	}
	id := "A"
	if w.chance(0.5) {
		id = "B"
	}
	planned := plan(some)
	if w.chance(0.5) {
		for i, order := range w.random.Perm(len(planned)) {
			planned[i].Order, planned[i].Cost = order, cost(w.upTo(time.Minute))
		}
	}
	w.submitPlan(id, planned)
}

func (w *world) deleteSweep() {
	id := "B"
	if w.chance(0.2) {
		id = "A"
	}
	w.operate(deleting, "delete "+id, func(q *queue.Queue) error {
		before := w.rowsOf(id)
		err := q.Delete(background, id)
		w.checkPlan(id, before, nil, err)
		return err
	})
}

func (w *world) retry() {
	w.reopen(retrying, "retry", queue.RetryRequest{})
}

func (w *world) retryDiverged() {
	w.reopen(retryingDiverged, "retry the diverged", queue.RetryRequest{Diverged: true})
}

func (w *world) reopen(k kind, what string, r queue.RetryRequest) {
	w.operate(k, what, func(q *queue.Queue) error {
		n, err := q.Retry(background, r)
		w.tally[Retries] += n
		return err
	})
}

// cancel cancels the unfinished tasks of a sweep, or of all.
func (w *world) cancel() {
	id := [...]string{"", "A", "B"}[w.random.IntN(3)]
	w.operate(cancelling, "cancel "+id, func(q *queue.Queue) error {
		_, shared, err := q.Cancel(background, queue.Selection{Sweep: id})
		if err == nil {
			w.checkCancelled(id, shared)
		}
		return err
	})
}

// checkCancelled checks that the cancellation of a sweep, "" for all, has left only those
// tasks open that another sweep shares.
func (w *world) checkCancelled(id string, shared int) {
	if id == "" && shared > 0 {
		w.violated(Complete, "%d tasks are shared among all sweeps", shared)
	}
	for _, sweepID := range []string{"A", "B"} {
		status, err := queue.New(w.base, w.policy).Status(background, sweepID)
		if err != nil || id != "" && id != sweepID {
			continue
		}
		if open := status.Counts.Pending + status.Counts.Leased + status.Counts.Verifying; open != shared {
			w.violated(Complete, "%d tasks of sweep %s are open after a cancellation that left %d", open, sweepID, shared)
		}
	}
}

// retryCancelled retries the cancelled tasks, and reports whether there are any.
func (w *world) retryCancelled() bool {
	var cancelled []sweep.TaskID
	for _, task := range w.ledger.tasks {
		if r := w.ledger.records[task]; r.Phase == queue.Failed && r.Reason == queue.CancelledByOperator {
			cancelled = append(cancelled, task)
		}
	}
	if len(cancelled) > 0 {
		w.reopen(retrying, "retry the cancelled", queue.RetryRequest{Selection: queue.Selection{Tasks: cancelled}})
	}
	return len(cancelled) > 0
}

// drain asks one worker, the workers of one host, or all workers to leave.
func (w *world) drain() {
	var r queue.DrainRequest
	wk := w.someWorker()
	switch {
	case w.chance(0.5):
		r.Hosts = []string{w.hosts[w.random.IntN(len(w.hosts))].name}
	case w.chance(0.5) && wk != nil:
		r.Processes = []string{wk.name}
	}
	w.operate(draining, "drain", func(q *queue.Queue) error {
		_, err := q.Drain(background, r)
		return err
	})
}

// verify verifies a random share of the finished tasks.
func (w *world) verify() { w.verifyShare(0.1 + 0.9*w.random.Float64()) }

func (w *world) verifyShare(share float64) {
	seed := w.random.Uint64()
	w.operate(verifying, "verify", func(q *queue.Queue) error {
		before := maps.Clone(w.ledger.records)
		tasks, err := q.Verify(background, queue.VerifyRequest{Share: share, Seed: seed})
		for _, task := range tasks {
			if is := w.ledger.records[task]; before[task].State() != sweep.Done || !is.Verifying {
				w.violated(OneState, "verify returned task %d, which was %+v, is %+v", w.jobOf[task].number, before[task], is)
			}
		}
		return err
	})
}
