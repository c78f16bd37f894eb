package figure

import (
	"math"

	"gonum.org/v1/gonum/stat"

	"spiqsweep/sweep/table"
)

// difference is MSE_standard − MSE_K of one (n, t): positive where the K-loss is better.
type difference struct {
	neurons, timesteps int
	pairs              int
	mean               float64
	undecided          bool // the 95 % interval covers 0; never with fewer than three pairs, which have none
}

// differences compares the error of a statistic of s1Rows of the runs of k with that of the standard loss,
// replicate by replicate.
func differences(runs []run, statistic int, k float64) []difference {
	type place struct{ neurons, timesteps, replicate int32 }
	standard := map[place]float64{}
	for _, r := range runs {
		if v := r.errors[statistic]; math.Abs(v) <= largestDrawn && r.k == 0 {
			standard[place{r.neurons, r.timesteps, r.replicate}] = v
		}
	}
	var all []difference
	for _, n := range values(runs, neuronsOf) {
		for _, t := range values(runs, timestepsOf) {
			var pairs []float64
			for _, r := range runs {
				v := r.errors[statistic]
				s, both := standard[place{r.neurons, r.timesteps, r.replicate}]
				if r.k == k && neuronsOf(r) == n && timestepsOf(r) == t && math.Abs(v) <= largestDrawn && both {
					pairs = append(pairs, s-v)
				}
			}
			if len(pairs) > 0 {
				all = append(all, difference{n, t, len(pairs), stat.Mean(pairs, nil), coversZero(pairs)})
			}
		}
	}
	return all
}

func coversZero(pairs []float64) bool {
	low, high, ok := table.Interval(pairs)
	return ok && low <= 0 && high >= 0
}
