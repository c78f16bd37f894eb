package service

import (
	"context"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// operator answers OperatorService.
type operator struct {
	spiqsweepv1.UnimplementedOperatorServiceServer
	Config
}

func (o *operator) Retry(ctx context.Context, in *spiqsweepv1.RetryRequest) (*spiqsweepv1.RetryResponse, error) {
	request := queue.RetryRequest{Diverged: in.GetDiverged()}
	if in.GetSelection() != nil {
		selection, err := o.selection(ctx, in.GetSelection(), "Retry")
		if err != nil {
			return nil, err
		}
		request.Selection = selection
	}
	tasks, err := wire.ReadTasks(in.GetTasks())
	if err != nil {
		return nil, invalid("%v", err)
	}
	request.Tasks = append(request.Tasks, tasks...)
	reopened, err := o.Queue.Retry(ctx, request)
	if err != nil {
		return nil, statusOf(err, o.Log, "Retry")
	}
	return &spiqsweepv1.RetryResponse{Reopened: uint64(reopened)}, nil
}

func (o *operator) Cancel(ctx context.Context, in *spiqsweepv1.CancelRequest) (*spiqsweepv1.CancelResponse, error) {
	selection, err := o.selection(ctx, in.GetSelection(), "Cancel")
	if err != nil {
		return nil, err
	}
	cancelled, shared, err := o.Queue.Cancel(ctx, selection)
	if err != nil {
		return nil, statusOf(err, o.Log, "Cancel")
	}
	return &spiqsweepv1.CancelResponse{Cancelled: uint64(cancelled), Shared: uint64(shared)}, nil
}

func (o *operator) Drain(ctx context.Context, in *spiqsweepv1.DrainRequest) (*spiqsweepv1.DrainResponse, error) {
	for kind, words := range map[string][]string{"process": in.GetProcesses(), "host": in.GetHosts()} {
		for _, word := range words {
			if word == "" || !wire.IsLabel(word) {
				return nil, invalid("%s %.80q: must be some printable text of at most %d bytes", kind, word, wire.MaxLabel)
			}
		}
	}
	draining, err := o.Queue.Drain(ctx, queue.DrainRequest{Processes: in.GetProcesses(), Hosts: in.GetHosts()})
	if err != nil {
		return nil, statusOf(err, o.Log, "Drain")
	}
	return &spiqsweepv1.DrainResponse{Draining: uint64(draining)}, nil
}

func (o *operator) Verify(ctx context.Context, in *spiqsweepv1.VerifyRequest) (*spiqsweepv1.VerifyResponse, error) {
	selection, err := o.selection(ctx, in.GetSelection(), "Verify")
	if err != nil {
		return nil, err
	}
	tasks, err := o.Queue.Verify(ctx, queue.VerifyRequest{Selection: selection, Share: in.GetShare(), Seed: in.GetSeed()})
	if err != nil {
		return nil, statusOf(err, o.Log, "Verify")
	}
	out := &spiqsweepv1.VerifyResponse{}
	for _, task := range tasks {
		out.Tasks = append(out.Tasks, string(task))
	}
	return out, nil
}

// selection reads which tasks of which sweep are meant.
func (o *operator) selection(ctx context.Context, in *spiqsweepv1.Selection, call string) (queue.Selection, error) {
	selection, err := wire.ReadSelection(in)
	if err != nil {
		return queue.Selection{}, invalid("%v", err)
	}
	s, err := o.find(ctx, selection.Sweep, call)
	selection.Sweep = s.ID
	return selection, err
}
