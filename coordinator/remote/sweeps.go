package remote

import (
	"context"
	"fmt"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// Sweep returns the sweep that a word means, as queue.Find does.
func (c *Client) Sweep(ctx context.Context, word string) (queue.Sweep, error) {
	var s queue.Sweep
	err := c.try(ctx, callTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
		answer, err := client.GetSweep(ctx, &spiqsweepv1.GetSweepRequest{Sweep: word})
		if err != nil {
			return err
		}
		read, err := wire.ReadSweep(answer.GetSweep())
		s = read.Sweep
		s.Grid = answer.GetGrid()
		return err
	})
	if err != nil {
		return queue.Sweep{}, fmt.Errorf("look up sweep: %w", err)
	}
	return s, nil
}

// Sweeps lists the sweeps of the coordinator's store, by turn.
func (c *Client) Sweeps(ctx context.Context) ([]queue.Summary, error) {
	var sweeps []queue.Summary
	err := c.try(ctx, callTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
		answer, err := client.ListSweeps(ctx, &spiqsweepv1.ListSweepsRequest{})
		if err != nil {
			return err
		}
		sweeps = nil
		for _, written := range answer.GetSweeps() {
			s, err := wire.ReadSweep(written)
			if err != nil {
				return err
			}
			sweeps = append(sweeps, s)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list sweeps: %w", err)
	}
	return sweeps, nil
}

// Status returns the state of the sweep that a word means. Of the tasks that it
// lists only the IDs and the reasons are known here.
func (c *Client) Status(ctx context.Context, word string) (queue.Status, error) {
	var s queue.Status
	answer, err := c.WireStatus(ctx, word)
	if err == nil {
		s, err = wire.ReadStatus(answer)
	}
	if err != nil {
		return queue.Status{}, fmt.Errorf("status: %w", err)
	}
	return s, nil
}

// WireStatus is Status in the coordinator's own words, with labels of the tasks.
func (c *Client) WireStatus(ctx context.Context, word string) (*spiqsweepv1.GetStatusResponse, error) {
	var answer *spiqsweepv1.GetStatusResponse
	err := c.try(ctx, callTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) (err error) {
		answer, err = client.GetStatus(ctx, &spiqsweepv1.GetStatusRequest{Sweep: word})
		return err
	})
	return answer, err
}

// Delete ends the sweep that a word means.
func (c *Client) Delete(ctx context.Context, word string) error {
	err := c.try(ctx, changeTimeout, func(ctx context.Context, client spiqsweepv1.OperatorServiceClient) error {
		_, err := client.DeleteSweep(ctx, &spiqsweepv1.DeleteSweepRequest{Sweep: word})
		return err
	})
	if err != nil {
		return fmt.Errorf("delete sweep %q: %w", word, err)
	}
	return nil
}
