package gan

import "spiqsweep/simulator/circuit"

// keptBytes bounds the memory of kept forward states. Keeping a state saves a
// second forward pass but may have to load it from a slower cache. Time of an
// iteration in ms by that memory, at n = 10, t = 30, where the states of a block take
// 10 MB, on AMD Zen 5 with 1 MiB of second-level cache a core and a share of 32 MiB
// of third-level cache; with trainings on one core, and on both:
//
//	      5 MB   6 MB   7 MB   8 MB   10 MB
//	one   5.07   5.01   4.96   4.91    4.75
//	both  5.29   5.08   5.06   5.03    5.14
//
// On a busier machine, with slower loops, both cores took 5.35 to 5.56 ms from 5 to
// 7 MB, and 5.65 ms at 8 MB: 7 MB is the most that did not lose. The results do not
// depend on this bound.
const keptBytes = 7 << 20

// states runs a part of the generator's batch forward, from the first step to the last, and
// provides its states again for Backward, from the last step to the first. It
// keeps the states of as many of the last steps as memory allows, one tile per
// patch and block, and repeats the forward pass for the others.
type states struct {
	sampler  *sampler
	blocks   int            // of a part
	repeated int            // number of steps whose states are not kept
	kept     []circuit.Tile // [step − repeated][block]
	plain    circuit.Tile   // for the first pass of repeated steps
	again    circuit.Tile   // for their second pass
}

// newStates returns states for parts of the given number of blocks, which keep at most
// the given number of bytes. They use the tile plain for first passes; the caller may use
// it between them.
func newStates(m *sampler, plain circuit.Tile, blocks, bytes int) *states {
	steps := m.generator.Timesteps
	kept := min(steps, bytes/(blocks*m.circuit.StateBytes()))
	tiles := m.circuit.NewTiles(kept*blocks + 1)
	return &states{
		sampler: m, blocks: blocks, repeated: steps - kept,
		kept: tiles[1:], plain: plain, again: tiles[0],
	}
}

// keptTile returns the tile that keeps the states of a step, or nil.
func (s *states) keptTile(b *batch, block, step int) circuit.Tile {
	if step < s.repeated {
		return nil
	}
	return s.kept[(step-s.repeated)*s.blocks+block-b.first]
}

// first runs one patch of one block forward.
func (s *states) first(b *batch, block, step int) circuit.Tile {
	tile := s.keptTile(b, block, step)
	if tile == nil {
		tile = s.plain
	}
	s.sampler.forward(tile, b, block, step)
	return tile
}

// second returns a tile with the states that first computed.
func (s *states) second(b *batch, block, step int) circuit.Tile {
	if tile := s.keptTile(b, block, step); tile != nil {
		return tile
	}
	s.sampler.forward(s.again, b, block, step)
	return s.again
}
