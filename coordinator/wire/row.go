package wire

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// WriteRow encodes a row of results.csv. It includes the configuration and the recording only
// if the row has a reason, whose message refers to them.
func WriteRow(r queue.Row) *spiqsweepv1.Row {
	task := writePlace(r.Planned)
	if r.Reason != "" {
		task = WritePlanned(r.Planned)
	}
	return &spiqsweepv1.Row{
		Task: task, State: string(r.State), Reason: r.Reason, ResultDigest: r.Digest, Measures: r.Measures,
	}
}

// ReadRow decodes a row. The phase of a pending task is always Waiting.
func ReadRow(in *spiqsweepv1.Row) (queue.Row, error) {
	fail := func(err error) (queue.Row, error) {
		return queue.Row{}, fmt.Errorf("task of row %d: %w", in.GetTask().GetRow(), err)
	}
	read := readPlace
	if in.GetReason() != "" {
		read = ReadPlanned
	}
	planned, err := read(in.GetTask())
	if err != nil {
		return fail(err)
	}
	r := queue.Row{Planned: planned, State: sweep.State(in.GetState()), Reason: sweep.Printable(in.GetReason()), Digest: in.GetResultDigest(), Measures: in.GetMeasures()}
	phase, ok := phases[r.State]
	if !ok {
		return fail(fmt.Errorf("state %.80q: unknown", in.GetState()))
	}
	r.Phase = phase
	if r.Digest == "" && len(r.Measures) == 0 {
		return r, nil
	}
	if err := checkDigest("result", r.Digest); err != nil {
		return fail(err)
	}
	return r, nil
}

// phases maps states to phases.
var phases = map[sweep.State]queue.Phase{
	sweep.Pending: queue.Waiting, sweep.Done: queue.Done, sweep.Failed: queue.Failed, sweep.Diverged: queue.Diverged,
}

// WriteAttempt encodes a row of attempts.csv.
func WriteAttempt(h queue.History) *spiqsweepv1.Attempt {
	return &spiqsweepv1.Attempt{
		Row: uint64(h.Row), Task: string(h.Task), Attempt: h.Attempt.Attempt, Outcome: string(h.Outcome),
		Process: h.Process, Host: h.Host, Kernel: h.Kernel,
		LeasedAt: writeTime(h.GrantedAt), EndedAt: writeTime(h.EndedAt),
		FirstStep: h.From, LastStep: h.Step, ComputeTime: durationpb.New(h.Compute),
		Message: h.Reason, Log: h.Log,
	}
}

// ReadAttempt decodes a row of attempts.csv; fields that attempts.csv does not show are zero.
// It makes texts printable.
func ReadAttempt(in *spiqsweepv1.Attempt) (queue.History, error) {
	row, err := number("row", in.GetRow())
	if err != nil {
		return queue.History{}, err
	}
	if !IsDigest(in.GetTask()) || in.GetAttempt() == 0 || in.GetAttempt() > math.MaxInt64 {
		return queue.History{}, fmt.Errorf("attempt %d of task %.80q: must be an attempt from 1 of a task ID", in.GetAttempt(), in.GetTask())
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
