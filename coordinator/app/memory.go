package app

import (
	"context"
	"fmt"

	"spiqsweep/coordinator/folder"
	"spiqsweep/sweep"
)

// fitWorkers lowers the number of local workers to what the memory of this machine holds, if that
// is the default, and otherwise refuses more. It counts the unfinished task that takes the most
// memory for each worker.
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
	done := map[sweep.TaskID]bool{}
	for row, err := range a.queue.Rows(ctx, a.id) {
		if err != nil {
			return fmt.Errorf("read the finished tasks: %w", err)
		}
		done[row.Task.ID] = row.State == sweep.Done
	}
	left := a.prepared.Plan.Estimate(done)
	if fit(left.Memory) {
		return nil
	}
	workers := int(memory / left.Memory)
	why := fmt.Sprintf("%s takes about %s of memory, and this machine has %s",
		left.Largest.LabelOfReplicates(a.prepared.Grid.Columns()...), sweep.FormatMemory(left.Memory), sweep.FormatMemory(memory))
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
