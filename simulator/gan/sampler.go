package gan

import (
	"fmt"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

// sampler draws windows from a generator with given angles on the fast kernel.
type sampler struct {
	generator Generator
	loops     *loops
	circuit   *circuit.Circuit
	patches   []*circuit.Patch
}

func newSampler(g Generator) (*sampler, error) {
	c, err := circuit.Compile(g.Ansatz, g.Kernel)
	if err != nil {
		return nil, fmt.Errorf("make sampler: %w", err)
	}
	s := &sampler{generator: g, loops: loopsOf(g.Kernel), circuit: c, patches: make([]*circuit.Patch, g.Timesteps)}
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
	shares  []float32   // of the noise, [block·noisyPatches][independent row][lane], in [0, 1)
	rows    []float32   // [block·noisyPatches][row][lane], radians
	noise   [][]float32 // [block·noisyPatches], slices of rows
	uniform []float32   // [block·t][lane], one measurement each
	drawn   []uint32    // [block·t][lane], the measured words
	words   []uint32    // [sample][time], filled by windows
}

func (s *sampler) newBatch(size int) *batch {
	blocks, row := (size+lanes-1)/lanes, s.generator.Ansatz.NoiseRows()*lanes
	rows := blocks * s.noisyPatches() * row
	b := &batch{
		size:    size,
		shares:  make([]float32, rows/s.qubitsPerAngle()),
		rows:    make([]float32, rows),
		noise:   make([][]float32, blocks*s.noisyPatches()),
		uniform: make([]float32, blocks*s.generator.Timesteps*lanes),
		drawn:   make([]uint32, blocks*s.generator.Timesteps*lanes),
		words:   make([]uint32, size*s.generator.Timesteps),
	}
	for i := range b.noise {
		b.noise[i] = b.rows[i*row:][:row]
	}
	return b
}

// blocks returns the number of blocks of lanes.
func (b *batch) blocks() int { return (b.size + lanes - 1) / lanes }

// parts splits a batch into parts of the given number of blocks. They share their memory with it.
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

// qubitsPerAngle returns the number of qubits of an encoding that share one γ.
func (s *sampler) qubitsPerAngle() int {
	if s.generator.Ansatz.Noise == circuit.PerQubit {
		return 1
	}
	return s.generator.Ansatz.Qubits()
}

// draw draws the random numbers of a batch, block by block: the noise, one row of lanes
// for each independent row of each patch that draws noise, and the measurements, one row
// per step. It also draws for lanes without a sample.
func (s *sampler) draw(b *batch, noise, measurement *random.Generator) {
	measurement.Fill(b.uniform, s.loops.float32s)
	noise.Fill(b.shares, s.loops.float32s)
	low, width, rows := s.generator.NoiseLow, s.generator.NoiseHigh-s.generator.NoiseLow, b.rows
	for shares := b.shares; len(shares) > 0; shares = shares[lanes:] {
		first := rows[:lanes]
		for l, u := range shares[:lanes] {
			first[l] = float32(low + width*float64(u))
		}
		rows = rows[lanes:]
		for range s.qubitsPerAngle() - 1 {
			copy(rows, first)
			rows = rows[lanes:]
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
	uniform := (*laneRow)(b.uniform[(block*s.generator.Timesteps+step)*lanes:])
	tile.Sample(uniform, s.drawn(b, block, step))
}

// windows returns the measured windows of a batch, [sample][time].
func (s *sampler) windows(b *batch) []uint32 {
	t := s.generator.Timesteps
	for j := range b.size {
		for step := range t {
			b.words[j*t+step] = s.drawn(b, j/lanes, step)[j%lanes]
		}
	}
	return b.words
}

// drawn returns the measured words of one patch in one block.
func (s *sampler) drawn(b *batch, block, step int) *[lanes]uint32 {
	return (*[lanes]uint32)(b.drawn[(block*s.generator.Timesteps+step)*lanes:])
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
