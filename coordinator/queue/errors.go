package queue

import "errors"

// What a caller branches on. Every other error is a fault of the store or of
// the program.
var (
	// ErrUnavailable: nothing is known to be durable; the same call may be made
	// again, to this coordinator or another. A result that was sent is sent again.
	ErrUnavailable = errors.New("the store is not available")
	// ErrUnknown: no such sweep, task or recording.
	ErrUnknown = errors.New("unknown")
	// ErrNotHeld: the lease is not held by the caller (any more).
	ErrNotHeld = errors.New("the lease is not held")
	// ErrMismatch: this program or kernel computes other bits than the sweep.
	ErrMismatch = errors.New("other numerics")
	// ErrInvalid: a request that no correct program sends.
	ErrInvalid = errors.New("invalid request")
)
