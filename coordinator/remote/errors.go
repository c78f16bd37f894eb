package remote

import (
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/credentials"
	"spiqsweep/sweep"
)

// ErrRefused means that no coordinator that answers accepts the token. A process of another
// user may listen at the address by now.
var ErrRefused = errors.New("the coordinator does not accept these credentials")

// retryable reports whether another coordinator, or the same one later, may succeed. The
// caller handles its own cancellation first.
func retryable(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Unauthenticated, codes.Aborted, codes.ResourceExhausted, codes.Canceled:
		return true
	default:
		return false
	}
}

// unanswered reports whether a call failed without an answer of a coordinator.
func unanswered(err error) bool {
	code := status.Code(err)
	return code == codes.DeadlineExceeded || code == codes.Unavailable && credentials.Unreached(err)
}

// queueErrors maps status codes to the queue's errors.
var queueErrors = map[codes.Code]error{
	codes.Unavailable:        queue.ErrUnavailable,
	codes.DeadlineExceeded:   queue.ErrUnavailable,
	codes.Aborted:            queue.ErrUnavailable,
	codes.ResourceExhausted:  queue.ErrUnavailable,
	codes.NotFound:           queue.ErrUnknown,
	codes.FailedPrecondition: queue.ErrMismatch,
	codes.InvalidArgument:    queue.ErrInvalid,
	codes.Canceled:           queue.ErrUnavailable,
}

// maxMessage bounds the part of a coordinator's message that an error quotes, in bytes.
const maxMessage = 4 << 10

// printable makes a coordinator's message short and safe to print.
func printable(message string) string {
	if len(message) > maxMessage {
		message = strings.ToValidUTF8(message[:maxMessage], "") + "…"
	}
	return sweep.Printable(message)
}

// convert turns a status into the error that the queue itself would return, with the
// coordinator's message.
func (c *Client) convert(err error, address string) error {
	s, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	kind := queueErrors[s.Code()]
	switch {
	case s.Code() == codes.Unauthenticated:
		return fmt.Errorf("%w: %s: %s", ErrRefused, address, printable(credentials.Explain(err)))
	case s.Code() == codes.Unimplemented:
		return fmt.Errorf("the coordinator at %s does not know the call: update it: %s", address, printable(s.Message()))
	case credentials.Undialled(err):
		return &UnreachableError{c.file, printable(strings.TrimPrefix(credentials.Explain(err), address+": "))}
	case unanswered(err):
		return fmt.Errorf("the coordinator at %s does not answer: %w", address, &callError{printable(credentials.Explain(err)), kind, false})
	case errors.Is(kind, queue.ErrUnavailable):
		return fmt.Errorf("the coordinator at %s cannot now: %w", address, &callError{printable(s.Message()), kind, s.Code() != codes.Canceled})
	case kind != nil:
		return &callError{printable(s.Message()), kind, true}
	default:
		return fmt.Errorf("the coordinator at %s failed: %s: %s", address, s.Code(), printable(s.Message()))
	}
}

// Answered reports whether a coordinator answered with this error, rather than not at all.
func Answered(err error) bool {
	var e *callError
	return errors.As(err, &e) && e.answered
}

// UnreachableError means that no coordinator listens at any address of the file, or that the
// network does not lead there. It is a queue.ErrUnavailable.
type UnreachableError struct {
	File   credentials.File
	reason string // at the last address
}

func (e *UnreachableError) Error() string {
	named := ""
	if e.File.Source != "" {
		named = ", named in " + e.File.Source
	}
	return fmt.Sprintf("no coordinator answers at %s%s (%s)", strings.Join(e.File.Addresses, ", "), named, e.reason)
}

func (e *UnreachableError) Unwrap() error { return queue.ErrUnavailable }

// callError is the error of a call.
type callError struct {
	message  string
	kind     error // of package queue
	answered bool  // by a coordinator
}

func (e *callError) Error() string { return e.message }

func (e *callError) Unwrap() error { return e.kind }
