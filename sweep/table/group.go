package table

import "iter"

// group is a cell of the grid: its first row, which stands for the settings
// that all replicates share, and the errors of those that are done.
type group struct {
	first  Row
	values [][]float64 // by measure: the replicates' values, missing ones left out
	floors []sample    // by measure: the floor, the same for all replicates; empty if missing
	rates  []float64   // of the modelled cells in the recording, Hz
	done   int
	rows   int
}

// groups gathers consecutive rows of one cell.
func groups(all []measure, rows Rows) iter.Seq2[*group, error] {
	return func(yield func(*group, error) bool) {
		var g *group
		for row, err := range rows {
			if err != nil {
				yield(nil, err)
				return
			}
			if g != nil && g.first.ConfigurationIndex != row.ConfigurationIndex {
				if !yield(g, nil) {
					return
				}
				g = nil
			}
			if g == nil {
				g = &group{first: row, values: make([][]float64, len(all)), floors: make([]sample, len(all))}
				g.first.Measures = nil
			}
			g.add(all, row)
		}
		if g != nil {
			yield(g, nil)
		}
	}
}

func (g *group) add(all []measure, row Row) {
	g.rows++
	if row.Measures == nil {
		return
	}
	g.done++
	g.rates = row.Measures.RatesHz
	for i, m := range all {
		if v, ok := m.value(*row.Measures); ok {
			g.values[i] = append(g.values[i], v)
		}
		if v, ok := m.floor(*row.Measures); ok {
			g.floors[i] = sample{v}
		}
	}
}
