package gan

import "spiqsweep/simulator/circuit"

// keptBytes bounds the memory of kept forward states. Keeping them saves the
// second forward pass but reads them back from wherever they were pushed out
// to: on one core with 1 MiB of second-level cache, an AVX-512 prototype was
// a fifth faster with them at n = 4, even at n = 8, a third slower at n = 10 (t = 30).
// The results are the same either way.
const keptBytes = 4 << 20

// states runs the generator's batch forward and has its states again for
// Backward: from one tile per patch and block where they are small, by running
// forward a second time where they are not.
type states struct {
	sampler *sampler
	blocks  int
	kept    []circuit.Tile // [step][block], or nil
	plain   circuit.Tile   // without kept: the first pass
	again   circuit.Tile   // without kept: the second pass
}

// newStates takes a tile for first passes, which anybody else may use between them.
func newStates(m *sampler, plain circuit.Tile, blocks int) *states {
	s := &states{sampler: m, blocks: blocks, plain: plain}
	tiles, a := m.generator.Timesteps*blocks, m.generator.Ansatz
	if tiles*a.Layers*8*lanes<<a.Qubits() > keptBytes {
		s.again = m.circuit.NewTile(true)
		return s
	}
	s.kept = make([]circuit.Tile, tiles)
	for i := range s.kept {
		s.kept[i] = m.circuit.NewTile(true)
	}
	return s
}

// first runs one patch of one block forward.
func (s *states) first(b *batch, block, step int) circuit.Tile {
	tile := s.plain
	if s.kept != nil {
		tile = s.kept[step*s.blocks+block]
	}
	s.sampler.forward(tile, b, block, step)
	return tile
}

// second returns a tile with the states that first has computed.
func (s *states) second(b *batch, block, step int) circuit.Tile {
	if s.kept != nil {
		return s.kept[step*s.blocks+block]
	}
	s.sampler.forward(s.again, b, block, step)
	return s.again
}
