package claims

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

const (
	maxExactUnits = 16 // up to which all sign flips are enumerated
	maxUnits      = 64 // above which units are flipped in 64 blocks
	maxDraws      = 1 << maxExactUnits
	minDraws      = 1 << 10
	maxWork       = 1 << 27 // additions, above which there are fewer draws
)

// signFlips tests whether the values of each sample are symmetric about 0.
// samples[s][u] is the value of unit u; NaN is missing. p[s] is the share of sign flips
// whose sum is at least as far from 0 as the observed one. corrected[s] is the share in
// which the largest |t| of any sample is at least that of s: the single-step max-t of
// Westfall and Young (1993). Both are NaN for a sample of fewer than two values.
//
// A flip changes the sign of a unit in all samples. So the correction holds whatever
// dependence there is between the samples of a unit, and its smallest p depends only on
// the number of units; Holm's would grow with the number of samples, and exceed 0.05 for
// thirty configurations of ten replicates.
//
// All flips of up to 16 units are enumerated, and the smallest p is 2^(1−units). Above, p
// is that of 65,536 flips, the observed signs and seeded draws. If thousands of samples
// make that too slow, there are fewer draws, but at least 1,024. The order of the units
// does not matter, except among units of equal magnitude.
func signFlips(samples [][]float64) (p, corrected []float64) {
	samples = blocks(samples)
	flips := flipsOf(samples)
	p, corrected = make([]float64, len(samples)), make([]float64, len(samples))
	observed, largest := make([]float64, len(samples)), make([]float64, len(flips)) // squares of t
	for s, values := range samples {
		sums := newSignedSums(values)
		sum := math.Abs(sums.of(0)) - 1e-12*sums.magnitude // less the rounding
		for i, word := range flips {
			flipped := sums.of(word)
			largest[i] = max(largest[i], sums.studentised(flipped))
			if math.Abs(flipped) >= sum {
				p[s]++
			}
		}
		observed[s] = sums.studentised(sums.of(0))
		if p[s] /= float64(len(flips)); sums.count < 2 {
			p[s] = math.NaN()
		}
	}
	slices.Sort(largest)
	for s := range samples {
		smaller, _ := slices.BinarySearch(largest, observed[s]*(1-1e-7))
		corrected[s] = max(p[s], 1-float64(smaller)/float64(len(flips)))
	}
	return p, corrected
}

// flipsOf returns the flips to compare: a word for each, with a bit for each unit. The
// first has none.
func flipsOf(samples [][]float64) []uint64 {
	units, work := 0, 1
	for _, values := range samples {
		units = len(values)
		work += (units + 7) / 8
	}
	if units <= maxExactUnits && work<<units <= maxWork {
		flips := make([]uint64, 1<<units)
		for i := range flips {
			flips[i] = uint64(i)
		}
		return flips
	}
	draws := maxDraws
	for draws > minDraws && draws*work > maxWork {
		draws /= 2
	}
	random := rand.New(rand.NewPCG(2409, 9125)) // any constants
	flips := make([]uint64, draws)
	for i := range flips[1:] {
		flips[1+i] = random.Uint64()
	}
	return flips
}

// blocks sorts the units by the magnitudes of their values and, if there are more than
// maxUnits, adds up units that are then flipped together. It must not look at signs, which
// the null hypothesis makes random.
func blocks(samples [][]float64) [][]float64 {
	if len(samples) == 0 {
		return nil
	}
	columns := make([][]float64, len(samples[0]))
	for u := range columns {
		for _, values := range samples {
			columns[u] = append(columns[u], values[u])
		}
	}
	slices.SortStableFunc(columns, func(a, b []float64) int {
		return slices.CompareFunc(a, b, func(x, y float64) int { return cmp.Compare(math.Abs(x), math.Abs(y)) })
	})
	all := make([][]float64, len(samples))
	for s := range all {
		all[s] = make([]float64, min(len(columns), maxUnits))
		for u, column := range columns {
			block := &all[s][u%maxUnits]
			switch v := column[s]; {
			case u < maxUnits || math.IsNaN(*block):
				*block = v
			case !math.IsNaN(v):
				*block += v
			}
		}
	}
	return all
}

// signedSums adds up the values of a sample with any signs, eight at a time.
type signedSums struct {
	tables             [][256]float64 // tables[i][bits]: the sum of values 8i…8i+7, negative where a bit is set
	count              float64        // of the values
	squares, magnitude float64        // sums of the squares and of the absolute values
}

func newSignedSums(values []float64) signedSums {
	s := signedSums{tables: make([][256]float64, (len(values)+7)/8)}
	for u, v := range values {
		if math.IsNaN(v) {
			continue
		}
		s.count++
		s.squares += v * v
		s.magnitude += math.Abs(v)
		table := &s.tables[u/8]
		for bits := range table {
			if bits>>(u%8)&1 == 1 {
				table[bits] -= v
			} else {
				table[bits] += v
			}
		}
	}
	return s
}

// of returns the sum in which value u has a negative sign where bit u of the flips is set.
func (s *signedSums) of(flips uint64) (sum float64) {
	for i := range s.tables {
		sum += s.tables[i][uint8(flips)]
		flips >>= 8
	}
	return sum
}

// studentised returns the square of Student's t of a sum of the signed values, whose
// squares no flip changes. It is infinite if all signed values are equal.
func (s *signedSums) studentised(sum float64) float64 {
	if s.count < 2 || s.squares == 0 {
		return 0
	}
	share := sum * sum / (s.count * s.squares)
	if share > 1-1e-8 {
		return math.Inf(1)
	}
	return (s.count - 1) * share / (1 - share)
}

// signTest returns the two-sided p of the exact sign test: the probability that as many
// heads or more, or tails, come up in as many tosses of a coin.
func signTest(heads, tails int) float64 {
	coin := distuv.Binomial{N: float64(heads + tails), P: 0.5}
	return min(1, 2*coin.CDF(float64(min(heads, tails))))
}
