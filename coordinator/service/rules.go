package service

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// Rules answer WorkerService, each call a function of the request, the store
// and the store's time: no goroutine, timer or network. A Sync takes three
// steps, so that whoever serves it can keep an idle process waiting between
// them: Read; WouldWait, until it says no, Queue.Changed has been closed, or
// LongPoll has passed; Judge. Errors are statuses.
type Rules struct{ Config }

// Read checks a Sync and reads it.
func (r Rules) Read(in *spiqsweepv1.SyncRequest) (SyncCall, error) { return r.read(in, nil) }

// read is Read with the sizes that results of leases may have, as readSync wants them.
func (r Rules) read(in *spiqsweepv1.SyncRequest, sizes map[queue.Lease]int) (SyncCall, error) {
	process, err := r.process(in.GetProcess())
	if err != nil {
		return SyncCall{}, err
	}
	return readSync(process, in, sizes, seal(r.OperatorToken))
}

// check checks a Sync as far as that costs little: who calls, and that it speaks of
// leases that were granted to it. It returns the part of the call that does, and how
// large the results in it may be. The held leases of a call that names few are left to
// Judge.
func (r Rules) check(ctx context.Context, in *spiqsweepv1.SyncRequest) (*spiqsweepv1.SyncRequest, map[queue.Lease]int, error) {
	process, err := r.process(in.GetProcess())
	if err != nil {
		return nil, nil, err
	}
	if len(in.GetHeld()) > maxLeases || len(in.GetReports()) > maxLeases {
		return nil, nil, invalid("%d leases held, %d reported: at most %d can be", len(in.GetHeld()), len(in.GetReports()), maxLeases)
	}
	results, others, err := named(in)
	if err != nil {
		return nil, nil, err
	}
	all := len(others) > maxUnchecked
	if !all {
		others = nil
	}
	granted, err := r.Queue.Granted(ctx, process.ID, results, others)
	if err != nil {
		return nil, nil, r.statusOf(err, "Sync")
	}
	r.prove(process.ID, in, granted, all)
	return concerned(in, granted, all), granted, nil
}

// prove adds the leases of a process that are proven and not in the store: those of
// results, or all. How large their results may be is for the queue to say.
func (r Rules) prove(process string, in *spiqsweepv1.SyncRequest, granted map[queue.Lease]int, all bool) {
	add := func(l *spiqsweepv1.Lease) {
		if lease := leaseOf(l); granted[lease] == 0 && seal(r.OperatorToken).proves(process, l) {
			granted[lease] = wire.MaxUnpackedBytes
		}
	}
	for _, report := range in.GetReports() {
		if all || report.GetResult() != nil {
			add(report.GetLease())
		}
	}
	for _, held := range in.GetHeld() {
		if all {
			add(held.GetLease())
		}
	}
}

// named lists the leases whose results a Sync reports, and all others in it.
func named(in *spiqsweepv1.SyncRequest) (results, others []queue.Lease, err error) {
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

// concerned returns a Sync without the reports that were not looked up, which come
// again, and, if all leases were looked up, without those held that were never granted.
func concerned(in *spiqsweepv1.SyncRequest, granted map[queue.Lease]int, all bool) *spiqsweepv1.SyncRequest {
	out := &spiqsweepv1.SyncRequest{
		Process: in.GetProcess(), Sequence: in.GetSequence(), Held: in.GetHeld(),
		FreeSlots: in.GetFreeSlots(), Draining: in.GetDraining(), Stays: in.GetStays(),
	}
	for _, report := range in.GetReports() {
		if _, found := granted[leaseOf(report.GetLease())]; found || !all && report.GetResult() == nil {
			out.Reports = append(out.Reports, report)
		}
	}
	if !all {
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

// WouldWait says whether a process asks for work and there is none now.
func (r Rules) WouldWait(ctx context.Context, call SyncCall) (bool, error) {
	idle, err := r.Queue.WouldWait(ctx, call.SyncRequest)
	if err != nil {
		return false, r.statusOf(err, "Sync")
	}
	return idle, nil
}

// Judge obeys a Sync and answers it. What the answer says is durable.
func (r Rules) Judge(ctx context.Context, call SyncCall) (*spiqsweepv1.SyncResponse, error) {
	answer, err := r.Queue.Sync(ctx, call.SyncRequest)
	if err != nil {
		return nil, r.statusOf(err, "Sync")
	}
	return call.answer(answer, seal(r.OperatorToken)), nil
}

// GetRecording returns the bits that tasks train on.
func (r Rules) GetRecording(ctx context.Context, in *spiqsweepv1.GetRecordingRequest) (*spiqsweepv1.GetRecordingResponse, error) {
	if !wire.IsDigest(in.GetDigest()) {
		return nil, invalid("digest %.80q: must be a SHA-256 in lower-case hexadecimal", in.GetDigest())
	}
	body, err := r.Queue.Recording(ctx, in.GetDigest())
	if err != nil {
		return nil, r.statusOf(err, "GetRecording")
	}
	return &spiqsweepv1.GetRecordingResponse{Body: wire.Pack(body)}, nil
}

// PutCheckpoint stores a checkpoint, if it is the live attempt's and newer.
func (r Rules) PutCheckpoint(ctx context.Context, in *spiqsweepv1.PutCheckpointRequest) (*spiqsweepv1.PutCheckpointResponse, error) {
	process, lease, err := r.holder(in)
	if err != nil {
		return nil, err
	}
	if in.GetStep() == 0 || len(in.GetBody()) == 0 {
		return nil, invalid("a checkpoint of step %d with %d bytes: there is nothing to resume from", in.GetStep(), len(in.GetBody()))
	}
	stored, err := r.Queue.PutCheckpoint(ctx, process.ID, lease, in.GetStep(), in.GetBody())
	if err != nil {
		return nil, r.statusOf(err, "PutCheckpoint")
	}
	return &spiqsweepv1.PutCheckpointResponse{Stored: stored}, nil
}

// GetCheckpoint returns what the holder of a lease resumes from.
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

// statusOf is what a worker learns of an error: what is wrong with the store, but not
// where the store is.
func (r Rules) statusOf(err error, call string) error {
	if errors.Is(err, queue.ErrUnavailable) {
		r.Log.Debug("call failed", "call", call, "error", err)
		return status.Error(codes.Unavailable, queue.PublicReason(err))
	}
	return statusOf(err, r.Log, call)
}

// process checks who calls, and that its numbers are those that are wanted.
func (r Rules) process(in *spiqsweepv1.Process) (queue.Process, error) {
	p, err := readProcess(in)
	if err != nil {
		return queue.Process{}, err
	}
	if why := r.mismatch(in.GetProtocol(), p); why != "" {
		return queue.Process{}, status.Error(codes.FailedPrecondition, why)
	}
	return p, nil
}

// holder reads which process speaks of which of its leases.
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
