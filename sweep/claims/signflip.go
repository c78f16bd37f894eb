package claims

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
)

const (
	maxExactUnits = 16 // up to which all sign flips are enumerated
	maxDraws      = 1 << maxExactUnits
	minDraws      = 1 << 10
	maxWork       = 1 << 28 // additions, above which there are fewer draws
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
// is that of 65,536 flips, the observed signs and seeded draws; of fewer, but at least
// 1,024, for samples of more than thousands of units. The order of the units does not
// matter.
func signFlips(samples [][]float64) (p, corrected []float64) {
	samples = sorted(samples)
	units := 0
	sums := make([]signedSums, len(samples))
	for i, values := range samples {
		units = len(values)
		sums[i] = newSignedSums(values)
	}
	draws := maxDraws
	if units <= maxExactUnits {
		draws = 1 << units
	}
	for draws > minDraws && draws*len(samples)*(units/together+1) > maxWork {
		draws /= 2
	}
	random := rand.New(rand.NewPCG(2409, 9125)) // any constants
	flips := make([]byte, units/8+8)            // a bit for each unit
	p, corrected = make([]float64, len(samples)), make([]float64, len(samples))
	observed, flipped := make([]float64, len(samples)), make([]float64, len(samples))
	observedT := make([]float64, len(samples))
	for i := range draws {
		if units <= maxExactUnits {
			binary.LittleEndian.PutUint64(flips, uint64(i))
		} else if i > 0 {
			for at := 0; at < units; at += 64 {
				binary.LittleEndian.PutUint64(flips[at/8:], random.Uint64())
			}
		}
		largestT := 0.0
		for s := range sums {
			sum := sums[s].of(flips)
			t := sums[s].studentised(sum)
			if flipped[s] = math.Abs(sum); i == 0 { // no sign is flipped
				observed[s], observedT[s] = flipped[s], t
			}
			largestT = max(largestT, t)
		}
		for s := range sums {
			beyond := flipped[s] >= observed[s]-1e-12*sums[s].magnitude
			if beyond {
				p[s]++
			}
			if beyond || largestT >= observedT[s]*(1-1e-7) {
				corrected[s]++
			}
		}
	}
	for s := range sums {
		p[s], corrected[s] = p[s]/float64(draws), corrected[s]/float64(draws)
		if sums[s].count < 2 {
			p[s], corrected[s] = math.NaN(), math.NaN()
		}
	}
	return p, corrected
}

// sorted returns the samples with the units sorted by their values.
func sorted(samples [][]float64) [][]float64 {
	if len(samples) == 0 {
		return nil
	}
	columns := make([][]float64, len(samples[0]))
	for u := range columns {
		for _, values := range samples {
			columns[u] = append(columns[u], values[u])
		}
	}
	slices.SortFunc(columns, slices.Compare[[]float64])
	all := make([][]float64, len(samples))
	for _, column := range columns {
		for s, v := range column {
			all[s] = append(all[s], v)
		}
	}
	return all
}

// together is the number of values that signedSums adds with one look-up.
const together = 4

// signedSums adds up the values of a sample with any signs.
type signedSums struct {
	tables             [][1 << together]float64 // tables[i][bits]: the sum of values 4i…4i+3, negative where a bit is set
	count              float64                  // of the values
	squares, magnitude float64                  // sums of the squares and of the absolute values
}

func newSignedSums(values []float64) signedSums {
	s := signedSums{tables: make([][1 << together]float64, (len(values)+together-1)/together)}
	for u, v := range values {
		if math.IsNaN(v) {
			continue
		}
		s.count++
		s.squares += v * v
		s.magnitude += math.Abs(v)
		table := &s.tables[u/together]
		for bits := range table {
			if bits>>(u%together)&1 == 1 {
				table[bits] -= v
			} else {
				table[bits] += v
			}
		}
	}
	return s
}

// of returns the sum in which value u has a negative sign where bit u of the flips is set.
func (s *signedSums) of(flips []byte) (sum float64) {
	for i := range s.tables {
		sum += s.tables[i][flips[i/2]>>(together*(i%2))&(1<<together-1)]
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
