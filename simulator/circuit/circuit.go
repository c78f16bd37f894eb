package circuit

import (
	"errors"
	"fmt"
)

// Lanes is the number of samples that a tile processes together.
const Lanes = 16

// Circuit is an ansatz compiled for a kernel. It is immutable and safe for
// concurrent use; a patch or a tile belongs to one goroutine.
type Circuit struct {
	ansatz Ansatz
	loops  *loops
	plan   *plan // nil: the general engine, or a classical generator
}

// Compile returns the circuit of an ansatz on a kernel. It fails if the ansatz is
// invalid or the kernel is the zero Kernel.
func Compile(a Ansatz, k Kernel) (*Circuit, error) {
	if err := a.Validate(); err != nil {
		return nil, fmt.Errorf("compile circuit: %w", err)
	}
	l := loopsOf(k)
	if l == nil {
		return nil, errors.New("compile circuit: no kernel given")
	}
	c := &Circuit{ansatz: a, loops: l}
	if a.Model == Quantum {
		c.plan = newPlan(a)
	}
	return c, nil
}

// Patch holds the angles of one patch in the form that tiles read. Tiles may read
// it concurrently, but not during Set.
type Patch struct {
	angles []float64
	frame  *frame // nil with the general engine
	rbm    *rbm   // nil but for an RBM
}

// NewPatch returns a patch whose angles are all 0.
func (c *Circuit) NewPatch() *Patch {
	p := &Patch{angles: make([]float64, c.ansatz.Angles())}
	if c.plan != nil {
		p.frame = newFrame(c.plan, c.loops)
		p.frame.set(p.angles)
	}
	if c.ansatz.Model == RBM {
		p.rbm = newRBM(c.ansatz)
		p.rbm.set(p.angles)
	}
	return p
}

// Set sets the angles, [layer][qubit][RY, RZ] flattened, in radians. It panics if
// their number is not Ansatz.Angles.
func (p *Patch) Set(angles []float64) {
	if len(angles) != len(p.angles) {
		panic(fmt.Sprintf("circuit: set %d angles of a patch that has %d", len(angles), len(p.angles)))
	}
	copy(p.angles, angles)
	if p.frame != nil {
		p.frame.set(angles)
	}
	if p.rbm != nil {
		p.rbm.set(angles)
	}
}

// Tile computes one patch for a batch of Lanes samples. Call Forward first; the
// other methods read its result and may be called repeatedly and in any order. No
// method allocates.
type Tile interface {
	// Forward runs the patch for noise[row][lane], Ansatz.NoiseRows rows of
	// angles in radians. The angles may be any finite numbers.
	Forward(p *Patch, noise []float32)
	// Probabilities fills dst[word][lane] with the probabilities of the 2^Neurons
	// words of the feature qubits. Bit q of a word is neuron q.
	Probabilities(dst []float32)
	// Sample measures every lane once. It maps a uniform number in [0, 1) to a word
	// by the running sum of the probabilities in a fixed order of states.
	Sample(uniform *[Lanes]float32, words *[Lanes]uint32)
	// Backward adds Σ_lanes ∂/∂angles Σ_x p(x)·weights[x][lane] to gradient, which
	// has the shape of the angles, per radian. p must be the patch of the last
	// Forward, with the same angles. The tile must keep its states (see NewTile).
	Backward(p *Patch, weights []float32, gradient []float64)
}

// NewTile returns a tile. keep must be true if Backward will be called.
func (c *Circuit) NewTile(keep bool) Tile {
	switch {
	case c.plan != nil:
		return newFastTile(c.plan, c.loops, newWorkspace(c.plan, keep))
	case c.ansatz.Model == Mixture:
		return newMixtureTile(c.ansatz)
	case c.ansatz.Model == RBM:
		return newRBMTile(c.ansatz)
	}
	return newGeneralTile(c.ansatz)
}

// NewTiles returns tiles for Backward that share their scratch memory, so that one
// goroutine must use them all. Each has its own results of Forward, StateBytes.
func (c *Circuit) NewTiles(count int) []Tile {
	tiles := make([]Tile, count)
	if c.plan == nil {
		for i := range tiles {
			tiles[i] = c.NewTile(true)
		}
		return tiles
	}
	w := newWorkspace(c.plan, true)
	for i := range tiles {
		tiles[i] = newFastTile(c.plan, c.loops, w)
	}
	return tiles
}

// StateBytes returns the approximate memory of a tile of NewTiles, in bytes,
// without the shared scratch memory.
func (c *Circuit) StateBytes() int {
	const perRow, perAmplitude = 4 * width, 16
	switch {
	case c.plan != nil:
		return perRow * c.plan.keptRows()
	case c.ansatz.Model != Quantum:
		return Lanes * 8 << c.ansatz.Neurons
	}
	return Lanes * exactStates * perAmplitude << c.ansatz.Qubits()
}
