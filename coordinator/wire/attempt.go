package wire

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// WriteAttempt writes a line of attempts.csv.
func WriteAttempt(h queue.History) *spiqsweepv1.Attempt {
	return &spiqsweepv1.Attempt{
		Row: uint64(h.Row), Task: string(h.Task), Attempt: h.Attempt.Attempt, Outcome: string(h.Outcome),
		Process: h.Process, Host: h.Host, Kernel: h.Kernel,
		LeasedAt: writeTime(h.GrantedAt), EndedAt: writeTime(h.EndedAt),
		FirstStep: h.From, LastStep: h.Step, ComputeTime: durationpb.New(h.Compute),
		Message: h.Reason, Log: h.Log,
	}
}

// ReadAttempt reads what WriteAttempt wrote: all that attempts.csv shows, and
// not what only the rules look at. Its text becomes printable.
func ReadAttempt(in *spiqsweepv1.Attempt) (queue.History, error) {
	row, err := number("row", in.GetRow())
	if err != nil {
		return queue.History{}, err
	}
	if !IsDigest(in.GetTask()) || in.GetAttempt() == 0 || in.GetAttempt() > math.MaxInt64 {
		return queue.History{}, fmt.Errorf("attempt %d of task %.80q: is none", in.GetAttempt(), in.GetTask())
	}
	return queue.History{Row: row, Attempt: queue.Attempt{
		Lease:   queue.Lease{Task: sweep.TaskID(in.GetTask()), Attempt: in.GetAttempt()},
		Outcome: queue.Outcome(sweep.Printable(in.GetOutcome())),
		Process: sweep.Printable(in.GetProcess()), Host: sweep.Printable(in.GetHost()), Kernel: sweep.Printable(in.GetKernel()),
		GrantedAt: readTime(in.GetLeasedAt()), EndedAt: readTime(in.GetEndedAt()),
		From: in.GetFirstStep(), Step: in.GetLastStep(), Compute: in.GetComputeTime().AsDuration(),
		Reason: sweep.Printable(in.GetMessage()), Log: sweep.PrintableLines(in.GetLog()),
	}}, nil
}
