package app

import (
	"fmt"
	"math"
	"time"

	"spiqsweep/proto/credentials"
	"spiqsweep/simulator/circuit"
)

// The rhythm of a run, and how long its end may take.
const (
	// RefreshEvery is how often the output folder is brought up to date.
	RefreshEvery = 30 * time.Second
	// refreshShare bounds the time that goes into it: one part in so many.
	refreshShare = 20
	// patient is how long figures, and models, are made at a time while workers are served.
	patient = time.Second
	forever = time.Duration(math.MaxInt64)

	tickEvery = time.Second
	lookEvery = 250 * time.Millisecond // at the status
	// lookShare bounds the time that goes into that: one part in so many.
	lookShare = 20
	// longestLook bounds the pause after one that took long: it may have waited for
	// a coordinator that is frozen, and the next one answers at once.
	longestLook = 10 * time.Second
	// lookElsewhereEvery is the same over a network.
	lookElsewhereEvery = time.Second
	// handBack is how long local workers have to hand back and leave.
	handBack = 15 * time.Second
	// farewell is how long workers have to hear that all is done.
	farewell = 5 * time.Second
	// comeBack is how long workers pause at most between calls to a coordinator
	// that is away, and a little more.
	comeBack = 12 * time.Second
	// lastCalls is how long calls in progress have to finish.
	lastCalls = 2 * time.Second
)

// Config is all that a run of a sweep needs to know.
type Config struct {
	Input
	// Coordinator keeps the sweep elsewhere: the credentials of an operator there.
	// The zero value means the one that the folder remembers, or this one: Hosting
	// says how.
	Coordinator credentials.File
	Hosting
	Out       string // the output folder; "": runs/NAME
	Recompute bool   // start a new sweep in the folder, where it held the same one
	Replace   bool   // the grid may take the place of another sweep, or of all its tasks
	// Follow hears how the sweep gets on, a few times a second; nil: nobody does.
	Follow func(Progress)
}

// Input is what decides the tasks of a sweep.
type Input struct {
	GridName  string            // the grid file's name, for messages and for paths relative to it
	Grid      []byte            // its text
	IsDefault bool              // nobody has named a grid: see Resume
	Variables map[string]string // of --var
	Recording string            // path that replaces the grid's recording; "": as the grid says
	Variable  string            // of a MATLAB file that holds several; "": the only one
	// MaxRecording is the size in bytes up to which a recording is read; 0: the default.
	MaxRecording int64
	Kernel       circuit.Kernel // whose class the results are of
}

// InputError is something that a person can mend: a bad grid, file, flag or
// address, or a folder that is in use.
type InputError struct{ Err error }

func (e *InputError) Error() string { return e.Err.Error() }

func (e *InputError) Unwrap() error { return e.Err }

func badInput(format string, a ...any) error { return &InputError{fmt.Errorf(format, a...)} }
