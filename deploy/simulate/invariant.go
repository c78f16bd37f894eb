package simulate

import (
	"fmt"
	"time"
)

// Invariant is a property of every history.
type Invariant string

// The invariants.
const (
	OneState     Invariant = "every task is in one state, which changes only as the rules allow"
	OneAttempt   Invariant = "a task has one live attempt at most"
	Fencing      Invariant = "a stale attempt never writes"
	ResultKept   Invariant = "an accepted result changes only by retry --diverged or verify"
	NothingLost  Invariant = "nothing is lost"
	Blame        Invariant = "a task fails if and only if its history justifies it"
	OldCall      Invariant = "an old call changes nothing but the verdicts on its results"
	LiveLease    Invariant = "no lease expires while its holder's calls get through"
	DeadLease    Invariant = "the leases of silent processes expire after a term"
	Ended        Invariant = "the leases of local workers end when their coordinator reports that they ended"
	Busy         Invariant = "a worker stays with a coordinator that is only busy"
	Done         Invariant = "an answer says that all is done only when nothing is pending or leased"
	TrainedAgain Invariant = "no accepted task is trained again"
	Durable      Invariant = "answers are durable"
	Leaving      Invariant = "workers leave only when they may, and in time when they must"
	Lifetime     Invariant = "a worker has no task that cannot end in its lifetime, by the cost model, and leaves at its end"
	Idle         Invariant = "a worker leaves for want of tasks only if there are none for it"
	Limits       Invariant = "no task is granted of a sweep that is paused or out of time"
	Refused      Invariant = "no correct worker is refused"
	Agent        Invariant = "a worker starts, stops and resumes what it holds"
	Complete     Invariant = "every sweep becomes complete"
	WholePlan    Invariant = "a plan replaces another as a whole"
	TrueResults  Invariant = "accepted results are those of an undisturbed run"
)

// Violation is an invariant that did not hold.
type Violation struct {
	Invariant Invariant
	Detail    string
	After     time.Duration // in simulated time
}

func (v *Violation) String() string {
	return fmt.Sprintf("after %v: %s: %s", v.After, v.Invariant, v.Detail)
}

// violated records a violation, which ends the history. Only the first one counts.
func (sim *simulation) violated(i Invariant, format string, args ...any) {
	if sim.violation != nil {
		return
	}
	sim.violation = &Violation{Invariant: i, Detail: fmt.Sprintf(format, args...), After: sim.now.Sub(epoch)}
	sim.log("VIOLATED: %s: %s", i, sim.violation.Detail)
}
