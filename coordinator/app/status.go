package app

import (
	"fmt"
	"time"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
)

// Status describes the state of a sweep, for the terminal and, as JSON, for programs.
type Status struct {
	Sweep       string    `json:"sweep"` // its ID
	Name        string    `json:"name"`
	Revision    uint32    `json:"revision"`
	KernelClass string    `json:"kernel_class"`
	AsOf        time.Time `json:"as_of"`
	// Running reports whether the coordinator that was asked, or that of the folder,
	// runs; ServedByAnother, if it does not run, whether another coordinator serves
	// the store.
	Running         bool       `json:"coordinator_running"`
	ServedByAnother bool       `json:"served_by_another"`
	Tasks           TaskCounts `json:"tasks"`
	Warnings        []string   `json:"warnings"` // problems of the store
	// MoreExpected reports that results may decide on further tasks than those counted.
	MoreExpected bool    `json:"more_expected"`
	SecondsLeft  float64 `json:"seconds_left"`
	WorkLeft     float64 `json:"compute_seconds_left"` // of the unfinished tasks, on one core
	Limits
	TimeUp         bool         `json:"time_up"` // tasks are left that cannot end by Until, and no other runs
	WorkersPresent int          `json:"workers_present"`
	Workers        []Worker     `json:"workers"` // the first hundred
	Failed         []TaskReason `json:"failed"`
	Diverged       []TaskReason `json:"diverged"`

	rowsVersion uint64 // as in the protocol
}

// Limits are the note on a sweep and its queue.Limits.
type Limits struct {
	Note     string    `json:"note"`
	Parallel int       `json:"parallel"` // tasks that may run at a time; 0: any
	Paused   bool      `json:"paused"`
	Until    time.Time `json:"until,omitzero"`
}

// TaskCounts counts the tasks of a sweep by state.
type TaskCounts struct {
	Planned  uint64 `json:"planned"`
	Done     uint64 `json:"done"`
	Running  uint64 `json:"running"` // in training
	Queued   uint64 `json:"queued"`  // at a worker, behind other tasks of their slot
	Pending  uint64 `json:"pending"`
	Failed   uint64 `json:"failed"`
	Diverged uint64 `json:"diverged"`
	// Verifying counts the done tasks that run once more.
	Verifying uint64 `json:"verifying"`
}

// Left returns the number of tasks that are unfinished or being verified.
func (c TaskCounts) Left() uint64 { return c.Running + c.Queued + c.Pending + c.Verifying }

// Unfinished describes the unfinished tasks: "2 running, 9 queued at workers, 29 pending".
func (c TaskCounts) Unfinished() string {
	queued := ""
	if c.Queued > 0 {
		queued = fmt.Sprintf(", %d queued at workers", c.Queued)
	}
	return fmt.Sprintf("%d running%s, %d pending", c.Running, queued, c.Pending)
}

// Worker is a worker process that has called the coordinator within its lease term.
type Worker struct {
	Process   string        `json:"process"`
	Host      string        `json:"host"`
	EngineJob string        `json:"engine_job"` // the job of an engine in which it runs, such as "Slurm job 12_3"; "": none
	Kernel    string        `json:"kernel"`
	Slots     uint32        `json:"slots"`
	LastSeen  time.Time     `json:"last_seen"`
	Draining  bool          `json:"draining"` // it was asked to leave
	Running   []RunningTask `json:"running"`
}

// Location returns the host, with the job of an engine if there is one.
func (w Worker) Location() string {
	if w.EngineJob == "" {
		return w.Host
	}
	return w.Host + " (" + w.EngineJob + ")"
}

// RunningTask is a task that a worker holds, with the last training step it reported.
type RunningTask struct {
	Task    string `json:"task"`
	Attempt uint64 `json:"attempt"`
	Step    uint64 `json:"step"` // 0 also while the task is queued
	Steps   uint64 `json:"steps"`
}

// Progress describes how far the task is.
func (r RunningTask) Progress() string {
	if r.Step == 0 {
		return "no step yet"
	}
	return fmt.Sprintf("step %d of %d", r.Step, r.Steps)
}

// TaskReason is a task that failed or diverged, with the reason.
type TaskReason struct {
	Task   string `json:"task"`
	Label  string `json:"label"`
	Reason string `json:"reason"`
}

// newStatus converts the status from the form of the protocol.
func newStatus(s *spiqsweepv1.GetStatusResponse) Status {
	counts := s.GetCounts()
	queued := min(counts.GetQueued(), counts.GetLeased())
	status := Status{
		Sweep: s.GetSweep(), Name: s.GetName(), Revision: s.GetRevision(), KernelClass: s.GetKernelClass(), AsOf: s.GetAsOf().AsTime(),
		Tasks: TaskCounts{
			Planned: counts.GetPlanned(), Done: counts.GetDone(), Running: counts.GetLeased() - queued, Queued: queued,
			Pending: counts.GetPending(), Failed: counts.GetFailed(), Diverged: counts.GetDiverged(),
			Verifying: counts.GetVerifying(),
		},
		Limits: Limits{Note: s.GetNote(), Parallel: int(s.GetParallel()), Paused: s.GetPaused()},
		TimeUp: s.GetTimeUp(), WorkLeft: s.GetWorkLeft().AsDuration().Seconds(),
		MoreExpected: s.GetMoreExpected(), SecondsLeft: s.GetTimeLeft().AsDuration().Seconds(),
		Warnings: append([]string{}, s.GetWarnings()...), WorkersPresent: int(s.GetWorkerCounts().GetProcesses()),
		rowsVersion: s.GetRowsVersion(), Workers: []Worker{}, Failed: taskReasons(s.GetFailed()), Diverged: taskReasons(s.GetDiverged()),
	}
	if s.GetUntil() != nil {
		status.Until = s.GetUntil().AsTime()
	}
	for _, w := range s.GetWorkers() {
		worker := Worker{
			Process: w.GetProcess(), Host: w.GetHost(), EngineJob: w.GetEngineJob(), Kernel: w.GetKernel(), Slots: w.GetSlots(),
			LastSeen: w.GetLastSeen().AsTime(), Draining: w.GetDraining(), Running: []RunningTask{},
		}
		for _, r := range w.GetRunning() {
			worker.Running = append(worker.Running, RunningTask{r.GetTask(), r.GetAttempt(), r.GetStep(), r.GetTotalSteps()})
		}
		status.Workers = append(status.Workers, worker)
	}
	return status
}

func taskReasons(tasks []*spiqsweepv1.TaskStatus) []TaskReason {
	reasons := []TaskReason{}
	for _, t := range tasks {
		reasons = append(reasons, TaskReason{t.GetTask(), t.GetLabel(), t.GetReason()})
	}
	return reasons
}

// SweepSummary is a sweep in a list, also as JSON.
type SweepSummary struct {
	Name        string     `json:"name"`
	ID          string     `json:"id"`
	Revision    int        `json:"revision"`
	CreatedAt   time.Time  `json:"created_at"`
	Numerics    int        `json:"numerics"`
	KernelClass string     `json:"kernel_class"`
	Tasks       TaskCounts `json:"tasks"`
	Limits
}

func newSweepSummary(s queue.Summary) SweepSummary {
	return SweepSummary{
		Limits: Limits{s.Note, max(0, s.Parallel), s.Paused, s.Until},
		Name:   s.Name, ID: s.ID, Revision: s.Revision, CreatedAt: s.CreatedAt,
		Numerics: s.Numerics, KernelClass: s.KernelClass,
		Tasks: CountTasks(s.Counts),
	}
}

// CountTasks converts the counts of a queue.
func CountTasks(c queue.Counts) TaskCounts {
	return TaskCounts{
		Planned: uint64(c.Planned), Done: uint64(c.Done), Running: uint64(c.Running()), Queued: uint64(c.Queued),
		Pending: uint64(c.Pending), Failed: uint64(c.Failed), Diverged: uint64(c.Diverged),
		Verifying: uint64(c.Verifying),
	}
}
