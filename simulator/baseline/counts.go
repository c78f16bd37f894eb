package baseline

import (
	"cmp"
	"math/bits"
	"slices"

	"spiqsweep/simulator/statistics"
)

// counts holds what the models are fitted to. A bin counts once for every window
// that contains it. Counts are whole numbers far below 2⁵³, so exact in any order.
type counts struct {
	neurons, timesteps, repeats int
	segments                    []int // bins of each segment of a repeat
	windows                     float64
	words                       []float64    // [word] bins of all windows; windows·timesteps in all
	first                       []float64    // [word] windows that start with it
	spikes                      []float64    // [bin·n + neuron] repeats in which the neuron spikes in that bin, segment after segment
	transitions                 []transition // ordered by word, then successor; none for one time step
}

// transition is a pair of words in consecutive bins. Its count is the number of
// windows with it, averaged over the steps of the windows.
type transition struct {
	from, to uint32
	count    float64
}

func count(w statistics.RepeatedWindows) counts {
	n, t := w.Neurons(), w.Timesteps()
	c := counts{
		neurons: n, timesteps: t, repeats: w.Repeats(),
		windows: float64(w.Len()),
		words:   make([]float64, 1<<n),
		first:   make([]float64, 1<<n),
	}
	bins := 0
	for _, windows := range w.PerSegment() {
		c.segments = append(c.segments, windows+t-1)
		bins += windows + t - 1
	}
	c.spikes = make([]float64, bins*n)
	pairs := make(map[[2]uint32]float64)
	statistics.EachRepeat(w, func(_ int, segments [][]uint32) {
		spikes := c.spikes
		for _, bins := range segments {
			c.add(bins, spikes, pairs)
			spikes = spikes[len(bins)*n:]
		}
	})
	for pair, windows := range pairs {
		c.transitions = append(c.transitions, transition{pair[0], pair[1], windows / float64(t-1)})
	}
	slices.SortFunc(c.transitions, func(a, b transition) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	return c
}

// add counts a segment of consecutive bins: its spikes[bin·n + neuron], and pairs
// of words, besides the words.
func (c counts) add(segment []uint32, spikes []float64, pairs map[[2]uint32]float64) {
	last := len(segment) - c.timesteps // where the last window starts
	for b, word := range segment {
		first := max(0, b-c.timesteps+1) // where the windows that contain the bin start
		c.words[word] += float64(min(b, last) - first + 1)
		if b <= last {
			c.first[word]++
		}
		for rest := word; rest != 0; rest &= rest - 1 {
			spikes[b*c.neurons+bits.TrailingZeros32(rest)]++
		}
		if c.timesteps > 1 && b > 0 {
			pairs[[2]uint32{segment[b-1], word}] += float64(min(b-1, last) - first + 1)
		}
	}
}

// law returns the share of each word among the bins of the windows.
func (c counts) law() []float64 {
	law := make([]float64, len(c.words))
	for word, bins := range c.words {
		law[word] = bins / (c.windows * float64(c.timesteps))
	}
	return law
}

// rates returns each neuron's spikes per bin. A neuron that spikes in no bin, or
// in every bin, gets half a window more of the kind that is missing (Jeffreys'
// prior), so that every rate is inside (0, 1).
func (c counts) rates() []float64 {
	spikes := slices.Clone(c.words)
	sumSupersets(spikes)
	rates := make([]float64, c.neurons)
	for i := range rates {
		rates[i] = spikes[1<<i] / spikes[0]
		if constant(rates[i]) {
			rates[i] = (rates[i]*c.windows + 0.5) / (c.windows + 1)
		}
	}
	return rates
}

// constant reports whether a neuron with this rate never or always spikes.
func constant(rate float64) bool { return rate == 0 || rate == 1 }

// smoothed returns the law of words with the given counts, and of one window more,
// which is spread over all words as if neurons were independent. N windows have a
// weight of N.
func (c counts) smoothed(words []float64) []float64 {
	law := independentLaw(c.rates())
	each := c.windows / total(words)
	for word, count := range words {
		law[word] = (count*each + law[word]) / (c.windows + 1)
	}
	return law
}

// independentLaw returns the law of the word of independent neurons.
func independentLaw(rates []float64) []float64 {
	law := make([]float64, 1<<len(rates))
	law[0] = 1
	for i, rate := range rates {
		silent, spiking := law[:1<<i], law[1<<i:2<<i]
		for word, p := range silent {
			silent[word], spiking[word] = p*(1-rate), p*rate
		}
	}
	return law
}

// sumSupersets replaces the value of each word by the sum over the words that
// have all its bits, in n·2ⁿ⁻¹ additions (Yates 1937). Of a law this gives the
// probability that all neurons of the word spike, whatever the others do.
func sumSupersets(values []float64) {
	for bit := 1; bit < len(values); bit <<= 1 {
		for word := range values {
			if word&bit == 0 {
				values[word] += values[word|bit]
			}
		}
	}
}

// sumSubsets replaces the value of each word by the sum over the words whose bits
// it has.
func sumSubsets(values []float64) {
	for bit := 1; bit < len(values); bit <<= 1 {
		for word := range values {
			if word&bit != 0 {
				values[word] += values[word^bit]
			}
		}
	}
}

// countLaw returns the law of the number of spikes under a law of words.
func countLaw(law []float64) []float64 {
	counts := make([]float64, bits.Len(uint(len(law))))
	for word, p := range law {
		counts[bits.OnesCount(uint(word))] += p
	}
	return counts
}

// total adds from left to right, as package statistics does: the order of
// gonum's sums depends on the processor.
func total(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum
}
