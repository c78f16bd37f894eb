package queue

import "time"

// Process is one run of the worker program.
type Process struct {
	ID          string // random, made at start-up
	Host        string // a label
	Version     string // of the program, a label
	Numerics    int    // what it computes must be what the sweep wants
	KernelClass string
	Kernel      string // a label
	Slots       int    // tasks that it runs at once
}

// Presence is a process as the store knows it.
type Presence struct {
	Process
	// Sequence is the number of the newest call that was obeyed.
	Sequence  uint64
	FirstSeen time.Time
	LastSeen  time.Time
	// Deadline ends all leases of the process; each newer call moves it. Zero
	// once it has passed.
	Deadline time.Time
}
