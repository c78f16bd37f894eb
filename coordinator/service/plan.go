package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/simulator/recording"
)

// PutRecording stores a recording if it matches its digest.
func (o *operator) PutRecording(ctx context.Context, in *spiqsweepv1.PutRecordingRequest) (*spiqsweepv1.PutRecordingResponse, error) {
	body, err := protocol.Unpack(in.GetBody(), protocol.MaxUnpackedBytes)
	if err != nil {
		return nil, invalid("recording %.80q: %v", in.GetDigest(), err)
	}
	var raster recording.Raster
	if err := raster.UnmarshalBinary(body); err != nil {
		return nil, invalid("recording %.80q: %v", in.GetDigest(), err)
	}
	if digest := raster.Digest(); digest != in.GetDigest() {
		return nil, invalid("recording %.80q: its digest is %s", in.GetDigest(), digest)
	}
	if err := o.Queue.PutRecording(ctx, in.GetDigest(), body); err != nil {
		return nil, statusOf(err, o.Log, "PutRecording")
	}
	return &spiqsweepv1.PutRecordingResponse{}, nil
}

// PlanSweep passes tasks to the queue as they arrive.
func (o *operator) PlanSweep(stream grpc.ClientStreamingServer[spiqsweepv1.PlanSweepRequest, spiqsweepv1.PlanSweepResponse]) error {
	first, err := stream.Recv()
	if errors.Is(err, io.EOF) {
		return invalid("the plan has no sweep")
	}
	if err != nil {
		return err
	}
	s, err := o.readSweep(first)
	if err != nil {
		return err
	}
	p := &incoming{operator: o, stream: stream, sweep: s, message: first, recordings: map[string]bool{}}
	revision, err := o.Queue.Plan(stream.Context(), s, p.tasks())
	if err != nil {
		return statusOf(err, o.Log, "PlanSweep")
	}
	return stream.SendAndClose(wire.WriteRevision(revision))
}

// ExpectTasks announces further tasks of a sweep.
func (o *operator) ExpectTasks(ctx context.Context, in *spiqsweepv1.ExpectTasksRequest) (*spiqsweepv1.ExpectTasksResponse, error) {
	if !wire.IsLabel(in.GetSweep()) || in.GetSweep() == "" {
		return nil, invalid("sweep %.80q: must be an ID of at most %d bytes of printable text", in.GetSweep(), wire.MaxLabel)
	}
	if err := o.Queue.Expect(ctx, in.GetSweep(), in.GetMore()); err != nil {
		return nil, statusOf(err, o.Log, "ExpectTasks")
	}
	return &spiqsweepv1.ExpectTasksResponse{}, nil
}

// readSweep decodes the sweep in the first message of a plan, and checks that this
// coordinator's workers can compute it.
func (o *operator) readSweep(in *spiqsweepv1.PlanSweepRequest) (queue.Sweep, error) {
	read, err := wire.ReadSweep(in.GetSweep())
	if err != nil {
		return queue.Sweep{}, invalid("%v", err)
	}
	s := queue.Sweep{
		ID: read.ID, Name: read.Name, Grid: in.GetGrid(), Numerics: read.Numerics, KernelClass: read.KernelClass, Digest: in.GetDigest(),
		Note: read.Note, Recording: read.Recording, Limits: queue.Limits{Parallel: read.Parallel, Until: read.Until},
	}
	switch {
	case s.ID == "" || s.Name == "":
		return queue.Sweep{}, invalid("sweep %q, ID %q: must have a name and an ID", s.Name, s.ID)
	case len(s.Grid) > maxGrid:
		return queue.Sweep{}, invalid("the grid takes %d bytes: at most %d are accepted", len(s.Grid), maxGrid)
	}
	if reason := queue.SubmissionMismatch(s.Arithmetic(), o.arithmetic()); reason != "" {
		return queue.Sweep{}, status.Error(codes.FailedPrecondition, reason)
	}
	return s, nil
}

// incoming is a plan that is being received.
type incoming struct {
	*operator
	stream     grpc.ClientStreamingServer[spiqsweepv1.PlanSweepRequest, spiqsweepv1.PlanSweepResponse]
	sweep      queue.Sweep
	message    *spiqsweepv1.PlanSweepRequest // the newest received
	recordings map[string]bool               // digests found in the store
}

// tasks returns the decoded tasks of all messages. It can be iterated once.
func (p *incoming) tasks() iter.Seq2[queue.Planned, error] {
	return func(yield func(queue.Planned, error) bool) {
		for {
			for _, written := range p.message.GetTasks() {
				task, err := p.task(written)
				if !yield(task, err) || err != nil {
					return
				}
			}
			var err error
			if p.message, err = p.stream.Recv(); errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(queue.Planned{}, err)
				return
			}
		}
	}
}

// task decodes a task and checks its ID and that its recording is stored.
func (p *incoming) task(in *spiqsweepv1.PlannedTask) (queue.Planned, error) {
	task, err := wire.ReadPlanned(in)
	if err == nil {
		err = wire.CheckID(task.Task, p.sweep)
	}
	if err != nil {
		return queue.Planned{}, fmt.Errorf("%w: %w", queue.ErrInvalid, err)
	}
	if digest := task.Task.Recording; !p.recordings[digest] {
		if _, err := p.Queue.Recording(p.stream.Context(), digest); err != nil {
			return queue.Planned{}, err
		}
		p.recordings[digest] = true
	}
	return task, nil
}
