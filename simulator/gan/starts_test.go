package gan

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"spiqsweep/simulator/circuit"
)

func TestStartsShareTheSteps(t *testing.T) {
	for _, test := range []struct {
		objective          Objective
		neurons, timesteps int
		steps, restarts    int
		want               string // first steps of the starts
	}{
		{Likelihood, 4, 4, 10, 3, "[0 3 6]"},
		{MMD, 2, 1, 8, 4, "[0 2 4 6]"},
		{Likelihood, 2, 1, 3, 3, "[0 1 2]"},
		{Likelihood, 2, 1, 7, 1, "[0]"},
		{Likelihood, 17, 1, 7, 3, "[0]"},
		{WGAN, 2, 1, 7, 3, "[0]"},
	} {
		s := defaults(test.neurons, test.timesteps, test.steps)
		s.Objective, s.Restarts = test.objective, test.restarts
		var firsts []int
		total := 0
		for step := range test.steps {
			start := s.start(step)
			if step == start.first {
				firsts = append(firsts, step)
				total += start.steps
			}
			if start.index != len(firsts)-1 || step >= start.first+start.steps {
				t.Errorf("%s, %d starts: step %d is in %+v", test.objective, test.restarts, step, start)
			}
		}
		if got := fmt.Sprint(firsts); got != test.want || total != test.steps {
			t.Errorf("%s, %d starts of %d steps: they begin at %s and have %d steps, want %s", test.objective, test.restarts, test.steps, got, total, test.want)
		}
	}
}

// TestTheBestStartIsKept compares with the angles at the end of every start.
func TestTheBestStartIsKept(t *testing.T) {
	for name, s := range objectiveVariants(30) {
		if s.starts() == 1 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			trainer := newTestTrainer(t, s)
			var best []float64
			least, starts, beginnings := math.Inf(1), 0, map[float64]bool{}
			for trainer.Steps() < s.Steps {
				run(t, trainer, 1)
				start := s.start(trainer.Steps() - 1)
				if trainer.Steps() != start.first+start.steps {
					continue
				}
				starts++
				angles := trainer.actor.averaged()
				beginnings[angles[0]] = true
				trainer.sampler.set(angles)
				if loss := trainer.best.objective.evaluate(trainer.sampler, trainer.plain); loss < least {
					least, best = loss, angles
				}
			}
			if starts != s.Restarts || len(beginnings) != starts {
				t.Errorf("%d starts, %d of them different, want %d", starts, len(beginnings), s.Restarts)
			}
			if !slices.Equal(trainer.Angles(), best) {
				t.Error("the angles at the end are not those of the best start")
			}
		})
	}
}

// TestDiscrepancy compares the objective MMD with its definition, by quadrature and
// from generated windows.
func TestDiscrepancy(t *testing.T) {
	for name, test := range map[string]struct {
		change    func(*Settings)
		tolerance float64
	}{
		"quadrature": {func(*Settings) {}, 1e-6},
		"no noise":   {func(s *Settings) { s.Ansatz.Noise = circuit.NoNoise }, 1e-6},
		"per patch":  {func(s *Settings) { s.NoisePerPatch = true }, 1e-6},
		// The same circuit: an auxiliary qubit that is not read, if no CNOT reaches it.
		"samples": {func(s *Settings) {
			s.Ansatz.Auxiliary, s.Ansatz.Readout, s.Ansatz.Entangler = 1, circuit.Postselect, circuit.NoCNOTs
		}, 0.003},
	} {
		t.Run(name, func(t *testing.T) {
			s := defaults(2, 2, 10)
			s.Objective, s.Restarts = MMD, 2
			test.change(&s)
			trainer := newTestTrainer(t, s)
			got := trainer.best.objective.evaluate(trainer.sampler, trainer.plain)

			excess := make([]float64, 16)
			for joint := range excess {
				excess[joint] = math.Exp(-referenceLoss(s, trainer.actor.angles, split(appendJoint(nil, joint, 2, 2), 2), []float64{1}))
			}
			for _, window := range testWindows(2, 2, 100) {
				excess[jointOf(window, 2)] -= 0.01
			}
			want := 0.0
			for _, similarity := range similarities(4) {
				for v := range excess {
					for w := range excess {
						distance := hamming([]uint32{uint32(v)}, []uint32{uint32(w)})
						want += excess[v] * excess[w] * math.Pow(similarity, float64(distance)) / 3
					}
				}
			}
			if math.Abs(got-want) > test.tolerance {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}
