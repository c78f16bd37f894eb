package folder

import (
	"context"
	"fmt"

	"spiqsweep/simulator/inputfile"
	"spiqsweep/sweep"
	"spiqsweep/sweep/export"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/grid"
	"spiqsweep/sweep/table"
)

// Exported returns the sweep for package export in its present state, even if it runs. It checks
// all results first: IntegrityErrors lists the corrupt ones, which have no numbers in the
// sweep.
func (v *View) Exported(ctx context.Context) (export.Sweep, error) {
	var before []rowState
	for row, err := range v.rows(ctx) {
		if err != nil {
			return export.Sweep{}, err
		}
		before = append(before, rowState{row.State, row.Digest})
		if row.Digest == "" {
			continue
		}
		if _, _, err := v.soundResult(ctx, row); err != nil {
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
	rows := v.withoutCorrupt(asBefore(v.rows(ctx), before))
	return export.Sweep{
		Name: v.sweep.Grid.Name, CreatedAt: status.Sweep.CreatedAt, Grid: text,
		Numerics: status.Sweep.Numerics, KernelClass: status.Sweep.KernelClass, Data: data,
		Shape: v.shape, Rows: rows, Records: v.records(ctx, rows),
		Figures: func() ([]*figure.Figure, error) {
			figures, _, err := v.figures(ctx, rows, figure.Numbers())
			return figures, err
		},
	}, err
}

// rowState is the state of a row at a time.
type rowState struct {
	state  sweep.State
	digest string
}

// asBefore shows rows as they were: those that have got a result since then are without it.
// It fails if a result was replaced or removed.
func asBefore(rows table.Rows, before []rowState) table.Rows {
	return func(yield func(table.Row, error) bool) {
		i := 0
		for row, err := range rows {
			if err == nil {
				was := before[i]
				switch {
				case row.Digest == was.digest:
				case was.digest == "":
					row.Digest, row.Measures = "", nil
				default:
					err = fmt.Errorf("task %s: its result was replaced while it was exported: run the export again", row.Task)
				}
				row.State = was.state
			}
			i++
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
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

// records streams rows of results.csv with their results.
func (v *View) records(ctx context.Context, rows table.Rows) export.Records {
	return func(yield func(export.Record, error) bool) {
		i := 0
		for row, err := range rows {
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
