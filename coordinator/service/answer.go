package service

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// seal makes and checks the proofs of leases. It is the operator's token: a secret that
// workers do not have, that all coordinators of a store share, and that survives the store.
type seal string

// proof authenticates a lease of a process.
func (s seal) proof(process, task string, attempt uint64) []byte {
	mac := hmac.New(sha256.New, []byte(s))
	fmt.Fprintf(mac, "lease %q %q %d", process, task, attempt)
	return mac.Sum(nil)[:16]
}

// proves reports whether a lease comes with the proof that it was granted to a process.
func (s seal) proves(process string, l *spiqsweepv1.Lease) bool {
	return len(l.GetProof()) > 0 && hmac.Equal(l.GetProof(), s.proof(process, l.GetTask(), l.GetAttempt()))
}

// answer puts the queue's answer into the wire's words.
func (c SyncCall) answer(a queue.SyncAnswer, s seal) *spiqsweepv1.SyncResponse {
	out := &spiqsweepv1.SyncResponse{
		CallAgainIn: durationpb.New(a.CallAgainIn),
		LeaseTerm:   durationpb.New(a.LeaseTerm),
		Done:        a.Done,
		Drain:       a.Drain,
	}
	for _, assignment := range a.Assignments {
		lease := writeLease(assignment.Lease)
		lease.Proof = s.proof(c.ID, lease.GetTask(), lease.GetAttempt())
		out.Assignments = append(out.Assignments, &spiqsweepv1.Assignment{Lease: lease, Task: writeWork(assignment.Work)})
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
