package agent

import "time"

// DefaultConnectTimeout is how long a coordinator may be away before the
// worker gives up.
const DefaultConnectTimeout = 10 * time.Minute

const (
	// reportBytes bounds the reports of one call.
	reportBytes = 1 << 20

	// settle is how long news that nobody waits for (another task of a batch
	// has started or ended) may gather before a call tells it.
	settle = 100 * time.Millisecond

	// callAgain replaces a missing call_again_in.
	callAgain = 10 * time.Second

	// answerTimeout bounds the response time of a coordinator where another could
	// answer, beside the long poll and the transfer at slowestLink bytes a second.
	// drainAnswer replaces all of it while the worker drains.
	answerTimeout = 8 * time.Second
	slowestLink   = 64 << 10
	drainAnswer   = drainTimeout / 3

	// transferTimeout ends a call that carries a recording or a checkpoint.
	transferTimeout = 60 * time.Second

	// The pauses after failed calls double from the first to the longest, and
	// are shortened at random by up to a half.
	firstPause   = 200 * time.Millisecond
	longestPause = 10 * time.Second

	// drainTimeout bounds a hand-back. Engines kill after 30 s or so.
	drainTimeout = 10 * time.Second

	// frozenAfter is how late the agent may wake without concluding that it
	// was stopped or suspended, and that its clocks prove nothing.
	frozenAfter = 5 * time.Second

	// longestSleep is how long the agent sleeps at most while it holds anything:
	// a freeze that ends before the next look at the clock was due goes unnoticed.
	longestSleep = 30 * time.Second

	// keptRecordings is how many recordings stay at hand beyond those in use.
	keptRecordings = 8
)
