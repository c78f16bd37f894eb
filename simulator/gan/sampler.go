package gan

import (
	"fmt"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

// sampler draws windows from a generator with given angles on the fast kernel.
type sampler struct {
	generator Generator
	circuit   *circuit.Circuit
	patches   []*circuit.Patch
	drawn     [lanes]uint32
}

func newSampler(g Generator) (*sampler, error) {
	c, err := circuit.Compile(g.Ansatz, g.Kernel)
	if err != nil {
		return nil, fmt.Errorf("make sampler: %w", err)
	}
	s := &sampler{generator: g, circuit: c, patches: make([]*circuit.Patch, g.Timesteps)}
	for i := range s.patches {
		s.patches[i] = c.NewPatch()
	}
	return s, nil
}

// set takes the angles of all patches, [time][layer][qubit][RY, RZ].
func (s *sampler) set(angles []float64) {
	for i, p := range s.patches {
		p.Set(s.generator.patchAngles(angles, i))
	}
}

// batch holds samples in blocks of lanes, with their noise and measurements.
type batch struct {
	first   int         // block; those before it belong to another part of the batch
	size    int         // samples, up to the end of the last block
	noise   [][]float32 // [block·noisyPatches], each [row][lane], radians
	uniform []laneRow   // [block·t], one measurement each
	words   []uint32    // [sample][time]
}

func (s *sampler) newBatch(size int) *batch {
	blocks := (size + lanes - 1) / lanes
	b := &batch{
		size:    size,
		noise:   make([][]float32, blocks*s.noisyPatches()),
		uniform: make([]laneRow, blocks*s.generator.Timesteps),
		words:   make([]uint32, size*s.generator.Timesteps),
	}
	for i := range b.noise {
		b.noise[i] = make([]float32, s.generator.Ansatz.NoiseRows()*lanes)
	}
	return b
}

// blocks returns the number of blocks of lanes.
func (b *batch) blocks() int { return (b.size + lanes - 1) / lanes }

// parts splits a batch into parts of so many blocks. They share their memory with it.
func (b *batch) parts(blocks int) (parts []*batch) {
	for first := 0; first < b.blocks(); first += blocks {
		part := *b
		part.first, part.size = first, min(b.size, (first+blocks)*lanes)
		parts = append(parts, &part)
	}
	return parts
}

// used returns the number of lanes of a block that hold a sample.
func (b *batch) used(block int) int { return min(lanes, b.size-block*lanes) }

// noisyPatches returns the number of patches that draw noise: t, or 1 if all
// patches share it.
func (s *sampler) noisyPatches() int {
	if s.generator.NoisePerPatch {
		return s.generator.Timesteps
	}
	return 1
}

// patchNoise returns the noise of one patch in one block, [row][lane].
func (s *sampler) patchNoise(b *batch, block, step int) []float32 {
	if s.generator.NoisePerPatch {
		return b.noise[block*s.generator.Timesteps+step]
	}
	return b.noise[block]
}

// draw draws the random numbers of a block: first the noise, one row of lanes for
// each independent row of each patch that draws noise, then the measurements, one
// row per step. It also draws for lanes without a sample.
func (s *sampler) draw(b *batch, block int, noise, measurement *random.Generator) {
	for _, rows := range b.noise[block*s.noisyPatches():][:s.noisyPatches()] {
		s.drawNoise(rows, noise)
	}
	t := s.generator.Timesteps
	for i := range b.uniform[block*t:][:t] {
		measurement.Float32s(b.uniform[block*t+i][:], 0, 1)
	}
}

// drawNoise fills the rows of a patch. Unless noise is per qubit, all qubits of an
// encoding share one γ.
func (s *sampler) drawNoise(rows []float32, noise *random.Generator) {
	g := &s.generator
	all := g.Ansatz.Qubits() * lanes
	for ; len(rows) > 0; rows = rows[all:] {
		drawn := rows[:all]
		if g.Ansatz.Noise != circuit.PerQubit {
			drawn = rows[:lanes]
		}
		noise.Float32s(drawn, g.NoiseLow, g.NoiseHigh-g.NoiseLow)
		for at := len(drawn); at < all; at += lanes {
			copy(rows[at:], drawn)
		}
	}
}

// forward runs one patch of one block on the tile.
func (s *sampler) forward(tile circuit.Tile, b *batch, block, step int) {
	tile.Forward(s.patches[step], s.patchNoise(b, block, step))
}

// measure stores the measured words of one patch of one block, from the tile that
// ran it.
func (s *sampler) measure(tile circuit.Tile, b *batch, block, step int) {
	t := s.generator.Timesteps
	tile.Sample(&b.uniform[block*t+step], &s.drawn)
	words := b.words[block*lanes*t+step:]
	for l := range b.used(block) {
		words[l*t] = s.drawn[l]
	}
}

// sample runs and measures all patches of the batch on one tile.
func (s *sampler) sample(tile circuit.Tile, b *batch) {
	for step := range s.generator.Timesteps {
		for block := range b.blocks() {
			s.forward(tile, b, block, step)
			s.measure(tile, b, block, step)
		}
	}
}
