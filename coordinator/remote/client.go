package remote

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"

	"spiqsweep/proto/credentials"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

const (
	// callTimeout ends a call that nobody answers, transferTimeout one that carries
	// a recording or a result, streamTimeout a stream.
	callTimeout     = 10 * time.Second
	transferTimeout = 60 * time.Second
	streamTimeout   = 15 * time.Minute

	// The pauses between rounds of all addresses double from the first to the longest.
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
)

// Client calls one of several coordinators with one store. Its methods may be
// called at once.
type Client struct {
	file     credentials.File
	patience time.Duration

	mu         sync.Mutex // guards all below
	first      int        // index of the address that is in use
	connection *grpc.ClientConn
}

// New prepares calls with the credentials of an operator. Nothing is sent before
// the first call. Each call keeps trying for as long as patience; 0: one round of
// all addresses.
func New(file credentials.File, patience time.Duration) (*Client, error) {
	if file.Role != credentials.Operator {
		return nil, fmt.Errorf("these are credentials of the role %q: only those of %q may plan and read sweeps", file.Role, credentials.Operator)
	}
	for _, address := range file.Addresses {
		connection, err := file.Dial(address) // nothing is sent
		if err != nil {
			return nil, err
		}
		_ = connection.Close()
	}
	return &Client{file: file, patience: patience}, nil
}

// Close ends what is under way. It may be called more than once.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drop()
}

// drop gives the connection up.
func (c *Client) drop() error {
	if c.connection == nil {
		return nil
	}
	err := c.connection.Close()
	c.connection = nil
	return err
}

// client returns what to call, and its address.
func (c *Client) client() (_ spiqsweepv1.OperatorServiceClient, address string, _ error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	address = c.file.Addresses[c.first]
	if c.connection == nil {
		connection, err := c.file.Dial(address)
		if err != nil {
			return nil, address, err
		}
		c.connection = connection
	}
	return spiqsweepv1.NewOperatorServiceClient(c.connection), address, nil
}

// leave turns from an address that does not answer to the next, unless another
// call has done so already.
func (c *Client) leave(address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.file.Addresses[c.first] == address {
		_ = c.drop()
		c.first = (c.first + 1) % len(c.file.Addresses)
	}
}

// try makes a call until it is answered or patience is over.
func (c *Client) try(ctx context.Context, timeout time.Duration, call func(context.Context, spiqsweepv1.OperatorServiceClient) error) error {
	deadline := time.Now().Add(c.patience)
	pause := firstPause
	var answered error // by one of this round's, that it cannot do it
	for tries := 1; ; tries++ {
		address, err := c.once(ctx, timeout, call)
		if err == nil || !elsewhere(err) || ctx.Err() != nil {
			return understood(err, address)
		}
		c.leave(address)
		err, silent := understood(err, address), unanswered(err)
		switch {
		case !silent:
			answered = err
		case answered != nil: // rather than that another does not answer
			err = answered
		}
		if tries%len(c.file.Addresses) != 0 {
			continue
		}
		if time.Now().Add(pause).After(deadline) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return err
		}
		pause = min(2*pause, longestPause)
		answered = nil
	}
}

func (c *Client) once(ctx context.Context, timeout time.Duration, call func(context.Context, spiqsweepv1.OperatorServiceClient) error) (address string, err error) {
	client, address, err := c.client()
	if err != nil {
		return address, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return address, call(ctx, client)
}
