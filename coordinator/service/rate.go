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

// errTooMany and errTooManyNew carry the time after which to call again. The second is
// for a process that has not called before.
var (
	errTooMany    = tooManyError("too many calls: slow down")
	errTooManyNew = tooManyError("too many new workers from one address: wait")
)

func tooManyError(message string) error {
	s := status.New(codes.ResourceExhausted, message)
	return must(s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryIn)})).Err()
}

// processLimiter limits the call rate of each worker process. All workers share one
// token and choose their own IDs, so it also limits the rate of new processes by
// address.
type processLimiter struct {
	limits    Limits
	refusals  *refusals
	processes *lru.Cache[string, *rate.Limiter] // of calls, by process ID
	addresses *lru.Cache[string, *rate.Limiter] // of new processes, by address
}

func newProcessLimiter(l Limits, r *refusals) *processLimiter {
	return &processLimiter{
		limits: l, refusals: r,
		processes: must(lru.New[string, *rate.Limiter](maxProcesses)),
		addresses: must(lru.New[string, *rate.Limiter](maxProcesses)),
	}
}

// limit rejects calls beyond a limit. Malformed IDs are not tracked: the handler
// rejects them.
func (p *processLimiter) limit(ctx context.Context, in any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	request, ok := in.(interface{ GetProcess() *spiqsweepv1.Process })
	if !ok || !wire.IsLabel(request.GetProcess().GetId()) {
		return handle(ctx, in)
	}
	id, from := request.GetProcess().GetId(), remoteAddr(ctx)
	calls, found := p.processes.Get(id)
	if !found {
		newProcesses := limiterOf(p.addresses, networkOf(from), p.limits.NewProcessesPerSecond, p.limits.NewProcessBurst)
		if !newProcesses.Allow() {
			p.refusals.note(rateLimited, from, "too many new processes from one address")
			return nil, errTooManyNew
		}
		calls = limiterOf(p.processes, id, p.limits.ProcessCallsPerSecond, p.limits.ProcessCallBurst)
	}
	if !calls.Allow() {
		p.refusals.note(rateLimited, from, "too many calls by one process")
		return nil, errTooMany
	}
	return handle(ctx, in)
}

// limiterOf returns the limiter of a key, and creates it if necessary.
func limiterOf(cache *lru.Cache[string, *rate.Limiter], key string, perSecond, burst int) *rate.Limiter {
	fresh := rate.NewLimiter(rate.Limit(perSecond), burst)
	if earlier, found, _ := cache.PeekOrAdd(key, fresh); found {
		cache.Get(key) // marks it as recently used
		return earlier
	}
	return fresh
}

// networkOf returns the host of an address; for IPv6, its /64 network, since one
// machine may use all of its addresses.
func networkOf(from net.Addr) string {
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
