package simulate

// Event is a kind of event that a history counts.
type Event int

// What is counted. A run over many seeds in which one of them never happens is
// too tame.
const (
	WorkerKills Event = iota
	WorkerFreezes
	WorkerClocks
	Crashes
	Drains
	ToldToLeave
	Exits
	EndReports
	CoordinatorKills
	CoordinatorFreezes
	Awakenings
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
	Doubled
	OldCalls
	Forged
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
	Events = iota // how many kinds there are
)

// Tally counts events.
type Tally [Events]int

// Add adds another history's.
func (t *Tally) Add(u Tally) {
	for i, n := range u {
		t[i] += n
	}
}

func (e Event) String() string {
	return [Events]string{
		"workers killed", "workers frozen", "clocks of workers set", "processes ended by their task",
		"workers asked to leave", "workers told to leave by an operator", "workers that left",
		"ends of local workers reported", "coordinators killed", "coordinators frozen", "ticks of coordinators that had been away",
		"jumps of the store's clock", "outages of the store", "faults of its calls",
		"faults within calls of operators", "lines cut", "calls refused by a busy coordinator", "calls refused for good", "calls that reached nobody",
		"messages lost", "messages delayed", "messages doubled", "old calls", "reports made up",
		"leases granted", "trainings begun", "trainings resumed", "checkpoints stored",
		"failures of tasks", "stalls", "damaged results",
		"leases lost", "leases of local workers lost", "leases revived", "leases handed back", "leases withdrawn", "leases cancelled", "results verified",
		"results accepted", "reports judged already", "late results", "divergences",
		"tasks failed", "failed at the end",
		"operators' wishes", "tasks retried",
	}[e]
}
