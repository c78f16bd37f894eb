package service

import "time"

const (
	// LongPoll is how long an idle worker may wait for work in one call.
	LongPoll = 15 * time.Second

	// callTimeout ends any call; workers give up on theirs after as long.
	callTimeout = 30 * time.Second

	// streamTimeout ends any stream: a million rows take some minutes.
	streamTimeout = 15 * time.Minute

	// maxLeases bounds the leases that one Sync may name, maxSlots those that may run.
	maxLeases = 1 << 16
	maxSlots  = 1 << 12

	// maxGrid bounds the text of a grid, in bytes; batchBytes what one message of
	// a stream carries.
	maxGrid    = 1 << 20
	batchBytes = 1 << 20

	// maxText bounds a failure's message and log, in bytes.
	maxText = 1 << 20

	// A connection must finish its handshake in handshakeTimeout; one that stays
	// silent for silence is asked whether it is there, and cut without an answer.
	handshakeTimeout = 10 * time.Second
	silence          = 30 * time.Second
	maxStreams       = 64 // of one connection: a worker needs a handful
)
