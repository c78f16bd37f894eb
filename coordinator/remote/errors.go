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

// maxAnswer bounds what is quoted of an answer, in bytes.
const maxAnswer = 4 << 10

// quoted makes what a coordinator said fit to be shown: whoever listens at its
// address may say anything.
func quoted(message string) string {
	if len(message) > maxAnswer {
		message = strings.ToValidUTF8(message[:maxAnswer], "") + "…"
	}
	return sweep.Printable(message)
}

// understood is the error that the queue itself would return. It quotes what the
// coordinator said.
func understood(err error, address string) error {
	told, ok := status.FromError(err)
	if err == nil || !ok {
		return err
	}
	kind := errorsOf[told.Code()]
	switch {
	case told.Code() == codes.Unauthenticated:
		return fmt.Errorf("%w: %s: %s", ErrRefused, address, quoted(credentials.Told(err)))
	case told.Code() == codes.Unimplemented:
		return fmt.Errorf("the coordinator at %s does not know the call: update it: %s", address, quoted(told.Message()))
	case unanswered(err):
		return fmt.Errorf("the coordinator at %s does not answer: %w", address, &answer{quoted(credentials.Told(err)), kind, false})
	case errors.Is(kind, queue.ErrUnavailable):
		return fmt.Errorf("the coordinator at %s cannot now: %w", address, &answer{quoted(told.Message()), kind, told.Code() != codes.Canceled})
	case kind != nil:
		return &answer{quoted(told.Message()), kind, true}
	default:
		return fmt.Errorf("the coordinator at %s failed: %s: %s", address, told.Code(), quoted(told.Message()))
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
