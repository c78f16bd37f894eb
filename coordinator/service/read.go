package service

import (
	"math"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// readProcess checks the labels and numbers that a process gives itself.
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
		Slots: int(in.GetSlots()),
	}, nil
}

func readLease(in *spiqsweepv1.Lease) (queue.Lease, error) {
	if !wire.IsDigest(in.GetTask()) || in.GetAttempt() == 0 || in.GetAttempt() > math.MaxInt64 {
		return queue.Lease{}, invalid("lease of task %.80q, attempt %d: is none", in.GetTask(), in.GetAttempt())
	}
	return leaseOf(in), nil
}

// leaseOf converts a lease that was checked, or that is only looked for.
func leaseOf(in *spiqsweepv1.Lease) queue.Lease {
	return queue.Lease{Task: sweep.TaskID(in.GetTask()), Attempt: in.GetAttempt()}
}

// SyncCall is a checked Sync: what the queue is asked, and why some of its
// reports were not believed.
type SyncCall struct {
	queue.SyncRequest
	disbelieved map[queue.Lease]string
}

// readSync reads a Sync. sizes bounds the results of leases, in bytes, as
// queue.Granted does; nil: as any task may have them.
func readSync(p queue.Process, in *spiqsweepv1.SyncRequest, sizes map[queue.Lease]int, s seal) (SyncCall, error) {
	if in.GetSequence() > math.MaxInt64 {
		return SyncCall{}, invalid("sequence = %d: must count from 1", in.GetSequence())
	}
	call := SyncCall{
		SyncRequest: queue.SyncRequest{
			Process: p, Sequence: in.GetSequence(), FreeSlots: int(in.GetFreeSlots()), Draining: in.GetDraining(), Stays: in.GetStays(),
		},
		disbelieved: map[queue.Lease]string{},
	}
	for _, held := range in.GetHeld() {
		lease, err := readLease(held.GetLease())
		if err != nil {
			return SyncCall{}, err
		}
		call.Held = append(call.Held, queue.Held{Lease: lease, Step: min(held.GetStep(), math.MaxInt64), Started: held.GetStarted(), Proven: s.proves(p.ID, held.GetLease())})
	}
	budget := wire.Budget(wire.MaxUnpackedBytes)
	for _, report := range in.GetReports() {
		lease, err := readLease(report.GetLease())
		if err != nil {
			return SyncCall{}, err
		}
		limit := wire.MaxUnpackedBytes
		if sizes != nil {
			limit = sizes[lease]
		}
		read, err := readReport(report, &budget, limit)
		if err != nil {
			// Unbelieved is a failure of the task: it would only come out the same again.
			call.disbelieved[lease] = err.Error()
			read = queue.Report{Failure: &queue.Failure{Message: "invalid result: " + err.Error()}}
		}
		read.Lease, read.Proven = lease, s.proves(p.ID, report.GetLease())
		call.Reports = append(call.Reports, read)
	}
	return call, nil
}
