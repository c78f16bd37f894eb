package app

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"spiqsweep/coordinator/folder"
	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
	"spiqsweep/sweep/plan"
)

// Redone are tasks that have a finished counterpart in the last run of the output folder,
// and run again because something that decides their numbers has changed.
type Redone struct {
	Tasks   int                 `json:"tasks"`
	Changed []SettingComparison `json:"changed"` // from the last run to this grid
}

// redone compares the plan with that of the folder's last run, for Preview. Configurations
// correspond if they agree in the settings that either grid sweeps.
func (a *App) redone(ctx context.Context, finished map[sweep.TaskID]bool) ([]Redone, error) {
	anyDone := false
	for id, done := range finished {
		anyDone = anyDone || done && !a.prepared.Plan.Has(id)
	}
	if !anyDone || !a.folder.HasRun() {
		return nil, nil
	}
	before, err := a.lastRun(ctx)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil { // the plan is valid without the comparison
		a.Notices = append(a.Notices, fmt.Sprintf("finished tasks of %s are not in this plan; its last run cannot be compared: %v", a.folder, err))
		a.prepared.Notices = a.Notices
		return nil, nil
	}
	now := a.prepared.Plan
	axes := slices.Concat(before.Grid().Axes, now.Grid().Axes)
	counterparts := map[string]sweep.Task{}
	for _, row := range before.Rows() {
		if finished[row.ID] {
			counterparts[correspondence(row.Configuration, axes)] = row
		}
	}
	groups := map[string]*Redone{}
	for i, row := range now.Rows() {
		if finished[row.ID] || now.First(i) < i {
			continue
		}
		last, found := counterparts[correspondence(row.Configuration, axes)]
		if !found {
			continue
		}
		changed := taskDifferences(last, row)
		key := fmt.Sprint(changed)
		if groups[key] == nil {
			groups[key] = &Redone{Changed: changed}
		}
		groups[key].Tasks++
	}
	var all []Redone
	for _, g := range groups {
		all = append(all, *g)
	}
	slices.SortFunc(all, func(a, b Redone) int {
		return cmp.Or(b.Tasks-a.Tasks, strings.Compare(fmt.Sprint(a.Changed), fmt.Sprint(b.Changed)))
	})
	return all, nil
}

// lastRun plans the last run of the folder as that was planned, with the same kernel class.
func (a *App) lastRun(ctx context.Context) (*plan.Plan, error) {
	in, err := Input{IsDefault: true, Kernel: circuit.Kernel{Class: a.Kernel.Class}}.Resume(string(a.folder))
	if err != nil {
		return nil, err
	}
	if in.GridName == "" {
		return nil, folder.BadInput("%s has no grid", a.folder)
	}
	p, err := Prepare(ctx, in)
	if err != nil {
		return nil, err
	}
	return p.Plan, nil
}

// correspondence is a text that is equal for configurations of two grids that correspond.
func correspondence(c sweep.Configuration, axes []grid.Axis) string {
	text := fmt.Sprintf("%s %d %d %d %s", c.Model, c.Replicate, c.Neurons, c.Timesteps, sweep.Format(c.K))
	for _, axis := range axes {
		if axis.Setting.ReadByModel(c.Model) {
			text += fmt.Sprintf(" %s=%s", axis.Setting.Name, sweep.Format(axis.Setting.Value(c)))
		}
	}
	return text
}
