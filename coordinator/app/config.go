package app

import (
	"time"

	"spiqsweep/coordinator/host"
	"spiqsweep/proto/credentials"
	"spiqsweep/simulator/circuit"
)

// Intervals of a run, and bounds of its end.
const (
	// RefreshEvery is the interval at which the output folder is brought up to date.
	RefreshEvery = 30 * time.Second
	// refreshPauseFactor is the least ratio of the pause after a refresh to its duration.
	refreshPauseFactor = 20
	// refreshLimit bounds the time for figures, and for models, of one refresh while
	// workers are served.
	refreshLimit = time.Second

	// pollEvery and pollRemoteEvery are the intervals at which the status is read from
	// the own queue and over the network.
	pollEvery       = 250 * time.Millisecond
	pollRemoteEvery = time.Second
	// pollPauseFactor is the least ratio of the pause after a poll to its duration.
	pollPauseFactor = 20
	// longestPollPause bounds the pause after a slow poll. A frozen coordinator may have
	// delayed it, and the next one may answer immediately.
	longestPollPause = 10 * time.Second
	// doneTimeout is how long the coordinator waits for workers to learn that all tasks
	// are done.
	doneTimeout = 5 * time.Second
	// reconnectTime is a little more than the longest pause of workers between calls to
	// a coordinator that does not answer.
	reconnectTime = 12 * time.Second
)

// Config configures a run of a sweep.
type Config struct {
	Input
	// Coordinator holds operator credentials of the remote coordinator that is to run the
	// sweep. If it is zero, the coordinator that the folder records runs the sweep, else
	// this process, with the Options.
	Coordinator credentials.File
	host.Options
	// Memory is what this process may use, in bytes, and bounds the number of local workers;
	// 0: unknown. LocalIsDefault means that the user has not chosen their number.
	Memory         uint64
	LocalIsDefault bool

	Out       string // the output folder; "": runs/NAME
	Recompute bool   // delete the sweep of the folder and start a new one
	Replace   bool   // let the grid replace another sweep, or all tasks of this one
	// Parallel is the number of tasks that may run at a time; 0: any;
	// queue.KeepParallel: as before.
	Parallel int
	// Until is the time at which the run ends; zero: when all tasks are finished. See
	// queue.Limits.
	Until time.Time
	Note  string // for people; "": as before
	// Follow is called with the progress a few times a second; it may be nil.
	Follow func(Progress)
}

// Input determines the tasks of a sweep.
type Input struct {
	GridName  string            // the path of the grid file, for messages and for paths relative to it
	Grid      []byte            // its text
	IsDefault bool              // the user named no grid: see Resume
	Variables map[string]string // of --var
	Recording string            // path that replaces the grid's recording; "": as the grid says
	Variable  string            // of a MATLAB file that holds several; "": the only one
	// FileFlags are the flags of this command line that have no effect without a recording's
	// file, such as "--variable".
	FileFlags []string
	// MaxRecording is the size in bytes of the largest recording to read; 0: the default.
	MaxRecording int64
	Kernel       circuit.Kernel // its class is that of the results
	// Planning is called often while a large grid is planned and stored, and while the output
	// folder is written in the end, with what is being done and how many rows or tasks of all it
	// covers so far; it may be nil.
	Planning func(activity string, done, of int)
}
