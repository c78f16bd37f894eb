package remote

import (
	"context"
	"errors"
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
// called concurrently.
type Client struct {
	file     credentials.File
	patience time.Duration

	mu     sync.Mutex         // guards all below
	first  int                // index of the address that is in use
	link   *link              // that new calls use; nil: the next call connects
	links  map[*link]struct{} // all that are open
	closed bool
}

// link is a connection that calls share. One that was left is closed by the last
// of its calls: a call that gives up must not end those beside it.
type link struct {
	*grpc.ClientConn
	address string
	calls   int // under way; guarded by Client.mu
}

// errClosed is the error of calls after Close.
var errClosed = errors.New("the client is closed")

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
	return &Client{file: file, patience: patience, links: map[*link]struct{}{}}, nil
}

// Close ends the calls under way. It may be called more than once.
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	var faults error
	for l := range c.links {
		faults = errors.Join(faults, l.Close())
		delete(c.links, l)
	}
	return faults
}

// acquire returns the link in use, for one call, which must release it.
func (c *Client) acquire() (*link, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errClosed
	}
	if c.link == nil {
		address := c.file.Addresses[c.first]
		connection, err := c.file.Dial(address)
		if err != nil {
			return nil, err
		}
		c.link = &link{ClientConn: connection, address: address}
		c.links[c.link] = struct{}{}
	}
	c.link.calls++
	return c.link, nil
}

// release ends a call on a link. If that did not answer, new calls turn to the next
// address, unless another call has left the link already.
func (c *Client) release(l *link, answered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.calls--
	if !answered && c.link == l {
		c.link = nil
		c.first = (c.first + 1) % len(c.file.Addresses)
	}
	if _, open := c.links[l]; open && l.calls == 0 && c.link != l {
		_ = l.Close()
		delete(c.links, l)
	}
}

// try makes a call until it is answered, patience is over, or ctx ends: then, and
// only then, the error is that of ctx. The end of a connection under a call is an
// unavailable coordinator, though gRPC calls both Canceled.
func (c *Client) try(ctx context.Context, timeout time.Duration, call func(context.Context, spiqsweepv1.OperatorServiceClient) error) error {
	deadline := time.Now().Add(c.patience)
	pause := firstPause
	var answered error // by one of this round's, that it cannot do it
	for tries := 1; ; tries++ {
		address, err := c.once(ctx, timeout, call)
		if errors.Is(err, errClosed) {
			return err
		}
		if err != nil && ctx.Err() != nil {
			return fmt.Errorf("wait for the coordinator at %s: %w", address, context.Cause(ctx))
		}
		if err == nil || !elsewhere(err) {
			return understood(err, address)
		}
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
			return fmt.Errorf("wait for the coordinator at %s: %w", address, context.Cause(ctx))
		}
		pause = min(2*pause, longestPause)
		answered = nil
	}
}

// once makes a call to the coordinator in use, at the address that it returns.
func (c *Client) once(ctx context.Context, timeout time.Duration, call func(context.Context, spiqsweepv1.OperatorServiceClient) error) (address string, err error) {
	l, err := c.acquire()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err = call(ctx, spiqsweepv1.NewOperatorServiceClient(l.ClientConn))
	c.release(l, err == nil || !elsewhere(err))
	return l.address, err
}
