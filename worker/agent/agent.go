package agent

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// Settings configure an Agent.
type Settings struct {
	Process        *spiqsweepv1.Process // its Slots are the agent's
	Coordinators   int                  // number of addresses that calls alternate between; 0 means 1
	ConnectTimeout time.Duration        // without a coordinator, before the worker exits; 0: unlimited
	Stays          bool                 // waits for the next sweep when all is done
	IdleTimeout    time.Duration        // without a task, before the worker exits; 0: unlimited
	Lifetime       time.Duration        // from Started; the worker hands back shortly before its end; 0: unlimited
	Random         *rand.Rand           // jitters the retries
	// Quiet logs failures of tasks at debug level, since the parent of a local worker
	// shows them.
	Quiet bool
}

// Agent decides what a worker does next. It is not safe for concurrent use and ends with the
// action Exit.
type Agent struct {
	Settings
	leases     []*heldLease                // in the order of their grants
	recordings map[string]*cachedRecording // by digest
	uses       uint64                      // counts uses of recordings: see cachedRecording.used

	sequence    uint64                   // of the newest call
	lastRequest *spiqsweepv1.SyncRequest // the newest call; nil before the first
	calling     bool                     // a call is in flight
	callAt      time.Time                // time of the next call; zero: none is planned
	backoff     retry                    // of calls, since the last response
	refusals    refusals                 // since the last response or temporary failure
	warned      []string                 // kinds of failure logged since the last response
	lastReply   time.Time                // time of the last response, or of the start
	connected   bool                     // a coordinator has ever responded
	newLeases   bool                     // set by a grant, cleared when a task starts
	done        bool                     // no sweep has pending or leased tasks
	endAt       time.Time                // hands back and leaves then; zero: never
	idleSince   time.Time                // a coordinator answers and the worker holds no lease since then; zero: otherwise

	draining          bool
	drainedByOperator bool
	drainBy           time.Time // the agent exits then, whatever it holds
	drainReported     bool      // a draining call succeeded, or is unnecessary
	badUsage          bool      // drains because its settings do not fit the coordinator
	workLeft          bool      // work was handed back since the drain began, or is still held

	failures map[string]int // of tasks, by sweep.FailureKind; each kind is logged once
	counts   counts

	wake   time.Time // of the last SetTimer
	out    []Action  // of the current Step
	exited bool
}

// New returns an agent before its first event, Started.
func New(s Settings) *Agent {
	return &Agent{Settings: s, recordings: map[string]*cachedRecording{}, failures: map[string]int{}}
}

// Step handles an event and returns the actions to perform, in order. The event updates
// the state first; then each rule acts on the state.
func (a *Agent) Step(now time.Time, e Event) []Action {
	if a.exited {
		return nil
	}
	a.out = nil
	a.detectFreeze(now)
	a.handle(now, e)

	a.detectStalls(now)
	a.startTasks(now)
	a.storeCheckpoints(now)
	a.handBackStopped(now)
	a.leases = slices.DeleteFunc(a.leases, (*heldLease).finished)
	a.dropRecordings()
	a.endInTime(now)
	a.leave(now)
	a.call(now)
	a.setTimer(now)
	return a.out
}

func (a *Agent) handle(now time.Time, e Event) {
	switch e := e.(type) {
	case Started:
		a.lastReply, a.endAt = now, handBackTime(now, a.Lifetime)
		a.callBy(now)
	case Answered:
		a.answered(now, e)
	case CallFailed:
		a.callFailed(now, e)
	case RecordingFetched:
		a.recordingFetched(now, e)
	case CheckpointFetched:
		a.checkpointFetched(now, e)
	case CheckpointStored:
		a.checkpointStored(now, e)
	case Progressed:
		a.progressed(now, e)
	case CheckpointMade:
		a.checkpointMade(e)
	case Ended:
		a.ended(now, e)
	case Drain:
		a.drain(now)
	case Stop:
		a.stop()
	case Woken:
		a.wake = time.Time{}
	}
}

// detectFreeze detects that the process was stopped or suspended, and restarts the clocks of
// stalls and of the connect time-out.
func (a *Agent) detectFreeze(now time.Time) {
	if a.wake.IsZero() || now.Sub(a.wake) < frozenAfter {
		return
	}
	a.log(hclog.Warn, "was frozen: clocks start anew", "for", now.Sub(a.wake).Round(time.Second).String())
	a.lastReply, a.idleSince = now, time.Time{}
	for _, h := range a.leases {
		h.lastProgress = now
	}
}

// setTimer sets the timer for the next deadline, and soon enough to detect a freeze.
func (a *Agent) setTimer(now time.Time) {
	if a.exited {
		return
	}
	var at time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	if !a.calling && !a.callAt.IsZero() {
		sooner(later(a.callAt, a.backoff.at))
	}
	if a.draining {
		sooner(a.drainBy)
	} else {
		sooner(a.connectDeadline())
		sooner(a.endAt)
		sooner(a.idleDeadline())
	}
	for _, h := range a.leases {
		for _, t := range h.times() {
			sooner(t)
		}
		if r := a.recordings[h.recording()]; r != nil && h.preparing() && !r.inProgress && !r.have {
			sooner(r.at)
		}
	}
	if pulse := now.Add(longestSleep); len(a.leases) > 0 && at.After(pulse) {
		at = pulse
	}
	if !at.Equal(a.wake) {
		a.wake = at
		a.do(SetTimer{At: at})
	}
}

func (a *Agent) do(action Action) { a.out = append(a.out, action) }

func (a *Agent) log(level hclog.Level, message string, pairs ...any) {
	a.do(Say{Level: level, Message: message, Pairs: pairs})
}

// logLease logs a line about a lease and its task.
func (a *Agent) logLease(level hclog.Level, message string, l Lease, pairs ...any) {
	a.log(level, message, append(l.logPairs(a.Process), pairs...)...)
}

// logPairs returns what each log line about the lease names.
func (l Lease) logPairs(holder *spiqsweepv1.Process) []any {
	return []any{"task", l.Task, "attempt", l.Attempt, "process", holder.GetId()}
}

func (a *Agent) find(l Lease) *heldLease {
	for _, h := range a.leases {
		if h.lease == l {
			return h
		}
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
