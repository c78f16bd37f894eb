package service

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"
)

// Refusals counts what the server has refused since its start.
type Refusals struct {
	OverLimit                  uint64 // connections beyond the limit
	FailedHandshakes           uint64 // e.g. no TLS, or a client that does not trust the authority
	UnauthenticatedConnections uint64 // ended without a valid token, or after many invalid ones
	UnauthenticatedCalls       uint64 // without the token of the service's role
	RateLimited                uint64 // calls
	IdleStreams                uint64 // cut because their caller neither sent nor read
}

// refusal is a kind of refusal.
type refusal int

const (
	overLimit refusal = iota
	failedHandshake
	unauthenticatedConnection
	unauthenticatedCall
	rateLimited
	idleStream
	refusalKinds
)

var refusalNames = [refusalKinds]string{
	"connection beyond the limit", "connection without a handshake", "connection without a token",
	"call without the right token", "call beyond the rate", "stream without progress",
}

// refusalReasons are the kinds as metrics name them.
var refusalReasons = [refusalKinds]string{
	"over_limit", "failed_handshake", "unauthenticated_connection", "unauthenticated_call", "rate_limited", "idle_stream",
}

// logEvery limits how often a kind of refusal is logged, so that refused callers
// cannot fill the disk.
const logEvery = 10 * time.Second

// refusals counts and logs refusals. Its methods may be called concurrently.
type refusals struct {
	log    hclog.Logger
	counts [refusalKinds]atomic.Uint64
	lines  [refusalKinds]rate.Sometimes
}

func newRefusals(log hclog.Logger) *refusals {
	r := &refusals{log: log}
	for i := range r.lines {
		r.lines[i].Interval = logEvery
	}
	return r
}

// note counts a refusal. The reason must not contain anything that the caller sent,
// since it may be logged.
func (r *refusals) note(kind refusal, from net.Addr, reason string) {
	total := r.counts[kind].Add(1)
	r.lines[kind].Do(func() {
		r.log.Warn("refused: "+refusalNames[kind], "from", from, "reason", reason, "total", total)
	})
}

// logSum logs the counts, if any is above zero.
func (r *refusals) logSum() {
	if sum := r.sum(); sum != (Refusals{}) {
		r.log.Info("refused since the start", "over_limit", sum.OverLimit, "failed_handshakes", sum.FailedHandshakes,
			"unauthenticated_connections", sum.UnauthenticatedConnections, "unauthenticated_calls", sum.UnauthenticatedCalls,
			"rate_limited", sum.RateLimited, "idle_streams", sum.IdleStreams)
	}
}

// byReason returns the counts by refusalReasons.
func (r *refusals) byReason() map[string]uint64 {
	counts := make(map[string]uint64, refusalKinds)
	for kind, reason := range refusalReasons {
		counts[reason] = r.counts[kind].Load()
	}
	return counts
}

func (r *refusals) sum() Refusals {
	return Refusals{
		OverLimit:                  r.counts[overLimit].Load(),
		FailedHandshakes:           r.counts[failedHandshake].Load(),
		UnauthenticatedConnections: r.counts[unauthenticatedConnection].Load(),
		UnauthenticatedCalls:       r.counts[unauthenticatedCall].Load(),
		RateLimited:                r.counts[rateLimited].Load(),
		IdleStreams:                r.counts[idleStream].Load(),
	}
}
