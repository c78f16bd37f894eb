package service

import (
	"context"
	"errors"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"spiqsweep/coordinator/queue"
)

// errorCodes gives each of the queue's errors that a caller branches on its code.
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

// statusOf turns an error of the queue into a status. An error that nobody
// foresaw is a fault of the coordinator: it is logged here, and the caller
// learns no details.
func statusOf(err error, log hclog.Logger, call string) error {
	for _, known := range errorCodes {
		if errors.Is(err, known.err) {
			return status.Error(known.code, err.Error())
		}
	}
	if known, ok := status.FromError(err); ok {
		return known.Err() // the stream's own: its caller is gone
	}
	log.Error("call failed", "call", call, "error", err)
	return status.Error(codes.Internal, "the coordinator failed at "+call+": its log says more")
}

func invalid(format string, a ...any) error {
	return status.Errorf(codes.InvalidArgument, format, a...)
}
