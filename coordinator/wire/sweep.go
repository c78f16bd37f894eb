package wire

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// WriteSweep encodes a sweep without its grid.
func WriteSweep(s queue.Summary) *spiqsweepv1.Sweep {
	written := &spiqsweepv1.Sweep{
		Id: s.ID, Name: s.Name, Revision: uint32(s.Revision),
		Numerics: uint32(s.Numerics), KernelClass: s.KernelClass,
		CreatedAt: writeTime(s.CreatedAt), Counts: writeCounts(s.Counts),
		Paused: s.Paused, Until: writeTime(s.Until), Note: s.Note, Recording: s.Recording,
	}
	if s.Parallel != queue.KeepParallel {
		written.Parallel = proto.Uint32(uint32(s.Parallel))
	}
	return written
}

// ReadSweep decodes a sweep without its turn.
func ReadSweep(in *spiqsweepv1.Sweep) (queue.Summary, error) {
	for _, label := range []struct{ name, value string }{
		{"sweep ID", in.GetId()}, {"sweep name", in.GetName()}, {"kernel class", in.GetKernelClass()}, {"note", in.GetNote()}, {"name of the recording", in.GetRecording()},
	} {
		if err := checkLabel(label.name, label.value); err != nil {
			return queue.Summary{}, err
		}
	}
	revision, err := number("revision", uint64(in.GetRevision()))
	if err != nil {
		return queue.Summary{}, err
	}
	numerics, err := number("numerics", uint64(in.GetNumerics()))
	if err != nil {
		return queue.Summary{}, err
	}
	limits := queue.Limits{Parallel: queue.KeepParallel, Paused: in.GetPaused(), Until: readTime(in.GetUntil())}
	if in != nil && in.Parallel != nil {
		if limits.Parallel, err = number("parallel", uint64(in.GetParallel())); err != nil {
			return queue.Summary{}, err
		}
	}
	counts, err := readCounts(in.GetCounts())
	return queue.Summary{
		Sweep: queue.Sweep{
			ID: in.GetId(), Name: in.GetName(), Revision: revision,
			Numerics: numerics, KernelClass: in.GetKernelClass(), CreatedAt: readTime(in.GetCreatedAt()),
			Note: in.GetNote(), Recording: in.GetRecording(), Limits: limits,
		},
		Counts: counts,
	}, err
}

func writeCounts(c queue.Counts) *spiqsweepv1.TaskCounts {
	return &spiqsweepv1.TaskCounts{
		Planned: uint64(c.Planned), Done: uint64(c.Done), Leased: uint64(c.Leased),
		Pending: uint64(c.Pending), Failed: uint64(c.Failed), Diverged: uint64(c.Diverged),
		Verifying: uint64(c.Verifying), Queued: uint64(c.Queued),
	}
}

func readCounts(in *spiqsweepv1.TaskCounts) (c queue.Counts, err error) {
	for _, field := range []struct {
		name string
		to   *int
		from uint64
	}{
		{"planned", &c.Planned, in.GetPlanned()},
		{"done", &c.Done, in.GetDone()},
		{"leased", &c.Leased, in.GetLeased()},
		{"pending", &c.Pending, in.GetPending()},
		{"failed", &c.Failed, in.GetFailed()},
		{"diverged", &c.Diverged, in.GetDiverged()},
		{"verifying", &c.Verifying, in.GetVerifying()},
		{"queued", &c.Queued, in.GetQueued()},
	} {
		if *field.to, err = number(field.name, field.from); err != nil {
			return queue.Counts{}, err
		}
	}
	if c.Queued > c.Leased {
		return queue.Counts{}, fmt.Errorf("queued %d: must be at most the number of leased tasks, %d", c.Queued, c.Leased)
	}
	return c, nil
}

// writeTime encodes a time; the zero time as nil.
func writeTime(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func readTime(in *timestamppb.Timestamp) time.Time {
	if in == nil {
		return time.Time{}
	}
	return in.AsTime()
}
