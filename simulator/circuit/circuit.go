package circuit

import (
	"errors"
	"fmt"
)

// Lanes is the number of samples that a tile carries side by side.
const Lanes = 16

// Circuit is an ansatz made ready to run: its geometry, and which of the two
// engines runs it. It is immutable and safe for concurrent use; patches and
// tiles belong to one goroutine each.
type Circuit struct {
	ansatz Ansatz
	loops  *loops
	plan   *plan // nil: the general engine
}

// Compile makes an ansatz ready to run on a kernel.
func Compile(a Ansatz, k Kernel) (*Circuit, error) {
	if err := a.Validate(); err != nil {
		return nil, fmt.Errorf("compile circuit: %w", err)
	}
	if k.loops == nil {
		return nil, errors.New("compile circuit: no kernel given")
	}
	return &Circuit{ansatz: a, loops: k.loops, plan: newPlan(a)}, nil
}

// Patch holds one patch's angles in the form that tiles read. Many tiles may
// read it at once, while nobody sets it.
type Patch struct {
	angles []float64
	frame  *frame // nil with the general engine
}

// NewPatch returns a patch whose angles are all 0.
func (c *Circuit) NewPatch() *Patch {
	p := &Patch{angles: make([]float64, c.ansatz.Angles())}
	if c.plan != nil {
		p.frame = newFrame(c.plan)
		p.frame.set(p.angles)
	}
	return p
}

// Set takes new angles, [layer][qubit][RY, RZ] flattened, in radians. It
// panics if their number is not Ansatz.Angles.
func (p *Patch) Set(angles []float64) {
	if len(angles) != len(p.angles) {
		panic(fmt.Sprintf("circuit: set %d angles of a patch that has %d", len(angles), len(p.angles)))
	}
	copy(p.angles, angles)
	if p.frame != nil {
		p.frame.set(angles)
	}
}

// Tile is the work space of one batch of Lanes samples through one patch.
// Forward comes first; the other calls read what it has left, in any order and
// as often as wanted. No call allocates.
type Tile interface {
	// Forward runs the patch for noise[row][lane], Ansatz.NoiseRows rows of
	// angles in radians. The angles may be any finite numbers.
	Forward(p *Patch, noise []float32)
	// Probabilities fills dst[word][lane] with the law of the feature qubits:
	// 2^Neurons words, bit q of a word is neuron q.
	Probabilities(dst []float32)
	// Sample measures every lane once: a uniform number in [0, 1) becomes a
	// word, by the running sum of the probabilities in a fixed order of states.
	Sample(uniform *[Lanes]float32, words *[Lanes]uint32)
	// Backward adds Σ_lanes ∂/∂angles Σ_x p(x)·weights[x][lane] to gradient,
	// which has the shape of the angles. Only a tile that keeps its states has
	// it; p is the patch of the last Forward, with the same angles.
	Backward(p *Patch, weights []float32, gradient []float64)
}

// NewTile returns a work space; keep says that Backward will be called.
func (c *Circuit) NewTile(keep bool) Tile {
	if c.plan != nil {
		return newFastTile(c.plan, c.loops, newWorkspace(c.plan, keep))
	}
	return newGeneralTile(c.ansatz)
}

// NewTiles returns tiles for Backward that belong to one goroutine together:
// they share all but what Forward leaves to the other calls, StateBytes each.
func (c *Circuit) NewTiles(count int) []Tile {
	tiles := make([]Tile, count)
	if c.plan == nil {
		for i := range tiles {
			tiles[i] = newGeneralTile(c.ansatz)
		}
		return tiles
	}
	w := newWorkspace(c.plan, true)
	for i := range tiles {
		tiles[i] = newFastTile(c.plan, c.loops, w)
	}
	return tiles
}

// StateBytes is about the memory that a tile of NewTiles has for itself.
func (c *Circuit) StateBytes() int {
	const perRow, perAmplitude = 4 * width, 16
	if c.plan != nil {
		return perRow * c.plan.keptRows()
	}
	return Lanes * exactStates * perAmplitude << c.ansatz.Qubits()
}
