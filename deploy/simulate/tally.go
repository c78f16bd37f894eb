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
	CoordinatorKills
	CoordinatorFreezes
	Awakenings
	ClockJumps
	Outages
	StoreFaults
	Cuts
	Lost
	Delayed
	Doubled
	OldCalls
	Grants
	Trainings
	Resumes
	Checkpoints
	Failures
	Stalls
	Damaged
	LostLeases
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
		"coordinators killed", "coordinators frozen", "ticks of coordinators that had been away",
		"jumps of the store's clock", "outages of the store", "faults of its calls", "lines cut",
		"messages lost", "messages delayed", "messages doubled", "old calls",
		"leases granted", "trainings begun", "trainings resumed", "checkpoints stored",
		"failures of tasks", "stalls", "damaged results",
		"leases lost", "leases revived", "leases handed back", "leases withdrawn", "leases cancelled", "results verified",
		"results accepted", "reports judged already", "late results", "divergences",
		"tasks failed", "failed at the end",
		"operators' wishes", "tasks retried",
	}[e]
}
