package service

import (
	"context"
	"net"
	"net/netip"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/wire"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// errTooMany is the error of a caller that calls too often, errTooManyNew that of
// a process which the coordinator does not know yet. Both say when to come back.
var (
	errTooMany    = tooManyError("too many calls: slow down")
	errTooManyNew = tooManyError("too many new workers from one address: wait")
)

func tooManyError(message string) error {
	s := status.New(codes.ResourceExhausted, message)
	return must(s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryIn)})).Err()
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err) // constant input
	}
	return value
}

// paces rate-limits worker processes. All workers show one token, and a process
// chooses its identity, so that the holder of a token can appear as any number of
// processes: the rate at which an address presents new ones is limited, too.
type paces struct {
	limits    Limits
	refusals  *refusals
	processes *lru.Cache[string, *rate.Limiter] // calls, by identity
	addresses *lru.Cache[string, *rate.Limiter] // new identities, by source
}

func newPaces(l Limits, r *refusals) *paces {
	return &paces{
		limits: l, refusals: r,
		processes: must(lru.New[string, *rate.Limiter](maxProcesses)),
		addresses: must(lru.New[string, *rate.Limiter](maxProcesses)),
	}
}

// paced rejects the calls of processes that call too often or are too many.
// Malformed identities are not tracked: the handler rejects them.
func (p *paces) paced(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	caller, ok := in.(interface{ GetProcess() *spiqsweepv1.Process })
	if !ok || !wire.IsLabel(caller.GetProcess().GetId()) {
		return handle(ctx, in)
	}
	identity, from := caller.GetProcess().GetId(), callerOf(ctx)
	calls, known := p.processes.Get(identity)
	if !known {
		appearing := limiter(p.addresses, source(from), p.limits.NewProcessesPerSecond, p.limits.NewProcessBurst)
		if !appearing.Allow() {
			p.refusals.note(tooMany, from, "too many new processes from one address")
			return nil, errTooManyNew
		}
		calls = limiter(p.processes, identity, p.limits.ProcessCallsPerSecond, p.limits.ProcessCallBurst)
	}
	if !calls.Allow() {
		p.refusals.note(tooMany, from, "too many calls by one process")
		return nil, errTooMany
	}
	return handle(ctx, in)
}

// limiter returns the limiter of a key, which it makes if there is none.
func limiter(cache *lru.Cache[string, *rate.Limiter], key string, perSecond, burst int) *rate.Limiter {
	fresh := rate.NewLimiter(rate.Limit(perSecond), burst)
	if earlier, found, _ := cache.PeekOrAdd(key, fresh); found {
		cache.Get(key) // which is a use
		return earlier
	}
	return fresh
}

// callerOf returns the address of a call's other end.
func callerOf(ctx context.Context) net.Addr {
	if c := connectionOf(ctx); c != nil {
		return c.RemoteAddr()
	}
	return &net.TCPAddr{}
}

// source is the host of an address. Of IPv6 it is the network, all of whose
// addresses one machine may have.
func source(from net.Addr) string {
	at, err := netip.ParseAddrPort(from.String())
	if err != nil {
		return from.String()
	}
	host := at.Addr().Unmap().WithZone("")
	switch {
	case host.IsLoopback():
		return "loopback"
	case host.Is6():
		return netip.PrefixFrom(host, 64).Masked().String()
	default:
		return host.String()
	}
}
