package service

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// registry holds the workers that have called and will call again. It holds at most
// maxProcesses and evicts the least recently seen.
type registry struct {
	expiry *lru.Cache[string, time.Time] // by process: when to stop waiting for it
	left   chan struct{}                 // receives after a process was deregistered
}

func newRegistry() *registry {
	return &registry{expiry: must(lru.New[string, time.Time](maxProcesses)), left: make(chan struct{}, 1)}
}

// register records that a process will call again before a time, if it lives.
func (r *registry) register(process string, before time.Time) { r.expiry.Add(process, before) }

// deregister records that a process has no reason to call again.
func (r *registry) deregister(process string) {
	r.expiry.Remove(process)
	select {
	case r.left <- struct{}{}:
	default:
	}
}

// wait waits until all processes have left or expired, or ctx ends.
func (r *registry) wait(ctx context.Context) {
	for {
		remaining := r.remaining()
		if remaining <= 0 {
			return
		}
		timer := time.NewTimer(remaining)
		select {
		case <-r.left:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		if ctx.Err() != nil {
			return
		}
	}
}

// remaining returns the time until the last process expires.
func (r *registry) remaining() time.Duration {
	var longest time.Duration
	for _, expiry := range r.expiry.Values() {
		longest = max(longest, time.Until(expiry))
	}
	return longest
}
