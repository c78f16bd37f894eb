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
func (sim *simulation) operate(k kind, what string, do func(*queue.Queue) error) {
	era, answered := sim.faultsEnded, false
	sim.operations++
	done := func(err error) {
		if answered {
			return
		}
		answered = true
		sim.log("operator: %s: %v", what, err)
		sim.operations--
		switch {
		case errors.Is(err, queue.ErrUnavailable) && era == sim.faultsEnded:
			sim.operations++
			sim.after(sim.between(time.Second, 5*time.Second), func() {
				sim.operations--
				if era == sim.faultsEnded {
					sim.operate(k, what, do)
				}
			})
		case errors.Is(err, queue.ErrUnavailable):
		case errors.Is(err, queue.ErrUnknown): // the sweep was deleted
		case err != nil:
			sim.violated(Refused, "operator: %s: %v", what, err)
		default:
			sim.tally[Operations]++
		}
	}
	sim.after(operatorTimeout, func() { done(errStore) })
	c := sim.randomCoordinator()
	c.receive(func() {
		if era != sim.faultsEnded {
			return
		}
		var err error
		sim.operatorFault = sim.drawFault()
		c.execute(currentCall{kind: k, by: c}, func() { err = do(c.queue) })
		sim.operatorFault = nil
		sim.checkAll()
		if c.dead {
			err = errStore
		}
		done(err)
	}, func() { done(errStore) })
}

// submit plans a sweep of tasks, or its next revision.
func (sim *simulation) submit(id string, jobs []*job) {
	sim.submitPlan(id, plan(jobs), queue.Limits{})
}

func (sim *simulation) submitPlan(id string, planned []queue.Planned, limits queue.Limits) {
	s := queuetest.Sweep(id)
	s.Limits = limits
	sim.operate(planning, "plan "+id, func(q *queue.Queue) error {
		if err := q.PutRecording(background, recordingDigest, recordingBody); err != nil {
			return err
		}
		before := sim.rowsOf(id)
		_, err := q.Plan(background, s, queuetest.Stream(planned))
		sim.checkPlan(id, before, describe(planned), err)
		return err
	})
}

// checkPlan checks that a call has replaced the plan of a sweep. A call that failed may
// also have left the plan as it was before.
func (sim *simulation) checkPlan(id string, before, wanted []string, err error) {
	is := sim.rowsOf(id)
	if slices.Equal(is, wanted) || err != nil && slices.Equal(is, before) {
		return
	}
	sim.violated(WholePlan, "after %v, sweep %s has the plan %q, it had %q, wanted: %q", err, id, is, before, wanted)
}

// rowsOf describes the rows of a sweep's plan. It returns nil if there is no such sweep.
func (sim *simulation) rowsOf(id string) []string {
	var planned []queue.Planned
	for row, err := range queue.New(sim.base, sim.policy).Rows(background, id) {
		if errors.Is(err, queue.ErrUnknown) {
			return nil
		}
		if err != nil {
			sim.violated(NothingLost, "read the rows of sweep %s: %v", id, err)
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
func (sim *simulation) revise() {
	var some []*job
	for _, j := range sim.jobs {
		if sim.chance(0.7) {
			some = append(some, j)
		}
	}
	id := "A"
	if sim.chance(0.5) {
		id = "B"
	}
	planned := plan(some)
	if sim.chance(0.5) {
		for i, order := range sim.random.Perm(len(planned)) {
			planned[i].Order, planned[i].Cost = order, cost(sim.upTo(time.Minute))
		}
	}
	limits := queue.Limits{Parallel: sim.random.IntN(4)}
	if id == "A" && sim.chance(0.4) { // endFaults plans only A again
		limits.Until = sim.now.Add(sim.offset + sim.upTo(2*time.Minute))
	}
	sim.submitPlan(id, planned, limits)
}

// pause pauses a sweep, or resumes it.
func (sim *simulation) pause() {
	id := [...]string{"A", "B"}[sim.random.IntN(2)]
	sim.setPaused(id, sim.chance(0.6))
}

func (sim *simulation) setPaused(id string, paused bool) {
	sim.operate(pausing, fmt.Sprintf("pause %s: %t", id, paused), func(q *queue.Queue) error { return q.Pause(background, id, paused) })
}

func (sim *simulation) deleteSweep() {
	id := "B"
	if sim.chance(0.2) {
		id = "A"
	}
	sim.operate(deleting, "delete "+id, func(q *queue.Queue) error {
		before := sim.rowsOf(id)
		err := q.Delete(background, id)
		sim.checkPlan(id, before, nil, err)
		return err
	})
}

func (sim *simulation) retry() {
	sim.reopen(retrying, "retry", queue.RetryRequest{})
}

func (sim *simulation) retryDiverged() {
	sim.reopen(retryingDiverged, "retry the diverged", queue.RetryRequest{Diverged: true})
}

func (sim *simulation) reopen(k kind, what string, r queue.RetryRequest) {
	sim.operate(k, what, func(q *queue.Queue) error {
		n, err := q.Retry(background, r)
		sim.tally[Retries] += n
		return err
	})
}

// cancel cancels the unfinished tasks of a sweep, or of all.
func (sim *simulation) cancel() {
	id := [...]string{"", "A", "B"}[sim.random.IntN(3)]
	sim.operate(cancelling, "cancel "+id, func(q *queue.Queue) error {
		_, shared, err := q.Cancel(background, queue.Selection{Sweep: id})
		if err == nil {
			sim.checkCancelled(id, shared)
		}
		return err
	})
}

// checkCancelled checks that the cancellation of a sweep, "" for all, has left only those
// tasks open that another sweep shares.
func (sim *simulation) checkCancelled(id string, shared int) {
	if id == "" && shared > 0 {
		sim.violated(Complete, "%d tasks are shared among all sweeps", shared)
	}
	for _, sweepID := range []string{"A", "B"} {
		status, err := queue.New(sim.base, sim.policy).Status(background, sweepID)
		if err != nil || id != "" && id != sweepID {
			continue
		}
		if open := status.Counts.Pending + status.Counts.Leased + status.Counts.Verifying; open != shared {
			sim.violated(Complete, "%d tasks of sweep %s are open after a cancellation that left %d", open, sweepID, shared)
		}
	}
}

// retryCancelled retries the cancelled tasks, and reports whether there are any.
func (sim *simulation) retryCancelled() bool {
	var cancelled []sweep.TaskID
	for _, task := range sim.history.tasks {
		if r := sim.history.records[task]; r.Phase == queue.Failed && r.Reason == queue.CancelledByOperator {
			cancelled = append(cancelled, task)
		}
	}
	if len(cancelled) > 0 {
		sim.reopen(retrying, "retry the cancelled", queue.RetryRequest{Selection: queue.Selection{Tasks: cancelled}})
	}
	return len(cancelled) > 0
}

// drain asks one worker, the workers of one host, or all workers to leave.
func (sim *simulation) drain() {
	var r queue.DrainRequest
	wk := sim.randomWorker()
	switch {
	case sim.chance(0.5):
		r.Hosts = []string{sim.hosts[sim.random.IntN(len(sim.hosts))].name}
	case sim.chance(0.5) && wk != nil:
		r.Processes = []string{wk.name}
	}
	sim.operate(draining, "drain", func(q *queue.Queue) error {
		_, err := q.Drain(background, r)
		return err
	})
}

// verify verifies a random share of the finished tasks.
func (sim *simulation) verify() { sim.verifyShare(0.1 + 0.9*sim.random.Float64()) }

func (sim *simulation) verifyShare(share float64) {
	seed := sim.random.Uint64()
	sim.operate(verifying, "verify", func(q *queue.Queue) error {
		before := maps.Clone(sim.history.records)
		tasks, err := q.Verify(background, queue.VerifyRequest{Share: share, Seed: seed})
		for _, task := range tasks {
			if is := sim.history.records[task]; before[task].State() != sweep.Done || !is.Verifying {
				sim.violated(OneState, "verify returned task %d, which was %+v, is %+v", sim.jobOf[task].number, before[task], is)
			}
		}
		return err
	})
}
