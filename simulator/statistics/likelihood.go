package statistics

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// MaxBitsPerBin is the largest number of bits per bin of one window: a probability
// below 2^(−100·t), or of 0, counts as 2^(−100·t). Amplitudes in float64 have errors of
// about 2⁻⁵³, so smaller probabilities of a circuit are rounding.
const MaxBitsPerBin = 100

// Likelihood measures how well a law predicts windows: −log₂ p(window)/t, the bits of
// an ideal code for one bin, from 0 to MaxBitsPerBin. It is averaged over the windows
// of a unit, then over units, each with equal weight.
type Likelihood struct {
	BitsPerBin float64
	// StandardError is the standard error of BitsPerBin over units, which are taken as
	// independent; 0 for fewer than two.
	StandardError float64
	Units         int
}

// Unit is a part of a recording that is taken as independent of the other parts.
type Unit bool

// The units of a recording: a repeat with all its segments, or a segment in all
// repeats.
const (
	ByRepeat  Unit = false
	BySegment Unit = true
)

// maxScoredBins bounds the memory for scored windows.
const maxScoredBins = 1 << 24

// ScoredWindows lists windows whose likelihood is measured. It is immutable and safe
// for concurrent use.
type ScoredWindows struct {
	shape
	distinct int
	words    []uint32 // [step·distinct + i] the distinct windows, step by step
	index    []uint32 // of all windows, unit by unit, the distinct window
	ends     []int    // where each unit ends in index
}

// NewScoredWindows lists every stride-th window of a recording. The first one is
// another in each repeat, so that together they cover all phases of the stimulus. It
// raises the stride if the windows have more than 2²⁴ bins in all.
func NewScoredWindows(w RepeatedWindows, unit Unit, stride int) *ScoredWindows {
	s := &ScoredWindows{shape: shapeOf(w)}
	stride = max(stride, (w.Len()*s.timesteps+maxScoredBins-1)/maxScoredBins)
	var rows []uint32 // of all windows
	window := make([]uint32, s.timesteps)
	list := func(repeat, first, count int) {
		for i := repeat % min(stride, count); i < count; i += stride {
			w.At(repeat*w.PerRepeat()+first+i, window)
			rows = append(rows, window...)
		}
	}
	end := func() { s.ends = append(s.ends, len(rows)/s.timesteps) }
	if unit == ByRepeat {
		for repeat := range w.Repeats() {
			list(repeat, 0, w.PerRepeat())
			end()
		}
	} else {
		first := 0
		for _, count := range w.PerSegment() {
			for repeat := range w.Repeats() {
				list(repeat, first, count)
			}
			end()
			first += count
		}
	}
	s.setDistinct(rows)
	return s
}

// setDistinct sorts the windows and stores each one once.
func (s *ScoredWindows) setDistinct(rows []uint32) {
	row := func(i uint32) []uint32 { return rows[int(i)*s.timesteps:][:s.timesteps] }
	order := make([]uint32, len(rows)/s.timesteps)
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return slices.Compare(row(a), row(b)) })
	s.index = make([]uint32, len(order))
	var firsts []uint32 // one window of each kind
	for i, window := range order {
		if i == 0 || !slices.Equal(row(window), row(order[i-1])) {
			firsts = append(firsts, window)
		}
		s.index[window] = uint32(len(firsts) - 1)
	}
	s.distinct = len(firsts)
	s.words = make([]uint32, s.distinct*s.timesteps)
	for i, window := range firsts {
		for step, word := range row(window) {
			s.words[step*s.distinct+i] = word
		}
	}
}

// Likelihood returns the likelihood under a law, given by the natural logarithm of
// the probability of a window, one word per time step. It calls the function once for
// each distinct window.
func (s *ScoredWindows) Likelihood(logLikelihood func(window []uint32) float64) Likelihood {
	logs := make([]float64, s.distinct)
	window := make([]uint32, s.timesteps)
	for i := range logs {
		for step := range window {
			window[step] = s.words[step*s.distinct+i]
		}
		logs[i] = logLikelihood(window) / math.Ln2
	}
	return s.average(logs)
}

// average returns the likelihood from the binary logarithms of the probabilities of
// the distinct windows.
func (s *ScoredWindows) average(logs []float64) Likelihood {
	bits := make([]float64, len(logs))
	for i, logarithm := range logs {
		if bits[i] = max(0, -logarithm/float64(s.timesteps)); !(bits[i] <= MaxBitsPerBin) {
			bits[i] = MaxBitsPerBin
		}
	}
	units := make([]float64, len(s.ends))
	from := 0
	for u, end := range s.ends {
		for _, i := range s.index[from:end] {
			units[u] += bits[i]
		}
		units[u] /= float64(end - from)
		from = end
	}
	l := Likelihood{Units: len(units)}
	n := float64(len(units))
	l.BitsPerBin = total(units) / n
	if len(units) > 1 {
		var squares float64
		for _, u := range units {
			squares += (u - l.BitsPerBin) * (u - l.BitsPerBin)
		}
		l.StandardError = math.Sqrt(squares / (n - 1) / n)
	}
	return l
}

// ExactLikelihood returns the likelihoods of windows under a model of the same shape,
// by quadrature over its noise:
//
//	p(window) = Σ_q w_q Π_s p_s(x_s | γ_q)
//
// The nodes are those of joint words (Exact). It returns nil if that would need more
// than 32,768 nodes, and fails where Exact fails.
func ExactLikelihood(p Patches, n Noise, sets ...*ScoredWindows) ([]Likelihood, error) {
	s := shape{p.Neurons(), p.Timesteps()}
	if n.nodes(n.windowFactors(s)) > maxNodes {
		return nil, nil
	}
	points, err := n.points(n.windowFactors(s))
	if err != nil {
		return nil, fmt.Errorf("measure the likelihood: %w", err)
	}
	integrate := func(points int) ([]Likelihood, error) {
		mixtures := make([]*mixture, len(sets))
		for i, set := range sets {
			mixtures[i] = newMixture(set)
		}
		err := n.quadrature(s, points).average(p, func(weight float64, independent laws) {
			for _, m := range mixtures {
				m.add(weight, independent)
			}
		})
		all := make([]Likelihood, len(sets))
		for i, m := range mixtures {
			all[i] = m.average(m.logs())
		}
		return all, err
	}
	all, err := integrate(points)
	if err == nil && n.refined() {
		all, err = refine(all, points, nearLikelihoods, integrate)
	}
	switch {
	case errors.Is(err, errNotConverged):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("measure the likelihood: %w", err)
	}
	return all, nil
}

func nearLikelihoods(a, b []Likelihood) bool {
	for i, l := range a {
		if !near([]float64{l.BitsPerBin, l.StandardError}, []float64{b[i].BitsPerBin, b[i].StandardError}) {
			return false
		}
	}
	return true
}

// mixture adds up the probabilities of the distinct windows over the nodes. The sum of
// window i is sums[i]·scale^exponents[i], so that no product of many steps underflows.
type mixture struct {
	*ScoredWindows
	sums      []float64
	exponents []int32
	product   []float64 // of the steps' probabilities, for a block of windows
	scaled    []int32   // their exponents
}

// The scale of probabilities. Products are compared with it after every four steps, so
// that a probability of one time step below 2⁻¹²⁵ may count as 0: rounding, too.
const (
	scaleExponent   = -512
	scale           = 1.0 / (1 << 256) / (1 << 256)
	stepsPerScaling = 4
)

// mixtureBlock is the number of windows that are multiplied together: few enough for
// the caches, and enough to use a law often once it is there.
const mixtureBlock = 4096

func newMixture(s *ScoredWindows) *mixture {
	return &mixture{
		s, make([]float64, s.distinct), make([]int32, s.distinct),
		make([]float64, mixtureBlock), make([]int32, mixtureBlock),
	}
}

// add adds weight times the probabilities under independent laws.
func (m *mixture) add(weight float64, independent laws) {
	for from := 0; from < m.distinct; from += mixtureBlock {
		size := min(mixtureBlock, m.distinct-from)
		product, scaled := m.product[:size], m.scaled[:size]
		for i := range product {
			product[i] = weight
		}
		clear(scaled)
		for step, law := range independent {
			for i, word := range m.words[step*m.distinct+from:][:size] {
				product[i] *= law[word]
			}
			if step%stepsPerScaling == stepsPerScaling-1 {
				for i, p := range product {
					if p < scale {
						product[i] = p / scale
						scaled[i]++
					}
				}
			}
		}
		for i, p := range product {
			if p > 0 {
				m.addTo(from+i, p, scaled[i])
			}
		}
	}
}

// addTo adds p·scale^exponent to the sum of a window.
func (m *mixture) addTo(window int, p float64, exponent int32) {
	switch difference := int(exponent - m.exponents[window]); {
	case difference == 0:
		m.sums[window] += p
	case m.sums[window] == 0 || difference < 0:
		m.sums[window] = math.Ldexp(m.sums[window], -difference*scaleExponent) + p
		m.exponents[window] = exponent
	default:
		m.sums[window] += math.Ldexp(p, difference*scaleExponent)
	}
}

// logs returns the binary logarithms of the sums; −Inf of 0.
func (m *mixture) logs() []float64 {
	logs := make([]float64, m.distinct)
	for i, sum := range m.sums {
		logs[i] = math.Log2(sum) + scaleExponent*float64(m.exponents[i])
	}
	return logs
}
