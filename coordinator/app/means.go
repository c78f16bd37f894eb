package app

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"spiqsweep/sweep/table"
)

// Mean is a line of the closing summary: geometric means over all finished
// trainings of so many neurons with a K.
type Mean struct {
	Neurons        int
	K              float64
	Models         int
	Errors, Floors [len(MeanErrors)]float64 // of MeanErrors
}

// MeanErrors are the errors of which a Mean is given, by their names in
// sweep.ErrorNames.
var MeanErrors = [...]string{"k_probability", "firing_rate_hz2"}

// means adds up logarithms.
type means map[meanKey]*Mean

type meanKey struct {
	neurons int
	k       float64
}

func (m *means) read(rows table.Rows) error {
	*m = means{}
	for row, err := range rows {
		if err != nil {
			return err
		}
		if row.Measures == nil {
			continue
		}
		key := meanKey{row.Configuration.Neurons, row.Configuration.K}
		sum := (*m)[key]
		if sum == nil {
			sum = &Mean{Neurons: key.neurons, K: key.k}
			(*m)[key] = sum
		}
		sum.Models++
		for i, name := range MeanErrors {
			sum.Errors[i] += math.Log(row.Measures.Errors[name])
			sum.Floors[i] += math.Log(row.Measures.Floors[name])
		}
	}
	return nil
}

// list gives the means by neurons and K.
func (m means) list() []Mean {
	var all []Mean
	for sum := range maps.Values(m) {
		mean := *sum
		for i := range MeanErrors {
			mean.Errors[i] = math.Exp(mean.Errors[i] / float64(mean.Models))
			mean.Floors[i] = math.Exp(mean.Floors[i] / float64(mean.Models))
		}
		all = append(all, mean)
	}
	slices.SortFunc(all, func(a, b Mean) int { return cmp.Or(cmp.Compare(a.Neurons, b.Neurons), cmp.Compare(a.K, b.K)) })
	return all
}
