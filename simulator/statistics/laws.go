package statistics

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// Patches is a model whose time steps are independent given γ.
type Patches interface {
	Neurons() int   // 1 … 20
	Timesteps() int // ≥ 1
	// Probabilities fills dst with the probabilities of the 2ⁿ words of one time
	// step at γ, in radians. Bit q of a word is neuron q.
	Probabilities(step int, gamma float64, dst []float64)
}

// laws[step][word] is the law of each time step.
type laws [][]float64

func newLaws(s shape) laws {
	l := make(laws, s.timesteps)
	for step := range l {
		l[step] = make([]float64, 1<<s.neurons)
	}
	return l
}

// fill sets the laws to those of the patches at γ. It fails if probabilities do
// not add up to 1.
func (l laws) fill(p Patches, gamma float64) error {
	for step, law := range l {
		p.Probabilities(step, gamma, law)
		if sum := total(law); !(math.Abs(sum-1) < 1e-3) {
			return fmt.Errorf("evaluate patch %d at γ = %v: its probabilities add up to %v", step, gamma, sum)
		}
	}
	return nil
}

// mix adds weight times other to the laws.
func (l laws) mix(weight float64, other laws) {
	for step, law := range l {
		floats.AddScaled(law, weight, other[step])
	}
}

func (l laws) clear() {
	for _, law := range l {
		clear(law)
	}
}

// total adds from left to right. The order of gonum's floats.Sum depends on the
// processor and the build tags; results must not.
func total(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum
}
