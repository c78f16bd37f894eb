package simulate

import (
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// checkAnswer checks that everything in an answer is committed.
func (sim *simulation) checkAnswer(call queue.SyncRequest, answer *spiqsweepv1.SyncResponse, err error) {
	if err != nil {
		if status.Code(err) != codes.Unavailable {
			sim.violated(Refused, "call %d of %s: %v", call.Sequence, call.ID, err)
		}
		return
	}
	if open := sim.history.open(); answer.GetDone() && open > 0 && (!sim.history.timed() || sim.history.in(queue.Leased) == open) {
		sim.violated(Done, "the answer to %s says that all is done: %d tasks are open, %d of them leased", call.ID, open, sim.history.in(queue.Leased))
	}
	if leaving := sim.history.presences[call.ID].Leaving; answer.GetDrain() != leaving {
		sim.violated(Leaving, "%s must leave: %t, the answer says: %t", call.ID, leaving, answer.GetDrain())
	}
	if answer.GetNoneFits() {
		sim.checkNoneFits(call)
	}
	for _, assignment := range answer.GetAssignments() {
		l := queueLease(assignment.GetLease())
		a, _ := sim.history.attempt(l)
		if a.Process != call.ID || a.Outcome != queue.Live {
			sim.violated(Durable, "%s is assigned attempt %d of task %d, which has outcome %q and holder %q",
				call.ID, l.Attempt, sim.jobOf[l.Task].number, a.Outcome, a.Process)
		}
		names := func(h queue.Held) bool { return h.Lease == l }
		if assignment.GetTask() == nil && !slices.ContainsFunc(call.Held, names) {
			sim.violated(Durable, "%s is assigned attempt %d of task %d without the task", call.ID, l.Attempt, sim.jobOf[l.Task].number)
		}
	}
	for _, v := range answer.GetVerdicts() {
		sim.checkVerdict(call, v)
	}
}

func (sim *simulation) checkVerdict(call queue.SyncRequest, v *spiqsweepv1.Verdict) {
	l := queueLease(v.GetLease())
	number := sim.jobOf[l.Task].number
	sim.log("verdict on attempt %d of task %d: %v %s", l.Attempt, number, v.GetJudgement(), v.GetReason())
	a, _ := sim.history.attempt(l)
	for _, report := range call.Reports {
		if report.Lease != l {
			continue
		}
		switch v.GetJudgement() {
		case spiqsweepv1.Verdict_JUDGEMENT_INVALID:
			if !sim.failures[l] && !sim.extra[l] {
				sim.violated(Refused, "the report of attempt %d of task %d is invalid: %s", l.Attempt, number, v.GetReason())
			}
		case spiqsweepv1.Verdict_JUDGEMENT_DUPLICATE:
			sim.tally[Already]++
			fallthrough
		default:
			if report.Result != nil && a.Digest != report.Result.Digest {
				sim.violated(Durable, "the result of attempt %d of task %d was judged %v and is not stored", l.Attempt, number, v.GetJudgement())
			}
		}
	}
}

func queueLease(l *spiqsweepv1.Lease) queue.Lease {
	return queue.Lease{Task: sweep.TaskID(l.GetTask()), Attempt: l.GetAttempt()}
}
