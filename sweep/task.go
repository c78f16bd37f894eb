package sweep

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
)

// Numerics is the version of the numerics. A change to one bit of any result must
// increment it (DESIGN.md, section 3.3).
const Numerics = 3

// MaxSlots is the number of tasks that one worker process may run concurrently.
const MaxSlots = 1 << 12

// TaskID identifies a task by its content: the SHA-256, in lower-case hexadecimal, of
// the canonical configuration, the recording's digest, the numerics version and the
// kernel class. Tasks with equal IDs have equal results.
type TaskID string

// ShortID returns the beginning of the ID of a task or a process: enough to tell it from
// others, and commands accept it for the whole one. It is too short to impersonate a process.
func ShortID[ID ~string](id ID) string { return string(id[:min(len(id), 12)]) }

// NewTaskID returns the ID of the training of a configuration on a recording, given
// by its digest, with a numerics version and a kernel class such as
// "portable/amd64".
//
// The hashed text has five lines, each ended by \n: "spiqsweep task/1", the
// canonical configuration, the digest, the version, the class.
func NewTaskID(c Configuration, recordingDigest string, numerics int, kernelClass string) TaskID {
	text := fmt.Sprintf("spiqsweep task/1\n%s\n%s\n%d\n%s\n", Canonical(c), recordingDigest, numerics, kernelClass)
	return TaskID(Digest([]byte(text)))
}

// Digest returns the SHA-256 of a body, such as an encoded result, in lower-case
// hexadecimal.
func Digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

// Task is one training: a configuration of the grid and a replicate.
type Task struct {
	ID                 TaskID
	ConfigurationIndex int // position of the configuration in grid order, from 0; of the first one, if several share the task
	Configuration      Configuration
	Recording          string // digest of the raster that the task trains on
}

// State is the state of a task within a sweep, as results.csv shows it.
type State string

// The states of a task. A leased task is pending until its result is accepted.
const (
	Pending  State = "pending"
	Done     State = "done"
	Failed   State = "failed"   // after repeated failures or lost workers, until `retry`
	Diverged State = "diverged" // two results of the task differ
)

// FailureKind returns the message of a failure with every number replaced by "…", so
// that failures of many tasks that differ only in their numbers can be counted
// together.
func FailureKind(message string) string { return number.ReplaceAllLiteralString(message, "…") }

// number matches a number in a message, as Go's %v formats it.
var number = regexp.MustCompile(`[-+]?\d+(\.\d+)?([eE][-+]?\d+)?`)
