package figure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// facet is the part of a sweep that belongs into one figure: cells that differ
// in neurons, timesteps and k alone. Pooling over any other axis would compare
// what was not meant to be compared.
type facet struct {
	name      string // "" or the other axes' values: "entangler=none"
	data      string
	seed      uint64
	cells     []int     // of the largest n; smaller n take the first of them unless said otherwise
	rates     []float64 // of these cells, Hz
	sameCells bool      // whether every n takes the first n of cells
	runs      []run
}

// run is one finished training.
type run struct {
	neurons, timesteps, replicate int
	k                             float64
	errors, floors                map[string]float64
}

// facets sorts the finished rows by figure, in grid order.
func facets(shape table.Shape, rows table.Rows) ([]*facet, error) {
	var all []*facet
	index := map[string]*facet{}
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		if row.Result == nil {
			continue
		}
		name := otherAxes(shape, row.Configuration)
		f := index[name]
		if f == nil {
			f = &facet{name: name, data: row.Data, seed: row.Configuration.Seed, sameCells: true}
			index[name] = f
			all = append(all, f)
		}
		f.add(row)
	}
	return all, nil
}

func otherAxes(shape table.Shape, c sweep.Configuration) string {
	var words []string
	for _, axis := range shape.Axes {
		if slices.Contains([]string{"neurons", "timesteps", "k"}, axis) {
			continue
		}
		if s, ok := sweep.Lookup(axis); ok {
			words = append(words, fmt.Sprintf("%s=%v", axis, s.Value(c)))
		}
	}
	return strings.Join(words, " ")
}

func (f *facet) add(row table.Row) {
	c := row.Configuration
	f.runs = append(f.runs, run{c.Neurons, c.Timesteps, c.Replicate, c.K, row.Result.Errors, row.Result.Floors})
	short, long := row.Cells, f.cells
	if len(short) > len(long) {
		short, long = long, short
		f.cells, f.rates = row.Cells, row.Result.Data["firing_rate_hz"]
	}
	f.sameCells = f.sameCells && slices.Equal(short, long[:len(short)])
}

// values lists the distinct values of a property of the runs, in rising order.
func values[V cmp.Ordered](runs []run, of func(run) V) []V {
	all := make([]V, len(runs))
	for i, r := range runs {
		all[i] = of(r)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func neuronsOf(r run) int   { return r.neurons }
func timestepsOf(r run) int { return r.timesteps }
func kOf(r run) float64     { return r.k }
func replicateOf(r run) int { return r.replicate }
