package gan

import (
	"math/bits"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

// similarities returns the λ of the kernel of MMD, the mean over λ of λ^d, where d is
// the Hamming distance of two windows of that many bits. λ^d is a Gaussian kernel of
// width σ with λ = exp(−1/(2σ²)), and a product over the bits.
//
// In terms of parities, λ^d weighs the moments of k bits by a binomial law with mean
// bits·(1−λ)/2. The wide kernel, λ = bits/(bits+1), sees the rates and pairs, the
// narrow ones the whole words; a narrow kernel alone has vanishing gradients for many
// bits (Rudolph et al. 2024).
func similarities(bits int) []float64 {
	return []float64{0.25, 0.5, float64(bits) / float64(bits+1)}
}

// mmd weighs the outcomes for the gradient of MMD from a batch of generated and real
// windows. The weight of outcome x of patch i in sample j is
//
//	w_ij(x) = 2/(B−1) Σ_{j' ≠ j} κ(G, G_j') − 2/B Σ_m κ(G, y_m)
//
// where G is sample j with patch i set to x. It is an unbiased estimate, because the
// samples are independent.
type mmd struct {
	sampler   *sampler
	timesteps int
	size      int // B
	real      []uint32

	kernels   []float64   // λ
	powers    [][]float32 // [kernel][d], λ^d
	distances []int32     // [sample][other]: the generated windows, then the real ones
	row       []float32   // [word]
	total     []float32   // [word]
}

func newMMD(s Settings, m *sampler) *mmd {
	e := &mmd{
		sampler: m, timesteps: s.Timesteps, size: s.BatchSize,
		kernels:   similarities(s.inputs()),
		distances: make([]int32, 2*s.BatchSize*s.BatchSize),
		row:       make([]float32, s.Ansatz.Words()), total: make([]float32, s.Ansatz.Words()),
	}
	for _, similarity := range e.kernels {
		powers, power := make([]float32, s.inputs()+1), 1.0
		for d := range powers {
			powers[d] = float32(power)
			power *= similarity
		}
		e.powers = append(e.powers, powers)
	}
	return e
}

func (e *mmd) begin(real []uint32) { e.real = real }

func (e *mmd) observe(tile circuit.Tile, b *batch, block, step int) {
	e.sampler.measure(tile, b, block, step)
}

// prepare computes the distances of the generated windows from all others.
func (e *mmd) prepare(b *batch) {
	t, words := e.timesteps, e.sampler.windows(b)
	for j := range e.size {
		own, row := words[j*t:][:t], e.distances[j*2*e.size:][:2*e.size]
		for other := range row {
			row[other] = hamming(own, e.window(b, other))
		}
	}
}

// window returns a window of both batches: the generated ones, then the real ones.
func (e *mmd) window(b *batch, other int) []uint32 {
	if other < e.size {
		return b.words[other*e.timesteps:][:e.timesteps]
	}
	return e.real[(other-e.size)*e.timesteps:][:e.timesteps]
}

// hamming returns the number of bits in which two windows differ.
func hamming(a, b []uint32) int32 {
	distance := 0
	for i, word := range a {
		distance += bits.OnesCount32(word ^ b[i])
	}
	return int32(distance)
}

func (e *mmd) weigh(_ circuit.Tile, b *batch, block, step int, weights []float32) {
	for l := range b.used(block) {
		clear(e.total)
		for kernel, similarity := range e.kernels {
			clear(e.row)
			e.place(b, block*lanes+l, step, e.powers[kernel])
			spread(e.row, float32(similarity))
			for x, v := range e.row {
				e.total[x] += v
			}
		}
		for x, v := range e.total {
			weights[x*lanes+l] = v / float32(len(e.kernels))
		}
	}
}

// place adds to row[x], for every other window with the word x at the step, its part
// of w_ij over the other steps.
func (e *mmd) place(b *batch, j, step int, powers []float32) {
	own := b.words[j*e.timesteps+step]
	generated, real := 2/float32(e.size-1), -2/float32(e.size)
	for other, distance := range e.distances[j*2*e.size:][:2*e.size] {
		if other == j {
			continue
		}
		share := generated
		if other >= e.size {
			share = real
		}
		word := e.window(b, other)[step]
		e.row[word] += share * powers[int(distance)-bits.OnesCount32(own^word)]
	}
}

// spread replaces values[x] by Σ_y λ^d(x, y)·values[y], bit by bit, because the kernel
// is a product over the bits.
func spread[F float32 | float64](values []F, similarity F) {
	for half := 1; half < len(values); half *= 2 {
		for at := 0; at < len(values); at += 2 * half {
			zeros, ones := values[at:][:half], values[at+half:][:half]
			for i, zero := range zeros {
				zeros[i] = zero + similarity*ones[i]
				ones[i] += similarity * zero
			}
		}
	}
}

// discrepancy evaluates MMD at the ends of starts, where all joint words are listed.
type discrepancy struct {
	neurons int
	real    []float64 // [joint word], q
	excess  []float64 // [joint word], p − q
	spread  []float64
	mixture *mixture // nil: p is the law of generated windows
	samples *batch   // for such windows
	draws   random.Stream
}

// evaluationWindows is the number of generated windows that estimate p where it has
// no quadrature.
const evaluationWindows = 1 << 14

func newDiscrepancy(s Settings, m *sampler, real Windows, draws random.Stream) (*discrepancy, error) {
	n, t := s.Ansatz.Neurons, s.Timesteps
	count := 1 << s.inputs()
	d := &discrepancy{
		neurons: n, draws: draws,
		real: make([]float64, count), excess: make([]float64, count), spread: make([]float64, count),
	}
	words, shares, err := s.wordShares(real)
	if err != nil {
		return nil, err
	}
	for i, share := range shares {
		d.real[jointOf(words[i*t:][:t], n)] = share
	}
	if !s.integrable() {
		d.samples = m.newBatch(lanes)
		return d, nil
	}
	if d.mixture, err = newMixture(m, count); err != nil {
		return nil, err
	}
	var all []uint32
	for joint := range count {
		all = appendJoint(all, joint, n, t)
	}
	d.mixture.set(all)
	return d, nil
}

// evaluate returns the objective at the sampler's angles. Estimates of p use the same
// draws every time.
func (d *discrepancy) evaluate(m *sampler, tile circuit.Tile) float64 {
	for joint, q := range d.real {
		d.excess[joint] = -q
	}
	if d.mixture != nil {
		d.mixture.run(m, tile)
		for joint := range d.excess {
			d.excess[joint] += d.mixture.probability(joint)
		}
	} else {
		d.addGenerated(m, tile)
	}
	sum := 0.0
	kernels := similarities(m.generator.inputs())
	for _, similarity := range kernels {
		copy(d.spread, d.excess)
		spread(d.spread, similarity)
		for joint, v := range d.spread {
			sum += v * d.excess[joint]
		}
	}
	return sum / float64(len(kernels))
}

// addGenerated adds the shares of generated windows to the excess.
func (d *discrepancy) addGenerated(m *sampler, tile circuit.Tile) {
	t := m.generator.Timesteps
	for block := range uint64(evaluationWindows / lanes) {
		noise, measurement := d.draws.At(block, 0), d.draws.At(block, 1)
		m.draw(d.samples, &noise, &measurement)
		m.sample(tile, d.samples)
		for words := m.windows(d.samples); len(words) > 0; words = words[t:] {
			d.excess[jointOf(words[:t], d.neurons)] += 1.0 / evaluationWindows
		}
	}
}

func jointOf(window []uint32, neurons int) int {
	joint := 0
	for step, word := range window {
		joint |= int(word) << (step * neurons)
	}
	return joint
}
