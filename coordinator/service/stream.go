package service

import (
	"context"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// streaming are the methods whose calls are streams.
var streaming = func() map[string]bool {
	streams := map[string]bool{}
	for _, d := range []grpc.ServiceDesc{spiqsweepv1.WorkerService_ServiceDesc, spiqsweepv1.OperatorService_ServiceDesc} {
		for _, s := range d.Streams {
			streams["/"+d.ServiceName+"/"+s.StreamName] = true
		}
	}
	return streams
}()

// lifeOf is how long a call may last, from its headers to its end.
func lifeOf(method string) time.Duration {
	if streaming[method] {
		return streamTimeout
	}
	return receiveTimeout + workOn(method)
}

// workOn is how long the work on a call may take.
func workOn(method string) time.Duration {
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

// endKey finds what ends a call before its time, in its context.
type endKey struct{}

// withEnd gives a call an end. The connection's context, which ends with the
// call, releases the timer.
func withEnd(ctx context.Context, after time.Duration) context.Context {
	ctx, end := context.WithTimeout(ctx, after)
	return context.WithValue(ctx, endKey{}, end)
}

// watched cuts streams whose callers neither send nor read for too long.
func watched(r *refusals) grpc.StreamServerInterceptor {
	return func(service any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
		end, _ := stream.Context().Value(endKey{}).(context.CancelFunc)
		w := &watchedStream{ServerStream: stream, end: end}
		err := handle(service, w)
		if w.slow.Load() {
			r.note(slow, connectionOf(stream.Context()).RemoteAddr(), "its caller neither sent nor read")
			return errSlow
		}
		return err
	}
}

var errSlow = status.Errorf(codes.DeadlineExceeded, "the stream carried nothing for %v", silence)

// watchedStream ends its call if a message takes too long.
type watchedStream struct {
	grpc.ServerStream
	end  context.CancelFunc
	slow atomic.Bool
}

func (w *watchedStream) RecvMsg(m any) error {
	defer w.patiently().Stop()
	return w.ServerStream.RecvMsg(m)
}

func (w *watchedStream) SendMsg(m any) error {
	defer w.patiently().Stop()
	return w.ServerStream.SendMsg(m)
}

func (w *watchedStream) patiently() *time.Timer {
	return time.AfterFunc(silence, func() {
		w.slow.Store(true)
		w.end()
	})
}

// containedStream keeps a panic within its stream.
func containedStream(log hclog.Logger) grpc.StreamServerInterceptor {
	return func(service any, stream grpc.ServerStream, call *grpc.StreamServerInfo, handle grpc.StreamHandler) (err error) {
		defer func() {
			if fault := recover(); fault != nil {
				err = panicked(log, call.FullMethod, fault)
			}
		}()
		return handle(service, stream)
	}
}

// panicked logs the panic of a call, and returns all that its caller learns.
func panicked(log hclog.Logger, method string, fault any) error {
	log.Error("call panicked", "call", method, "panic", fault, "stack", string(debug.Stack()))
	return status.Errorf(codes.Internal, "the coordinator failed at %s: its log says more", method)
}
