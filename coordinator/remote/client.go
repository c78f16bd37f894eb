package remote

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/proto/credentials"
	"spiqsweep/proto/protocol"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

const (
	// callTimeout bounds a call, transferTimeout one that carries a recording or a
	// result, streamTimeout a stream, and changeTimeout a call that changes tasks, of
	// which a million take minutes.
	callTimeout     = 10 * time.Second
	transferTimeout = 60 * time.Second
	streamTimeout   = 15 * time.Minute
	changeTimeout   = 15 * time.Minute

	// The pauses between rounds of all addresses double from firstPause to longestPause.
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
)

// Client calls one of several coordinators with the same store. Its methods may be called
// concurrently.
type Client struct {
	patience    time.Duration
	file        credentials.File
	connections *protocol.Connections
}

// New returns a client with the credentials of an operator. It does not connect before the
// first call. Each call keeps trying until patience has passed; with 0, for one round of all
// addresses.
func New(file credentials.File, patience time.Duration) (*Client, error) {
	if err := file.CheckRole(credentials.Operator); err != nil {
		return nil, err
	}
	for _, address := range file.Addresses {
		connection, err := file.Dial(address) // checks the address; sends nothing
		if err != nil {
			return nil, err
		}
		_ = connection.Close()
	}
	return &Client{patience: patience, file: file, connections: protocol.NewConnections(file.Addresses, file.Dial)}, nil
}

// Close ends the calls in progress. It may be called more than once.
func (c *Client) Close() error { return c.connections.Close() }

// try makes a call until it succeeds, fails for good, patience has passed, or ctx ends.
// Only in the last case is the error that of ctx: gRPC also reports a broken connection as
// Canceled, which counts as an unavailable coordinator. A round in which every coordinator
// refuses the token is final.
func (c *Client) try(ctx context.Context, timeout time.Duration, call func(context.Context, spiqsweepv1.OperatorServiceClient) error) error {
	deadline := time.Now().Add(c.patience)
	pause := firstPause
	var answered error // an error that a coordinator answered in this round
	refused := 0       // calls of this round that were refused for their token
	for tries := 1; ; tries++ {
		address, err := c.once(ctx, timeout, call)
		if errors.Is(err, protocol.ErrClosed) {
			return err
		}
		if err != nil && ctx.Err() != nil {
			return fmt.Errorf("wait for the coordinator at %s: %w", address, context.Cause(ctx))
		}
		if err == nil || !retryable(err) {
			return c.convert(err, address)
		}
		if status.Code(err) == codes.Unauthenticated {
			refused++
		}
		err, silent := c.convert(err, address), unanswered(err)
		switch {
		case !silent:
			answered = err
		case answered != nil: // says more than the silence of another
			err = answered
		}
		if tries%len(c.file.Addresses) != 0 {
			continue
		}
		if refused == len(c.file.Addresses) || time.Now().Add(pause).After(deadline) {
			return err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return fmt.Errorf("wait for the coordinator at %s: %w", address, context.Cause(ctx))
		}
		pause = min(2*pause, longestPause)
		answered, refused = nil, 0
	}
}

// once makes a call to the current coordinator, and returns its address.
func (c *Client) once(ctx context.Context, timeout time.Duration, call func(context.Context, spiqsweepv1.OperatorServiceClient) error) (address string, err error) {
	connection, err := c.connections.Acquire()
	if err != nil {
		return "", err
	}
	defer connection.Release()
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err = call(ctx, spiqsweepv1.NewOperatorServiceClient(connection))
	if err != nil && retryable(err) {
		connection.Leave()
	}
	return connection.Address, err
}
