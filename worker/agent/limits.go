package agent

import "time"

// DefaultConnectTimeout is the time without a coordinator after which a worker exits.
const DefaultConnectTimeout = 10 * time.Minute

const (
	// reportBytes bounds the reports of one call, in bytes.
	reportBytes = 1 << 20

	// batchDelay is how long starts and ends of tasks are collected for one call while no
	// slot is free.
	batchDelay = 100 * time.Millisecond

	// callAgain is the default of a missing call_again_in.
	callAgain = 10 * time.Second

	// answerTimeout bounds the response time if another coordinator could answer. The
	// long poll and the transfer at slowestLink bytes a second are added. A draining
	// worker waits for drainAnswer only.
	answerTimeout = 8 * time.Second
	slowestLink   = 64 << 10
	drainAnswer   = drainTimeout / 3

	// transferTimeout bounds a call that carries a recording or a checkpoint.
	transferTimeout = 60 * time.Second

	// The pauses after failures double from firstPause to longestPause.
	firstPause   = 200 * time.Millisecond
	longestPause = 10 * time.Second

	// drainTimeout bounds a hand-back. Schedulers kill a process after about 30 s.
	drainTimeout = 10 * time.Second

	// leavingTime is how long before the end of its lifetime a worker begins to hand back: a
	// drain, and the end of the step in which each task is. It takes at most half of a
	// lifetime.
	leavingTime = drainTimeout + 5*time.Second

	// frozenAfter is the delay of a timer from which on the agent assumes that the process
	// was stopped or suspended.
	frozenAfter = 5 * time.Second

	// longestSleep bounds the timer while the agent holds leases, so that it detects freezes.
	longestSleep = 30 * time.Second

	// keptRecordings is the number of unused recordings that are kept.
	keptRecordings = 8
)
