package service

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// readProcess decodes a process and checks its labels and numbers.
func readProcess(in *spiqsweepv1.Process) (queue.Process, error) {
	if in == nil {
		return queue.Process{}, invalid("the call does not say which process makes it")
	}
	labels := []struct{ name, value string }{
		{"id", in.GetId()},
		{"host", in.GetHost()},
		{"program_version", in.GetProgramVersion()},
		{"kernel_class", in.GetKernelClass()},
		{"kernel", in.GetKernel()},
		{"engine_job", in.GetEngineJob()},
	}
	for _, label := range labels {
		if !wire.IsLabel(label.value) {
			return queue.Process{}, invalid("process %s %.80q: must be at most %d bytes of printable text", label.name, label.value, wire.MaxLabel)
		}
	}
	if in.GetSlots() < 1 || in.GetSlots() > sweep.MaxSlots {
		return queue.Process{}, invalid("process slots = %d: must be from 1 to %d", in.GetSlots(), sweep.MaxSlots)
	}
	return queue.Process{
		ID: in.GetId(), Host: in.GetHost(), Version: in.GetProgramVersion(),
		Numerics: int(in.GetNumerics()), KernelClass: in.GetKernelClass(), Kernel: in.GetKernel(),
		Slots: int(in.GetSlots()), EngineJob: in.GetEngineJob(),
	}, nil
}

func readLease(in *spiqsweepv1.Lease) (queue.Lease, error) {
	if !wire.IsDigest(in.GetTask()) || in.GetAttempt() == 0 || in.GetAttempt() > math.MaxInt64 {
		return queue.Lease{}, invalid("lease of task %.80q, attempt %d: must be a task ID and an attempt from 1", in.GetTask(), in.GetAttempt())
	}
	return leaseOf(in), nil
}

// leaseOf converts a lease without checking it.
func leaseOf(in *spiqsweepv1.Lease) queue.Lease {
	return queue.Lease{Task: sweep.TaskID(in.GetTask()), Attempt: in.GetAttempt()}
}

// leaseKey authenticates leases. It is the operator token: a secret that workers do not
// have, that all coordinators of a store share, and that survives the loss of the store.
type leaseKey string

// proof returns the authentication code of a process's lease.
func (k leaseKey) proof(process, task string, attempt uint64) []byte {
	mac := hmac.New(sha256.New, []byte(k))
	fmt.Fprintf(mac, "lease %q %q %d", process, task, attempt)
	return mac.Sum(nil)[:16]
}

// verify reports whether a lease has a valid proof for a process.
func (k leaseKey) verify(process string, l *spiqsweepv1.Lease) bool {
	return len(l.GetProof()) > 0 && hmac.Equal(l.GetProof(), k.proof(process, l.GetTask(), l.GetAttempt()))
}

// SyncCall is a decoded Sync.
type SyncCall struct {
	queue.SyncRequest
	invalid map[queue.Lease]string // verdicts on invalid reports, which the queue receives as failures
}

// readTimeLeft returns the time that a process has left; 0 if it has no end. A process whose
// time is over has a nanosecond.
func readTimeLeft(in *spiqsweepv1.SyncRequest) time.Duration {
	if in.TimeLeft == nil {
		return 0
	}
	return max(1, in.GetTimeLeft().AsDuration())
}

// After returns the call with the time left that remains after a wait at the coordinator.
func (c SyncCall) After(passed time.Duration) SyncCall {
	if c.TimeLeft > 0 {
		c.TimeLeft = max(1, c.TimeLeft-passed)
	}
	return c
}

// readSync decodes a Sync. The map sizes, from queue.Granted, bounds the results in bytes
// by their leases; nil allows the size of any task. An invalid report becomes a failure of
// its task, since the same worker would only report it again.
func readSync(p queue.Process, in *spiqsweepv1.SyncRequest, sizes map[queue.Lease]int, key leaseKey) (SyncCall, error) {
	if in.GetSequence() > math.MaxInt64 {
		return SyncCall{}, invalid("sequence = %d: must count from 1", in.GetSequence())
	}
	call := SyncCall{
		SyncRequest: queue.SyncRequest{
			Process: p, Sequence: in.GetSequence(), FreeSlots: int(in.GetFreeSlots()), Draining: in.GetDraining(), Stays: in.GetStays(),
			TimeLeft: readTimeLeft(in),
		},
		invalid: map[queue.Lease]string{},
	}
	for _, held := range in.GetHeld() {
		lease, err := readLease(held.GetLease())
		if err != nil {
			return SyncCall{}, err
		}
		call.Held = append(call.Held, queue.Held{Lease: lease, Step: min(held.GetStep(), math.MaxInt64), Started: held.GetStarted(), Proven: key.verify(p.ID, held.GetLease())})
	}
	budget := protocol.Budget(protocol.MaxUnpackedBytes)
	for _, report := range in.GetReports() {
		lease, err := readLease(report.GetLease())
		if err != nil {
			return SyncCall{}, err
		}
		limit := protocol.MaxUnpackedBytes
		if sizes != nil {
			limit = sizes[lease]
		}
		read, err := readReport(report, &budget, limit)
		if err != nil {
			call.invalid[lease] = err.Error()
			read = queue.Report{Failure: &queue.Failure{Message: "invalid result: " + err.Error()}}
		}
		read.Lease, read.Proven = lease, key.verify(p.ID, report.GetLease())
		call.Reports = append(call.Reports, read)
	}
	return call, nil
}

// readReport decodes the outcome of a report.
func readReport(in *spiqsweepv1.Report, budget *protocol.Budget, limit int) (queue.Report, error) {
	switch outcome := in.GetOutcome().(type) {
	case *spiqsweepv1.Report_Result:
		result, err := readResult(outcome.Result, budget, limit)
		return queue.Report{Result: result}, err
	case *spiqsweepv1.Report_Failure:
		return queue.Report{Failure: &queue.Failure{
			Message: sweep.Printable(truncated(outcome.Failure.GetMessage())),
			Log:     sweep.PrintableLines(truncated(outcome.Failure.GetLog())),

			Reproducible: outcome.Failure.GetReproducible(),
		}}, nil
	case *spiqsweepv1.Report_HandBack:
		return queue.Report{HandBack: &queue.HandBack{Reason: sweep.Printable(truncated(outcome.HandBack.GetReason()))}}, nil
	default:
		return queue.Report{}, errors.New("the report has no outcome")
	}
}

// errNotGranted rejects a result before it is decompressed.
var errNotGranted = errors.New("the attempt was never granted to this process")

// readResult decompresses a result of at most limit bytes; limit 0 means that its lease
// was never granted. The queue checks the digest and the content.
func readResult(in *spiqsweepv1.Result, budget *protocol.Budget, limit int) (*queue.ResultReport, error) {
	if limit == 0 {
		return nil, errNotGranted
	}
	if size := protocol.UnpackedSize(in.GetBody()); size > limit {
		return nil, fmt.Errorf("result of %d bytes: its task has at most %d", size, limit)
	}
	body, err := budget.Unpack(in.GetBody())
	if err != nil {
		return nil, fmt.Errorf("result of %d bytes: %w", len(in.GetBody()), err)
	}
	return &queue.ResultReport{Body: body, Packed: in.GetBody(), Digest: in.GetDigest(), ComputeTime: in.GetComputeTime().AsDuration()}, nil
}

// truncated returns the last maxText bytes of a text; the end of a log explains a failure.
func truncated(text string) string { return text[max(0, len(text)-maxText):] }

// response encodes the queue's answer to the call.
func (c SyncCall) response(a queue.SyncAnswer, key leaseKey) *spiqsweepv1.SyncResponse {
	out := &spiqsweepv1.SyncResponse{
		CallAgainIn: durationpb.New(a.CallAgainIn),
		LeaseTerm:   durationpb.New(a.LeaseTerm),
		Done:        a.Done,
		Drain:       a.Drain,
		NoneFits:    a.NoneFits,
	}
	for _, assignment := range a.Assignments {
		lease := writeLease(assignment.Lease)
		lease.Proof = key.proof(c.ID, lease.GetTask(), lease.GetAttempt())
		out.Assignments = append(out.Assignments, &spiqsweepv1.Assignment{
			Lease: lease, Task: writeWork(assignment.Work), HandBack: assignment.HandBack,
		})
	}
	for _, verdict := range a.Verdicts {
		written := &spiqsweepv1.Verdict{Lease: writeLease(verdict.Lease), Judgement: judgements[verdict.Judgement], Reason: verdict.Why}
		if reason, ok := c.invalid[verdict.Lease]; ok {
			written.Judgement, written.Reason = spiqsweepv1.Verdict_JUDGEMENT_INVALID, reason
		}
		out.Verdicts = append(out.Verdicts, written)
	}
	return out
}

var judgements = map[queue.Judgement]spiqsweepv1.Verdict_Judgement{
	queue.JudgedAccepted:  spiqsweepv1.Verdict_JUDGEMENT_ACCEPTED,
	queue.JudgedDuplicate: spiqsweepv1.Verdict_JUDGEMENT_DUPLICATE,
	queue.JudgedLate:      spiqsweepv1.Verdict_JUDGEMENT_LATE,
	queue.JudgedInvalid:   spiqsweepv1.Verdict_JUDGEMENT_INVALID,
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
