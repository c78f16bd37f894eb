package service

import (
	"context"
	"runtime/debug"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// boundedStream gives every stream an end.
func boundedStream(service any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	ctx, cancel := context.WithTimeout(stream.Context(), streamTimeout)
	defer cancel()
	return handle(service, &endingStream{ServerStream: stream, ctx: ctx})
}

// endingStream is a stream whose context has a deadline.
type endingStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *endingStream) Context() context.Context { return s.ctx }

// containedStream keeps a panic within its stream.
func containedStream(log hclog.Logger) grpc.StreamServerInterceptor {
	return func(service any, stream grpc.ServerStream, call *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
		defer func() {
			if fault := recover(); fault != nil {
				log.Error("stream panicked", "call", call.FullMethod, "panic", fault, "stack", string(debug.Stack()))
				err = status.Errorf(codes.Internal, "the coordinator failed at %s: its log says more", call.FullMethod)
			}
		}()
		return handle(service, stream)
	}
}
