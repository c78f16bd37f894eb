package agent

import (
	"time"

	"github.com/hashicorp/go-hclog"
)

// handBackTime returns when a worker that starts now and has a lifetime hands back; zero if it
// has none.
func handBackTime(now time.Time, lifetime time.Duration) time.Time {
	if lifetime <= 0 {
		return time.Time{}
	}
	return now.Add(lifetime - min(leavingTime, lifetime/2))
}

// endInTime drains the agent when its lifetime is about to end, or when it has been without a
// task for its idle time-out. A drain, unlike an immediate exit, also hands back a lease that is
// being granted.
func (a *Agent) endInTime(now time.Time) {
	a.noteIdle(now)
	switch {
	case a.exited || a.draining:
	case !a.endAt.IsZero() && !now.Before(a.endAt):
		a.log(hclog.Info, "the lifetime of this worker ends: handing back and leaving", "lifetime", a.Lifetime.String())
		a.drain(now)
	case !a.idleDeadline().IsZero() && !now.Before(a.idleDeadline()):
		a.log(hclog.Info, "without tasks for the idle time-out: leaving", "idle_timeout", a.IdleTimeout.String())
		a.drain(now)
	}
}

// noteIdle starts the idle time when the worker is without a lease, and ends it when the worker
// has one or a call fails: tasks of other workers may come back only once a coordinator answers.
func (a *Agent) noteIdle(now time.Time) {
	switch {
	case !a.connected || a.backoff.failures > 0 || a.listedLeases() > 0:
		a.idleSince = time.Time{}
	case a.idleSince.IsZero():
		a.idleSince = now
	}
}

// idleDeadline returns when the agent leaves for want of a task; zero while it is not idle.
func (a *Agent) idleDeadline() time.Time {
	if a.IdleTimeout <= 0 || a.idleSince.IsZero() {
		return time.Time{}
	}
	return a.idleSince.Add(a.IdleTimeout)
}

// checkIdleTimeout drains the agent, which then exits with ExitUsage, if the idle time-out is not
// longer than a lease: the worker would leave just before an expired task comes back.
func (a *Agent) checkIdleTimeout(now time.Time, leaseTerm time.Duration) {
	if a.draining || a.IdleTimeout <= 0 || a.IdleTimeout > leaseTerm {
		return
	}
	a.log(hclog.Error, "--idle-timeout must be longer than the term of the coordinator's leases, after which the tasks of lost workers come back: give more",
		"idle_timeout", a.IdleTimeout.String(), "term", leaseTerm.String())
	a.badUsage = true
	a.drain(now)
}
