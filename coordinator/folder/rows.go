package folder

import (
	"context"
	"fmt"
	"iter"
	"math"

	"spiqsweep/coordinator/queue"
	"spiqsweep/sweep"
	"spiqsweep/sweep/grid"
	"spiqsweep/sweep/plan"
	"spiqsweep/sweep/table"
)

// rows streams the rows of results.csv: those of the plan, in its order, each with the
// state of its task in the store. The store has a task once, at its first row; rows that
// repeat it show a copy.
func (v *View) rows(ctx context.Context) table.Rows {
	return func(yield func(table.Row, error) bool) {
		next, stop := iter.Pull2(v.source.Rows(ctx, v.sweep.ID))
		defer stop()
		stored := storedRows{next: next}
		repeated := map[int]table.Row{} // first rows of tasks that have several
		for i, planned := range v.sweep.Plan.Rows() {
			v.report("writing tables and figures", i, v.sweep.Plan.Len())
			row, err := v.row(planned)
			if err != nil {
				yield(table.Row{}, err)
				return
			}
			if first := v.sweep.Plan.First(i); first < i {
				shown := repeated[first]
				row.State, row.Digest, row.Measures = shown.State, shown.Digest, shown.Measures
			} else {
				if err := stored.fill(&row, i); err != nil {
					yield(table.Row{}, err)
					return
				}
				if v.sweep.Plan.Repeated(i) {
					repeated[i] = row
				}
			}
			if !yield(row, nil) {
				return
			}
		}
	}
}

// row returns the row of a task without its state in the store.
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

// storedRows iterates over the rows of the store.
type storedRows struct {
	next func() (queue.Row, error, bool)
	row  queue.Row // read ahead
	have bool
}

// fill adds the state in the store to the first row of a task.
func (s *storedRows) fill(row *table.Row, position int) error {
	for !s.have || s.row.Row < position {
		var err error
		if s.row, err, s.have = s.next(); err != nil {
			return fmt.Errorf("read the results: %w", err)
		}
		if !s.have { // the sweep was planned again
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
	// Measures that cannot be decoded were altered: writing the model will report it.
	if measures, err := sweep.DecodeMeasures(s.row.Measures); err == nil {
		row.Measures = &measures
	}
	return nil
}

// Outcome returns what a row decides on the number of replicates, which follows from the
// errors of until. A diverged task is not finished.
func Outcome(row queue.Row, until []grid.Precision) plan.Outcome {
	o := plan.Outcome{Planned: true, Finished: row.FailsAlways()}
	if row.State != sweep.Done {
		return o
	}
	measures, err := sweep.DecodeMeasures(row.Measures)
	if err != nil {
		return plan.Outcome{Planned: true} // altered: the check of the results reports it
	}
	o.Finished = true
	for _, wanted := range until {
		v, ok := measures.Error(wanted.Error)
		if !ok {
			v = math.NaN()
		}
		o.Errors = append(o.Errors, v)
	}
	return o
}
