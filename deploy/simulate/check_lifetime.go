package simulate

import (
	"math"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// handBackTime is how long before the end of its lifetime a worker begins to hand back, if it is
// to live for 30 s or more (worker/agent/limits.go).
const handBackTime = 15 * time.Second

// rounding is how far the rules and the checks may differ, which multiply in floating point.
const rounding = time.Millisecond

// costs holds the tasks of a plan with their costs.
type costs map[sweep.TaskID]time.Duration

func (c costs) has(task sweep.TaskID) bool {
	_, planned := c[task]
	return planned
}

// costOf returns the cost of a planned task, rounded as every store rounds it.
func costOf(p queue.Planned) time.Duration {
	return time.Duration(math.Round(p.Cost*1e6)) * time.Microsecond
}

// noteAvailable records since when any process could be granted each task.
func (h *history) noteAvailable(now time.Time) {
	for _, task := range h.tasks {
		_, was := h.available[task]
		switch is := h.records[task].Phase == queue.Waiting && h.rest(task, unlimited) < never; {
		case is && !was:
			h.available[task] = now
		case !is:
			delete(h.available, task)
		}
	}
}

// unlimited reports whether any task of a sweep may be granted. The others have limits that
// may leave no room for one.
func unlimited(l queue.Limits) bool { return l.Parallel == 0 && !l.Paused && l.Until.IsZero() }

func anyLimits(queue.Limits) bool { return true }

// never is longer than any task.
const never = time.Duration(math.MaxInt64)

// rest returns how long the steps of a task after its checkpoint take by the cost model: the
// shortest time by a sweep that refers to it and whose limits fit; never without such a sweep.
func (h *history) rest(task sweep.TaskID, fit func(queue.Limits) bool) time.Duration {
	shortest := never
	share := 1 - float64(h.checkpoints[task])/queuetest.Steps
	for id, tasks := range h.sweeps {
		if tasks.has(task) && fit(h.limits[id]) {
			shortest = min(shortest, time.Duration(share*h.slowness(tasks)*float64(tasks[task])))
		}
	}
	return shortest
}

// slowness returns how many seconds the finished tasks of a plan took for a second of the cost
// model.
func (h *history) slowness(tasks costs) float64 {
	var expected, measured time.Duration
	for task, cost := range tasks {
		if r := h.records[task]; r.Phase == queue.Done {
			expected, measured = expected+cost, measured+r.Compute
		}
	}
	if expected == 0 || measured == 0 {
		return 1
	}
	return float64(measured) / float64(expected)
}

// checkTimeLeft checks the grants of a call of a process that has an end: each task can end
// before it, and all can, one after another in the slots of the process.
func (sim *simulation) checkTimeLeft(c *written, before previous) {
	call := sim.currentCall.call
	if call.TimeLeft == 0 {
		return
	}
	sum := time.Duration(0)
	for i, a := range c.attempts {
		if before.attempts[i].Attempt != 0 {
			continue // was granted before
		}
		rest := sim.history.rest(a.Task, anyLimits)
		if sum += rest; rest > call.TimeLeft+rounding || sum > time.Duration(call.Slots)*(call.TimeLeft+rounding) {
			sim.violated(Lifetime, "%s has %v left and is granted task %d, which takes %v, in a call with tasks of %v so far",
				call.ID, call.TimeLeft, sim.jobOf[a.Task].number, rest, sum)
		}
	}
}

// checkNoneFits checks an answer that the process has no time for any waiting task.
func (sim *simulation) checkNoneFits(call queue.SyncRequest) {
	for _, task := range sim.history.tasks {
		_, available := sim.history.available[task]
		if rest := sim.history.rest(task, unlimited); available && (call.TimeLeft == 0 || rest+rounding < call.TimeLeft) {
			sim.violated(Idle, "%s has %v left and the answer says that no waiting task fits: task %d takes %v",
				call.ID, call.TimeLeft, sim.jobOf[task].number, rest)
		}
	}
}

// limitLifetime sets when the worker must begin to hand back.
func (wk *worker) limitLifetime() {
	if left := wk.host.lifetime - handBackTime; wk.host.lifetime > 0 {
		wk.endAt = wk.clock().Add(left)
		wk.later(left, wk.noteEnd)
	}
}

// noteEnd expects the worker to leave if it must begin to hand back.
func (wk *worker) noteEnd() {
	if wk.endAt.IsZero() || wk.leaving || wk.clock().Before(wk.endAt) {
		return
	}
	wk.log("the lifetime of %s ends", wk.name)
	wk.tally[LifetimeEnds]++
	wk.expectExit()
}

// checkReportedTime checks that a call reports the time until the worker hands back.
func (wk *worker) checkReportedTime(request *spiqsweepv1.SyncRequest) {
	var want time.Duration
	if !wk.endAt.IsZero() {
		want = max(0, wk.endAt.Sub(wk.clock()))
	}
	if got := request.GetTimeLeft().AsDuration(); got != want || (request.TimeLeft == nil) != wk.endAt.IsZero() {
		wk.violated(Lifetime, "%s reports that it has %v left: it has %v", wk.name, got, want)
	}
}

// checkIdleExit checks that a worker that leaves unasked was without tasks for its idle
// time-out, and that there were none for it.
func (wk *worker) checkIdleExit() {
	timeout := wk.host.idleTimeout
	if timeout == 0 {
		wk.violated(Leaving, "%s left with code %d though no answer said that all is done", wk.name, protocol.ExitDone)
		return
	}
	wk.tally[IdleExits]++
	if wk.skew != wk.firstSkew {
		return // its clock was set: its time-out moves
	}
	if idle := wk.now.Sub(wk.busyAt); idle < timeout {
		wk.violated(Idle, "%s left for want of tasks %v after it had one or started", wk.name, idle)
	}
	for _, task := range wk.history.tasks {
		since, available := wk.history.available[task]
		// A call that was under way before may have been answered late.
		if waited := wk.now.Sub(since); available && waited > timeout+protocol.CallTimeout {
			wk.violated(Idle, "%s left for want of tasks: task %d has waited for %v", wk.name, wk.jobOf[task].number, waited)
		}
	}
}
