package service

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// streamMethods are the full names of streaming methods.
var streamMethods = func() map[string]bool {
	methods := map[string]bool{}
	for _, d := range []grpc.ServiceDesc{
		spiqsweepv1.WorkerService_ServiceDesc, spiqsweepv1.OperatorService_ServiceDesc,
		reflectionv1.ServerReflection_ServiceDesc, reflectionv1alpha.ServerReflection_ServiceDesc,
	} {
		for _, s := range d.Streams {
			methods["/"+d.ServiceName+"/"+s.StreamName] = true
		}
	}
	return methods
}()

// callLifetime returns how long a call may last from its headers to its end.
func callLifetime(method string) time.Duration {
	if streamMethods[method] {
		return streamTimeout
	}
	return receiveTimeout + handlerTimeout(method)
}

// handlerTimeout returns how long the handler of a unary method may run.
func handlerTimeout(method string) time.Duration {
	switch method {
	case spiqsweepv1.OperatorService_Retry_FullMethodName,
		spiqsweepv1.OperatorService_Cancel_FullMethodName,
		spiqsweepv1.OperatorService_Verify_FullMethodName,
		spiqsweepv1.OperatorService_DeleteSweep_FullMethodName:
		return changeTimeout
	default:
		return callTimeout
	}
}

// limitTime sets the deadline of a unary handler.
func limitTime(ctx context.Context, in any, call *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	ctx, cancel := context.WithTimeout(ctx, handlerTimeout(call.FullMethod))
	defer cancel()
	return handle(ctx, in)
}

// cancelKey is the context key of a call's cancel function.
type cancelKey struct{}

// withDeadline sets the deadline of a call and stores its cancel function. The timer
// is released when the call's parent context ends.
func withDeadline(ctx context.Context, after time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(ctx, after)
	return context.WithValue(ctx, cancelKey{}, cancel)
}

// cutIdleStreams ends streams whose callers neither send nor read for silenceTimeout.
func cutIdleStreams(r *refusals) grpc.StreamServerInterceptor {
	return func(service any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		cancel, _ := stream.Context().Value(cancelKey{}).(context.CancelFunc)
		s := &timedStream{ServerStream: stream, cancel: cancel}
		err := handle(service, s)
		if s.idle.Load() {
			r.note(idleStream, remoteAddr(stream.Context()), "its caller neither sent nor read")
			return errIdleStream
		}
		return err
	}
}

var errIdleStream = status.Errorf(codes.DeadlineExceeded, "the stream carried nothing for %v", silenceTimeout)

// timedStream cancels its call if one message takes longer than silenceTimeout.
type timedStream struct {
	grpc.ServerStream
	cancel context.CancelFunc
	idle   atomic.Bool
}

func (s *timedStream) RecvMsg(m any) error {
	defer s.startTimer().Stop()
	return s.ServerStream.RecvMsg(m)
}

func (s *timedStream) SendMsg(m any) error {
	defer s.startTimer().Stop()
	return s.ServerStream.SendMsg(m)
}

func (s *timedStream) startTimer() *time.Timer {
	return time.AfterFunc(silenceTimeout, func() {
		s.idle.Store(true)
		s.cancel()
	})
}
