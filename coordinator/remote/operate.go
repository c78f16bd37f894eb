package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// changeTimeout ends a call that changes tasks: a million take some minutes.
const changeTimeout = 15 * time.Minute

// Retry reopens tasks and returns how many.
func (c *Client) Retry(ctx context.Context, r queue.RetryRequest) (int, error) {
	request := &spiqsweepv1.RetryRequest{Diverged: r.Diverged}
	if selection := wire.WriteSelection(r.Selection); r.Sweep != "" {
		request.Selection = selection
	} else if request.Tasks = selection.GetTasks(); len(r.Configurations) > 0 {
		request.Selection = &spiqsweepv1.Selection{Configurations: selection.GetConfigurations()}
	}
	var answer *spiqsweepv1.RetryResponse
	err := c.try(ctx, changeTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) (err error) {
		answer, err = client.Retry(ctx, request)
		return err
	})
	if err != nil {
		return 0, acting("retry", err)
	}
	return int(answer.GetReopened()), nil
}

// Cancel sets tasks of a sweep aside, and returns how many, and how many go on
// since another sweep wants them too. Without a sweep, the coordinator's own or
// only one is meant.
func (c *Client) Cancel(ctx context.Context, s queue.Selection) (cancelled, shared int, err error) {
	request := &spiqsweepv1.CancelRequest{Selection: wire.WriteSelection(s)}
	var answer *spiqsweepv1.CancelResponse
	err = c.try(ctx, changeTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) (err error) {
		answer, err = client.Cancel(ctx, request)
		return err
	})
	if err != nil {
		return 0, 0, acting("cancel", err)
	}
	return int(answer.GetCancelled()), int(answer.GetShared()), nil
}

// Drain asks workers to leave and returns how many.
func (c *Client) Drain(ctx context.Context, r queue.DrainRequest) (int, error) {
	request := &spiqsweepv1.DrainRequest{Processes: r.Processes, Hosts: r.Hosts}
	var answer *spiqsweepv1.DrainResponse
	err := c.try(ctx, callTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) (err error) {
		answer, err = client.Drain(ctx, request)
		return err
	})
	if err != nil {
		return 0, acting("drain", err)
	}
	return int(answer.GetDraining()), nil
}

// Verify has finished tasks of a sweep run once more, and returns them. Without a
// sweep, the coordinator's own or only one is meant.
func (c *Client) Verify(ctx context.Context, r queue.VerifyRequest) (tasks []sweep.TaskID, err error) {
	request := &spiqsweepv1.VerifyRequest{Selection: wire.WriteSelection(r.Selection), Share: r.Share, Seed: r.Seed}
	err = c.try(ctx, changeTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
		answer, err := client.Verify(ctx, request)
		if err != nil {
			return err
		}
		tasks, err = wire.ReadTasks(answer.GetTasks())
		return err
	})
	if err != nil {
		return nil, acting("verify", err)
	}
	return tasks, nil
}

// acting names the act of a call that failed, unless the coordinator has.
func acting(act string, err error) error {
	if said := (*answer)(nil); errors.As(err, &said) && strings.HasPrefix(said.message, act+": ") {
		return err
	}
	return fmt.Errorf("%s: %w", act, err)
}
