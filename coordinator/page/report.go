package page

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/claims"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/plan"
	"spiqsweep/sweep/table"
)

// report is what the rows of a sweep show together.
type report struct {
	figures []*figure.Figure // Fig. S1, for each combination of the values of further axes
	claims  []table.Claim    // the leading statistics
}

// errNoGrid explains why tables and figures of a sweep cannot be made here.
var errNoGrid = errorText("the grid of this sweep needs the values of --var that its own coordinator has: read its tables and figures in its output folder")

// report returns the figures and claims of a sweep, and the version of the rows that they
// show, "" before the first. It makes them in the background.
func (p *Page) report(s *snapshot) (*report, string, error) {
	return p.entry(s.sweep.ID).report.get(p, s.version, func(ctx context.Context) (r *report, err error) {
		defer func() { // the drawing libraries panic
			if fault := recover(); fault != nil {
				err = fmt.Errorf("draw Fig. S1: %v", fault)
			}
		}()
		view, err := p.view(ctx, s)
		if err != nil {
			return nil, err
		}
		r = &report{}
		if r.figures, _, err = figure.S1(view.Shape(), view.Rows(ctx)); err != nil {
			return nil, err
		}
		judged, err := claims.Judge(view.Shape(), view.Rows(ctx))
		if err != nil {
			return nil, err
		}
		for _, claim := range judged.Claims {
			if claim.Rank == table.Leading {
				r.claims = append(r.claims, claim)
			}
		}
		return r, nil
	})
}

// view returns a view of a sweep that reads the rows of its tables, and has no folder to
// write to.
func (p *Page) view(ctx context.Context, s *snapshot) (*folder.View, error) {
	tasks, err := p.plan(ctx, s)
	if err != nil {
		return nil, err
	}
	shown := folder.Sweep{ID: s.sweep.ID, Grid: tasks.Grid(), Plan: tasks, Selected: p.selection(s.sweep)}
	return folder.NewView("", p.Queue, shown, p.Log), nil
}

// selection returns what tells the data that a configuration of a sweep is trained on. Only the
// coordinator that planned the sweep knows the numbers of the selected neurons.
func (p *Page) selection(s queue.Sweep) func(context.Context, sweep.Configuration) (folder.Selected, error) {
	if _, own := p.Folders[s.ID]; own && p.Selected != nil {
		return p.Selected
	}
	return func(_ context.Context, c sweep.Configuration) (folder.Selected, error) {
		name := c.Recording.Source
		if name == "file" {
			name = cmp.Or(s.Recording, name)
		}
		return folder.Selected{Recording: name, BinMS: c.Recording.BinMS}, nil
	}
}

// plan plans the sweep again, from its grid and the digests of its stored tasks.
func (p *Page) plan(ctx context.Context, s *snapshot) (*plan.Plan, error) {
	if s.grid == nil {
		return nil, errNoGrid
	}
	digests := map[folder.Data]string{}
	for _, c := range s.configurations {
		digests[folder.DataOf(c.Configuration)] = c.recording
	}
	digest := func(c sweep.Configuration) (string, error) {
		d, known := digests[folder.DataOf(c)]
		if !known {
			return "", errors.New("no stored task is trained on its data")
		}
		return d, nil
	}
	tasks, err := plan.New(ctx, s.grid, digest, s.sweep.Numerics, s.sweep.KernelClass, nil)
	if err != nil || !s.grid.Replicates.IsAdaptive() {
		return tasks, err
	}
	outcomes := map[sweep.TaskID]plan.Outcome{}
	for row, err := range p.Queue.Rows(ctx, s.sweep.ID) {
		if err != nil {
			return nil, err
		}
		outcomes[row.Task.ID] = folder.Outcome(row, s.grid.Replicates.Until)
	}
	tasks, _, err = tasks.Extend(ctx, func(id sweep.TaskID) plan.Outcome { return outcomes[id] })
	return tasks, err
}
