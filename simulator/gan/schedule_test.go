package gan

import (
	"math"
	"testing"
)

func TestSchedule(t *testing.T) {
	for _, test := range []struct {
		schedule          Schedule
		step              int
		generator, critic float64
	}{
		{Cosine, 0, 1, 1},
		{Cosine, 500, (1 + math.Sqrt2/2) / 2, (1 + math.Sqrt2/2) / 2},
		{Cosine, 1000, 0.5, 0.5},
		{Cosine, 2000, 0, 0},
		{CosineGenerator, 0, 1, 1},
		{CosineGenerator, 1000, 0.5, 1},
		{CosineGenerator, 2000, 0, 1},
		{Constant, 0, 1, 1},
		{Constant, 1999, 1, 1},
	} {
		generator, critic := test.schedule.factors(test.step, 2000)
		if math.Abs(generator-test.generator) > 1e-15 || math.Abs(critic-test.critic) > 1e-15 {
			t.Errorf("%s at step %d: %v and %v, want %v and %v", test.schedule, test.step, generator, critic, test.generator, test.critic)
		}
	}
}

// TestRatesReachTheirOptimisers: with the critic's share of the schedule at its
// end and the generator's not, each side moves by its own rate. With β₁ = β₂ = 0
// every parameter that has a gradient moves by exactly the rate.
func TestRatesReachTheirOptimisers(t *testing.T) {
	s := defaults(2, 1, 4)
	s.Beta2, s.CriticUpdates, s.Constraint = 0, 1, NoConstraint
	for _, schedule := range []Schedule{Cosine, CosineGenerator, Constant} {
		s.Schedule = schedule
		trainer := newTestTrainer(t, s)
		for step := range s.Steps {
			angles, weights := trainer.Angles(), append([]float32(nil), trainer.critic.weights.all...)
			run(t, trainer, 1)
			generator, critic := schedule.factors(step, s.Steps)
			if got, want := math.Abs(trainer.actor.angles[0]-angles[0]), 0.05*generator; math.Abs(got-want) > 1e-3*want {
				t.Errorf("%s, step %d: an angle moved by %.6f, want %.6f", schedule, step, got, want)
			}
			largest := 0.0
			for i, w := range trainer.critic.weights.all {
				largest = max(largest, math.Abs(float64(w-weights[i])))
			}
			if want := 0.002 * critic; math.Abs(largest-want) > 1e-3*want {
				t.Errorf("%s, step %d: the critic's weights moved by up to %.6f, want %.6f", schedule, step, largest, want)
			}
		}
	}
}
