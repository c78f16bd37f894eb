package sweep

// TaskID names a task by its content: the SHA-256, in lower-case hexadecimal,
// of the canonical configuration, the recording's digest, the numerics version
// and the kernel class. Equal IDs give equal numbers.
type TaskID string

// Task is one training: a cell of the grid and a replicate.
type Task struct {
	ID            TaskID
	Cell          int // position of the cell in grid order, from 0
	Configuration Configuration
	Recording     string // digest of the raster that the task trains on
}

// State of a task within a sweep, as results.csv prints it.
type State string

// The states of a task. A leased task is pending until its result is accepted.
const (
	Pending  State = "pending"
	Done     State = "done"
	SetAside State = "set_aside" // given up after repeated failures or losses, until `retry`
	Diverged State = "diverged"  // two results of the task differ
)
