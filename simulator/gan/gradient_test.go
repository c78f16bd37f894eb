package gan

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"spiqsweep/simulator/circuit"
)

// TestEstimatorsAreUnbiased checks that the mean over all outcomes is the gradient
// of the expected loss, for the standard loss and every form documented as
// unbiased. It checks AbsoluteIndependent for one sign of D′.
func TestEstimatorsAreUnbiased(t *testing.T) {
	for _, gradient := range []Gradient{Local, Reinforce} {
		for _, form := range append([]KLoss{""}, kLosses...) {
			if form == AbsoluteSign {
				continue
			}
			t.Run(fmt.Sprintf("%s,%s", gradient, form), func(t *testing.T) {
				s := tinySettings(gradient, form, 0.7)
				if form == "" {
					s.KLoss, s.K = Absolute, 0
				}
				e := newEnumeration(t, s)
				if d := distance(e.meanEstimate(), e.trueGradient()); !(d < 2e-5) {
					t.Errorf("the mean is off by %.1e of the largest derivative", d)
				}
			})
		}
	}
}

// TestMMDIsUnbiased is TestEstimatorsAreUnbiased for the objective MMD.
func TestMMDIsUnbiased(t *testing.T) {
	s := tinySettings("", "", 0)
	s.Objective = MMD
	e := newEnumeration(t, s)
	if d := distance(e.meanEstimate(), e.trueGradient()); !(d < 2e-5) {
		t.Errorf("the mean is off by %.1e of the largest derivative", d)
	}
}

// TestBiasedEstimatorsAreBiased checks the estimators documented as biased.
func TestBiasedEstimatorsAreBiased(t *testing.T) {
	tests := map[string]Settings{
		"absolute_sign":    tinySettings(Local, AbsoluteSign, 0.7),
		"straight_through": tinySettings(StraightThrough, Absolute, 0),
		"expectation":      tinySettings(Expectation, Absolute, 0),
	}
	for name, s := range tests {
		t.Run(name, func(t *testing.T) {
			e := newEnumeration(t, s)
			if d := distance(e.meanEstimate(), e.trueGradient()); !(d > 0.01) {
				t.Errorf("the mean is off by only %.1e of the largest derivative", d)
			}
		})
	}
}

// TestParameterShift checks, for one batch of outcomes, that the mean over the
// measurements of the shifted circuits is the gradient with Local's weights.
func TestParameterShift(t *testing.T) {
	s := tinySettings(ParameterShift, Square, 0.7)
	s.BatchSize = 1
	e := newEnumeration(t, s)
	e.actor.k.begin(e.Trainer.real)
	e.actor.observe(e.batch)
	e.actor.estimator.prepare(e.batch)
	got, want := make([]float64, s.Parameters()), make([]float64, s.Parameters())
	for step := range s.Timesteps {
		tile := e.sampler.circuit.NewTile(true)
		e.sampler.forward(tile, e.batch, 0, step)
		e.actor.weigh(tile, e.batch, 0, step)
		tile.Backward(e.sampler.patches[step], e.actor.weights[0], s.patchAngles(want, step))
		angles := s.patchAngles(e.actor.angles, step)
		for i := range angles {
			s.patchAngles(got, step)[i] = integrate(func(u float32) (float64, [2]uint32) {
				return e.shifted(u, step, i)
			}, 0, 1)
		}
	}
	if d := distance(got, want); !(d < 1e-4) {
		t.Errorf("off by %.1e of the largest derivative:\n%.5f\n%.5f", d, got, want)
	}
}

// TestExpectationGradient compares with finite differences of the loss at the
// expected bits.
func TestExpectationGradient(t *testing.T) {
	for _, form := range []KLoss{Absolute, Square, SquarePairs, Population} {
		s := tinySettings(Expectation, form, 0.7)
		e := newEnumeration(t, s)
		n := s.Ansatz.Neurons
		want := finiteDifferences(e.actor.angles, func(angles []float64) float64 {
			loss, difference, pairs := 0.0, 0.0, 0.0
			bins := make([]float64, n+1)
			for j, steps := range e.laws(angles) {
				expected, surplus := make([]float64, s.inputs()), 0.0
				for step, law := range steps {
					for x, p := range law {
						for q, bit := range bitsOf(n, []uint32{uint32(x)}) {
							expected[step*n+q] += p * bit
							surplus += p * bit
						}
						bins[x&1+x>>1] += p
					}
				}
				for _, bit := range bitsOf(n, e.real[j]) {
					surplus -= bit
				}
				for _, word := range e.real[j] {
					bins[word&1+word>>1]--
				}
				loss -= e.reference.value(expected) / 2
				difference += surplus / 2
				pairs += surplus * surplus / 2
			}
			ell := map[KLoss]float64{Absolute: math.Abs(difference), Square: difference * difference, SquarePairs: pairs}
			for _, b := range bins {
				ell[Population] += math.Abs(b) / 2
			}
			return loss + s.K*ell[form]
		})
		e.actor.k.begin(e.Trainer.real)
		e.actor.differentiate()
		if d := distance(e.actor.gradient, want); !(d < 2e-5) {
			t.Errorf("%s: off by %.1e of the largest derivative", form, d)
		}
	}
}

// TestStraightThroughGradient compares with the exact gradient of the documented
// weights.
func TestStraightThroughGradient(t *testing.T) {
	s := defaults(3, 2, 1)
	s.Gradient, s.BatchSize, s.K, s.KLoss = StraightThrough, 18, 0.7, SquarePairs
	e := newEnumeration(t, s)
	e.actor.k.begin(e.Trainer.real)
	e.actor.differentiate()
	want := e.exactGradient(func(j, step int, outcome uint32) float64 {
		drawn := s.window(e.sampler.windows(e.batch), j)
		w, surplus, spikes := 0.0, 0.0, 0.0
		slope := e.reference.slope(bitsOf(3, drawn))
		for q, bit := range bitsOf(3, []uint32{outcome}) {
			w -= slope[step*3+q] * bit
			spikes += bit
		}
		for i, bit := range bitsOf(3, drawn) {
			surplus += bit - bitsOf(3, e.real[j])[i]
		}
		return w + s.K*2*surplus*spikes
	})
	if d := distance(e.actor.gradient, want); !(d < 2e-5) {
		t.Errorf("off by %.1e of the largest derivative", d)
	}
}

// TestLocalGradientOfAnyShape compares one batch's local gradient with its
// definition in float64, for drawn neurons, steps, batch, hidden units and noise.
func TestLocalGradientOfAnyShape(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := defaults(rapid.IntRange(1, 5).Draw(r, "neurons"), rapid.IntRange(1, 3).Draw(r, "steps"), 1)
		s.Ansatz.Layers = rapid.IntRange(1, 3).Draw(r, "layers")
		s.Ansatz.Noise = rapid.SampledFrom([]circuit.Noise{circuit.Shared, circuit.PerQubit, circuit.NoNoise}).Draw(r, "noise")
		s.Ansatz.Auxiliary = rapid.IntRange(0, 1).Draw(r, "auxiliary")
		s.NoisePerPatch = rapid.Bool().Draw(r, "noise per patch")
		s.Ansatz.NoisePerLayer = rapid.Bool().Draw(r, "noise per layer")
		s.BatchSize = rapid.IntRange(1, 20).Draw(r, "batch")
		s.HiddenUnits = rapid.IntRange(1, 20).Draw(r, "hidden")
		s.KLoss = rapid.SampledFrom([]KLoss{Absolute, Square, AbsolutePairs, SquarePairs, Sorted, Population, Linear}).Draw(r, "form")
		s.K = rapid.SampledFrom([]float64{0, 0.7}).Draw(r, "k")
		e := newEnumeration(t, s)
		if e.batch.drawn[0] != 0 {
			r.Fatal("the batch is not fresh")
		}
		e.compareLocal(r)
	})
}

// TestMMDGradientOfAnyShape is TestLocalGradientOfAnyShape for the objective MMD.
func TestMMDGradientOfAnyShape(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := defaults(rapid.IntRange(1, 5).Draw(r, "neurons"), rapid.IntRange(1, 3).Draw(r, "steps"), 1)
		s.Objective = MMD
		s.Ansatz.Layers = rapid.IntRange(1, 3).Draw(r, "layers")
		s.Ansatz.Noise = rapid.SampledFrom([]circuit.Noise{circuit.Shared, circuit.PerQubit, circuit.NoNoise}).Draw(r, "noise")
		s.Ansatz.Auxiliary = rapid.IntRange(0, 1).Draw(r, "auxiliary")
		s.Ansatz.Readout = rapid.SampledFrom([]circuit.Readout{circuit.Trace, circuit.Postselect}).Draw(r, "readout")
		s.NoisePerPatch = rapid.Bool().Draw(r, "noise per patch")
		s.Ansatz.NoisePerLayer = rapid.Bool().Draw(r, "noise per layer")
		s.BatchSize = rapid.IntRange(2, 20).Draw(r, "batch")
		e := newEnumeration(t, s)
		e.compareLocal(r)
	})
}

// compareLocal compares the local gradient of the current batch with its definition.
func (e *enumeration) compareLocal(r *rapid.T) {
	e.actor.estimator.begin(e.Trainer.real)
	e.actor.differentiate()
	s, words := e.settings, e.sampler.windows(e.batch)
	want := e.exactGradient(func(j, step int, outcome uint32) float64 {
		moved := append([]uint32(nil), words...)
		moved[j*s.Timesteps+step] = outcome
		return float64(s.BatchSize) * e.loss(moved)
	})
	if d := distance(e.actor.gradient, want); !(d < 1e-4) {
		r.Errorf("off by %.1e of the largest derivative", d)
	}
}

// TestKeptAndRepeatedStatesAgree checks that the result does not depend on whether
// forward states are kept or computed again.
func TestKeptAndRepeatedStatesAgree(t *testing.T) {
	s := defaults(3, 3, 3)
	s.BatchSize = 20
	var want []float64
	for repeated := range s.Timesteps + 1 {
		trainer := newTestTrainer(t, s)
		states := trainer.actor.states
		if states.repeated != 0 {
			t.Fatal("the states of a small circuit are not kept")
		}
		states.repeated, states.kept = repeated, states.kept[repeated*states.blocks:]
		run(t, trainer, s.Steps)
		if repeated == 0 {
			want = trainer.Angles()
		}
		if diff := cmp.Diff(want, trainer.Angles()); diff != "" {
			t.Fatalf("%d of %d steps repeated: angles (-kept +got):\n%s", repeated, s.Timesteps, diff)
		}
	}
}

// TestUnusedLanesHaveNoWeight checks the weights of a block's unused lanes.
func TestUnusedLanesHaveNoWeight(t *testing.T) {
	for _, gradient := range []Gradient{Local, Expectation, StraightThrough, Reinforce} {
		s := defaults(2, 1, 1)
		s.BatchSize, s.Gradient, s.K = 19, gradient, 1
		trainer := newTestTrainer(t, s)
		if err := trainer.Step(); err != nil {
			t.Fatal(err)
		}
		used := false
		for i, w := range trainer.actor.weights[1] {
			used = used || w != 0
			if i%lanes >= 3 && w != 0 {
				t.Errorf("%s: lane %d has the weight %v", gradient, i%lanes, w)
			}
		}
		if !used {
			t.Errorf("%s: no lane has a weight", gradient)
		}
	}
}
