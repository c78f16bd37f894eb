package simulate

import (
	"errors"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/store/storetest"
)

// operate lets an operator ask some coordinator for something, again and again
// until it is answered. What was not answered when the troubles ended is given up.
func (w *world) operate(k kind, what string, do func(*queue.Queue) error) {
	era := w.calm
	again := func() {
		w.after(w.between(time.Second, 5*time.Second), func() {
			if era == w.calm {
				w.operate(k, what, do)
			}
		})
	}
	c := w.someCoordinator()
	c.receive(func() {
		if era != w.calm {
			return
		}
		var err error
		c.during(act{kind: k, by: c}, func() { err = do(c.queue) })
		w.log("operator, to %s: %s: %v", c.name, what, err)
		switch {
		case c.dead || errors.Is(err, queue.ErrUnavailable):
			again()
		case errors.Is(err, queue.ErrUnknown): // forgotten meanwhile
		case err != nil:
			w.violated(Refused, "operator: %s: %v", what, err)
		default:
			w.tally[Operations]++
		}
	}, again)
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
	w.operate(forgetting, "forget B", func(q *queue.Queue) error { return q.Forget(background, "B") })
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
