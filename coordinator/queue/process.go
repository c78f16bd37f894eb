package queue

import (
	"fmt"
	"time"
)

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
	// Unheard: the coordinator has been away since the process's last call. If
	// it never calls again, that may be the coordinator's doing, or that of
	// whatever ended both: its tasks are not to blame.
	Unheard bool
	// Leaving: an operator asked it to hand back what it holds, and to leave.
	Leaving bool
}

// heard gives a process that shows itself a full term.
func (p *Presence) heard(now time.Time, term time.Duration) {
	p.LastSeen, p.Deadline, p.Unheard = now, now.Add(term), false
}

// suits says whether a process computes the bits that a sweep wants.
func (p Process) suits(s Sweep) bool {
	return p.Numerics == s.Numerics && p.KernelClass == s.KernelClass
}

// suitable keeps the sweeps that a process may work for.
func suitable(p Process, sweeps []Sweep) []Sweep {
	var kept []Sweep
	for _, s := range sweeps {
		if p.suits(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

// admit refuses a process that suits no sweep, though there are some. One that
// stays waits for those that it suits.
func admit(r SyncRequest, sweeps []Sweep) error {
	p := r.Process
	if r.Stays || len(sweeps) == 0 || len(suitable(p, sweeps)) > 0 {
		return nil
	}
	return fmt.Errorf("%w: the worker on %s computes numerics %d on kernels of class %q, sweep %q wants numerics %d of class %q: "+
		"update the older side, or choose the kernel",
		ErrMismatch, p.Host, p.Numerics, p.KernelClass, sweeps[0].Name, sweeps[0].Numerics, sweeps[0].KernelClass)
}
