package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
	"spiqsweep/worker/runner"
)

// progressEvery is the minimum time between two Progressed of a task.
const progressEvery = time.Second

// train runs a task until it finishes, fails or is stopped.
func (s *shell) train(ctx context.Context, a StartTask) Ended {
	r := &reporter{shell: s, lease: a.Lease}
	result, err := s.run(ctx, a, r)
	ended := Ended{Lease: a.Lease, Step: r.step}
	switch {
	case err == nil:
		ended.Result = result
	case !errors.Is(err, runner.ErrStopped):
		ended.Failure = &spiqsweepv1.Failure{Message: err.Error()}
		if logged := (*runner.Failure)(nil); errors.As(err, &logged) {
			ended.Failure.Log, ended.Failure.Reproducible = logged.Log, logged.Reproducible
		}
	}
	return ended
}

func (s *shell) run(ctx context.Context, a StartTask, r runner.Reporter) (*spiqsweepv1.Result, error) {
	task, err := s.task(a)
	if err != nil {
		return nil, err
	}
	outcome, err := s.runner.Run(ctx, task, r)
	if err != nil {
		return nil, err
	}
	return packed(outcome)
}

// task decodes a task of the coordinator and checks its ID.
func (s *shell) task(a StartTask) (runner.Task, error) {
	configuration, err := sweep.DecodeConfiguration(a.Task.GetConfiguration())
	if err != nil {
		return runner.Task{}, err
	}
	digest := a.Task.GetRecordingDigest()
	id := sweep.NewTaskID(configuration, digest, sweep.Numerics, s.process.GetKernelClass())
	if id != sweep.TaskID(a.Lease.Task) {
		return runner.Task{}, fmt.Errorf("task %s is not that of its configuration and recording, which is %s", a.Lease.Task, id)
	}
	return runner.Task{
		ID: id, Configuration: configuration, Raster: s.cache.get(digest), Checkpoint: a.Body,
		LogPairs: a.Lease.logPairs(s.process)[2:],
	}, nil
}

// packed encodes a result for the wire.
func packed(o runner.Outcome) (*spiqsweepv1.Result, error) {
	body, err := o.Result.Encode()
	if err != nil {
		return nil, err
	}
	return &spiqsweepv1.Result{
		Body: protocol.Pack(body), Digest: sweep.ResultDigest(body),
		ComputeTime: durationpb.New(o.ComputeTime),
	}, nil
}

// reporter sends the progress of one task to the loop.
type reporter struct {
	shell *shell
	lease Lease
	last  time.Time // of the last Progressed
	step  uint64    // the newest
}

func (r *reporter) Progress(step int) {
	r.step = uint64(step)
	if now := time.Now(); now.Sub(r.last) >= progressEvery {
		r.last = now
		r.shell.post(Progressed{Lease: r.lease, Step: r.step})
	}
}

func (r *reporter) Checkpoint(step int, body []byte) {
	r.shell.post(CheckpointMade{Lease: r.lease, Step: uint64(step), Body: body})
}
