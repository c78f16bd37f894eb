package statistics

import (
	"math/bits"
	"slices"
)

// count adds all stride-1 windows of consecutive bins and returns their number.
// There must be at least timesteps bins. It visits each bin and its successors
// once, weighted with the number of windows that contain them.
func (m sums) count(bins []uint32) (windows int) {
	last := len(bins) - m.timesteps // where the last window starts
	for b, word := range bins {
		held := m.holding(b, 0, last)
		m.counts[bits.OnesCount32(word)] += held
		if word == 0 {
			continue
		}
		m.countSpikes(word, max(0, b-last), min(b, m.timesteps-1))
		m.countPairs(word, held)
		m.countTriples(word, held)
		var since uint32 // neurons that spike after bin b
		for lag := 1; lag < min(m.timesteps, len(bins)-b); lag++ {
			later, held := bins[b+lag], m.holding(b, lag, last)
			m.autoPairs[lag-1] += held * float64(bits.OnesCount32(word&later))
			m.intervals[lag-1] += held * float64(bits.OnesCount32(word&later&^since))
			since |= later
			if lag <= maxLag {
				m.countLagged(lag, word, later, held)
			}
		}
	}
	return last + 1
}

// holding returns the number of windows that contain both bin b and bin b + lag.
// Windows start at bins 0 … last.
func (m sums) holding(b, lag, last int) float64 {
	return float64(min(b, last) - max(0, b+lag-m.timesteps+1) + 1)
}

// countSpikes adds the spikes of a bin that is time step first … last of the
// windows that contain it.
func (m sums) countSpikes(word uint32, first, last int) {
	for ; word != 0; word &= word - 1 {
		steps := m.spikes[bits.TrailingZeros32(word)*m.timesteps:]
		for s := first; s <= last; s++ {
			steps[s]++
		}
	}
}

func (m sums) countPairs(word uint32, held float64) {
	for ; word != 0; word &= word - 1 {
		i := bits.TrailingZeros32(word)
		for rest := word & (word - 1); rest != 0; rest &= rest - 1 {
			m.pairs[m.pairAt(i, bits.TrailingZeros32(rest))] += held
		}
	}
}

func (m sums) countTriples(word uint32, held float64) {
	for ; word != 0; word &= word - 1 {
		i := bits.TrailingZeros32(word)
		for others := word & (word - 1); others != 0; others &= others - 1 {
			j := bits.TrailingZeros32(others)
			for rest := others & (others - 1); rest != 0; rest &= rest - 1 {
				m.triples[m.tripleAt(i, j, bits.TrailingZeros32(rest))] += held
			}
		}
	}
}

func (m sums) countLagged(lag int, word, later uint32, held float64) {
	for ; word != 0; word &= word - 1 {
		i := bits.TrailingZeros32(word)
		for rest := later &^ (1 << i); rest != 0; rest &= rest - 1 {
			m.lagged[m.laggedAt(lag, i, bits.TrailingZeros32(rest))] += held
		}
	}
}

// eachState calls visit with the joint word of every window of the bins. It does
// nothing if joint words are not counted.
func (s shape) eachState(bins []uint32, visit func(word uint32)) {
	if s.words() == 0 {
		return
	}
	var word uint32
	for b, bin := range bins {
		word = word>>s.neurons | bin<<(s.neurons*(s.timesteps-1))
		if b >= s.timesteps-1 {
			visit(word)
		}
	}
}

// tally counts windows: their sums and joint words.
type tally struct {
	sums
	windows int
	states  []float64 // [joint word] windows; empty if there are too many joint words
}

func newTally(s shape) *tally {
	return &tally{sums: newSums(s), states: make([]float64, s.words())}
}

// count adds all stride-1 windows of consecutive bins.
func (v *tally) count(bins []uint32) {
	v.windows += v.sums.count(bins)
	v.eachState(bins, func(word uint32) { v.states[word]++ })
}

// addRepeat adds the windows of one repeat.
func (v *tally) addRepeat(r *repeat) {
	v.windows += r.windows
	for i, count := range r.all {
		v.all[i] += count
	}
	for _, s := range r.states {
		v.states[s.word] += float64(s.windows)
	}
}

// difference sets v to the windows that all counts and part does not.
func (v *tally) difference(all, part *tally) {
	v.windows = all.windows - part.windows
	for i := range v.all {
		v.all[i] = all.all[i] - part.all[i]
	}
	for i := range v.states {
		v.states[i] = all.states[i] - part.states[i]
	}
}

func (v *tally) clear() {
	v.windows = 0
	clear(v.all)
	clear(v.states)
}

// repeat holds the counts of one repeat, which many tallies add.
type repeat struct {
	sums
	windows int
	states  []state // in ascending order
}

// state is a joint word and the number of windows with it.
type state struct{ word, windows uint32 }

// count replaces the counts by those of the given segments. It uses words as scratch
// memory and returns it, possibly grown.
func (r *repeat) count(segments [][]uint32, words []uint32) []uint32 {
	clear(r.all)
	r.windows = 0
	for _, bins := range segments {
		windows := r.sums.count(bins)
		r.windows += windows
		if r.words() > 0 {
			words = slices.Grow(words, windows) // growing by append would copy a long repeat
		}
		r.eachState(bins, func(word uint32) { words = append(words, word) })
	}
	slices.Sort(words)
	r.states = r.states[:0]
	for i, word := range words {
		if i == 0 || word != words[i-1] {
			r.states = append(r.states, state{word: word})
		}
		r.states[len(r.states)-1].windows++
	}
	return words
}

// statistics returns the statistics of the counted windows. Without windows all
// are undefined.
func (v *tally) statistics() Statistics {
	if v.windows == 0 {
		return Statistics{}
	}
	expected := newSums(v.shape)
	copyScaled(expected.all, v.all, v.windows)
	if len(v.states) == 0 {
		return expected.statistics(nil)
	}
	state := make([]float64, len(v.states))
	copyScaled(state, v.states, v.windows)
	return expected.statistics(state)
}

// copyScaled sets dst to counts / windows.
func copyScaled(dst, counts []float64, windows int) {
	for i, count := range counts {
		dst[i] = count / float64(windows)
	}
}
