package statistics

// shape is the shape of a window.
type shape struct{ neurons, timesteps int }

func (s shape) lags() int { return min(maxLag, s.timesteps-1) }

// words returns the number of joint words, or 0 if there are too many to count.
func (s shape) words() int {
	if s.neurons*s.timesteps > maxStateBits {
		return 0
	}
	return 1 << (s.neurons * s.timesteps)
}

// pairAt returns the index of the pair i < j among all such pairs.
func (s shape) pairAt(i, j int) int { return i*(2*s.neurons-i-1)/2 + j - i - 1 }

// tripleAt returns the index of the triple i < j < k among all such triples.
func (s shape) tripleAt(i, j, k int) int {
	n := s.neurons
	return triples(n) - triples(n-i) + (n-i-1)*(n-i-2)/2 - (n-j)*(n-j-1)/2 + k - j - 1
}

// triples returns the number of triples of n neurons.
func triples(n int) int { return n * (n - 1) * (n - 2) / 6 }

// laggedAt returns the index of the ordered pair i ≠ j at a lag of 1 … lags.
func (s shape) laggedAt(lag, i, j int) int {
	place := i*(s.neurons-1) + j
	if j > i {
		place--
	}
	return (lag-1)*s.neurons*(s.neurons-1) + place
}

// sums holds the counts from which all statistics except the state distribution
// follow. A count is either the total over windows, a whole number far below 2⁵³
// and so exact in any order of summation, or the expectation in one window of a
// law.
type sums struct {
	shape
	spikes    []float64 // [neuron·t + step] spikes
	counts    []float64 // [k] steps with exactly k spikes
	pairs     []float64 // [pair] steps at which both spike
	lagged    []float64 // [lag, ordered pair] steps at which i spikes, and j spikes lag later
	autoPairs []float64 // [lag−1] spikes, of any neuron, with a spike of the same neuron lag later
	triples   []float64 // [triple] steps at which all three spike
	intervals []float64 // [d−1] spikes, of any neuron, whose neuron spikes next d steps later
	all       []float64 // backing array of the fields above
}

func newSums(s shape) sums {
	n, t := s.neurons, s.timesteps
	sizes := [...]int{n * t, n + 1, n * (n - 1) / 2, s.lags() * n * (n - 1), t - 1, triples(n), t - 1}
	total := 0
	for _, size := range sizes {
		total += size
	}
	rest := make([]float64, total)
	v := sums{shape: s, all: rest}
	for i, part := range []*[]float64{&v.spikes, &v.counts, &v.pairs, &v.lagged, &v.autoPairs, &v.triples, &v.intervals} {
		*part, rest = rest[:sizes[i]], rest[sizes[i]:]
	}
	return v
}

// statistics computes the statistics from the expected sums of one window and
// the state distribution. It averages moments over time steps first.
func (m sums) statistics(state []float64) Statistics {
	n, t := m.neurons, m.timesteps
	s := Statistics{
		KProbability: make([]float64, n+1),
		Rate:         make([]float64, n),
		RateByStep:   make([]float64, n*t),
		State:        state,
	}
	for k, count := range m.counts {
		s.KProbability[k] = count / float64(t)
	}
	var spikes float64
	means := make([]float64, n)
	for i := range means {
		var total float64
		for step, rate := range m.spikes[i*t : (i+1)*t] {
			total += rate
			s.RateByStep[i*t+step] = rate
		}
		spikes += total
		means[i] = total / float64(t)
		s.Rate[i] = means[i]
	}
	s.Covariance = m.covariance(means)
	s.LaggedCovariance = m.laggedCovariance(means)
	s.ThirdMoment = m.thirdMoment(means)
	s.IntervalProbability = m.intervalProbability()
	if t > 1 && spikes > 0 {
		s.Autocorrelogram = make([]float64, t-1)
		for i, autoPair := range m.autoPairs {
			s.Autocorrelogram[i] = autoPair / spikes
		}
	}
	return s
}

func (m sums) covariance(means []float64) []float64 {
	if m.neurons < 2 {
		return nil
	}
	covariance := make([]float64, len(m.pairs))
	for i := range m.neurons {
		for j := i + 1; j < m.neurons; j++ {
			p := m.pairAt(i, j)
			covariance[p] = m.pairs[p]/float64(m.timesteps) - means[i]*means[j]
		}
	}
	return covariance
}

func (m sums) laggedCovariance(means []float64) []float64 {
	if m.neurons < 2 || m.timesteps < 2 {
		return nil
	}
	covariance := make([]float64, len(m.lagged))
	for lag := 1; lag <= m.lags(); lag++ {
		for i := range m.neurons {
			for j := range m.neurons {
				if i != j {
					p := m.laggedAt(lag, i, j)
					covariance[p] = m.lagged[p]/float64(m.timesteps-lag) - means[i]*means[j]
				}
			}
		}
	}
	return covariance
}

func (m sums) thirdMoment(means []float64) []float64 {
	if m.neurons < 3 {
		return nil
	}
	pair := func(i, j int) float64 { return m.pairs[m.pairAt(i, j)] / float64(m.timesteps) }
	third := make([]float64, len(m.triples))
	for i := range m.neurons {
		for j := i + 1; j < m.neurons; j++ {
			for k := j + 1; k < m.neurons; k++ {
				p := m.tripleAt(i, j, k)
				third[p] = m.triples[p]/float64(m.timesteps) - means[i]*pair(j, k) - means[j]*pair(i, k) - means[k]*pair(i, j) +
					2*means[i]*means[j]*means[k]
			}
		}
	}
	return third
}

func (m sums) intervalProbability() []float64 {
	count := total(m.intervals)
	if m.timesteps < 3 || !(count > 0) {
		return nil
	}
	p := make([]float64, len(m.intervals))
	for i, intervals := range m.intervals {
		p[i] = intervals / count
	}
	return p
}
