package gan

import (
	"fmt"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

// Model is a generator with trained angles. It is not safe for concurrent use.
type Model struct {
	generator Generator
	angles    []float64
	exact     *circuit.Exact
	sampler   *sampler
	tile      circuit.Tile
}

// NewModel returns the generator with these angles, in radians,
// [time][layer][qubit][RY, RZ] flattened. It fails if the generator is invalid, if
// the number of angles is not g.Parameters(), or if an angle is not finite.
func NewModel(g Generator, angles []float64) (*Model, error) {
	if err := g.Validate(); err != nil {
		return nil, fmt.Errorf("make model: %w", err)
	}
	s, err := newSampler(g)
	if err != nil {
		return nil, fmt.Errorf("make model: %w", err)
	}
	m := &Model{generator: g, exact: g.Ansatz.NewExact(), sampler: s, tile: s.circuit.NewTile(false)}
	if err := m.Set(angles); err != nil {
		return nil, fmt.Errorf("make model: %w", err)
	}
	return m, nil
}

// Set replaces the angles. It fails, and keeps the old angles, if their number
// differs or an angle is not finite.
func (m *Model) Set(angles []float64) error {
	if len(angles) != m.generator.Parameters() {
		return fmt.Errorf("set %d angles of a generator that has %d", len(angles), m.generator.Parameters())
	}
	for i, angle := range angles {
		if !finite(angle) {
			return fmt.Errorf("set angles: angle %d is %v", i, angle)
		}
	}
	m.angles = append(m.angles[:0], angles...)
	m.sampler.set(m.angles)
	return nil
}

// Generator returns the generator that the model was made from.
func (m *Model) Generator() Generator { return m.generator }

// Neurons returns n.
func (m *Model) Neurons() int { return m.generator.Ansatz.Neurons }

// Timesteps returns t.
func (m *Model) Timesteps() int { return m.generator.Timesteps }

// Probabilities fills dst, 2^n numbers, with the probabilities of the words at a
// time step given its noise (Ansatz.NoiseRows angles in radians), in float64; bit
// q of the index is neuron q. Given the noise the steps are independent. It does
// not allocate.
func (m *Model) Probabilities(step int, noise, dst []float64) {
	m.exact.Probabilities(dst, m.generator.patchAngles(m.angles, step), noise)
}

// Laws fills dst[word][lane], 2^n words by 16 lanes, with the probabilities of the
// words for 16 values of the noise, noise[row][lane] in radians. It uses the fast
// kernel, in float32, and does not allocate.
func (m *Model) Laws(step int, noise, dst []float32) {
	m.tile.Forward(m.sampler.patches[step], noise)
	m.tile.Probabilities(dst)
}

// Sample draws windows of t words from the fast kernel, in blocks of 16. The block
// that starts at window w draws its noise at stream address (w, 0) and its
// measurements at (w, 1), so a smaller number of windows gives a prefix of a
// larger one.
func (m *Model) Sample(r random.Stream, windows int) [][]uint32 {
	t := m.generator.Timesteps
	words := make([]uint32, 0, windows*t)
	for first := 0; first < windows; first += lanes {
		b := m.sampler.newBatch(min(lanes, windows-first))
		noise, measurement := r.At(uint64(first), 0), r.At(uint64(first), 1)
		m.sampler.draw(b, &noise, &measurement)
		m.sampler.sample(m.tile, b)
		words = append(words, m.sampler.windows(b)...)
	}
	split := make([][]uint32, windows)
	for w := range split {
		split[w] = words[w*t : (w+1)*t : (w+1)*t]
	}
	return split
}
