package service

import (
	"context"
	"errors"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/queue"
)

// errorCodes maps the queue's errors to status codes.
var errorCodes = []struct {
	err  error
	code codes.Code
}{
	{queue.ErrUnavailable, codes.Unavailable},
	{queue.ErrUnknown, codes.NotFound},
	{queue.ErrNotHeld, codes.FailedPrecondition},
	{queue.ErrMismatch, codes.FailedPrecondition},
	{queue.ErrInvalid, codes.InvalidArgument},
	{context.Canceled, codes.Canceled},
	{context.DeadlineExceeded, codes.DeadlineExceeded},
}

// statusOf converts an error of the queue into a status. It logs an unexpected error
// and withholds its details from the caller.
func statusOf(err error, log hclog.Logger, call string) error {
	for _, mapping := range errorCodes {
		if errors.Is(err, mapping.err) {
			return status.Error(mapping.code, err.Error())
		}
	}
	if s, ok := status.FromError(err); ok {
		return s.Err() // an error of the stream: the caller is gone
	}
	log.Error("call failed", "call", call, "error", err)
	return status.Error(codes.Internal, "the coordinator failed at "+call+": its log says more")
}

func invalid(format string, a ...any) error {
	return status.Errorf(codes.InvalidArgument, format, a...)
}
