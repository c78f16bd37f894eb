package service

import (
	"net"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"
)

// Refusals counts who was turned away since the start.
type Refusals struct {
	// Connections were beyond the limit, Handshakes failed (no TLS, an authority
	// that the caller does not trust), Strangers were cut since they showed no right token.
	Connections, Handshakes, Strangers uint64
	// Calls without the right token, and those that came too fast.
	Unauthenticated, TooMany uint64
	// Slow streams were cut since they carried nothing for too long.
	Slow uint64
}

// refusal is a reason to turn somebody away.
type refusal int

const (
	crowded refusal = iota
	handshakes
	strangers
	unauthenticated
	tooMany
	slow
	refusalKinds
)

var refusalNames = [refusalKinds]string{
	"connection beyond the limit", "connection without a handshake", "connection of a stranger",
	"call without the right token", "call beyond the rate", "stream without progress",
}

// logEvery is how often a kind of refusal is logged at most: who is turned away
// must not fill the disk.
const logEvery = 10 * time.Second

// refusals counts, and logs a part. What is logged is the caller's address and
// our own words: nothing that the caller sent.
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

func (r *refusals) note(kind refusal, from net.Addr, why string) {
	so := r.counts[kind].Add(1)
	r.lines[kind].Do(func() {
		r.log.Warn("refused: "+refusalNames[kind], "from", from, "why", why, "so_far", so)
	})
}

// conclude logs the sum, if there is one.
func (r *refusals) conclude() {
	if sum := r.sum(); sum != (Refusals{}) {
		r.log.Info("refused since the start", "connections", sum.Connections, "handshakes", sum.Handshakes, "strangers", sum.Strangers,
			"unauthenticated", sum.Unauthenticated, "too_many", sum.TooMany, "slow", sum.Slow)
	}
}

func (r *refusals) sum() Refusals {
	return Refusals{
		Connections:     r.counts[crowded].Load(),
		Handshakes:      r.counts[handshakes].Load(),
		Strangers:       r.counts[strangers].Load(),
		Unauthenticated: r.counts[unauthenticated].Load(),
		TooMany:         r.counts[tooMany].Load(),
		Slow:            r.counts[slow].Load(),
	}
}
