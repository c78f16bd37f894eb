package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// Stored is the sweep of an output folder as its queue holds it: with its grid, the states
// of its tasks and their results. It is for commands that only read.
type Stored struct {
	Sweep   queue.Sweep
	Running bool // its coordinator runs

	app *App
}

// ReadStored calls do with the sweep of an output folder, at the running coordinator or else
// in the store. It locks and changes nothing. The input gives the recording if it is not
// where the last run found it; everything else is as in the last run.
func ReadStored(ctx context.Context, out string, in Input, do func(context.Context, *Stored) error) error {
	f := folder.Folder(out)
	if _, err := f.Missing(); err != nil {
		return err
	}
	if !f.HasRun() {
		return noSweep(f)
	}
	in.IsDefault = true
	in, err := in.Resume(out)
	if err != nil {
		return err
	}
	var fault error // of do or of the input, which are no faults of a coordinator
	_, err = Place{Out: out}.read(ctx, "", func(ctx context.Context, q sweepQueue, s queue.Sweep) error {
		fault = withStored(ctx, f, in, q, s, do)
		return nil
	})
	return errors.Join(err, fault)
}

func withStored(ctx context.Context, f folder.Folder, in Input, q sweepQueue, s queue.Sweep, do func(context.Context, *Stored) error) error {
	in.Kernel = circuit.Kernel{Class: s.KernelClass}
	prepared, err := prepare(ctx, in, s.Numerics)
	if err != nil {
		return err
	}
	c := Config{Input: in, Out: string(f)}
	c.Log = hclog.NewNullLogger()
	a := newApp(c, prepared)
	a.queue, a.id = q, s.ID
	if err := a.readPlan(ctx); err != nil {
		return err
	}
	a.view = a.newView()
	_, isStore := q.(*queue.Queue)
	stored := &Stored{Sweep: s, Running: !isStore, app: a}
	if err := stored.check(ctx); err != nil {
		return err
	}
	return do(ctx, stored)
}

// check refuses a recording that is not the one of the last run, with which no task of the
// sweep is one of its plan.
func (s *Stored) check(ctx context.Context) error {
	for row, err := range s.app.queue.Rows(ctx, s.app.id) {
		if err != nil {
			return fmt.Errorf("read the sweep: %w", err)
		}
		if s.app.prepared.Plan.Has(row.Task.ID) {
			return nil
		}
		if row.Row >= checkedRows {
			break
		}
	}
	if recording := s.app.prepared.data.path; recording != "" {
		return folder.BadInput("output folder %s: its tasks were trained on other data than %s holds now: name the recording of the sweep with --recording", s.app.folder, recording)
	}
	return folder.BadInput("output folder %s: its tasks are not those of its grid %s: run the grid again", s.app.folder, s.app.folder.Path(folder.GridFile))
}

// checkedRows is the number of rows among which a sweep must have a task of its grid.
const checkedRows = 1000

// Shape returns the optional columns of the tables of the sweep.
func (s *Stored) Shape() table.Shape { return s.app.view.Shape() }

// Rows streams the rows of results.csv, without a check of the results.
func (s *Stored) Rows(ctx context.Context) table.Rows { return s.app.view.Rows(ctx) }

// CheckFilters returns an error if a filter selects no configuration of the sweep.
func (s *Stored) CheckFilters(filters []sweep.ConfigurationFilter) error {
	for _, f := range filters {
		found := false
		for _, c := range s.app.prepared.Grid.Configurations() {
			found = found || f.Has(c)
		}
		if !found {
			return noConfiguration(s.Sweep, f)
		}
	}
	return nil
}

// label returns the label of a configuration with the swept settings.
func (s *Stored) label(c sweep.Configuration) string {
	return c.Label(s.app.prepared.Grid.Columns()...)
}

// task finds a planned task, with its first row, by its ID or the beginning of it.
func (s *Stored) task(idOrPrefix string) (row int, t sweep.Task, err error) {
	p := s.app.prepared.Plan
	switch rows := p.Beginning(strings.ToLower(idOrPrefix), 2); len(rows) {
	case 0:
		return 0, t, folder.BadInput("the sweep of %s has no task whose ID begins with %q: the column task of %s lists them", s.app.folder, idOrPrefix, s.app.folder.Path("results.csv"))
	case 1:
		return rows[0], p.Row(rows[0]), nil
	default:
		return 0, t, folder.BadInput("task %q: the prefix matches tasks %s and %s: give more of it", idOrPrefix, p.Row(rows[0]).ID, p.Row(rows[1]).ID)
	}
}

// state returns the row of a task in the queue.
func (s *Stored) state(ctx context.Context, task sweep.TaskID) (queue.Row, error) {
	for row, err := range s.app.queue.Rows(ctx, s.app.id) {
		if err != nil || row.Task.ID == task {
			return row, err
		}
	}
	return queue.Row{}, folder.BadInput("task %s is not in the queue yet: run the grid again", task)
}

// attempts returns the attempts of a task.
func (s *Stored) attempts(ctx context.Context, task sweep.TaskID) ([]queue.Attempt, error) {
	var all []queue.Attempt
	for h, err := range s.app.queue.Attempts(ctx, s.app.id) {
		if err != nil {
			return nil, err
		}
		if h.Task == task {
			all = append(all, h.Attempt)
		}
	}
	return all, nil
}

// nearest returns the row of the task whose configuration differs in the fewest settings
// from that of a row, and has the same replicate if there is one; of several, the one
// nearest in the grid. It reports whether there is any.
func (s *Stored) nearest(row int) (nearest int, found bool) {
	p := s.app.prepared.Plan
	g := p.Grid()
	of, replicate := g.At(row)
	task := p.Row(row)
	axes := g.Axes
	fewest, distance := 0, 0
	for i, c := range g.Configurations() {
		if i == of {
			continue
		}
		differences := 0
		if c.Model != task.Configuration.Model {
			differences += len(axes) + 1 // a baseline differs in what it is
		}
		for _, axis := range axes {
			if axis.Setting.Value(c) != axis.Setting.Value(task.Configuration) {
				differences++
			}
		}
		away := max(i-of, of-i)
		if !found || differences < fewest || differences == fewest && away < distance {
			candidate := g.Row(i, min(replicate, g.ReplicatesOf(i)-1))
			if p.Row(candidate).ID == task.ID {
				continue
			}
			nearest, fewest, distance, found = candidate, differences, away, true
		}
	}
	if !found && g.ReplicatesOf(of) > 1 { // the only configuration
		return g.Row(of, (replicate+1)%g.ReplicatesOf(of)), true
	}
	return nearest, found
}

// Kernels returns the kernels of this machine that compute what the sweep does.
func (s *Stored) Kernels() []circuit.Kernel {
	return slices.DeleteFunc(circuit.Kernels(), func(k circuit.Kernel) bool { return k.Class != s.Sweep.KernelClass })
}
