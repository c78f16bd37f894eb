package folder

import (
	"context"
	"fmt"
	"iter"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// rows streams the rows of results.csv: those of the plan, in its order, each
// with what the store says of its task. The store has a task once, at the first
// row that shows it; what later rows show again is kept until the end.
func (v *View) rows(ctx context.Context) table.Rows {
	return func(yield func(table.Row, error) bool) {
		next, stop := iter.Pull2(v.source.Rows(ctx, v.sweep.ID))
		defer stop()
		stored := storedRows{next: next}
		again := map[int]table.Row{} // by the first row of a task
		for i, planned := range v.sweep.Plan.Rows() {
			row, err := v.row(planned)
			if err != nil {
				yield(table.Row{}, err)
				return
			}
			if first := v.sweep.Plan.First(i); first < i {
				shown := again[first]
				row.State, row.Digest, row.Measures = shown.State, shown.Digest, shown.Measures
			} else {
				if err := stored.fill(&row, i); err != nil {
					yield(table.Row{}, err)
					return
				}
				if v.sweep.Plan.Repeated(i) {
					again[i] = row
				}
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// row is a row without what the store knows of it.
func (v *View) row(t sweep.Task) (table.Row, error) {
	selected, err := v.sweep.Selected(context.Background(), t.Configuration)
	if err != nil {
		return table.Row{}, err
	}
	return table.Row{
		Task: t.ID, ConfigurationIndex: t.ConfigurationIndex, State: sweep.Pending, Configuration: t.Configuration,
		Data: selected.Recording, NeuronIDs: selected.NeuronIDs,
	}, nil
}

// storedRows goes along the rows of the store.
type storedRows struct {
	next func() (queue.Row, error, bool)
	row  queue.Row // that was read ahead
	have bool
}

// fill adds what the store says of the task that a row is the first to show.
func (s *storedRows) fill(row *table.Row, position int) error {
	for !s.have || s.row.Row < position {
		var err error
		if s.row, err, s.have = s.next(); err != nil {
			return fmt.Errorf("read the results: %w", err)
		}
		if !s.have { // planned anew meanwhile
			return nil
		}
	}
	if s.row.Row != position || s.row.Task.ID != row.Task {
		return nil
	}
	row.State, row.Digest = s.row.State, s.row.Digest
	if len(s.row.Measures) == 0 {
		return nil
	}
	// What cannot be read was altered: it is doubted when its model is written.
	if measures, err := sweep.DecodeMeasures(s.row.Measures); err == nil {
		row.Measures = &measures
	}
	return nil
}
