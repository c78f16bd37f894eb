package service

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// health implements the method Check of grpc.health.v1. A caller without a token may call
// it, because the probes of orchestrators have none. The message of such a caller is not
// read, so Check is a stream here, which is the same on the wire: its service is then the
// whole server. The answer takes no call of the store.
type health struct {
	ready    func() bool
	stopping <-chan struct{}
}

// healthDesc describes health.
var healthDesc = grpc.ServiceDesc{
	ServiceName: healthv1.Health_ServiceDesc.ServiceName,
	HandlerType: (*any)(nil),
	Streams:     []grpc.StreamDesc{{StreamName: "Check", Handler: checkHealth, ServerStreams: true, ClientStreams: true}},
	Metadata:    healthv1.Health_ServiceDesc.Metadata,
}

// healthServices are the names that an authenticated Check may ask for; "" is the whole server.
var healthServices = map[string]bool{
	"": true, spiqsweepv1.WorkerService_ServiceDesc.ServiceName: true, spiqsweepv1.OperatorService_ServiceDesc.ServiceName: true,
}

func checkHealth(service any, stream grpc.ServerStream) error {
	if !isAnonymous(stream.Context()) {
		var in healthv1.HealthCheckRequest
		if err := stream.RecvMsg(&in); err != nil {
			return err
		}
		if !healthServices[in.GetService()] {
			return status.Errorf(codes.NotFound, "there is no service %.80q", in.GetService())
		}
	}
	return stream.SendMsg(&healthv1.HealthCheckResponse{Status: service.(health).status()})
}

func (h health) status() healthv1.HealthCheckResponse_ServingStatus {
	select {
	case <-h.stopping:
		return healthv1.HealthCheckResponse_NOT_SERVING
	default:
	}
	if h.ready != nil && !h.ready() {
		return healthv1.HealthCheckResponse_NOT_SERVING
	}
	return healthv1.HealthCheckResponse_SERVING
}

// anonymousKey is the context key that marks calls without a valid token.
type anonymousKey struct{}

func isAnonymous(ctx context.Context) bool { return ctx.Value(anonymousKey{}) != nil }
