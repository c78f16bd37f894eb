package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
	"spiqsweep/worker/runner"
)

// progressEvery spaces what the loop hears of a task's steps.
const progressEvery = time.Second

// train runs one task to its end, whichever that is.
func (s *shell) train(ctx context.Context, a StartTask) Ended {
	task, err := s.task(a)
	if err != nil {
		return Ended{Lease: a.Lease, Failure: &spiqsweepv1.Failure{Message: err.Error()}}
	}
	outcome, err := s.runner.Run(ctx, task, &reporter{shell: s, lease: a.Lease})
	if err == nil {
		var result *spiqsweepv1.Result
		if result, err = packed(outcome); err == nil {
			return Ended{Lease: a.Lease, Result: result}
		}
	}
	if errors.Is(err, runner.ErrStopped) {
		return Ended{Lease: a.Lease}
	}
	failure := &spiqsweepv1.Failure{Message: err.Error()}
	if logged := (*runner.Failure)(nil); errors.As(err, &logged) {
		failure.Log = logged.Log
	}
	return Ended{Lease: a.Lease, Failure: failure}
}

// task turns what the coordinator sent into what the runner takes.
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
		ID: id, Configuration: configuration, Raster: s.shelf.get(digest), Checkpoint: a.Body,
	}, nil
}

// packed encodes a result for the wire.
func packed(o runner.Outcome) (*spiqsweepv1.Result, error) {
	body, err := o.Result.Encode()
	if err != nil {
		return nil, err
	}
	return &spiqsweepv1.Result{
		Body: packer.EncodeAll(body, nil), Digest: sweep.Digest(body),
		ComputeTime: durationpb.New(o.ComputeTime),
	}, nil
}

// reporter brings the news of one task to the loop.
type reporter struct {
	shell *shell
	lease Lease
	last  time.Time // of the last Progressed
}

func (r *reporter) Progress(step int) {
	if now := time.Now(); now.Sub(r.last) >= progressEvery {
		r.last = now
		r.shell.post(Progressed{Lease: r.lease, Step: uint64(step)})
	}
}

func (r *reporter) Checkpoint(step int, body []byte) {
	r.shell.post(CheckpointMade{Lease: r.lease, Step: uint64(step), Body: body})
}
