package folder

import (
	"context"
	"fmt"
	"strings"

	"spiqsweep/sweep"
	"spiqsweep/sweep/model"
	"spiqsweep/sweep/table"
)

// listedTasks is how many tasks an error lists.
const listedTasks = 8

// Sampler returns a sampler of the model of the only task that is selected, and the width
// of its time steps in milliseconds. It checks the stored result as Refresh does, and
// reads no other. It refuses a selection of no task or of several, a task without a
// result, and a corrupt result.
func (v *View) Sampler(ctx context.Context, selected func(sweep.Task) bool, seed uint64) (*model.Sampler, float64, error) {
	row, err := v.onlyTask(ctx, selected)
	if err != nil {
		return nil, 0, err
	}
	name := fmt.Sprintf("task %s, %s", sweep.ShortID(row.Task), v.label(row.Configuration))
	if row.Digest == "" {
		return nil, 0, BadInput("%s, is %s: there is no result to sample before it is done", name, row.State)
	}
	stored, err := acceptedResult(row)
	if err != nil {
		return nil, 0, err
	}
	result, fault, err := v.checkedResult(ctx, row.Task, stored)
	if err != nil {
		return nil, 0, err
	}
	if fault != "" {
		return nil, 0, BadInput("%s: %s: run the sweep again, which names corrupt results and how to repair them", name, fault)
	}
	recording, err := v.sweep.Selected(ctx, row.Configuration)
	if err != nil {
		return nil, 0, err
	}
	s, err := model.NewSampler(row, result, seed)
	if err != nil {
		return nil, 0, &InputError{Err: err}
	}
	return s, recording.BinMS, nil
}

// onlyTask returns the row of the only task that is selected.
func (v *View) onlyTask(ctx context.Context, selected func(sweep.Task) bool) (table.Row, error) {
	var found []table.Row
	number, position := 0, 0
	for row, err := range v.rows(ctx) {
		if err != nil {
			return table.Row{}, err
		}
		isFirst := v.sweep.Plan.First(position) == position
		position++
		if !isFirst || !selected(sweep.Task{ID: row.Task, Configuration: row.Configuration}) {
			continue
		}
		if number++; len(found) < listedTasks {
			found = append(found, row)
		}
	}
	switch number {
	case 0:
		return table.Row{}, BadInput("no task of the sweep in %s is selected: the columns of its results.csv list the tasks and their settings", v.folder)
	case 1:
		return found[0], nil
	}
	var lines strings.Builder
	for _, row := range found {
		fmt.Fprintf(&lines, "\n  %s  %s, %s", sweep.ShortID(row.Task), v.label(row.Configuration), row.State)
	}
	if more := number - len(found); more > 0 {
		fmt.Fprintf(&lines, "\n  and %d more", more)
	}
	return table.Row{}, BadInput("%d tasks are selected, and one is needed: name it by the beginning of its ID, or add settings to --config%s", number, lines.String())
}
