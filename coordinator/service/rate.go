package service

import (
	"context"
	"sync"

	"golang.org/x/time/rate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// errTooMany is what a caller learns that comes too often, and when to come back.
var errTooMany = func() error {
	s := status.New(codes.ResourceExhausted, "too many calls: slow down")
	return must(s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryIn)})).Err()
}()

func must[T any](value T, err error) T {
	if err != nil {
		panic(err) // constant input
	}
	return value
}

// paces knows how often each worker process has called lately.
type paces struct {
	limits   Limits
	refusals *refusals

	mu    sync.Mutex
	calls map[string]*rate.Limiter // guarded by mu; by process
}

func newPaces(l Limits, r *refusals) *paces {
	return &paces{limits: l, refusals: r, calls: map[string]*rate.Limiter{}}
}

// paced turns processes away that call too often. What is no label is no process,
// and not to be remembered: the call is refused for it later.
func (p *paces) paced(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	caller, ok := in.(interface{ GetProcess() *spiqsweepv1.Process })
	if !ok || !wire.IsLabel(caller.GetProcess().GetId()) {
		return handle(ctx, in)
	}
	if !p.of(caller.GetProcess().GetId()).Allow() {
		p.refusals.note(tooMany, connectionOf(ctx).RemoteAddr(), "too many calls by one process")
		return nil, errTooMany
	}
	return handle(ctx, in)
}

func (p *paces) of(process string) *rate.Limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls, ok := p.calls[process]
	if !ok {
		if len(p.calls) >= maxProcesses {
			clear(p.calls) // as if all had been quiet
		}
		calls = rate.NewLimiter(rate.Limit(p.limits.ProcessCallsPerSecond), p.limits.ProcessCallBurst)
		p.calls[process] = calls
	}
	return calls
}
