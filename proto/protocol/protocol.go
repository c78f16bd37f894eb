package protocol

import "time"

const (
	// LongPoll is how long a coordinator may delay its response to a Sync of an idle
	// worker at most. A client must wait longer.
	LongPoll = 15 * time.Second

	// CallTimeout is how long a coordinator works on a call that changes no tasks. A
	// client gains nothing by waiting longer for a response.
	CallTimeout = 30 * time.Second

	// StopLine is the line that asks a local worker, on its standard input, to hand back
	// its tasks and exit.
	StopLine = "stop"
)

// Exit codes of both programs. ExitUnreachable and ExitWorkLeft are those of workers only.
const (
	ExitDone        = 0  // all done, or a worker that drained without work in hand
	ExitFault       = 1  // an internal fault; of a worker, also a refusal by the coordinator
	ExitUsage       = 2  // bad flags, files or input
	ExitUnreachable = 69 // EX_UNAVAILABLE: no coordinator within the connect time-out
	ExitWorkLeft    = 75 // EX_TEMPFAIL: stopped with work left; start a worker again to go on
)
