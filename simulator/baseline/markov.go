package baseline

import (
	"math"
	"sort"

	"spiqsweep/simulator/random"
	"spiqsweep/simulator/statistics"
)

// markov is a first-order Markov chain of words. It implements statistics.Chain.
type markov struct {
	neurons, timesteps int
	initial            []float64    // [word] law of the first word
	marginal           []float64    // [word] law of a word in any step
	transitions        []transition // ordered by word, then successor
	rows               []int        // [word] where its transitions start; 2ⁿ+1 values
	leaving            []float64    // [word] sum of the counts of its transitions, the windows'
	first, any         drawing
	next               []drawing // [word] among its transitions
}

// fitMarkov fits a first-order Markov chain with the same transitions at every
// step,
//
//	P(w_0 … w_{t−1}) = p(w_0)·Π_s P(w_s | w_{s−1}).
//
// p is the law of the windows' first words, smoothed as in fitTimeIndependent. The
// transitions are those between the windows' consecutive bins. If v follows w in
// c(w, v) of them, pooled over the steps, and m is the law of fitTimeIndependent,
//
//	P(v|w) = (c(w, v) + m(w)·m(v)) / (Σ_v c(w, v) + m(w)):
//
// the windows and one more, whose words are independent. So every window has a
// likelihood. (One transition more from each word would move the statistics by
// several floors: most words occur only a few times.) The transitions are a
// sparse matrix and one of rank 1: only pairs of words that occur are stored. For
// one time step the chain is its first word.
func fitMarkov(c counts) (Model, error) {
	m := &markov{
		neurons: c.neurons, timesteps: c.timesteps,
		initial: c.smoothed(c.first), marginal: c.smoothed(c.words),
		transitions: c.transitions,
		rows:        make([]int, len(c.words)+1), leaving: make([]float64, len(c.words)),
		next: make([]drawing, len(c.words)),
	}
	for word := range m.leaving {
		end := m.rows[word]
		var counts []float64
		for end < len(m.transitions) && m.transitions[end].from == uint32(word) {
			counts = append(counts, m.transitions[end].count)
			end++
		}
		m.rows[word+1] = end
		m.leaving[word] = total(counts)
		m.next[word] = newDrawing(counts)
	}
	m.first, m.any = newDrawing(m.initial), newDrawing(m.marginal)
	return m, nil
}

func (m *markov) Neurons() int   { return m.neurons }
func (m *markov) Timesteps() int { return m.timesteps }

// Initial fills dst with the law of the first word.
func (m *markov) Initial(dst []float64) { copy(dst, m.initial) }

// row returns the transitions from a word.
func (m *markov) row(word int) []transition { return m.transitions[m.rows[word]:m.rows[word+1]] }

// Next fills dst with the law of the word after a word of the given law.
func (m *markov) Next(dst, law []float64) {
	clear(dst)
	var rest float64
	for word, p := range law {
		if p == 0 {
			continue
		}
		p /= m.leaving[word] + m.marginal[word]
		rest += p * m.marginal[word]
		for _, t := range m.row(word) {
			dst[t.to] += p * t.count
		}
	}
	for word, p := range m.marginal {
		dst[word] += rest * p
	}
}

// Ahead fills dst with the expectation, given a word, of a value of the next word.
func (m *markov) Ahead(dst, value []float64) {
	var mean float64
	for word, p := range m.marginal {
		mean += p * value[word]
	}
	for word := range dst {
		sum := m.marginal[word] * mean
		for _, t := range m.row(word) {
			sum += t.count * value[t.to]
		}
		dst[word] = sum / (m.leaving[word] + m.marginal[word])
	}
}

func (m *markov) Statistics() (statistics.Statistics, error) { return statistics.OfChain(m) }

func (m *markov) LogLikelihood(window []uint32) float64 {
	sum := math.Log(m.initial[window[0]])
	for step, to := range window[1:] {
		from := int(window[step])
		row := m.row(from)
		p := m.marginal[from] * m.marginal[to]
		if i := sort.Search(len(row), func(i int) bool { return row[i].to >= to }); i < len(row) && row[i].to == to {
			p += row[i].count
		}
		sum += math.Log(p / (m.leaving[from] + m.marginal[from]))
	}
	return sum
}

func (m *markov) Sample(r random.Stream, windows int) [][]uint32 {
	return sample(r, windows, m.timesteps, func(g *random.Generator, window []uint32) {
		window[0] = uint32(m.first.draw(g))
		for step := range window[1:] {
			from := int(window[step])
			if leaving := m.leaving[from]; g.Float64()*(leaving+m.marginal[from]) < leaving {
				window[step+1] = m.row(from)[m.next[from].draw(g)].to
			} else {
				window[step+1] = uint32(m.any.draw(g))
			}
		}
	})
}

// Parameters counts all probabilities of the first word and, beyond one time step,
// of the successor of each.
func (m *markov) Parameters() int {
	words := len(m.initial)
	if m.timesteps == 1 {
		return words - 1
	}
	return words - 1 + words*(words-1)
}

func (m *markov) Values() map[string][]float64 {
	values := map[string][]float64{"initial": m.initial}
	if m.timesteps == 1 {
		return values
	}
	transitions := make([]float64, 0, 3*len(m.transitions))
	for _, t := range m.transitions {
		transitions = append(transitions, float64(t.from), float64(t.to), t.count)
	}
	values["marginal"], values["transitions"] = m.marginal, transitions
	return values
}
