package folder

import (
	"context"
	"fmt"

	"spiqsweep/simulator/inputfile"
	"spiqsweep/sweep/export"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/grid"
)

// Exported returns the sweep for package export. It checks all results first:
// IntegrityErrors lists the corrupt ones, which have no numbers in the sweep.
func (v *View) Exported(ctx context.Context) (export.Sweep, error) {
	for _, err := range v.soundRows(ctx, v.rows(ctx)) {
		if err != nil {
			return export.Sweep{}, err
		}
	}
	status, err := v.source.Status(ctx, v.sweep.ID)
	if err != nil {
		return export.Sweep{}, err
	}
	text, err := inputfile.Read(v.folder.Path(GridFile), grid.MaxBytes+maxNoteBytes)
	if err != nil {
		return export.Sweep{}, err
	}
	data, err := v.data(ctx)
	rows := v.withoutCorrupt(v.rows(ctx))
	return export.Sweep{
		Name: v.sweep.Grid.Name, CreatedAt: status.Sweep.CreatedAt, Grid: text,
		Numerics: status.Sweep.Numerics, KernelClass: status.Sweep.KernelClass, Data: data,
		Shape: v.shape, Rows: rows, Records: v.records(ctx),
		Figures: func() ([]*figure.Figure, error) { return v.figures(ctx, rows, figure.Numbers()) },
	}, err
}

// data returns the selections of neurons that the tasks are trained on, each once.
func (v *View) data(ctx context.Context) ([]export.Data, error) {
	var all []export.Data
	known := map[export.Data]bool{}
	for _, task := range v.sweep.Plan.Rows() {
		selected, err := v.sweep.Selected(ctx, task.Configuration)
		if err != nil {
			return nil, err
		}
		if d := (export.Data{Name: selected.Recording, SHA256: task.Recording}); !known[d] {
			known[d] = true
			all = append(all, d)
		}
	}
	return all, nil
}

// records streams the rows of results.csv with their results.
func (v *View) records(ctx context.Context) export.Records {
	return func(yield func(export.Record, error) bool) {
		i := 0
		for row, err := range v.withoutCorrupt(v.rows(ctx)) {
			r := export.Record{Row: row, Repeated: v.sweep.Plan.First(i) < i}
			i++
			if err == nil {
				err = v.complete(ctx, &r)
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
	}
}

// complete adds the result and the width of a bin to a row.
func (v *View) complete(ctx context.Context, r *export.Record) error {
	selected, err := v.sweep.Selected(ctx, r.Configuration)
	if r.BinMS = selected.BinMS; err != nil || r.Measures == nil {
		return err
	}
	result, sound, err := v.soundResult(ctx, r.Row)
	if err == nil && !sound {
		err = fmt.Errorf("task %s: the stored result was altered while it was exported: run the export again", r.Task)
	}
	r.Result = &result
	return err
}
