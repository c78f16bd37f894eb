package statistics

import (
	"math"
	"slices"

	"spiqsweep/simulator/random"
)

// BootstrapDraws is the number of times that the repeats of a recording are drawn. One
// draw more is a multiple of 40, so that the ends of a 95 % interval are draws, without
// interpolation (Davison & Hinkley 1997, chapter 5).
const BootstrapDraws = 999

const (
	tailDraws   = (BootstrapDraws + 1) / 40 // from the smallest draw to the lower end, inclusive
	leastGroups = 3                         // as for every other interval
	mostGroups  = 512                       // bounds time and memory for many repeats
)

// bootstrapped lists the errors that have an interval, in the order of the parts of
// moments.
var bootstrapped = []struct {
	name   string
	vector func(Statistics) []float64
}{
	{"k_probability", func(s Statistics) []float64 { return s.KProbability }},
	{"firing_rate_hz2", func(s Statistics) []float64 { return s.Rate }},
	{"covariance", func(s Statistics) []float64 { return s.Covariance }},
	{"autocorrelogram", func(s Statistics) []float64 { return s.Autocorrelogram }},
}

// Intervals returns the 95 % confidence intervals, [low, high], of a model's errors
// against the law that the repeats of the recording follow, by the names of Errors:
// k_probability, firing_rate_hz2 for bins of binMS milliseconds, covariance and
// autocorrelogram. An error is omitted if it is undefined in the model, in the recording
// or in any draw of its repeats. Below three repeats there is none. The package
// documentation derives the intervals. Intervals panics if shapes differ.
func (d Data) Intervals(model Statistics, binMS float64) map[string][2]float64 {
	if len(d.Deviations) == 0 {
		return nil
	}
	intervals := make(map[string][2]float64)
	for _, b := range bootstrapped {
		if m, deviations := b.vector(model), d.Deviations[b.name]; m != nil && deviations != nil {
			intervals[b.name] = interval(m, b.vector(d.Statistics), deviations)
		}
	}
	if perBin, ok := intervals["firing_rate_hz2"]; ok {
		unit := (binMS / 1000) * (binMS / 1000)
		intervals["firing_rate_hz2"] = [2]float64{perBin[0] / unit, perBin[1] / unit}
	}
	return intervals
}

// interval returns the interval of the mean squared difference. For each deviation the
// lower end takes the error against the law of a model that does not depend on the
// recording, and the upper end that of a model that was fitted to it.
func interval(model, data []float64, deviations []float32) [2]float64 {
	e, n := meanSquare(model, data), len(model)
	independent, fitted := make([]float64, BootstrapDraws), make([]float64, BootstrapDraws)
	for draw := range BootstrapDraws {
		var along, square, moved float64
		for i, deviation := range deviations[draw*n:][:n] {
			difference, v := model[i]-data[i], float64(deviation)
			along += difference * v
			square += v * v
			moved += (difference + v) * (difference + v)
		}
		along, square = along/float64(n), square/float64(n)
		if square < e {
			along /= math.Sqrt(e)
			root := along + math.Sqrt(along*along+e-square)
			independent[draw] = root * root
		}
		fitted[draw] = moved / float64(n)
	}
	slices.Sort(independent)
	slices.Sort(fitted)
	low, high := independent[tailDraws-1], fitted[BootstrapDraws-tailDraws]
	return [2]float64{min(low, high), high} // without deviations, rounding may lift low above high
}

// bootstrap draws as many repeats as there are, with replacement, and returns how far
// the statistics of each draw are from those of all repeats: Data.Deviations. Above
// mostGroups repeats it draws groups of consecutive repeats, whose numbers differ by
// one at most. It multiplies deviations by the factor of widening.
//
// Counts are whole numbers far below 2⁵³, so that their order does not affect the
// result. The draws have index 1 of the seed's stream; floors have index 0.
func (c *counts) bootstrap(seed random.Stream) map[string][]float32 {
	repeats := c.len()
	groups := make([]moments, min(repeats, mostGroups))
	if len(groups) < leastGroups {
		return nil
	}
	whole, drawn := newMoments(c.all.shape), newMoments(c.all.shape)
	for i := range groups {
		groups[i] = newMoments(c.all.shape)
	}
	c.eachBlock(func() {
		for i := range c.block {
			groups[(c.first+i)*len(groups)/repeats].addRepeat(&c.block[i])
		}
	})
	for i := range groups {
		whole.add(&groups[i])
	}
	whole.setStatistics()
	deviations := make([][]float32, len(whole.parts))
	for i, part := range whole.parts {
		deviations[i] = make([]float32, 0, BootstrapDraws*len(part))
	}
	factor := widening(len(groups))
	for draw := range BootstrapDraws {
		drawn.clear()
		g := seed.At(uint64(draw), 1)
		for range groups {
			drawn.add(&groups[g.IntN(len(groups))])
		}
		drawn.setStatistics()
		for i, part := range whole.parts {
			for j, v := range part {
				deviations[i] = append(deviations[i], float32(factor*(drawn.parts[i][j]-v)))
			}
		}
	}
	named := make(map[string][]float32)
	for i, b := range bootstrapped {
		isNaN := func(v float32) bool { return v != v }
		if len(deviations[i]) > 0 && !slices.ContainsFunc(deviations[i], isNaN) {
			named[b.name] = deviations[i]
		}
	}
	return named
}

// widening returns the factor by which deviations between draws of m repeats are too
// small for an interval. Their variance is that of a sum of squares divided by m, not
// by m − 1, and their quantiles are a normal's, not Student's (Hesterberg 2015).
// The quantile of Student's t is the expansion of Abramowitz & Stegun
// 1964, 26.7.5, within 1 % from m = 3 on: a library's bits may depend on the processor.
func widening(m int) float64 {
	const (
		z  = 1.959963984540054 // 97.5 %
		z3 = z * z * z
		z5 = z3 * z * z
		z7 = z5 * z * z
		z9 = z7 * z * z
	)
	v := 1 / float64(m-1)
	t := z + v*((z3+z)/4+v*((5*z5+16*z3+3*z)/96+v*((3*z7+19*z5+17*z3-15*z)/384+v*(79*z9+776*z7+1482*z5-1920*z3-945*z)/92160)))
	return t / z * math.Sqrt(1+v)
}

// moments holds the sums over windows from which the bootstrapped statistics follow, or
// these statistics, in the order of their vectors.
type moments struct {
	shape
	windows int
	parts   [4][]float64 // steps with k spikes, spikes of each neuron, pairs, pairs of one neuron by lag
	all     []float64    // backing array of the parts
}

func newMoments(s shape) moments {
	sizes := [...]int{s.neurons + 1, s.neurons, s.neurons * (s.neurons - 1) / 2, s.timesteps - 1}
	m := moments{shape: s, all: make([]float64, sizes[0]+sizes[1]+sizes[2]+sizes[3])}
	rest := m.all
	for i, size := range sizes {
		m.parts[i], rest = rest[:size], rest[size:]
	}
	return m
}

func (m *moments) clear() {
	m.windows = 0
	clear(m.all)
}

func (m *moments) add(group *moments) {
	m.windows += group.windows
	all := m.all[:len(group.all)]
	for i, sum := range group.all {
		all[i] += sum
	}
}

func (m *moments) addRepeat(r *repeat) {
	m.windows += r.windows
	for i := range m.neurons {
		m.parts[1][i] += total(r.spikes[i*m.timesteps:][:m.timesteps])
	}
	for i, sums := range [...][]float64{0: r.counts, 2: r.pairs, 3: r.autoPairs} {
		for j, sum := range sums {
			m.parts[i][j] += sum
		}
	}
}

// setStatistics replaces the sums by the statistics; an autocorrelogram without a spike
// is NaN.
func (m *moments) setStatistics() {
	bins := float64(m.windows * m.timesteps)
	counts, spikes, pairs, autoPairs := m.parts[0], m.parts[1], m.parts[2], m.parts[3]
	for k := range counts {
		counts[k] /= bins
	}
	all := total(spikes)
	for i := range autoPairs {
		autoPairs[i] /= all
	}
	for i := range m.neurons {
		for j := i + 1; j < m.neurons; j++ {
			p := m.pairAt(i, j)
			pairs[p] = pairs[p]/bins - spikes[i]/bins*(spikes[j]/bins)
		}
	}
	for i := range spikes {
		spikes[i] /= bins
	}
}
