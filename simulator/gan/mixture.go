package gan

import (
	"fmt"
	"math"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/statistics"
)

// mixture computes the probabilities of listed windows by quadrature over the noise
// (see Generator.OneAngle): given γ the steps are independent, so that
//
//	p(w) = Σ_j weight_j Π_s p_s(w_s | γ_j)
//
// over the nodes γ_j, or Π_s Σ_j weight_j p_s(w_s | γ_j) if every patch has its own
// noise. The nodes are the samples of a batch, which the fast kernel runs forward.
type mixture struct {
	timesteps   int
	independent bool // whether every patch has its own noise
	nodes       *batch
	weight      []float64 // [node]

	// The windows, with the distinct words of each step.
	windows int
	words   [][]uint32 // [step][slot]
	slots   []int32    // [window][step]
	slotOf  []int32    // [word], the slot of a word in the step that set works on, or −1

	laws    [][]float32 // [step], each [slot][node]
	outcome []float32   // [word][lane]
	product []float64   // [node]
	scales  []int32     // [node], see joint
}

// leastProbability bounds the probabilities of a patch from below. It keeps the
// likelihood finite where float32 rounds a probability to 0.
const leastProbability = 1e-30

// newMixture returns a mixture of at most the given number of windows. It fails if
// the noise has no quadrature.
func newMixture(m *sampler, windows int) (*mixture, error) {
	g := m.generator
	noise := g.Noise()
	x := &mixture{timesteps: g.Timesteps, independent: noise.Kind == statistics.PerPatch}
	factors := g.Timesteps
	if x.independent {
		factors = 1
	}
	nodes, weight, err := noise.FastRule(factors)
	if err != nil {
		return nil, fmt.Errorf("make quadrature: %w", err)
	}
	x.weight, x.nodes = weight, m.newBatch(len(nodes))
	for step := range g.Timesteps {
		for j, gamma := range nodes {
			rows := m.patchNoise(x.nodes, j/lanes, step)
			for at := j % lanes; at < len(rows); at += lanes {
				rows[at] = float32(gamma)
			}
		}
	}
	x.reserve(g.Ansatz, windows)
	return x, nil
}

// reserve allocates the buffers.
func (x *mixture) reserve(a circuit.Ansatz, windows int) {
	distinct := min(a.Words(), windows)
	x.slots, x.slotOf = make([]int32, windows*x.timesteps), make([]int32, a.Words())
	for i := range x.slotOf {
		x.slotOf[i] = -1
	}
	for range x.timesteps {
		x.words = append(x.words, make([]uint32, 0, distinct))
		x.laws = append(x.laws, make([]float32, distinct*len(x.weight)))
	}
	x.outcome = make([]float32, a.Words()*lanes)
	x.product, x.scales = make([]float64, len(x.weight)), make([]int32, len(x.weight))
}

// set replaces the windows, [window][step].
func (x *mixture) set(windows []uint32) {
	t := x.timesteps
	x.windows = len(windows) / t
	for step := range t {
		words := x.words[step][:0]
		for at := step; at < len(windows); at += t {
			word := windows[at]
			if x.slotOf[word] < 0 {
				x.slotOf[word] = int32(len(words))
				words = append(words, word)
			}
			x.slots[at] = x.slotOf[word]
		}
		for _, word := range words {
			x.slotOf[word] = -1
		}
		x.words[step] = words
	}
}

// observe stores the probabilities of a block of nodes, whose forward states the tile
// holds.
func (x *mixture) observe(tile circuit.Tile, b *batch, block, step int) {
	tile.Probabilities(x.outcome)
	used := b.used(block)
	for slot, word := range x.words[step] {
		from := x.outcome[int(word)*lanes:][:used]
		to := x.law(step, slot)[block*lanes:][:used]
		for l, p := range from {
			to[l] = max(p, leastProbability)
		}
	}
}

// law returns the probabilities of a word given each node.
func (x *mixture) law(step, slot int) []float32 {
	return x.laws[step][slot*len(x.weight):][:len(x.weight)]
}

// slot returns the slot of a window's word.
func (x *mixture) slot(window, step int) int { return int(x.slots[window*x.timesteps+step]) }

// The product over steps of a node is the scaled number of product and scale. Every
// stepsPerScale factors, each of at least leastProbability, a product below
// scaleBelow is scaled up, so that no intermediate product underflows.
const (
	stepsPerScale = 8
	scaleBits     = 800
	scaleBelow    = 0x1p-200
	scaleFactor   = 0x1p800
)

// joint fills product with the terms of a window's p(w), divided by p(w), for noise
// that the patches share. It returns p(w).
func (x *mixture) joint(window int) scaled {
	copy(x.product, x.weight)
	clear(x.scales)
	for step := range x.timesteps {
		if step > 0 && step%stepsPerScale == 0 {
			x.rescale()
		}
		law := x.law(step, x.slot(window, step))
		for j := range x.product {
			x.product[j] *= float64(law[j])
		}
	}
	least := x.scales[0]
	for _, scale := range x.scales {
		least = min(least, scale)
	}
	sum := 0.0
	for j, scale := range x.scales {
		for range min(scale-least, 2) { // after two, every product is 0
			x.product[j] /= scaleFactor
		}
		sum += x.product[j]
	}
	x.normalise(sum)
	return scaled{sum, int(least)}
}

func (x *mixture) rescale() {
	for j, p := range x.product {
		if p < scaleBelow {
			x.product[j] = p * scaleFactor
			x.scales[j]++
		}
	}
}

// marginal is joint for one step of the window, for noise of every patch.
func (x *mixture) marginal(window, step int) scaled {
	sum := 0.0
	for j, p := range x.law(step, x.slot(window, step)) {
		x.product[j] = x.weight[j] * float64(p)
		sum += x.product[j]
	}
	x.normalise(sum)
	return scaled{sum, 0}
}

func (x *mixture) normalise(sum float64) {
	scale := 1 / sum
	for j := range x.product {
		x.product[j] *= scale
	}
}

// probability returns p(w) of a window of at most maxJointBits bits.
func (x *mixture) probability(window int) float64 {
	if !x.independent {
		return x.joint(window).value()
	}
	p := 1.0
	for step := range x.timesteps {
		p *= x.marginal(window, step).value()
	}
	return p
}

// run evaluates the probabilities of the windows at the sampler's angles, on a tile.
func (x *mixture) run(m *sampler, tile circuit.Tile) {
	for step := range x.timesteps {
		for block := range x.nodes.blocks() {
			m.forward(tile, x.nodes, block, step)
			x.observe(tile, x.nodes, block, step)
		}
	}
}

// scaled is the number fraction·2^(−scaleBits·scale).
type scaled struct {
	fraction float64
	scale    int
}

func (s scaled) value() float64 { return math.Ldexp(s.fraction, -scaleBits*s.scale) }

// logarithm returns the natural logarithm.
func (s scaled) logarithm() float64 {
	return math.Log(s.fraction) - float64(s.scale)*scaleBits*math.Ln2
}
