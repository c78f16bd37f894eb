package remote

import (
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/queue"
	"spiqsweep/proto/credentials"
)

// ErrRefused says that no coordinator which answers accepts the token. Another
// one may listen at the address by now.
var ErrRefused = errors.New("the coordinator does not accept these credentials")

// elsewhere reports whether another coordinator, or the same one later, may answer
// what this one did not. try has seen to it that Canceled is not the caller's doing.
func elsewhere(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Unauthenticated, codes.Aborted, codes.ResourceExhausted, codes.Canceled:
		return true
	default:
		return false
	}
}

// unanswered says whether nobody answered a call that failed.
func unanswered(err error) bool {
	code := status.Code(err)
	return code == codes.DeadlineExceeded || code == codes.Unavailable && credentials.Unreached(err)
}

// errorsOf turns a status code into the queue's error.
var errorsOf = map[codes.Code]error{
	codes.Unavailable:        queue.ErrUnavailable,
	codes.DeadlineExceeded:   queue.ErrUnavailable,
	codes.Aborted:            queue.ErrUnavailable,
	codes.ResourceExhausted:  queue.ErrUnavailable,
	codes.NotFound:           queue.ErrUnknown,
	codes.FailedPrecondition: queue.ErrMismatch,
	codes.InvalidArgument:    queue.ErrInvalid,
	codes.Canceled:           queue.ErrUnavailable,
}

// understood is the error that the queue itself would return. What a coordinator
// said is quoted as it is.
func understood(err error, address string) error {
	told, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	kind := errorsOf[told.Code()]
	switch {
	case told.Code() == codes.Unauthenticated:
		return fmt.Errorf("%w: %s: %s", ErrRefused, address, credentials.Told(err))
	case told.Code() == codes.Unimplemented:
		return fmt.Errorf("the coordinator at %s does not know the call: update it: %s", address, told.Message())
	case unanswered(err):
		return fmt.Errorf("the coordinator at %s does not answer: %w", address, &answer{credentials.Told(err), kind, false})
	case errors.Is(kind, queue.ErrUnavailable):
		return fmt.Errorf("the coordinator at %s cannot now: %w", address, &answer{told.Message(), kind, told.Code() != codes.Canceled})
	case kind != nil:
		return &answer{told.Message(), kind, true}
	default:
		return fmt.Errorf("ask the coordinator at %s: %w", address, err)
	}
}

// Answered reports whether an error is the answer of a coordinator, rather than the
// lack of one.
func Answered(err error) bool {
	var a *answer
	return errors.As(err, &a) && a.spoken
}

// answer is why a call failed, and what kind of error that is.
type answer struct {
	message string
	kind    error
	spoken  bool // by a coordinator
}

func (a *answer) Error() string { return a.message }

func (a *answer) Unwrap() error { return a.kind }
