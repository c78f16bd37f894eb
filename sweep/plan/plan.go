package plan

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
)

// Plan is what a sweep has to do.
type Plan struct {
	// Rows are the rows of results.csv, in its order. Each has the cell and the
	// configuration of the row; rows may share an ID.
	Rows []sweep.Task
	// Tasks are the trainings, each ID once, in order of execution.
	Tasks []Task
}

// Task is a training in its place within a plan.
type Task struct {
	sweep.Task
	Row  int     // position in Rows of the first row that shows it; no two tasks share it
	Cost float64 // see Cost
}

// New plans a grid. The function digest returns the digest of the raster that a
// configuration is trained on, whatever the replicate, or why there is none: an
// error of New names each reason once, with the first cell that has it.
func New(
	g *grid.Grid, digest func(sweep.Configuration) (string, error), numerics int, kernelClass string,
) (*Plan, error) {
	p := &Plan{Rows: make([]sweep.Task, 0, g.Tasks())}
	var faults []error
	reasons := map[string]bool{}
	for cell, c := range g.Cells {
		recording, err := digest(c)
		if err != nil {
			if !reasons[err.Error()] {
				faults = append(faults, fmt.Errorf("plan cell n=%d t=%d: %w", c.Neurons, c.Timesteps, err))
			}
			reasons[err.Error()] = true
			continue
		}
		for replicate := range g.Replicates {
			c.Replicate = replicate
			p.Rows = append(p.Rows, sweep.Task{
				ID:   sweep.NewTaskID(c, recording, numerics, kernelClass),
				Cell: cell, Configuration: c, Recording: recording,
			})
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	p.Tasks = inOrder(p.Rows)
	return p, nil
}

// inOrder returns each task once, in order of execution.
func inOrder(rows []sweep.Task) []Task {
	var tasks []Task
	seen := map[sweep.TaskID]bool{}
	for row, t := range rows {
		if !seen[t.ID] {
			seen[t.ID] = true
			tasks = append(tasks, Task{t, row, Cost(t.Configuration)})
		}
	}
	slices.SortStableFunc(tasks, func(a, b Task) int {
		return cmp.Or(
			cmp.Compare(a.Configuration.Replicate, b.Configuration.Replicate),
			cmp.Compare(b.Cost, a.Cost), // the longest first
		)
	})
	return tasks
}
