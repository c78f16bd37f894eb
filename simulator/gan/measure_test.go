package gan

import (
	"bytes"
	"fmt"
	"math"
	"testing"
)

// TestCriticLoss compares the measured L_C with the formula in float64.
func TestCriticLoss(t *testing.T) {
	for _, constraint := range []Constraint{OneSided, TwoSided, NoConstraint, Clip} {
		for _, size := range []int{1, 15, 16, 17, 35} {
			s := defaults(3, 2, 1)
			s.Constraint, s.BatchSize, s.HiddenUnits = constraint, size, 9
			c, real, fake := testCritic(s)
			c.differentiate(real, byLane(fake, s.Timesteps))
			if !math.IsNaN(c.loss) {
				t.Errorf("a loss of %v that was not to be measured", c.loss)
			}
			c.measures = true
			want := c.weights.reference().loss(c, real, fake)
			if c.differentiate(real, byLane(fake, s.Timesteps)); math.Abs(c.loss-want) > 1e-5*(1+math.Abs(want)) {
				t.Errorf("%s, batch of %d: loss %v, want %v", constraint, size, c.loss, want)
			}
		}
	}
}

// TestGeneratorLoss compares the measured L_G with the formula in float64, for every form
// of the K-loss and every estimator that measures windows, and the gradient's norm with
// the gradient.
func TestGeneratorLoss(t *testing.T) {
	for name, s := range variants(3) {
		if s.Objective != WGAN || s.Gradient == Expectation {
			continue
		}
		t.Run(name, func(t *testing.T) {
			trainer := newTestTrainer(t, s)
			trainer.Measure(true)
			for step := range 3 {
				run(t, trainer, 1)
				_, got := trainer.Losses()
				critic, n := trainer.critic.weights.reference(), s.Ansatz.Neurons
				want := 0.0
				for j := range s.BatchSize {
					want -= critic.value(bitsOf(n, s.window(trainer.sampler.windows(trainer.batch), j))) / float64(s.BatchSize)
				}
				if s.K != 0 {
					ell := referenceEll(s.KLoss, n, split(trainer.sampler.windows(trainer.batch), s.Timesteps), split(trainer.real, s.Timesteps))
					if s.KLoss == AbsoluteIndependent {
						ell *= trainer.actor.k.independentSign
					}
					want += s.K * ell
				}
				if math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
					t.Errorf("step %d: loss %v, want %v", step, got, want)
				}
				squares := 0.0
				for _, g := range trainer.actor.gradient {
					squares += g * g
				}
				if norm := trainer.GradientNorm(); norm == 0 || math.Abs(norm*norm-squares) > 1e-12*squares {
					t.Errorf("step %d: norm %v of %v", step, norm, trainer.actor.gradient)
				}
			}
		})
	}
}

// TestWhichLossesExist checks which losses each objective has.
func TestWhichLossesExist(t *testing.T) {
	for name, s := range variants(6) {
		trainer := newTestTrainer(t, s)
		for _, measured := range []bool{false, true} {
			trainer.Measure(measured)
			run(t, trainer, 1)
			critic, generator := trainer.Losses()
			hasCritic, hasGenerator := measured && s.Objective == WGAN, measured && s.Objective != MMD
			if math.IsNaN(critic) == hasCritic || math.IsNaN(generator) == hasGenerator || !(trainer.GradientNorm() > 0) {
				t.Errorf("%s, measured %v: critic %v, generator %v, norm %v", name, measured, critic, generator, trainer.GradientNorm())
			}
		}
	}
}

// TestMeasureChangesNoBit checks that a training that is measured ends in the same state.
func TestMeasureChangesNoBit(t *testing.T) {
	for name, s := range variants(4) {
		var states [2][]byte
		for i := range states {
			trainer := newTestTrainer(t, s)
			trainer.Measure(i == 1)
			run(t, trainer, 4)
			states[i], _ = trainer.MarshalBinary()
		}
		if !bytes.Equal(states[0], states[1]) {
			t.Error(fmt.Sprint(name, ": another state"))
		}
	}
}
