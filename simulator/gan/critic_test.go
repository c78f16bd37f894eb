package gan

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"spiqsweep/simulator/random"
)

// TestCriticGradient compares the gradient of L_C with finite differences of the
// formula in float64, for all constraints and batch sizes around multiples of the
// lanes.
func TestCriticGradient(t *testing.T) {
	for _, constraint := range []Constraint{OneSided, TwoSided, NoConstraint, Clip} {
		for _, size := range []int{1, 15, 16, 17, 35} {
			t.Run(fmt.Sprintf("%s, batch of %d", constraint, size), func(t *testing.T) {
				s := defaults(3, 2, 1)
				s.Constraint, s.BatchSize, s.HiddenUnits = constraint, size, 9
				c, real, fake := testCritic(s)
				c.differentiate(real, byLane(fake, s.Timesteps))

				got := c.gradient.reference().parameters()
				reference := c.weights.reference()
				for i, p := range reference.parameters() {
					const h = 1e-6
					at := *p
					*p = at + h
					up := reference.loss(c, real, fake)
					*p = at - h
					down := reference.loss(c, real, fake)
					*p = at
					if want := (up - down) / (2 * h); math.Abs(*got[i]-want) > 1e-5*(1+math.Abs(want)) {
						t.Errorf("weight %d: gradient %.7f, finite difference %.7f", i, *got[i], want)
					}
				}
				for i, g := range c.gradient.all {
					if h := i % c.gradient.stride; h >= s.HiddenUnits && i != len(c.gradient.all)-1 && g != 0 {
						t.Errorf("padding %d has the gradient %v", i, g)
					}
				}
			})
		}
	}
}

// testCritic returns a critic with weights so steep that every constraint acts.
func testCritic(s Settings) (c *critic, real, fake []uint32) {
	d := newDraws(s.address(0))
	c = newCritic(s, d.startCritic())
	for i := range c.weights.all {
		c.weights.all[i] *= 2
	}
	d.drawInterpolation(c, 0, 0)
	g := random.Training{}.Stream("critic test").At(0, 0)
	return c, randomWords(&g, s.Ansatz.Neurons, s.BatchSize*s.Timesteps), randomWords(&g, s.Ansatz.Neurons, s.BatchSize*s.Timesteps)
}

// loss returns L_C in float64.
func (r *referenceCritic) loss(c *critic, real, fake []uint32) float64 {
	s := c.settings
	size := float64(s.BatchSize)
	loss := 0.0
	for j := range s.BatchSize {
		x, y := bitsOf(s.Ansatz.Neurons, s.window(real, j)), bitsOf(s.Ansatz.Neurons, s.window(fake, j))
		loss += (r.value(y) - r.value(x)) / (2 * size)
		if s.Constraint != OneSided && s.Constraint != TwoSided {
			continue
		}
		u := float64(c.interpolation[j])
		for i := range x {
			x[i] = u*x[i] + (1-u)*y[i]
		}
		squares := 0.0
		for _, v := range r.slope(x) {
			squares += v * v
		}
		excess := math.Sqrt(squares) - 1
		if s.Constraint == OneSided {
			excess = max(0, excess)
		}
		loss += s.PenaltyWeight / size * excess * excess
	}
	return loss
}

// TestPenaltyOfAFlatCritic checks that the gradient is 0 where ∇C = 0 and the norm
// has no derivative.
func TestPenaltyOfAFlatCritic(t *testing.T) {
	s := defaults(2, 1, 1)
	s.Constraint = TwoSided
	c, real, fake := testCritic(s)
	clear(c.weights.second)
	c.differentiate(real, byLane(fake, s.Timesteps))
	if !finite(c.gradient.all...) {
		t.Fatal("the gradient is not finite")
	}
	for i, g := range c.gradient.first {
		if g != 0 {
			t.Fatalf("first-layer weight %d has the gradient %v", i, g)
		}
	}
}

// TestCriticUpdate checks that an update is one step of Adam and that clip bounds
// every weight.
func TestCriticUpdate(t *testing.T) {
	for _, constraint := range []Constraint{OneSided, Clip} {
		s := defaults(2, 3, 1)
		s.Constraint, s.ClipBound = constraint, 0.03
		c, real, fake := testCritic(s)
		before := append([]float32(nil), c.weights.all...)
		if err := c.update(real, byLane(fake, s.Timesteps), 0.01); err != nil {
			t.Fatal(err)
		}
		for i, w := range c.weights.all {
			// β₁ = 0: the first step is rate·g/(|g| + ε), that is rate·sign(g).
			want := before[i]
			if g := c.gradient.all[i]; g != 0 {
				want -= 0.01 * float32(sign(float64(g))) * float32(1/(1+adamEpsilon/math.Abs(float64(g))))
			}
			if constraint == Clip {
				want = min(max(want, -0.03), 0.03)
			}
			if math.Abs(float64(w-want)) > 1e-5 {
				t.Errorf("%s: weight %d went from %v to %v, want %v", constraint, i, before[i], w, want)
			}
		}
	}
}

// TestPreactivation compares the sum of columns with the dense formula.
func TestPreactivation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, steps := rapid.IntRange(1, 20).Draw(t, "neurons"), rapid.IntRange(1, 4).Draw(t, "steps")
		w := newNetwork(&portable, n*steps, rapid.IntRange(1, 40).Draw(t, "hidden"))
		w.start(random.Training{Seed: rapid.Uint64().Draw(t, "seed")}.Stream("test").At(0, 0))
		window := rapid.SliceOfN(rapid.Uint32Range(0, 1<<n-1), steps, steps).Draw(t, "window")
		row := make([]float32, w.stride)
		sets := newInputSets(1, n, steps)
		sets.set(&portable, 0, window)
		w.preactivations(row, sets)
		for h, got := range row {
			want := float64(w.bias[h])
			for i, x := range bitsOf(n, window) {
				want += x * float64(w.column(i)[h])
			}
			if math.Abs(float64(got)-want) > 1e-5 {
				t.Fatalf("unit %d: %v, want %v", h, got, want)
			}
		}
	})
}

// TestCriticInitialWeights checks that the weights fill PyTorch's default bounds
// and that padding is zero.
func TestCriticInitialWeights(t *testing.T) {
	w := newNetwork(&portable, 4, 100)
	w.start(random.Training{}.Stream("test").At(0, 0))
	largest := func(row []float32) float64 {
		m := 0.0
		for _, v := range row {
			m = max(m, math.Abs(float64(v)))
		}
		return m
	}
	for _, test := range []struct {
		name  string
		row   []float32
		bound float64
	}{{"first", w.first, 0.5}, {"bias", w.bias, 0.5}, {"second", w.second, 0.1}} {
		if m := largest(test.row); m > test.bound || m < 0.9*test.bound {
			t.Errorf("%s goes to ±%.3f, want nearly ±%.3f", test.name, m, test.bound)
		}
	}
	if math.Abs(float64(w.offset[0])) > 0.1 {
		t.Errorf("offset is %v, want within ±0.1", w.offset[0])
	}
	for i := range 4 {
		if m := largest(w.column(i)[100:]); m != 0 {
			t.Errorf("column %d has padding up to %v", i, m)
		}
	}
}
