package claims

import (
	"cmp"
	"slices"
)

// sample is a value y at x. Only samples of one stratum are compared.
type sample struct {
	x, y    float64
	stratum int
}

// maxDistances bounds the number of distances between the samples of a stratum, in
// their order by x, over which theilSen pairs them.
const maxDistances = 30

// theilSen returns the median of the slopes of all pairs of samples of one stratum with
// different x (Theil 1950, Sen 1968), and whether there is a pair. Above maxDistances
// samples in a stratum it takes an evenly spaced part of the pairs. It reorders the
// samples.
func theilSen(samples []sample) (slope float64, ok bool) {
	slices.SortFunc(samples, func(a, b sample) int {
		return cmp.Or(cmp.Compare(a.stratum, b.stratum), cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y))
	})
	var slopes []float64
	for len(samples) > 0 {
		n := 1
		for n < len(samples) && samples[n].stratum == samples[0].stratum {
			n++
		}
		stride := 1 + (n-1)/maxDistances
		for distance := stride; distance < n; distance += stride {
			for i := distance; i < n; i++ {
				if a, b := samples[i-distance], samples[i]; a.x != b.x {
					slopes = append(slopes, (b.y-a.y)/(b.x-a.x))
				}
			}
		}
		samples = samples[n:]
	}
	if len(slopes) == 0 {
		return 0, false
	}
	slices.Sort(slopes)
	middle := len(slopes) / 2
	if len(slopes)%2 == 1 {
		return slopes[middle], true
	}
	return (slopes[middle-1] + slopes[middle]) / 2, true
}
