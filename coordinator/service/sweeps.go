package service

import (
	"context"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

func (o *operator) ListSweeps(ctx context.Context, _ *spiqsweepv1.ListSweepsRequest) (*spiqsweepv1.ListSweepsResponse, error) {
	sweeps, err := o.Queue.Sweeps(ctx)
	if err != nil {
		return nil, statusOf(err, o.Log, "ListSweeps")
	}
	out := &spiqsweepv1.ListSweepsResponse{}
	for _, s := range sweeps {
		out.Sweeps = append(out.Sweeps, wire.WriteSweep(s))
	}
	return out, nil
}

func (o *operator) GetSweep(ctx context.Context, in *spiqsweepv1.GetSweepRequest) (*spiqsweepv1.GetSweepResponse, error) {
	s, err := o.find(ctx, in.GetSweep(), "GetSweep")
	if err != nil {
		return nil, err
	}
	status, err := o.Queue.Status(ctx, s.ID)
	if err != nil {
		return nil, statusOf(err, o.Log, "GetSweep")
	}
	return &spiqsweepv1.GetSweepResponse{
		Sweep: wire.WriteSweep(queue.Summary{Sweep: s, Counts: status.Counts}), Grid: s.Grid,
	}, nil
}

func (o *operator) GetStatus(ctx context.Context, in *spiqsweepv1.GetStatusRequest) (*spiqsweepv1.GetStatusResponse, error) {
	s, err := o.find(ctx, in.GetSweep(), "GetStatus")
	if err != nil {
		return nil, err
	}
	status, err := o.Queue.Status(ctx, s.ID)
	if err != nil {
		return nil, statusOf(err, o.Log, "GetStatus")
	}
	return wire.WriteStatus(status), nil
}

func (o *operator) DeleteSweep(ctx context.Context, in *spiqsweepv1.DeleteSweepRequest) (*spiqsweepv1.DeleteSweepResponse, error) {
	s, err := o.find(ctx, in.GetSweep(), "DeleteSweep")
	if err != nil {
		return nil, err
	}
	if err := o.Queue.Delete(ctx, s.ID); err != nil {
		return nil, statusOf(err, o.Log, "DeleteSweep")
	}
	return &spiqsweepv1.DeleteSweepResponse{}, nil
}

// find looks up the sweep that a caller means: by an empty word, the
// coordinator's own, or the only one.
func (o *operator) find(ctx context.Context, word, call string) (queue.Sweep, error) {
	if !wire.IsLabel(word) {
		return queue.Sweep{}, invalid("sweep %.80q: must be at most %d bytes of printable text", word, wire.MaxLabel)
	}
	if word == "" {
		word = o.Sweep
	}
	s, err := o.Queue.Find(ctx, word)
	if err != nil {
		return queue.Sweep{}, statusOf(err, o.Log, call)
	}
	return s, nil
}
