package agent

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// Settings are what an agent is told at its birth.
type Settings struct {
	Process        *spiqsweepv1.Process // its Slots are the agent's
	Coordinators   int                  // that calls go to in turn: all that can be reached must refuse this worker; 0 is 1
	ConnectTimeout time.Duration        // 0: wait for the coordinator for ever
	Stays          bool                 // when all is done, for the next sweep
	Random         *rand.Rand           // spreads the retries
	// Quiet logs failures of tasks at debug level: the parent of a local worker
	// shows them to its user.
	Quiet bool
}

// Agent decides what a worker does next. It is made by New, lives in a single
// goroutine and ends with an Exit.
type Agent struct {
	Settings
	holds      []*hold                   // in the order of their grants
	recordings map[string]*recordingHeld // by digest
	uses       uint64                    // clock of recordingHeld.used

	sequence uint64                   // of the newest call
	asked    *spiqsweepv1.SyncRequest // the newest call; nil before the first
	calling  bool                     // an answer to it is awaited
	callAt   time.Time                // when to make the next; zero: when something happens
	away     retry                    // since the last answer
	refusals refusals                 // since the last answer, or failure that may pass
	warned   []string                 // kinds of failure since the last answer
	heard    time.Time                // of the last answer, or of the start
	greeted  bool                     // a coordinator has answered
	fresh    bool                     // leases were granted, and none of them has started
	done     bool                     // the coordinator has no work for anyone

	draining bool
	sentAway bool      // … because an operator asked for it
	drainBy  time.Time // then the agent leaves, whatever it holds
	farewell bool      // a draining call was answered, or cannot be
	left     bool      // work was handed back

	failures map[string]int // of tasks, by sweep.FailureKind: one line for each kind

	wake   time.Time // of the last SetTimer
	out    []Action  // of the present Step
	exited bool
}

// New returns an agent before its first event, Started.
func New(s Settings) *Agent {
	return &Agent{Settings: s, recordings: map[string]*recordingHeld{}, failures: map[string]int{}}
}

// Step takes one event and returns what is to be done, in this order. First
// the event changes what is known; then all that follows from what is known is
// derived afresh, so that no history needs a rule of its own.
func (a *Agent) Step(now time.Time, e Event) []Action {
	if a.exited {
		return nil
	}
	a.out = nil
	a.thaw(now)
	a.absorb(now, e)

	a.watch(now)
	a.begin(now)
	a.storeCheckpoints(now)
	a.handBackStopped(now)
	a.holds = slices.DeleteFunc(a.holds, (*hold).gone)
	a.forgetRecordings()
	a.leave(now)
	a.call(now)
	a.setTimer(now)
	return a.out
}

func (a *Agent) absorb(now time.Time, e Event) {
	switch e := e.(type) {
	case Started:
		a.heard = now
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

// thaw notices that the process was stopped or suspended: silence during that
// time is nobody's fault.
func (a *Agent) thaw(now time.Time) {
	if a.wake.IsZero() || now.Sub(a.wake) < frozenAfter {
		return
	}
	a.say(hclog.Warn, "was frozen: clocks start anew", "for", now.Sub(a.wake).Round(time.Second).String())
	a.heard = now
	for _, h := range a.holds {
		h.moved = now
	}
}

// setTimer asks to be woken for whatever comes first, and soon enough to notice
// a freeze by the lateness.
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
		sooner(later(a.callAt, a.away.at))
	}
	if a.draining {
		sooner(a.drainBy)
	} else {
		sooner(a.giveUpAt())
	}
	for _, h := range a.holds {
		for _, t := range h.times() {
			sooner(t)
		}
		if r := a.recordings[h.recording()]; r != nil && h.preparing() && !r.asked && !r.have {
			sooner(r.at)
		}
	}
	if pulse := now.Add(longestSleep); len(a.holds) > 0 && at.After(pulse) {
		at = pulse
	}
	if !at.Equal(a.wake) {
		a.wake = at
		a.do(SetTimer{At: at})
	}
}

func (a *Agent) do(action Action) { a.out = append(a.out, action) }

func (a *Agent) say(level hclog.Level, message string, pairs ...any) {
	a.do(Say{Level: level, Message: message, Pairs: pairs})
}

func (a *Agent) find(l Lease) *hold {
	for _, h := range a.holds {
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
