package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// Retry reopens tasks and returns their number.
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
		return 0, wrap("retry", err)
	}
	return int(answer.GetReopened()), nil
}

// Cancel cancels tasks of a sweep. It returns the number of those cancelled, and of those that
// continue because another sweep shares them. Without a sweep, it cancels tasks of the
// coordinator's own or only one.
func (c *Client) Cancel(ctx context.Context, s queue.Selection) (cancelled, shared int, err error) {
	request := &spiqsweepv1.CancelRequest{Selection: wire.WriteSelection(s)}
	var answer *spiqsweepv1.CancelResponse
	err = c.try(ctx, changeTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) (err error) {
		answer, err = client.Cancel(ctx, request)
		return err
	})
	if err != nil {
		return 0, 0, wrap("cancel", err)
	}
	return int(answer.GetCancelled()), int(answer.GetShared()), nil
}

// Drain asks workers to leave and returns their number.
func (c *Client) Drain(ctx context.Context, r queue.DrainRequest) (int, error) {
	request := &spiqsweepv1.DrainRequest{Processes: r.Processes, Hosts: r.Hosts}
	var answer *spiqsweepv1.DrainResponse
	err := c.try(ctx, callTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) (err error) {
		answer, err = client.Drain(ctx, request)
		return err
	})
	if err != nil {
		return 0, wrap("drain", err)
	}
	return int(answer.GetDraining()), nil
}

// Verify reopens finished tasks of a sweep for another run, and returns them. Without a sweep,
// it verifies the coordinator's own or only one.
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
		return nil, wrap("verify", err)
	}
	return tasks, nil
}

// Pause pauses a sweep, by its ID or name, or resumes it.
func (c *Client) Pause(ctx context.Context, name string, paused bool) error {
	err := c.try(ctx, changeTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
		_, err := client.PauseSweep(ctx, &spiqsweepv1.PauseSweepRequest{Sweep: name, Paused: paused})
		return err
	})
	if err != nil {
		return fmt.Errorf("pause or resume sweep %q: %w", name, err)
	}
	return nil
}

// Delete deletes a sweep by its ID or name.
func (c *Client) Delete(ctx context.Context, name string) error {
	err := c.try(ctx, changeTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
		_, err := client.DeleteSweep(ctx, &spiqsweepv1.DeleteSweepRequest{Sweep: name})
		return err
	})
	if err != nil {
		return fmt.Errorf("delete sweep %q: %w", name, err)
	}
	return nil
}

// wrap prefixes an error with the operation, unless the coordinator's message begins with it.
func wrap(operation string, err error) error {
	if e := (*callError)(nil); errors.As(err, &e) && strings.HasPrefix(e.message, operation+": ") {
		return err
	}
	return fmt.Errorf("%s: %w", operation, err)
}
