package gan

import "spiqsweep/simulator/circuit"

// keptBytes bounds the memory of kept forward states. Keeping a state saves a
// second forward pass but may have to load it from a slower cache. Time of an
// iteration in ms by the memory of kept states, on a busy machine with 1 MiB of
// second-level cache and a share of 32 MiB of third-level cache:
//
//	                 1 MB    2 MB    4 MB    6 MB    8 MB
//	n = 8,  t = 30   2.68    2.7     2.60    2.6–2.9          of 5 MB
//	n = 10, t = 10   3.75    3.63    3.52    3.6              of 7 MB
//	n = 10, t = 30           10.7    10.8    11.0    11.2     of 20 MB
//
// On an idle machine, n = 10, t = 30 gains another 0.3 ms from 4 to 9 MB. The
// results do not depend on this bound.
const keptBytes = 4 << 20

// states runs the generator's batch forward, from the first step to the last, and
// provides its states again for Backward, from the last step to the first. It
// keeps the states of as many of the last steps as memory allows, one tile per
// patch and block, and repeats the forward pass for the others.
type states struct {
	sampler  *sampler
	blocks   int
	repeated int            // number of steps whose states are not kept
	kept     []circuit.Tile // [step − repeated][block]
	plain    circuit.Tile   // for the first pass of repeated steps
	again    circuit.Tile   // for their second pass
}

// newStates returns states that use the tile plain for first passes. The caller
// may use that tile between them.
func newStates(m *sampler, plain circuit.Tile, blocks int) *states {
	steps := m.generator.Timesteps
	kept := min(steps, keptBytes/(blocks*m.circuit.StateBytes()))
	tiles := m.circuit.NewTiles(kept*blocks + 1)
	return &states{
		sampler: m, blocks: blocks, repeated: steps - kept,
		kept: tiles[1:], plain: plain, again: tiles[0],
	}
}

// keptTile returns the tile that keeps the states of a step, or nil.
func (s *states) keptTile(block, step int) circuit.Tile {
	if step < s.repeated {
		return nil
	}
	return s.kept[(step-s.repeated)*s.blocks+block]
}

// first runs one patch of one block forward.
func (s *states) first(b *batch, block, step int) circuit.Tile {
	tile := s.keptTile(block, step)
	if tile == nil {
		tile = s.plain
	}
	s.sampler.forward(tile, b, block, step)
	return tile
}

// second returns a tile with the states that first computed.
func (s *states) second(b *batch, block, step int) circuit.Tile {
	if tile := s.keptTile(block, step); tile != nil {
		return tile
	}
	s.sampler.forward(s.again, b, block, step)
	return s.again
}
