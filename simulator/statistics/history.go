package statistics

import (
	"fmt"
	"math"
	"slices"
)

// Lanes is the number of values of γ that Rows evaluates together.
const Lanes = 16

// Rows is a model in training whose time steps are independent given γ, evaluated
// by the fast kernel.
type Rows interface {
	Neurons() int   // 1 … 20
	Timesteps() int // ≥ 1
	// Laws fills dst[word][lane] with the probabilities of the 2ⁿ words of one
	// time step at Lanes values of γ, in radians. Bit q of a word is neuron q.
	Laws(step int, gamma *[Lanes]float32, dst []float32)
}

// row is one number for each value of γ.
type row = [Lanes]float32

// History measures the Jensen–Shannon divergence between the joint words of a
// model in training and of the data. Its result differs from the js_bits of Exact
// by rounding, about 1e-7 bits. It is fast: the laws are float32, it uses only as
// many nodes as float32 needs, in whole rows, and it computes only the
// probabilities of words that occur in the data. Every other word, with q(w) = 0,
// adds ½·p(w) to the divergence, and the p(w) of all words add up to 1.
//
// A History reuses its buffers and is not safe for concurrent use.
type History struct {
	shape  shape
	kind   NoiseKind
	nodes  []row // of γ
	weight []row // of the nodes

	data []float64 // [seen] q of each word that occurs in the data
	word []uint32  // [seen][step] its parts, in lexicographic order
	same []int     // [seen] number of leading parts equal to those of the previous word

	laws  [][]float32 // [step], each [word][lane]
	mean  laws        // laws averaged over the nodes, with γ per patch
	chain []row       // [step] the weight times the laws of the steps before
	model []float64   // [seen] p of each word that occurs in the data
}

// NewHistory returns a History that compares with the state distribution of data,
// which has the given numbers of neurons and time steps. It fails if data has no
// state distribution (n·t > 16) or if the noise is malformed.
func NewHistory(data Statistics, neurons, timesteps int, n Noise) (*History, error) {
	s := shape{neurons, timesteps}
	if len(data.State) == 0 || len(data.State) != s.words() {
		return nil, fmt.Errorf("measure the divergence of %d neurons × %d time steps: data has %d joint words", neurons, timesteps, len(data.State))
	}
	points, err := n.pointsOfRows(timesteps)
	if err != nil {
		return nil, fmt.Errorf("measure the divergence: %w", err)
	}
	h := &History{shape: s, kind: n.Kind, chain: make([]row, timesteps), mean: newLaws(s)}
	h.setNodes(n.quadrature(s, points))
	h.setWords(data.State)
	for range timesteps {
		h.laws = append(h.laws, make([]float32, Lanes<<neurons))
	}
	return h, nil
}

// setNodes divides the nodes into rows and fills up the last row with weight 0.
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

// setWords lists the words that occur in the data.
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

// JSBits returns the divergence of the model from the data, in bits. The model
// must have the shape of the data. It fails if probabilities do not add up to 1.
func (h *History) JSBits(m Rows) (float64, error) {
	clear(h.model)
	h.mean.clear()
	for i := range h.nodes {
		for step, law := range h.laws {
			m.Laws(step, &h.nodes[i], law)
			if err := h.check(law, step); err != nil {
				return 0, fmt.Errorf("measure the divergence: %w", err)
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

// check returns an error if the probabilities of a step do not add up to 1.
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
// Consecutive words share leading factors, which it computes once.
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

// lawOf returns the probabilities of a word at a step.
func (h *History) lawOf(step int, word uint32) *row { return (*row)(h.laws[step][word*Lanes:]) }

// average adds the weighted mean of a row of laws to the mean law.
func (h *History) average(law []float32, weight *row, mean []float64) {
	for word := range mean {
		mean[word] += dot(weight, (*row)(law[word*Lanes:]))
	}
}

// multiply sets the words' probabilities to the products of the mean laws.
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

// dot returns the inner product of two rows. It sums in a fixed order without a
// long chain of dependent additions.
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
