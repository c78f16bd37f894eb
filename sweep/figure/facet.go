package figure

import (
	"cmp"
	"math"
	"slices"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// facet is the part of a sweep in one figure: configurations that differ only in
// neurons, timesteps and k (see [table.Shape.Facet]).
type facet struct {
	name        string // the other axes' values, such as "entangler=none"; "" without other axes
	data        string
	seed        uint64
	neuronIDs   []int     // of the largest n
	rates       []float64 // of these neurons, Hz
	sameNeurons bool      // whether every n takes the first n of neuronIDs
	runs        []run
	baselines   []baseline // on the same data
}

// run is one finished training. It is small because a sweep may have a million.
type run struct {
	neurons, timesteps, replicate int32
	k                             float64
	errors, floors                [2]float64 // of the statistics of s1Rows; NaN where there is none
}

// facets groups the finished rows by figure, in grid order. It returns the first
// maxFigures facets and the number of those omitted. Baselines are in the figures of
// the same data.
func facets(shape table.Shape, rows table.Rows) (all []*facet, omitted int, err error) {
	index := map[string]*facet{}
	baselines := fitted{}
	var firsts []sweep.Configuration // of the facets
	for row, err := range rows {
		if err != nil {
			return nil, 0, err
		}
		if row.Measures == nil {
			continue
		}
		if row.Configuration.IsBaseline() {
			baselines.add(shape, row)
			continue
		}
		name := shape.Facet(row.Configuration)
		f, known := index[name]
		if !known {
			if len(all) < maxFigures {
				f = &facet{name: name, data: row.Data, seed: row.Configuration.Seed, sameNeurons: true}
				all, firsts = append(all, f), append(firsts, row.Configuration)
			} else {
				omitted++
			}
			index[name] = f
		}
		if f != nil {
			f.add(row)
		}
	}
	for i, f := range all {
		f.baselines = baselines.of(shape, firsts[i])
	}
	return all, omitted, nil
}

// runOf returns the numbers of a finished row.
func runOf(row table.Row) run {
	c := row.Configuration
	r := run{neurons: int32(c.Neurons), timesteps: int32(c.Timesteps), replicate: int32(c.Replicate), k: c.K}
	for i, s := range s1Rows {
		r.errors[i], r.floors[i] = orNaN(row.Measures.Errors, s.error), orNaN(row.Measures.Floors, s.error)
	}
	return r
}

func (f *facet) add(row table.Row) {
	f.runs = append(f.runs, runOf(row))
	short, long := row.NeuronIDs, f.neuronIDs
	if len(short) > len(long) {
		short, long = long, short
		f.neuronIDs, f.rates = row.NeuronIDs, row.Measures.RatesHz
	}
	f.sameNeurons = f.sameNeurons && slices.Equal(short, long[:len(short)])
}

// values returns the distinct values of a property of the runs in ascending order.
func values[V cmp.Ordered](runs []run, of func(run) V) []V {
	all := make([]V, len(runs))
	for i, r := range runs {
		all[i] = of(r)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func orNaN(from map[string]float64, name string) float64 {
	if v, ok := from[name]; ok {
		return v
	}
	return math.NaN()
}

func neuronsOf(r run) int   { return int(r.neurons) }
func timestepsOf(r run) int { return int(r.timesteps) }
func kOf(r run) float64     { return r.k }
func replicateOf(r run) int { return int(r.replicate) }
