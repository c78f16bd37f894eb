package gan

import (
	"fmt"

	"spiqsweep/simulator/random"
)

// critic is the network that tells real windows from generated ones, and its
// training by equation 1 of the paper,
//
//	L_C = 1/(2B) Σ_j [C(G_j) − C(x_j)] + constraint.
//
// The offset of the last layer drops out of it: its gradient is 0.
type critic struct {
	settings      Settings
	weights       *network
	gradient      *network
	adam          adam[float32]
	penalty       *penalty
	updates       int       // done so far
	interpolation []float32 // [sample], uniform on [0, 1): where between the pair the penalty looks

	real, fake []float32 // [lane][stride], pre-activations of a block
	back       []float32 // [stride]
}

func newCritic(s Settings, start random.Generator) *critic {
	w := newNetwork(s.inputs(), s.HiddenUnits)
	w.start(start)
	return &critic{
		settings: s, weights: w, gradient: newNetwork(s.inputs(), s.HiddenUnits),
		adam:          newAdam[float32](len(w.all), s.Beta1, s.Beta2),
		penalty:       newPenalty(s, w.stride),
		interpolation: make([]float32, s.BatchSize),
		real:          make([]float32, lanes*w.stride), fake: make([]float32, lanes*w.stride),
		back: make([]float32, w.stride),
	}
}

// update makes one step of Adam down L_C; real and fake are [sample][step].
func (c *critic) update(real, fake []uint32, rate float64) error {
	c.differentiate(real, fake)
	c.updates++
	c.adam.update(c.weights.all, c.gradient.all, rate, c.updates)
	if c.settings.Constraint == Clip {
		clip(c.weights.all, float32(c.settings.ClipBound))
	}
	if !finite(c.weights.all...) {
		return fmt.Errorf("update critic: update %d made a weight infinite or not a number", c.updates)
	}
	return nil
}

// differentiate fills gradient with that of L_C.
func (c *critic) differentiate(real, fake []uint32) {
	clear(c.gradient.all)
	share := float32(1 / (2 * float64(c.settings.BatchSize)))
	for first := 0; first < c.settings.BatchSize; first += lanes {
		used := min(lanes, c.settings.BatchSize-first)
		for l := range used {
			c.sample(c.real[l*c.weights.stride:], c.window(real, first+l), -share)
			c.sample(c.fake[l*c.weights.stride:], c.window(fake, first+l), share)
		}
		if c.settings.Constraint.penalised() {
			c.penalty.add(c.weights, c.gradient, c.real, c.fake, c.interpolation[first:], used, c.settings.BatchSize)
		}
	}
}

// window is sample j of a batch.
func (c *critic) window(batch []uint32, j int) []uint32 {
	t := c.settings.Timesteps
	return batch[j*t : (j+1)*t]
}

// sample leaves a window's pre-activation in row and adds the gradient of share·C.
func (c *critic) sample(row []float32, window []uint32, share float32) {
	row = row[:c.weights.stride]
	c.weights.preactivation(row, c.settings.Ansatz.Neurons, window)
	backRow(c.back, row, c.weights.second, c.gradient.second, c.gradient.bias, share)
	c.gradient.addColumns(c.back, c.settings.Ansatz.Neurons, window)
	c.gradient.offset[0] += share
}
