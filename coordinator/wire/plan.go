package wire

import (
	"fmt"

	"spiqsweep/coordinator/queue"
	spiqsweepv1 "spiqsweep/proto/spiqsweep/v1"
	"spiqsweep/sweep"
)

// WritePlanned encodes a planned task.
func WritePlanned(p queue.Planned) *spiqsweepv1.PlannedTask {
	written := writePlace(p)
	written.Configuration, written.RecordingDigest = sweep.Canonical(p.Task.Configuration), p.Task.Recording
	return written
}

// ReadPlanned decodes a planned task. Settings that have no effect get their defaults. It does
// not check the ID; see CheckID.
func ReadPlanned(in *spiqsweepv1.PlannedTask) (queue.Planned, error) {
	p, err := readPlace(in)
	if err == nil {
		p.Task.Recording = in.GetRecordingDigest()
		err = checkDigest("recording", p.Task.Recording)
	}
	if err == nil {
		p.Task.Configuration, err = sweep.DecodeConfiguration(in.GetConfiguration())
	}
	if err != nil {
		return queue.Planned{}, fmt.Errorf("task of row %d: %w", in.GetRow(), err)
	}
	return p, nil
}

// writePlace encodes a planned task without its configuration and recording.
func writePlace(p queue.Planned) *spiqsweepv1.PlannedTask {
	return &spiqsweepv1.PlannedTask{
		Task: string(p.Task.ID), ConfigurationIndex: uint64(p.Task.ConfigurationIndex), Row: uint64(p.Row), Order: uint64(p.Order), Cost: p.Cost,
	}
}

func readPlace(in *spiqsweepv1.PlannedTask) (queue.Planned, error) {
	p := queue.Planned{Task: sweep.Task{ID: sweep.TaskID(in.GetTask())}, Cost: in.GetCost()}
	if err := checkDigest("ID", in.GetTask()); err != nil {
		return queue.Planned{}, err
	}
	for _, field := range []struct {
		name string
		to   *int
		from uint64
	}{
		{"configuration_index", &p.Task.ConfigurationIndex, in.GetConfigurationIndex()},
		{"row", &p.Row, in.GetRow()},
		{"order", &p.Order, in.GetOrder()},
	} {
		var err error
		if *field.to, err = number(field.name, field.from); err != nil {
			return queue.Planned{}, err
		}
	}
	return p, nil
}

// CheckID returns an error unless a task's ID follows from its configuration and recording, and
// from the numerics and the kernel class of its sweep.
func CheckID(t sweep.Task, s queue.Sweep) error {
	if own := sweep.NewTaskID(t.Configuration, t.Recording, s.Numerics, s.KernelClass); t.ID != own {
		return fmt.Errorf("task %s is not that of its configuration and recording, which is %s", t.ID, own)
	}
	return nil
}

// WriteRevision encodes the changes of a plan.
func WriteRevision(r queue.Revision) *spiqsweepv1.PlanSweepResponse {
	return &spiqsweepv1.PlanSweepResponse{
		Revision: uint32(r.Number), Added: uint64(r.Added), Kept: uint64(r.Kept),
		Dropped: uint64(r.Dropped), AlreadyDone: uint64(r.AlreadyDone),
	}
}

// ReadRevision decodes the changes of a plan.
func ReadRevision(in *spiqsweepv1.PlanSweepResponse) (r queue.Revision, err error) {
	for _, field := range []struct {
		name string
		to   *int
		from uint64
	}{
		{"revision", &r.Number, uint64(in.GetRevision())},
		{"added", &r.Added, in.GetAdded()},
		{"kept", &r.Kept, in.GetKept()},
		{"dropped", &r.Dropped, in.GetDropped()},
		{"already_done", &r.AlreadyDone, in.GetAlreadyDone()},
	} {
		if *field.to, err = number(field.name, field.from); err != nil {
			return queue.Revision{}, err
		}
	}
	return r, nil
}
