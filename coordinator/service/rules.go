package service

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// Rules implements the calls of WorkerService as functions of the request, the store
// and the store's time, without goroutines, timers or network. A Sync takes three
// steps, between which its server may keep an idle process waiting: Read; WouldWait,
// until it returns false, Queue.Changed is closed, or LongPoll has passed; Apply.
// Errors are statuses.
type Rules struct{ Config }

// Read checks and decodes a Sync.
func (r Rules) Read(in *spiqsweepv1.SyncRequest) (SyncCall, error) { return r.read(in, nil) }

// read is Read with limits for the results (see readSync).
func (r Rules) read(in *spiqsweepv1.SyncRequest, sizes map[queue.Lease]int) (SyncCall, error) {
	process, err := r.process(in.GetProcess())
	if err != nil {
		return SyncCall{}, err
	}
	return readSync(process, in, sizes, leaseKey(r.OperatorToken))
}

// precheck performs the cheap checks of a Sync: the process, the number of leases, and
// whether they were granted to the process. It returns the part of the call that
// concerns granted leases, and the maximum sizes of their results in bytes. If the call
// names few leases, those without a result are left to Apply.
func (r Rules) precheck(ctx context.Context, in *spiqsweepv1.SyncRequest) (*spiqsweepv1.SyncRequest, map[queue.Lease]int, error) {
	process, err := r.process(in.GetProcess())
	if err != nil {
		return nil, nil, err
	}
	if len(in.GetHeld()) > maxLeases || len(in.GetReports()) > maxLeases {
		return nil, nil, invalid("%d leases held, %d reported: at most %d can be", len(in.GetHeld()), len(in.GetReports()), maxLeases)
	}
	results, others, err := leasesIn(in)
	if err != nil {
		return nil, nil, err
	}
	checkAll := len(others) > maxUnchecked
	if !checkAll {
		others = nil
	}
	granted, err := r.Queue.Granted(ctx, process.ID, results, others)
	if err != nil {
		return nil, nil, r.statusOf(err, "Sync")
	}
	r.addProven(process.ID, in, granted, checkAll)
	return filterGranted(in, granted, checkAll), granted, nil
}

// addProven adds to granted the leases that have a valid proof but are not in the store.
// Unless checkAll is set, it adds only those of results. The queue limits the sizes of
// their results later.
func (r Rules) addProven(process string, in *spiqsweepv1.SyncRequest, granted map[queue.Lease]int, checkAll bool) {
	add := func(l *spiqsweepv1.Lease) {
		if lease := leaseOf(l); granted[lease] == 0 && leaseKey(r.OperatorToken).verify(process, l) {
			granted[lease] = protocol.MaxUnpackedBytes
		}
	}
	for _, report := range in.GetReports() {
		if checkAll || report.GetResult() != nil {
			add(report.GetLease())
		}
	}
	for _, held := range in.GetHeld() {
		if checkAll {
			add(held.GetLease())
		}
	}
}

// leasesIn returns the leases whose results a Sync reports, and all its other leases.
func leasesIn(in *spiqsweepv1.SyncRequest) (results, others []queue.Lease, err error) {
	for _, report := range in.GetReports() {
		lease, err := readLease(report.GetLease())
		if err != nil {
			return nil, nil, err
		}
		if report.GetResult() != nil {
			results = append(results, lease)
		} else {
			others = append(others, lease)
		}
	}
	for _, held := range in.GetHeld() {
		lease, err := readLease(held.GetLease())
		if err != nil {
			return nil, nil, err
		}
		others = append(others, lease)
	}
	return results, others, nil
}

// filterGranted returns a Sync without the reports that were not looked up; the worker
// sends them again. If checkAll is set, it also drops held leases that were
// never granted.
func filterGranted(in *spiqsweepv1.SyncRequest, granted map[queue.Lease]int, checkAll bool) *spiqsweepv1.SyncRequest {
	out := &spiqsweepv1.SyncRequest{
		Process: in.GetProcess(), Sequence: in.GetSequence(), Held: in.GetHeld(),
		FreeSlots: in.GetFreeSlots(), Draining: in.GetDraining(), Stays: in.GetStays(), TimeLeft: in.GetTimeLeft(),
	}
	for _, report := range in.GetReports() {
		if _, found := granted[leaseOf(report.GetLease())]; found || !checkAll && report.GetResult() == nil {
			out.Reports = append(out.Reports, report)
		}
	}
	if !checkAll {
		return out
	}
	out.Held = nil
	for _, held := range in.GetHeld() {
		if granted[leaseOf(held.GetLease())] > 0 {
			out.Held = append(out.Held, held)
		}
	}
	return out
}

// WouldWait reports whether a process has free slots but there is no work for it now.
func (r Rules) WouldWait(ctx context.Context, call SyncCall) (bool, error) {
	wait, err := r.Queue.WouldWait(ctx, call.SyncRequest)
	if err != nil {
		return false, r.statusOf(err, "Sync")
	}
	return wait, nil
}

// LongPoll returns how long a process may wait for work: at most a third of the lease
// term, so that the process does not expire while it waits.
func (r Rules) LongPoll() time.Duration { return min(protocol.LongPoll, r.Queue.LeaseTerm()/3) }

// Apply applies a Sync to the queue. Everything that the response states is committed.
func (r Rules) Apply(ctx context.Context, call SyncCall) (*spiqsweepv1.SyncResponse, error) {
	answer, err := r.Queue.Sync(ctx, call.SyncRequest)
	if err != nil {
		return nil, r.statusOf(err, "Sync")
	}
	r.Metrics.Synced(call.SyncRequest, answer, call.invalid)
	r.logSync(call, answer)
	return call.response(answer, leaseKey(r.OperatorToken)), nil
}

// verdictLines are the log lines of verdicts.
var verdictLines = map[queue.Judgement]struct {
	level   hclog.Level
	message string
}{
	queue.JudgedAccepted:  {hclog.Debug, "report is accepted"},
	queue.JudgedDuplicate: {hclog.Debug, "report is repeated"},
	queue.JudgedLate:      {hclog.Info, "report came late"},
	queue.JudgedInvalid:   {hclog.Info, "report is invalid"},
}

// logSync logs the grants and the verdicts of a Sync, each with its task, attempt, process and
// host, and with the job of an engine if the process has one.
func (r Rules) logSync(call SyncCall, answer queue.SyncAnswer) {
	line := func(level hclog.Level, message string, l queue.Lease, pairs ...any) {
		names := []any{"task", l.Task, "attempt", l.Attempt, "process", call.ID, "host", call.Host}
		if call.EngineJob != "" {
			names = append(names, "engine_job", call.EngineJob)
		}
		r.Log.Log(level, message, append(names, pairs...)...)
	}
	if r.Log.IsDebug() {
		for _, a := range answer.Assignments {
			if a.Work != nil {
				line(hclog.Debug, "lease is granted", a.Lease, "from_step", a.Work.CheckpointStep)
			}
		}
	}
	if !r.Log.IsInfo() || len(answer.Verdicts) == 0 {
		return
	}
	outcomes := make(map[queue.Lease]string, len(call.Reports))
	for _, report := range call.Reports {
		outcomes[report.Lease] = report.Outcome()
	}
	for _, v := range answer.Verdicts {
		judgement, why := v.Judgement, v.Why
		if reason, found := call.invalid[v.Lease]; found {
			judgement, why = queue.JudgedInvalid, reason
		}
		pairs := []any{"outcome", outcomes[v.Lease]}
		if why != "" {
			pairs = append(pairs, "why", why)
		}
		line(verdictLines[judgement].level, verdictLines[judgement].message, v.Lease, pairs...)
	}
}

// GetRecording returns the recording of a digest, compressed.
func (r Rules) GetRecording(ctx context.Context, in *spiqsweepv1.GetRecordingRequest) (*spiqsweepv1.GetRecordingResponse, error) {
	if !wire.IsDigest(in.GetDigest()) {
		return nil, invalid("digest %.80q: must be a SHA-256 in lower-case hexadecimal", in.GetDigest())
	}
	body, err := r.Queue.Recording(ctx, in.GetDigest())
	if err != nil {
		return nil, r.statusOf(err, "GetRecording")
	}
	return &spiqsweepv1.GetRecordingResponse{Body: protocol.Pack(body)}, nil
}

// PutCheckpoint stores a checkpoint if its attempt is live and its step is larger than
// that of the stored one.
func (r Rules) PutCheckpoint(ctx context.Context, in *spiqsweepv1.PutCheckpointRequest) (*spiqsweepv1.PutCheckpointResponse, error) {
	process, lease, err := r.holder(in)
	if err != nil {
		return nil, err
	}
	if in.GetStep() == 0 || len(in.GetBody()) == 0 {
		return nil, invalid("checkpoint of step %d with %d bytes: both must be above 0", in.GetStep(), len(in.GetBody()))
	}
	stored, err := r.Queue.PutCheckpoint(ctx, process.ID, lease, in.GetStep(), in.GetBody())
	if err != nil {
		return nil, r.statusOf(err, "PutCheckpoint")
	}
	return &spiqsweepv1.PutCheckpointResponse{Stored: stored}, nil
}

// GetCheckpoint returns the checkpoint from which a lease resumes.
func (r Rules) GetCheckpoint(ctx context.Context, in *spiqsweepv1.GetCheckpointRequest) (*spiqsweepv1.GetCheckpointResponse, error) {
	process, lease, err := r.holder(in)
	if err != nil {
		return nil, err
	}
	step, body, err := r.Queue.Checkpoint(ctx, process.ID, lease)
	if err != nil {
		return nil, r.statusOf(err, "GetCheckpoint")
	}
	return &spiqsweepv1.GetCheckpointResponse{Step: step, Body: body}, nil
}

// statusOf converts an error into a status for workers, which states why the store is
// unavailable but not where it is.
func (r Rules) statusOf(err error, call string) error {
	if errors.Is(err, queue.ErrUnavailable) {
		r.Log.Debug("call failed", "call", call, "error", err, "cause", queue.Cause(err))
		return status.Error(codes.Unavailable, queue.PublicReason(err))
	}
	return statusOf(err, r.Log, call)
}

// process decodes a process and checks that it may work for this coordinator.
func (r Rules) process(in *spiqsweepv1.Process) (queue.Process, error) {
	p, err := readProcess(in)
	if err != nil {
		return queue.Process{}, err
	}
	if reason := r.workerMismatch(in.GetProtocol(), p); reason != "" {
		return queue.Process{}, status.Error(codes.FailedPrecondition, reason)
	}
	return p, nil
}

// holder decodes the process and the lease of a call.
func (r Rules) holder(in interface {
	GetProcess() *spiqsweepv1.Process
	GetLease() *spiqsweepv1.Lease
},
) (queue.Process, queue.Lease, error) {
	process, err := r.process(in.GetProcess())
	if err != nil {
		return queue.Process{}, queue.Lease{}, err
	}
	lease, err := readLease(in.GetLease())
	return process, lease, err
}
