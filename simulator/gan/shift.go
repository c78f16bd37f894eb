package gan

import (
	"math"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

// shifter differentiates by the parameter-shift rule with one measurement per
// shifted circuit and sample.
type shifter struct {
	sampler *sampler
	patch   *circuit.Patch
	tile    circuit.Tile
	angles  []float64 // angles of the shifted patch
	uniform []laneRow // [block]
	drawn   [lanes]uint32
}

func newShifter(m *sampler, blocks int) *shifter {
	return &shifter{
		sampler: m, patch: m.circuit.NewPatch(), tile: m.circuit.NewTile(false),
		angles: make([]float64, m.generator.Ansatz.Angles()), uniform: make([]laneRow, blocks),
	}
}

// draw draws the measurements of one angle's shifted circuits.
func (s *shifter) draw(size int, g random.Generator) {
	for j := range size {
		s.uniform[j/lanes][j%lanes] = g.Float32()
	}
}

// differentiate returns Σ_j ½·[w_j(x₊) − w_j(x₋)] for one angle of a patch,
// where weights[block] are [word][lane].
func (s *shifter) differentiate(b *batch, step int, angles []float64, angle int, weights [][]float32) float64 {
	copy(s.angles, angles)
	sum := 0.0
	for _, half := range [...]float64{0.5, -0.5} {
		s.angles[angle] = angles[angle] + half*math.Pi
		s.patch.Set(s.angles)
		for block, w := range weights {
			s.tile.Forward(s.patch, s.sampler.patchNoise(b, block, step))
			s.tile.Sample(&s.uniform[block], &s.drawn)
			for l := range b.used(block) {
				sum += half * float64(w[int(s.drawn[l])*lanes+l])
			}
		}
	}
	return sum
}
