package app

import (
	"context"
	"fmt"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/host"
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// fitWorkers lowers the number of local workers to what the memory of this machine holds, if that
// is the default, and otherwise refuses more. It counts, for each worker, the task left
// that takes the most.
func (a *App) fitWorkers(ctx context.Context) error {
	if a.host == nil || a.Local == 0 || a.Memory == 0 {
		return nil
	}
	memory := float64(a.Memory)
	fit := func(need float64) bool { return float64(a.Local)*need <= memory }
	most := 0.0
	for _, c := range a.prepared.Grid.Configurations() {
		most = max(most, c.MemoryBytes())
	}
	if fit(most) {
		return nil
	}
	ended := map[sweep.TaskID]bool{}
	for row, err := range a.queue.Rows(ctx, a.id) {
		if err != nil {
			return fmt.Errorf("read the tasks that have ended: %w", err)
		}
		ended[row.Task.ID] = row.State != sweep.Pending
	}
	left := a.prepared.Plan.Estimate(ended)
	if fit(left.Memory) {
		return nil
	}
	workers, why := fitting(a.Memory, left.Largest, a.prepared.Grid.Columns())
	switch {
	case workers == 0:
		return folder.BadInput("%s: leave the configuration out of the grid, or start workers on a machine with more, with --listen and --local 0", why)
	case !a.LocalIsDefault:
		return folder.BadInput("--local %d: %s: give --local %d", a.Local, why, workers)
	}
	a.Notices = append(a.Notices, fmt.Sprintf("%s: --local %d instead of %d", why, workers, a.Local))
	a.Local, a.host.Local = workers, workers
	return nil
}

// fitWorkers lowers the number of local workers to what the memory of this machine holds, with the
// selected task that takes the most for each.
func (v Verifier) fitWorkers(ctx context.Context, h *host.Host, s queue.Sweep) error {
	if v.Memory == 0 {
		return nil
	}
	var largest sweep.Configuration
	most := 0.0
	for row, err := range h.Queue().Rows(ctx, s.ID) {
		if err != nil {
			return fmt.Errorf("read the tasks: %w", err)
		}
		if c := row.Task.Configuration; v.Has(row.Task) && c.MemoryBytes() > most {
			largest, most = c, c.MemoryBytes()
		}
	}
	if most == 0 {
		return nil // nothing is selected
	}
	workers, why := fitting(v.Memory, largest, grid.StoredColumns(s.Grid))
	if workers == 0 {
		return folder.BadInput("%s: verify other configurations, or on a machine with more", why)
	}
	h.Local = min(h.Local, workers)
	return nil
}

// fitting returns how many workers with a task of a configuration fit into memory, in bytes, and why.
func fitting(memory uint64, c sweep.Configuration, axes []sweep.Setting) (workers int, why string) {
	need := c.MemoryBytes()
	return int(float64(memory) / need), fmt.Sprintf("%s takes about %s of memory, and this machine has %s",
		c.LabelOfReplicates(axes...), sweep.FormatMemory(need), sweep.FormatMemory(float64(memory)))
}
