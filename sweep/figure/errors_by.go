package figure

import (
	"slices"

	"gonum.org/v1/gonum/stat"
)

// point is what one error does at one value of n or t: over everything else
// that varies within a figure, replicates included.
type point struct {
	x                    int
	errors               []float64 // every run's
	geometric, low, high float64   // geometric mean, smallest, largest
	floor                float64   // geometric mean of the floors; NaN if there is none
}

// errorsBy collects the error of a statistic of s1Rows of the runs of one k against n or t. Values that
// have no place on the axis are left out.
func errorsBy(runs []run, statistic int, k float64, of func(run) int) []point {
	var points []point
	for _, x := range values(runs, of) {
		var errors, floors []float64
		for _, r := range runs {
			if r.k != k || of(r) != x {
				continue
			}
			errors = appendDrawn(errors, r.errors[statistic])
			floors = appendDrawn(floors, r.floors[statistic])
		}
		if len(errors) > 0 {
			points = append(points, point{x, errors, stat.GeometricMean(errors, nil), slices.Min(errors), slices.Max(errors), stat.GeometricMean(floors, nil)})
		}
	}
	return points
}

// smallestDrawn and largestDrawn bound what is drawn on a logarithmic axis, which
// has no place for zero and must end above the largest value.
const smallestDrawn, largestDrawn = 1e-100, 1e100

func appendDrawn(to []float64, v float64) []float64 {
	if smallestDrawn <= v && v <= largestDrawn {
		return append(to, v)
	}
	return to
}
