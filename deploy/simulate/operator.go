package simulate

import (
	"errors"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store/storetest"
	"spiqsweep/sweep"
)

// operate lets an operator ask some coordinator for something, again and again
// until it is answered. What was not answered when the troubles ended is given up.
func (w *world) operate(k kind, what string, do func(*queue.Queue) error) {
	era, answered := w.calm, false
	w.wishes++
	hear := func(err error) {
		if answered {
			return
		}
		answered = true
		w.log("operator: %s: %v", what, err)
		w.wishes--
		switch {
		case errors.Is(err, queue.ErrUnavailable) && era == w.calm:
			w.wishes++
			w.after(w.between(time.Second, 5*time.Second), func() {
				w.wishes--
				if era == w.calm {
					w.operate(k, what, do)
				}
			})
		case errors.Is(err, queue.ErrUnavailable):
		case errors.Is(err, queue.ErrUnknown): // forgotten meanwhile
		case err != nil:
			w.violated(Refused, "operator: %s: %v", what, err)
		default:
			w.tally[Operations]++
		}
	}
	w.after(patience, func() { hear(errStore) })
	c := w.someCoordinator()
	c.receive(func() {
		if era != w.calm {
			return
		}
		var err error
		c.during(act{kind: k, by: c}, func() { err = do(c.queue) })
		if c.dead {
			err = errStore
		}
		hear(err)
	}, func() { hear(errStore) })
}

// submit plans a sweep of some tasks, or the next revision of it.
func (w *world) submit(id string, jobs []*job) {
	planned := plan(jobs)
	w.operate(planning, "plan "+id, func(q *queue.Queue) error {
		if err := q.PutRecording(background, recordingDigest, recordingBody); err != nil {
			return err
		}
		_, err := q.Plan(background, storetest.Sweep(id), storetest.Stream(planned))
		return err
	})
}

// revise plans a part of the tasks under either name: sweeps share tasks.
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
	w.submit(id, some)
}

func (w *world) forget() {
	w.operate(forgetting, "forget B", func(q *queue.Queue) error { return q.Delete(background, "B") })
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

// cancel sets aside what is not finished of a sweep, or of all.
func (w *world) cancel() {
	id := [...]string{"", "A", "B"}[w.random.IntN(3)]
	w.operate(cancelling, "cancel "+id, func(q *queue.Queue) error {
		_, _, err := q.Cancel(background, queue.Selection{Sweep: id})
		return err
	})
}

// uncancel reopens what was cancelled, and says whether there is anything.
func (w *world) uncancel() bool {
	var cancelled []sweep.TaskID
	for _, task := range w.ledger.tasks {
		if r := w.ledger.records[task]; r.Phase == queue.Failed && r.Reason == queue.CancelledByOperator {
			cancelled = append(cancelled, task)
		}
	}
	if len(cancelled) > 0 {
		w.reopen(retrying, "retry what was cancelled", queue.RetryRequest{Selection: queue.Selection{Tasks: cancelled}})
	}
	return len(cancelled) > 0
}

// drain asks the workers of a host, or all of them, to leave.
func (w *world) drain() {
	var r queue.DrainRequest
	if w.chance(0.7) {
		r.Hosts = []string{w.hosts[w.random.IntN(len(w.hosts))].name}
	}
	w.operate(draining, "drain", func(q *queue.Queue) error {
		_, err := q.Drain(background, r)
		return err
	})
}

// verify runs some finished tasks again.
func (w *world) verify() { w.verifyShare(0.1 + 0.9*w.random.Float64()) }

func (w *world) verifyShare(share float64) {
	seed := w.random.Uint64()
	w.operate(verifying, "verify", func(q *queue.Queue) error {
		_, err := q.Verify(background, queue.VerifyRequest{Share: share, Seed: seed})
		return err
	})
}
