package service

import (
	"context"

	"github.com/hashicorp/go-hclog"
	"google.golang.org/grpc"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// Services returns the services of a server and their implementations, for calls without
// a network. The server is stopping, so Sync does not wait for work.
func Services(c Config) (services []*grpc.ServiceDesc, implementations []any) {
	s := &Server{workers: newRegistry(), stopping: make(chan struct{})}
	close(s.stopping)
	for _, r := range s.services(c) {
		services, implementations = append(services, r.service), append(implementations, r.implementation)
	}
	return services, implementations
}

// ProcessLimiter exports processLimiter.
type ProcessLimiter struct{ limiter *processLimiter }

// NewProcessLimiter returns a limiter for calls without an address.
func NewProcessLimiter(l Limits) ProcessLimiter {
	return ProcessLimiter{newProcessLimiter(l.withDefaults(), newRefusals(hclog.NewNullLogger()))}
}

// Call makes a call of a process and returns the error of the limiter.
func (p ProcessLimiter) Call(id string) error {
	call := &spiqsweepv1.SyncRequest{Process: &spiqsweepv1.Process{Id: id}}
	_, err := p.limiter.limit(context.Background(), call, nil, func(context.Context, any) (any, error) { return nil, nil })
	return err
}

// TrackedBytes returns the total length of the IDs that are remembered.
func (p ProcessLimiter) TrackedBytes() (bytes int) {
	for _, id := range p.limiter.processes.Keys() {
		bytes += len(id)
	}
	return bytes
}

// MaxProcesses exports maxProcesses.
const MaxProcesses = maxProcesses

// NetworkOf exports networkOf.
var NetworkOf = networkOf
