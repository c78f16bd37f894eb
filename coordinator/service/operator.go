package service

import (
	"context"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// operator answers OperatorService.
type operator struct {
	spiqsweepv1.UnimplementedOperatorServiceServer
	Config
}

func (o *operator) Retry(ctx context.Context, in *spiqsweepv1.RetryRequest) (*spiqsweepv1.RetryResponse, error) {
	request := queue.RetryRequest{Diverged: in.GetDiverged()}
	for _, task := range in.GetTasks() {
		if !wire.IsDigest(task) {
			return nil, invalid("task %.80q: must be the 64 hexadecimal digits of a task", task)
		}
		request.Tasks = append(request.Tasks, sweep.TaskID(task))
	}
	reopened, err := o.Queue.Retry(ctx, request)
	if err != nil {
		return nil, statusOf(err, o.Log, "Retry")
	}
	return &spiqsweepv1.RetryResponse{Reopened: uint64(reopened)}, nil
}
