package simulate

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"spiqsweep/coordinator/service"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/worker/agent"
)

// call sends a Sync. An answer to one that was replaced is dropped, as a rule.
func (wk *worker) call(request *spiqsweepv1.SyncRequest) {
	number := request.GetSequence()
	wk.calling = number
	exchange(wk, wk.patience(request), func(c *coordinator, reply func(*spiqsweepv1.SyncResponse, error)) {
		wk.log("%s hears call %d of %s: holds %d, reports %d, free %d, draining %t", c.name, number, wk.name,
			len(request.GetHeld()), len(request.GetReports()), request.GetFreeSlots(), request.GetDraining())
		c.sync(request, reply)
	}, func(answer *spiqsweepv1.SyncResponse, err error) {
		awaited := number == wk.calling
		switch {
		case awaited:
			wk.calling = 0
		case !wk.trouble(wk.odds.stray):
			return // the call was replaced
		}
		if err != nil {
			wk.turn()
			wk.step(agent.CallFailed{Sequence: number, Err: err})
			return
		}
		if awaited {
			wk.note(answer)
		}
		wk.log("%s hears the answer %d: %d assignments, %d verdicts, done %t, drain %t", wk.name, number,
			len(answer.GetAssignments()), len(answer.GetVerdicts()), answer.GetDone(), answer.GetDrain())
		wk.step(agent.Answered{Sequence: number, Response: answer})
		if awaited && !wk.dead {
			wk.checkWithdrawn(answer)
		}
	})
}

// checkWithdrawn: what an answer does not name is not trained any more.
func (wk *worker) checkWithdrawn(answer *spiqsweepv1.SyncResponse) {
	named := map[agent.Lease]bool{}
	for _, a := range answer.GetAssignments() {
		named[agent.Lease{Task: a.GetLease().GetTask(), Attempt: a.GetLease().GetAttempt()}] = true
	}
	held := slices.SortedFunc(maps.Keys(wk.runs), func(a, b agent.Lease) int {
		return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.Attempt, b.Attempt))
	})
	for _, l := range held {
		r := wk.runs[l]
		if !named[l] && !r.stopping && !r.stalled {
			wk.violated(Agent, "%s goes on with task %d, attempt %d, which was withdrawn", wk.name, r.job.number, l.Attempt)
		}
	}
}

// patience is how long a call may go without an answer, as worker/agent/line.go has it.
func (wk *worker) patience(r *spiqsweepv1.SyncRequest) time.Duration {
	switch {
	case len(wk.addresses) == 1:
		return patience
	case r.GetDraining():
		return patienceToLeave
	case len(r.GetHeld())+len(r.GetReports()) == 0:
		return patienceToChange + service.LongPoll
	default:
		return patienceToChange
	}
}

// note remembers what an answer means.
func (wk *worker) note(answer *spiqsweepv1.SyncResponse) {
	if answer.GetDrain() {
		wk.tally[ToldToLeave]++
		wk.mustLeave()
	}
	if answer.GetDone() && wk.host.stays {
		wk.violated(Done, "%s is told that all is done, and wants to stay", wk.name)
	}
	wk.toldDone = wk.toldDone || answer.GetDone()
	for _, v := range answer.GetVerdicts() {
		delete(wk.owed, agent.Lease{Task: v.GetLease().GetTask(), Attempt: v.GetLease().GetAttempt()})
	}
}

func (wk *worker) fetchRecording(digest string) {
	exchange(wk, transferPatience, func(c *coordinator, reply func(*spiqsweepv1.GetRecordingResponse, error)) {
		c.during(act{kind: looking, by: c}, func() {
			answer, err := c.rules.GetRecording(background, &spiqsweepv1.GetRecordingRequest{Digest: digest})
			c.answer(func() { reply(answer, err) }, func() { reply(nil, errAway) })
		})
	}, func(_ *spiqsweepv1.GetRecordingResponse, err error) {
		wk.bits[digest] = wk.bits[digest] || err == nil
		wk.step(agent.RecordingFetched{Digest: digest, Err: err})
	})
}

func (wk *worker) fetchCheckpoint(a agent.FetchCheckpoint) {
	in := &spiqsweepv1.GetCheckpointRequest{Process: wk.process, Lease: lease(a.Lease)}
	exchange(wk, transferPatience, func(c *coordinator, reply func(*spiqsweepv1.GetCheckpointResponse, error)) {
		c.during(act{kind: looking, by: c}, func() {
			answer, err := c.rules.GetCheckpoint(background, in)
			c.answer(func() { reply(answer, err) }, func() { reply(nil, errAway) })
		})
	}, func(answer *spiqsweepv1.GetCheckpointResponse, err error) {
		wk.step(agent.CheckpointFetched{Lease: a.Lease, Step: answer.GetStep(), Body: answer.GetBody(), Err: err})
	})
}

func (wk *worker) storeCheckpoint(a agent.StoreCheckpoint) {
	in := &spiqsweepv1.PutCheckpointRequest{Process: wk.process, Lease: lease(a.Lease), Step: a.Step, Body: a.Body}
	exchange(wk, transferPatience, func(c *coordinator, reply func(*spiqsweepv1.PutCheckpointResponse, error)) {
		c.during(act{kind: saving, by: c, saves: queueLease(in.GetLease()), process: wk.name}, func() {
			answer, err := c.rules.PutCheckpoint(background, in)
			c.answer(func() { reply(answer, err) }, func() { reply(nil, errAway) })
		})
	}, func(_ *spiqsweepv1.PutCheckpointResponse, err error) {
		wk.step(agent.CheckpointStored{Lease: a.Lease, Step: a.Step, Err: err})
	})
}

// answer replies if the process has survived its call of the store.
func (c *coordinator) answer(reply, broken func()) {
	if c.dead {
		broken()
	} else {
		reply()
	}
}

func lease(l agent.Lease) *spiqsweepv1.Lease {
	return &spiqsweepv1.Lease{Task: l.Task, Attempt: l.Attempt}
}
