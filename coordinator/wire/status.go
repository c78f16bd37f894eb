package wire

import (
	"google.golang.org/protobuf/types/known/durationpb"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// WriteStatus writes a status. Its words are also what `coordinator status`
// prints, whether a coordinator runs or not.
func WriteStatus(s queue.Status) *spiqsweepv1.GetStatusResponse {
	return &spiqsweepv1.GetStatusResponse{
		Sweep: s.Sweep.ID, Name: s.Sweep.Name, Revision: uint32(s.Sweep.Revision),
		Counts:      writeCounts(s.Counts),
		Workers:     each(s.Workers, writeWorker),
		Failed:      writeTasks(s.Sweep, s.Failed),
		Diverged:    writeTasks(s.Sweep, s.Diverged),
		TimeLeft:    durationpb.New(s.TimeLeft),
		AsOf:        writeTime(s.AsOf),
		RowsVersion: uint64(s.Changes), KernelClass: s.Sweep.KernelClass,
		Warnings: s.Warnings, MoreExpected: s.MoreExpected,
		Parallel: uint32(s.Sweep.Parallel), Paused: s.Sweep.Paused, Until: writeTime(s.Sweep.Until), Note: s.Sweep.Note,
		TimeUp: s.TimeUp, WorkLeft: durationpb.New(s.WorkLeft),
		WorkerCounts: &spiqsweepv1.WorkerCounts{
			Processes: uint64(s.Workforce.Processes), Slots: uint64(s.Workforce.Slots), Draining: uint64(s.Workforce.Leaving),
		},
	}
}

func writeWorker(w queue.Worker) *spiqsweepv1.WorkerStatus {
	return &spiqsweepv1.WorkerStatus{
		Process: w.ID, Host: w.Host, Kernel: w.Kernel, Slots: uint32(w.Slots),
		LastSeen: writeTime(w.LastSeen),
		Running:  each(w.Running, writeRunning), Draining: w.Leaving,
		EngineJob: w.EngineJob,
	}
}

func writeRunning(r queue.Running) *spiqsweepv1.RunningTask {
	return &spiqsweepv1.RunningTask{
		Task: string(r.Task), Attempt: r.Lease.Attempt,
		Step: r.Step, TotalSteps: r.Steps,
	}
}

// writeTasks writes tasks with a label of all axes of their sweep that are stored with them.
func writeTasks(s queue.Sweep, rows []queue.Row) []*spiqsweepv1.TaskStatus {
	if len(rows) == 0 {
		return nil // avoids parsing the grid
	}
	axes := grid.StoredColumns(s.Grid)
	return each(rows, func(r queue.Row) *spiqsweepv1.TaskStatus {
		return &spiqsweepv1.TaskStatus{Task: string(r.Task.ID), Label: r.Task.Configuration.Label(axes...), Reason: r.Reason}
	})
}

// ReadStatus decodes a status. Its tasks have only their IDs, states and reasons, and its
// workers only what commands print.
func ReadStatus(in *spiqsweepv1.GetStatusResponse) (queue.Status, error) {
	counts, err := readCounts(in.GetCounts())
	if err != nil {
		return queue.Status{}, err
	}
	revision, err := number("revision", uint64(in.GetRevision()))
	if err != nil {
		return queue.Status{}, err
	}
	parallel, err := number("parallel", uint64(in.GetParallel()))
	if err != nil {
		return queue.Status{}, err
	}
	workforce, err := readWorkerCounts(in.GetWorkerCounts())
	return queue.Status{
		Sweep: queue.Sweep{
			ID: sweep.Printable(in.GetSweep()), Name: sweep.Printable(in.GetName()), Revision: revision,
			KernelClass: sweep.Printable(in.GetKernelClass()), Note: sweep.Printable(in.GetNote()),
			Limits: queue.Limits{Parallel: parallel, Paused: in.GetPaused(), Until: readTime(in.GetUntil())},
		},
		AsOf: readTime(in.GetAsOf()), Counts: counts,
		Workers:  each(in.GetWorkers(), readWorker),
		Failed:   each(in.GetFailed(), readTask(queue.Failed)),
		Diverged: each(in.GetDiverged(), readTask(queue.Diverged)),
		TimeLeft: in.GetTimeLeft().AsDuration(), WorkLeft: in.GetWorkLeft().AsDuration(), TimeUp: in.GetTimeUp(),
		Changes:  int64(in.GetRowsVersion()),
		Warnings: each(in.GetWarnings(), sweep.Printable), Workforce: workforce, MoreExpected: in.GetMoreExpected(),
	}, err
}

func readWorkerCounts(in *spiqsweepv1.WorkerCounts) (f queue.Workforce, err error) {
	for _, field := range []struct {
		name string
		from uint64
		to   *int
	}{
		{"worker_counts.processes", in.GetProcesses(), &f.Processes},
		{"worker_counts.slots", in.GetSlots(), &f.Slots},
		{"worker_counts.draining", in.GetDraining(), &f.Leaving},
	} {
		if *field.to, err = number(field.name, field.from); err != nil {
			return queue.Workforce{}, err
		}
	}
	return f, nil
}

func readWorker(in *spiqsweepv1.WorkerStatus) queue.Worker {
	return queue.Worker{
		Presence: queue.Presence{
			Process: queue.Process{
				ID: sweep.Printable(in.GetProcess()), Host: sweep.Printable(in.GetHost()), Kernel: sweep.Printable(in.GetKernel()),
				Slots: int(in.GetSlots()), EngineJob: sweep.Printable(in.GetEngineJob()),
			},
			LastSeen: readTime(in.GetLastSeen()), Leaving: in.GetDraining(),
		},
		Running: each(in.GetRunning(), readRunning),
	}
}

func readRunning(in *spiqsweepv1.RunningTask) queue.Running {
	lease := queue.Lease{Task: sweep.TaskID(in.GetTask()), Attempt: in.GetAttempt()}
	return queue.Running{Attempt: queue.Attempt{Lease: lease, Step: in.GetStep()}, Steps: in.GetTotalSteps()}
}

func readTask(phase queue.Phase) func(*spiqsweepv1.TaskStatus) queue.Row {
	return func(in *spiqsweepv1.TaskStatus) queue.Row {
		return queue.Row{
			Planned: queue.Planned{Task: sweep.Task{ID: sweep.TaskID(in.GetTask())}},
			Phase:   phase, State: phase.State(), Reason: sweep.Printable(in.GetReason()),
		}
	}
}

func each[A, B any](list []A, convert func(A) B) []B {
	converted := make([]B, len(list))
	for i, item := range list {
		converted[i] = convert(item)
	}
	return converted
}
