package service

import (
	"cmp"
	"time"

	"spiqsweep/coordinator/wire"
)

// Limits bound what one server bears. Zero fields have their defaults.
type Limits struct {
	Connections int // at a time; 4096
	// Calls that a connection may make: CallBurst at once (1000), then CallsPerSecond (500).
	CallsPerSecond, CallBurst int
	// Calls that a worker process may make, by whichever connection: 250, then 50
	// a second. A worker of many slots stores all its checkpoints when it leaves.
	ProcessCallsPerSecond, ProcessCallBurst int
	// Worker processes that may appear from one address (or IPv6 network): 2048, then
	// 20 a second. A cluster may start its workers together, from behind one address.
	NewProcessesPerSecond, NewProcessBurst int
}

func (l Limits) withDefaults() Limits {
	l.Connections = cmp.Or(l.Connections, 4096)
	l.CallsPerSecond = cmp.Or(l.CallsPerSecond, 500)
	l.CallBurst = cmp.Or(l.CallBurst, 1000)
	l.ProcessCallsPerSecond = cmp.Or(l.ProcessCallsPerSecond, 50)
	l.ProcessCallBurst = cmp.Or(l.ProcessCallBurst, 250)
	l.NewProcessesPerSecond = cmp.Or(l.NewProcessesPerSecond, 20)
	l.NewProcessBurst = cmp.Or(l.NewProcessBurst, 2048)
	return l
}

const (
	// LongPoll is how long an idle worker may wait for work in one call.
	LongPoll = 15 * time.Second

	// maxAtWork bounds what the results of Syncs unpack to that are judged at once,
	// in bytes: more would only wait for the store. A Sync counts as leastAtWork or
	// more.
	maxAtWork   = wire.MaxUnpackedBytes
	leastAtWork = 32 << 10

	// callTimeout ends the work on any call; workers give up on theirs after as
	// long. Its message must have come in within receiveTimeout.
	callTimeout    = 30 * time.Second
	receiveTimeout = 60 * time.Second

	// changeTimeout ends the work on a call that changes tasks: a million take minutes.
	changeTimeout = 10 * time.Minute

	// streamTimeout ends any stream: a million rows take some minutes. One that
	// waits longer than silence for its caller, to send or to read, is cut.
	streamTimeout = 15 * time.Minute

	// retryIn is when a caller that came too often should come back.
	retryIn = time.Second

	// maxLeases bounds the leases that one Sync may name.
	maxLeases = 1 << 16

	// maxRecordings bounds the recordings that are kept packed, of 16 MiB at most.
	maxRecordings = 4

	// maxUnchecked is how many leases a Sync may name without a look first at which of
	// them were granted.
	maxUnchecked = 128

	// maxGrid bounds the text of a grid, in bytes; batchBytes what one message of
	// a stream carries.
	maxGrid    = 1 << 20
	batchBytes = 1 << 20

	// maxText bounds a failure's message and log, in bytes.
	maxText = 1 << 20

	// A connection must finish its handshake in handshakeTimeout, and show a right
	// token within introduction and not be wrong more often than maxRefused. One that stays
	// silent for silence is asked whether it is there, and cut without an answer; so
	// is one that does not read for as long. Nobody keeps one for ever: unused for
	// idleTime it is closed, and after age it is replaced, once its calls are over.
	handshakeTimeout = 10 * time.Second
	introduction     = 30 * time.Second
	silence          = 30 * time.Second
	idleTime         = 5 * time.Minute
	age              = time.Hour
	maxRefused       = 16
	maxStreams       = 64 // of one connection: a worker needs a handful

	// maxHeaders bounds the metadata of a call, in bytes: a token takes 60.
	maxHeaders = 16 << 10

	// maxProcesses bounds the worker processes, and the addresses that they call from,
	// which are remembered: the least recently seen are forgotten.
	maxProcesses = 1 << 14
)
