package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Numerics is the version of all that decides the bits of a result. Whoever
// changes one bit of any result raises it (DESIGN.md, section 3.3).
const Numerics = 1

// MaxSlots bounds the tasks that one worker process runs at a time.
const MaxSlots = 1 << 12

// TaskID names a task by its content: the SHA-256, in lower-case hexadecimal,
// of the canonical configuration, the recording's digest, the numerics version
// and the kernel class. Equal IDs give equal numbers.
type TaskID string

// NewTaskID names the training of a configuration on the recording of a digest,
// with a numerics version, by kernels of a class ("portable/amd64").
//
// The hashed text has five lines, each ended by \n, so that `sha256sum` can
// reproduce it: "spiqsweep task/1", the canonical configuration, the digest,
// the version, the class.
func NewTaskID(c Configuration, recordingDigest string, numerics int, kernelClass string) TaskID {
	text := fmt.Sprintf("spiqsweep task/1\n%s\n%s\n%d\n%s\n", Canonical(c), recordingDigest, numerics, kernelClass)
	return TaskID(Digest([]byte(text)))
}

// Digest is the SHA-256 of an encoded result, in lower-case hexadecimal. Equal
// digests are equal numbers.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Task is one training: a cell of the grid and a replicate.
type Task struct {
	ID                 TaskID
	ConfigurationIndex int // position of the cell in grid order, from 0; of the first one, if cells share the task
	Configuration      Configuration
	Recording          string // digest of the raster that the task trains on
}

// State of a task within a sweep, as results.csv prints it.
type State string

// The states of a task. A leased task is pending until its result is accepted.
const (
	Pending  State = "pending"
	Done     State = "done"
	Failed   State = "failed"   // given up after repeated failures or losses, until `retry`
	Diverged State = "diverged" // two results of the task differ
)
