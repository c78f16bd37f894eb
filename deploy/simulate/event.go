package simulate

// Event is a kind of event that a history counts.
type Event int

// The kinds of events. Each must occur in a run over many seeds.
const (
	WorkerKills Event = iota
	WorkerFreezes
	WorkerClocks
	Crashes
	Drains
	OperatorDrains
	Exits
	LifetimeEnds
	NoneFits
	IdleExits
	EndReports
	CoordinatorKills
	CoordinatorFreezes
	Absences
	ClockJumps
	Outages
	StoreFaults
	OperatorFaults
	Cuts
	BusyAnswers
	Refusals
	Unreached
	Lost
	Delayed
	Duplicated
	OldCalls
	ExtraReports
	Grants
	Trainings
	Resumes
	Checkpoints
	Failures
	Stalls
	Damaged
	LostLeases
	EndedLeases
	Revived
	HandedBack
	Withdrawn
	Cancelled
	Verified
	Accepted
	Already
	LateResults
	Divergences
	Failed
	FailedAtEnd
	Operations
	Retries
	Events = iota // the number of kinds
)

// Tally counts the events of each kind.
type Tally [Events]int

// Add adds the events of another history.
func (t *Tally) Add(u Tally) {
	for i, n := range u {
		t[i] += n
	}
}

func (e Event) String() string {
	return [Events]string{
		"workers killed", "workers frozen", "clocks of workers set", "processes ended by their task",
		"workers asked to leave", "workers that an operator drained", "workers that left",
		"lifetimes of workers that ended", "workers with no time for a waiting task", "workers that left for want of tasks",
		"ends of local workers reported", "coordinators killed", "coordinators frozen", "ticks after no coordinator was running",
		"jumps of the store's clock", "outages of the store", "faults of calls to the store",
		"faults at commits of operators' calls", "links cut", "calls rejected by busy coordinators", "calls refused", "calls that reached no coordinator",
		"messages lost", "messages delayed", "messages duplicated", "old calls", "extra reports",
		"leases granted", "trainings begun", "trainings resumed", "checkpoints stored",
		"failures of tasks", "stalls", "damaged results",
		"leases lost", "leases of local workers lost", "leases revived", "leases handed back", "leases withdrawn", "leases cancelled", "results verified",
		"results accepted", "reports received before", "late results", "divergences",
		"tasks failed", "failed at the end",
		"operators' calls", "tasks retried",
	}[e]
}
