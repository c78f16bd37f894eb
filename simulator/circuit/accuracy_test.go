package circuit

import (
	"flag"
	"math"
	"testing"
)

var accuracyCircuits = flag.Int("circuits", 30, "random circuits of each size in TestFloat32Error")

// TestFloat32Error measures the errors of the kernels against complex128 over random
// circuits of the paper's kind. With -circuits 1000 -v it logs the numbers in the
// package documentation.
func TestFloat32Error(t *testing.T) {
	for _, k := range Kernels() {
		var largestP, largestG float64
		for _, n := range []int{2, 4, 6, 8, 10} {
			var p, g deviation
			for seed := range uint64(*accuracyCircuits) {
				a := paper(n)
				b := randomBatch(a, seed)
				measure(t, a, k, b, &p, &g)
			}
			t.Logf("%s, n = %d: probabilities typically %.1e, at most %.1e; gradients typically %.1e, at most %.1e",
				k.Name, n, p.typical(), p.largest, g.typical(), g.largest)
			largestP, largestG = max(largestP, p.largest), max(largestG, g.largest)
		}
		if largestP > 6e-7 || largestG > 6e-7 {
			t.Errorf("%s: probabilities off by up to %.1e, gradients by up to %.1e; more than the package comment says", k.Name, largestP, largestG)
		}
	}
}

// deviation collects differences.
type deviation struct{ squares, count, largest float64 }

func (d *deviation) add(x float64) {
	d.squares += x * x
	d.count++
	d.largest = max(d.largest, math.Abs(x))
}

func (d *deviation) typical() float64 { return math.Sqrt(d.squares / d.count) }

// measure compares one lane of a tile and the gradient of that lane with Exact.
func measure(t *testing.T, a Ansatz, k Kernel, b batch, p, g *deviation) {
	const measured = 3
	c, err := Compile(a, k)
	if err != nil {
		t.Fatal(err)
	}
	for i := range b.weights {
		if i%Lanes != measured {
			b.weights[i] = 0
		}
	}
	patch, tile := c.NewPatch(), c.NewTile(true)
	patch.Set(b.angles)
	tile.Forward(patch, b.noise)
	law, gradient := make([]float32, a.Words()*Lanes), make([]float64, a.Angles())
	tile.Probabilities(law)
	tile.Backward(patch, b.weights, gradient)
	wantLaw, wantGradient := exactBoth(a)(b.angles, lane(b.noise, measured), lane(b.weights, measured))
	for x, q := range lane(law, measured) {
		p.add(q - wantLaw[x])
	}
	for i, q := range gradient {
		g.add(q - wantGradient[i])
	}
}
