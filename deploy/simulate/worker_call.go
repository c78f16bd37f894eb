package simulate

import (
	"cmp"
	"errors"
	"maps"
	"slices"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/worker/agent"
)

// call sends a Sync. An answer to one that was replaced is dropped, as a rule.
func (wk *worker) call(request *spiqsweepv1.SyncRequest) {
	number := request.GetSequence()
	wk.calling = number
	wk.checkAsked(request.GetDraining())
	to := wk.coordinator()
	exchange(wk, agent.AnswerTimeout(request, len(wk.addresses)), func(c *coordinator, reply func(*spiqsweepv1.SyncResponse, error)) {
		wk.log("%s hears call %d of %s: holds %d, reports %d, free %d, draining %t", c.name, number, wk.name,
			len(request.GetHeld()), len(request.GetReports()), request.GetFreeSlots(), request.GetDraining())
		if c.refuse(wk.host) {
			reply(nil, errRefused)
			return
		}
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
			wk.failed(to, awaited, agent.CallFailed{Sequence: number, Err: err, Unreached: errors.Is(err, errNobody)})
			return
		}
		if awaited {
			wk.answered, wk.refusals = true, refusals{}
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

// failed takes note of a call without an answer, and turns to another coordinator
// unless this one is only busy.
func (wk *worker) failed(to *coordinator, awaited bool, e agent.CallFailed) {
	if !agent.Busy(e.Err) {
		wk.turn()
	}
	if awaited {
		switch {
		case errors.Is(e.Err, errRefused):
			wk.refusals.calls++
			wk.refusals.refused = true
		case e.Unreached && !wk.answered:
			wk.refusals.calls++
		default:
			wk.refusals = refusals{}
		}
		if e.Unreached {
			wk.tally[Unreached]++
		}
		if errors.Is(e.Err, errBusy) {
			wk.asked = wait{by: to, until: wk.now.Add(busyPause), skew: wk.skew}
		}
	}
	wk.step(e)
	if awaited && wk.refused() && !wk.dead {
		wk.violated(Refused, "%s goes on, though each of %d coordinators refuses it", wk.name, len(wk.addresses))
	}
}

// checkAsked checks a call after one that found a coordinator busy: it goes to the
// same one, and not before the pause is over that was asked for.
func (wk *worker) checkAsked(draining bool) {
	asked := wk.asked
	wk.asked = wait{}
	if asked.by == nil {
		return
	}
	if wk.coordinator() != asked.by {
		wk.violated(Busy, "%s was told that %s is busy, and calls %s", wk.name, asked.by.name, wk.coordinator().name)
	}
	if wk.now.Before(asked.until) && !draining && wk.skew == asked.skew {
		wk.violated(Busy, "%s calls %s %v before it may", wk.name, asked.by.name, asked.until.Sub(wk.now))
	}
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
