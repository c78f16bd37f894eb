package service

import (
	"cmp"
	"time"

	"spiqsweep/proto/protocol"
)

// Limits configures the limits of one server. Zero fields have their defaults.
type Limits struct {
	Connections int // open at a time; default 4096
	// CallsPerSecond and CallBurst limit the calls of a connection; default 500 and 1000.
	CallsPerSecond, CallBurst int
	// ProcessCallsPerSecond and ProcessCallBurst limit the calls of a worker process on
	// all its connections; default 50 and 250. A worker of many slots stores all its
	// checkpoints when it leaves.
	ProcessCallsPerSecond, ProcessCallBurst int
	// NewProcessesPerSecond and NewProcessBurst limit the new worker processes of an
	// address (or IPv6 network); default 20 and 2048. A cluster may start all its workers
	// at the same time from behind one address.
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
	// maxDecoding bounds the decompressed size of all results that are being judged, in
	// bytes. Each Sync with reports counts as minDecoding at least.
	maxDecoding = protocol.MaxUnpackedBytes
	minDecoding = 32 << 10

	// callTimeout bounds the handler of a call, receiveTimeout the receipt of its message.
	callTimeout    = protocol.CallTimeout
	receiveTimeout = 60 * time.Second

	// changeTimeout bounds a call that changes tasks: a million tasks take minutes.
	changeTimeout = 10 * time.Minute

	// healthTimeout bounds a health check of a caller without a token, and maxProbes how many
	// of them a connection may carry. Probes open a connection each.
	healthTimeout = 5 * time.Second
	maxProbes     = 16

	// streamTimeout bounds a stream: a million rows take minutes.
	streamTimeout = 15 * time.Minute

	// retryIn is the delay that a rate-limited caller is asked to observe.
	retryIn = time.Second

	// maxLeases bounds the leases that one Sync may name. precheck looks up held leases, and
	// those reported without a result, only if they are more than maxUnchecked.
	maxLeases    = 1 << 16
	maxUnchecked = 128

	// maxRecordings bounds the cache of compressed recordings, of at most 20 MiB each.
	maxRecordings = 4

	// maxGrid bounds the text of a grid, batchBytes a message of a stream, and maxText a
	// failure's message and log, all in bytes.
	maxGrid    = 1 << 20
	batchBytes = 1 << 20
	maxText    = 1 << 20

	// handshakeTimeout bounds the handshake of a connection. A connection must present a
	// valid token within authTimeout, and at most maxInvalidTokens invalid ones.
	handshakeTimeout = 10 * time.Second
	authTimeout      = 30 * time.Second
	maxInvalidTokens = 16

	// silenceTimeout is how long a peer may send nothing before it is pinged, and how
	// long it, or the caller of a stream, may leave sent data unread.
	silenceTimeout = 30 * time.Second

	// idleTimeout closes a connection without calls; maxAge replaces any connection.
	idleTimeout = 5 * time.Minute
	maxAge      = time.Hour

	// maxStreams bounds the concurrent calls of one connection; a worker needs a handful.
	maxStreams = 64

	// maxHeaders bounds the metadata of a call, in bytes; a token takes 60.
	maxHeaders = 16 << 10

	// maxProcesses bounds the processes, and the addresses, that are remembered.
	maxProcesses = 1 << 14
)
