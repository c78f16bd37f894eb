package statistics

import (
	"fmt"
	"math"
	"slices"
)

// Lanes is how many values of γ a model in training is looked at together.
const Lanes = 16

// Rows are a model in training whose time steps are independent given γ, on
// the fast kernel.
type Rows interface {
	Neurons() int   // 1 … 16
	Timesteps() int // ≥ 1
	// Laws fills dst[word][lane] with the laws of one time step's 2ⁿ words at
	// Lanes values of γ: bit q of a word is neuron q.
	Laws(step int, gamma *[Lanes]float32, dst []float32)
}

// row is one number for each value of γ.
type row = [Lanes]float32

// History measures how far a model in training is from the data: the
// Jensen–Shannon divergence of joint words, and nothing else. It is made to
// cost little: the laws are float32, the nodes as many as these need and whole
// rows of them, and only words that the data shows are looked at. Where q(w) is
// 0, a word adds ½·p(w) to the divergence, and the p(w) of all words add up to 1.
// So it differs from the js_bits of Exact by rounding, some 1e-7 bits.
//
// It keeps its work space, so it is not for use by several goroutines.
type History struct {
	shape  shape
	kind   NoiseKind
	nodes  []row // of γ
	weight []row // of the nodes

	data []float64 // q of each word that the data shows
	word []uint32  // … and its parts, [seen][step], in lexicographic order
	same []int     // … and how many of them, from step 0 on, are those of the one before

	laws  [][]float32 // [step], each [word][lane]
	mean  laws        // … averaged over the nodes, with γ per patch
	chain []row       // [step] the weight times the laws of the steps before
	model []float64   // p of each word that the data shows
}

// NewHistory returns a history against the state distribution of real data of
// so many neurons and time steps. It fails if there is none (n·t > 16) or if
// the noise is malformed.
func NewHistory(data Statistics, neurons, timesteps int, n Noise) (*History, error) {
	s := shape{neurons, timesteps}
	if len(data.State) == 0 || len(data.State) != s.words() {
		return nil, fmt.Errorf("follow the divergence of %d neurons × %d time steps: data has %d joint words", neurons, timesteps, len(data.State))
	}
	points, err := n.pointsOfRows(timesteps)
	if err != nil {
		return nil, fmt.Errorf("follow the divergence: %w", err)
	}
	h := &History{shape: s, kind: n.Kind, chain: make([]row, timesteps), mean: newLaws(s)}
	h.setNodes(n.quadrature(s, points))
	h.setWords(data.State)
	for range timesteps {
		h.laws = append(h.laws, make([]float32, Lanes<<neurons))
	}
	return h, nil
}

// setNodes cuts the nodes into rows; what is left of the last one weighs nothing.
func (h *History) setNodes(q *quadrature) {
	count := (len(q.nodes) + Lanes - 1) / Lanes
	h.nodes, h.weight = make([]row, count), make([]row, count)
	for i := range count * Lanes {
		h.nodes[i/Lanes][i%Lanes] = float32(q.nodes[min(i, len(q.nodes)-1)])
		if i < len(q.nodes) {
			h.weight[i/Lanes][i%Lanes] = float32(q.weights[i])
		}
	}
}

// setWords lists the words that the data shows.
func (h *History) setWords(state []float64) {
	var seen [][]uint32
	for w, q := range state {
		if q == 0 {
			continue
		}
		parts := make([]uint32, h.shape.timesteps)
		for step := range parts {
			parts[step] = uint32(w) >> (step * h.shape.neurons) & (1<<h.shape.neurons - 1)
		}
		seen = append(seen, parts)
	}
	slices.SortFunc(seen, slices.Compare[[]uint32])
	for i, parts := range seen {
		same, w := 0, 0
		for i > 0 && parts[same] == seen[i-1][same] {
			same++
		}
		for step, part := range parts {
			w |= int(part) << (step * h.shape.neurons)
		}
		h.same, h.word, h.data = append(h.same, same), append(h.word, parts...), append(h.data, state[w])
	}
	h.model = make([]float64, len(seen))
}

// JSBits returns the divergence of the model, which has the shape of the data.
func (h *History) JSBits(m Rows) (float64, error) {
	clear(h.model)
	h.mean.clear()
	for i := range h.nodes {
		for step, law := range h.laws {
			m.Laws(step, &h.nodes[i], law)
			if err := h.check(law, step); err != nil {
				return 0, fmt.Errorf("follow the divergence: %w", err)
			}
			if h.kind == PerPatch {
				h.average(law, &h.weight[i], h.mean[step])
			}
		}
		if h.kind != PerPatch {
			h.add(&h.weight[i])
		}
	}
	if h.kind == PerPatch {
		h.multiply()
	}
	unseen := 1 - total(h.model)
	return max(0, jensenShannon(h.model, h.data)+unseen/2), nil
}

// check fails where probabilities do not add up to 1.
func (h *History) check(law []float32, step int) error {
	var sum row
	for at := 0; at < len(law); at += Lanes {
		for l, p := range (*row)(law[at:]) {
			sum[l] += p
		}
	}
	for _, s := range sum {
		if !(math.Abs(float64(s)-1) < 1e-3) {
			return fmt.Errorf("evaluate patch %d: its probabilities add up to %v", step, s)
		}
	}
	return nil
}

// add adds the weighted products of the steps' laws to the words' probabilities.
// Words in lexicographic order share most of their factors.
func (h *History) add(weight *row) {
	t := h.shape.timesteps
	h.chain[0] = *weight
	for i := range h.model {
		word := h.word[i*t:][:t]
		for step := h.same[i]; step < t-1; step++ {
			multiplyRows(&h.chain[step+1], &h.chain[step], h.lawOf(step, word[step]))
		}
		h.model[i] += dot(&h.chain[t-1], h.lawOf(t-1, word[t-1]))
	}
}

// lawOf is the probability of a word at a step.
func (h *History) lawOf(step int, word uint32) *row { return (*row)(h.laws[step][word*Lanes:]) }

// average adds the weighted mean of a row of laws to the mean law.
func (h *History) average(law []float32, weight *row, mean []float64) {
	for word := range mean {
		mean[word] += dot(weight, (*row)(law[word*Lanes:]))
	}
}

// multiply sets the words' probabilities where the mean laws are independent.
func (h *History) multiply() {
	t := h.shape.timesteps
	for i := range h.model {
		h.model[i] = 1
		for step, part := range h.word[i*t:][:t] {
			h.model[i] *= h.mean[step][part]
		}
	}
}

func multiplyRows(dst, a, b *row) {
	for l := range dst {
		dst[l] = a[l] * b[l]
	}
}

// dot adds up the products of two rows, in a fixed order that has no long chain.
func dot(a, b *row) float64 {
	var sum [4]float32
	for l := 0; l < Lanes; l += 4 {
		sum[0] += a[l] * b[l]
		sum[1] += a[l+1] * b[l+1]
		sum[2] += a[l+2] * b[l+2]
		sum[3] += a[l+3] * b[l+3]
	}
	return float64(sum[0]+sum[1]) + float64(sum[2]+sum[3])
}
