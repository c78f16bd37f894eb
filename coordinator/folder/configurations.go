package folder

import (
	"slices"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// StoredConfiguration is a configuration of a sweep with its first task in the store.
type StoredConfiguration struct {
	sweep.Configuration               // of replicate 0
	Index               int           // in the grid
	First               queue.Planned // the task with the lowest replicate
	// SameAs is the position of an earlier configuration whose tasks this one shares, as
	// settings may make no difference to some configurations; -1: it has its own tasks.
	SameAs int
}

// StoredConfigurations returns the configurations of a sweep in grid order, from the first task
// of each that has its own tasks, and from its grid, which adds those that share tasks. The
// grid's have the settings that no task ID depends on, such as the preset.
//
// resolved is false if the grid is nil or does not give the stored tasks, since it was run with
// other variables. Only what is stored is returned then.
func StoredConfigurations(s queue.Sweep, g *grid.Grid, firsts []queue.Planned) (all []StoredConfiguration, resolved bool) {
	resolved = g != nil && !slices.ContainsFunc(firsts, func(first queue.Planned) bool { return !isOfGrid(first, g) })
	positions := map[sweep.TaskID]int{}
	recordings := map[Data]string{}
	next := 0 // the index of the grid's next configuration
	// share adds the configurations up to an index, none of which has its own tasks.
	share := func(to int) {
		for ; resolved && next < to; next++ {
			c := g.Configuration(next)
			if at, found := positions[sweep.NewTaskID(c, recordings[DataOf(c)], s.Numerics, s.KernelClass)]; found {
				all = append(all, StoredConfiguration{Configuration: c, Index: next, First: all[at].First, SameAs: at})
			}
		}
	}
	for _, first := range firsts {
		index := first.Task.ConfigurationIndex
		share(index)
		next = index + 1
		stored := StoredConfiguration{Configuration: first.Task.Configuration, Index: index, First: first, SameAs: -1}
		if resolved {
			stored.Configuration = g.Configuration(index)
		}
		stored.Replicate = 0
		positions[first.Task.ID], recordings[DataOf(stored.Configuration)] = len(all), first.Task.Recording
		all = append(all, stored)
	}
	if resolved {
		share(g.Len())
	}
	return all, resolved
}

// isOfGrid reports whether a stored task is one of the grid's configuration with its index: their
// IDs differ in nothing.
func isOfGrid(first queue.Planned, g *grid.Grid) bool {
	if first.Task.ConfigurationIndex >= g.Len() {
		return false
	}
	c := g.Configuration(first.Task.ConfigurationIndex)
	c.Replicate = first.Task.Configuration.Replicate
	return len(sweep.IdentityDifferences(c, first.Task.Configuration)) == 0
}

// Data is what decides on the bits that a configuration is trained on.
type Data struct {
	sweep.RecordingSettings
	neurons int
	seed    uint64 // of a random selection; 0 otherwise
}

// DataOf returns what decides on the bits that a configuration is trained on.
func DataOf(c sweep.Configuration) Data {
	d := Data{RecordingSettings: c.Recording, neurons: c.Neurons}
	d.Holdout, d.HoldoutTime = 0, 0 // parts of the same bits
	if c.Recording.Select == "random" {
		d.seed = c.Seed
	}
	return d
}
