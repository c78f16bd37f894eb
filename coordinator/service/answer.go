package service

import (
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// answer puts the queue's answer into the wire's words.
func (c SyncCall) answer(a queue.SyncAnswer) *spiqsweepv1.SyncResponse {
	out := &spiqsweepv1.SyncResponse{
		CallAgainIn: durationpb.New(a.CallAgainIn),
		LeaseTerm:   durationpb.New(a.LeaseTerm),
		Done:        a.Done,
		Drain:       a.Drain,
	}
	for _, assignment := range a.Assignments {
		out.Assignments = append(out.Assignments, &spiqsweepv1.Assignment{
			Lease: writeLease(assignment.Lease), Task: writeWork(assignment.Work),
		})
	}
	for _, verdict := range a.Verdicts {
		written := &spiqsweepv1.Verdict{Lease: writeLease(verdict.Lease), Judgement: judgements[verdict.Judgement], Why: verdict.Why}
		if why, ok := c.disbelieved[verdict.Lease]; ok {
			written.Judgement, written.Why = spiqsweepv1.Verdict_JUDGEMENT_INVALID, why
		}
		out.Verdicts = append(out.Verdicts, written)
	}
	return out
}

var judgements = map[queue.Judgement]spiqsweepv1.Verdict_Judgement{
	queue.JudgedAccepted: spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED,
	queue.JudgedAlready:  spiqsweepv1.Verdict_JUDGEMENT_ALREADY,
	queue.JudgedLate:     spiqsweepv1.Verdict_JUDGEMENT_LATE,
	queue.JudgedInvalid:  spiqsweepv1.Verdict_JUDGEMENT_INVALID,
}

func writeLease(l queue.Lease) *spiqsweepv1.Lease {
	return &spiqsweepv1.Lease{Task: string(l.Task), Attempt: l.Attempt}
}

func writeWork(w *queue.Work) *spiqsweepv1.Task {
	if w == nil {
		return nil
	}
	return &spiqsweepv1.Task{
		Configuration:   sweep.Canonical(w.Configuration),
		RecordingDigest: w.Recording,
		CheckpointStep:  w.CheckpointStep,
		StallTimeout:    durationpb.New(w.StallTimeout),
	}
}
