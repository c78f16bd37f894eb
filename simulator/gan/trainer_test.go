package gan

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

// run makes the given number of steps, or all remaining steps if it is negative.
func run(t testing.TB, trainer *Trainer, steps int) {
	t.Helper()
	for i := 0; i != steps && trainer.Steps() < trainer.settings.Steps; i++ {
		if err := trainer.Step(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStepCount(t *testing.T) {
	trainer := newTestTrainer(t, defaults(1, 1, 3))
	run(t, trainer, -1)
	if trainer.Steps() != 3 {
		t.Errorf("%d steps done, want 3", trainer.Steps())
	}
	if err := trainer.Step(); err == nil || !strings.Contains(err.Error(), "all 3 steps are done") {
		t.Errorf("a fourth step: %v", err)
	}
}

// recorder records the windows that the trainer reads.
type recorder struct {
	fixedWindows
	asked []int
}

func (r *recorder) Copy(words []uint32, windows []int) {
	r.asked = append(r.asked, windows...)
	r.fixedWindows.Copy(words, windows)
}

// TestKDoesNotAffectDraws checks that trainings with different K or forms share
// initial angles and critic, the critic's windows, noise, measurements and
// interpolates.
func TestKDoesNotAffectDraws(t *testing.T) {
	standard := defaults(3, 2, 4)
	trace := func(s Settings) (starts [][]float64, critics [][]float32, draws []string, asked []int) {
		windows := &recorder{fixedWindows: testWindows(3, 2, 1000)}
		trainer, err := NewTrainer(s, s.address(0), windows)
		if err != nil {
			t.Fatal(err)
		}
		starts, critics = append(starts, trainer.Angles()), append(critics, slices.Clone(trainer.critic.weights.all))
		for range s.Steps {
			asked := len(windows.asked)
			run(t, trainer, 1)
			draws = append(draws, fmt.Sprint(trainer.batch.noise, trainer.batch.uniform, trainer.critic.interpolation))
			windows.asked = windows.asked[:asked+2*s.BatchSize] // the others are for the K-term
		}
		return starts, critics, draws, windows.asked
	}
	starts, critics, draws, asked := trace(standard)
	for _, form := range kLosses {
		s := standard
		s.K, s.KLoss = 1, form
		starts1, critics1, draws1, asked1 := trace(s)
		if diff := cmp.Diff(starts, starts1) + cmp.Diff(critics, critics1) + cmp.Diff(draws, draws1) + cmp.Diff(asked, asked1); diff != "" {
			t.Errorf("%s (-K = 0 +K = 1):\n%s", form, diff)
		}
	}
}

// TestFirstCriticUpdatesDoNotDependOnK checks that K affects only the generator.
func TestFirstCriticUpdatesDoNotDependOnK(t *testing.T) {
	s := defaults(2, 2, 5)
	k := s
	k.K = 1
	a, b := newTestTrainer(t, s), newTestTrainer(t, k)
	run(t, a, 1)
	run(t, b, 1)
	if !slices.Equal(a.critic.weights.all, b.critic.weights.all) {
		t.Error("the critics differ after the first updates")
	}
	if slices.Equal(a.Angles(), b.Angles()) {
		t.Error("the angles agree after a step with and without the K-term")
	}
}

// TestBatchesDoNotShareDraws compares all batches of two steps.
func TestBatchesDoNotShareDraws(t *testing.T) {
	trainer := newTestTrainer(t, defaults(2, 1, 5))
	seen := map[string]bool{}
	for range 2 {
		for index := range firstCriticBatch + 2 {
			if err := trainer.draw(index); err != nil {
				t.Fatal(err)
			}
			for _, draws := range []string{fmt.Sprint(trainer.batch.noise), fmt.Sprint(trainer.batch.uniform)} {
				if seen[draws] {
					t.Errorf("batch %d of step %d repeats another", index, trainer.steps)
				}
				seen[draws] = true
			}
		}
		trainer.steps++
	}
}

func TestOverflowIsAnError(t *testing.T) {
	tests := map[string]struct {
		change func(*Settings)
		want   string
	}{
		"critic":    {func(s *Settings) { s.CriticLearningRate = 2e38 }, "update critic: update"},
		"generator": {func(s *Settings) { s.GeneratorLearningRate = 1.5e308 }, "update generator: update"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := defaults(2, 2, 50)
			test.change(&s)
			trainer := newTestTrainer(t, s)
			var err error
			for err == nil && trainer.Steps() < s.Steps {
				err = trainer.Step()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "step ") {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func TestTrainerRejectsInvalidWindows(t *testing.T) {
	s := defaults(2, 1, 5)
	if _, err := NewTrainer(s, s.address(0), fixedWindows{}); err == nil || !strings.Contains(err.Error(), "no real windows") {
		t.Errorf("no windows: %v", err)
	}
	trainer, err := NewTrainer(s, s.address(0), fixedWindows{{0b100}})
	if err != nil {
		t.Fatal(err)
	}
	if err := trainer.Step(); err == nil || !strings.Contains(err.Error(), "0x4, more than 2 neurons") {
		t.Errorf("a word of three neurons: %v", err)
	}
	if _, err := NewTrainer(s, random.Training{Neurons: 3, Timesteps: 1}, testWindows(2, 1, 5)); err == nil || !strings.Contains(err.Error(), "3 neurons") {
		t.Errorf("an address of three neurons: %v", err)
	}
}

// TestMovingAverage compares with the weighted mean of the angles of all steps.
func TestMovingAverage(t *testing.T) {
	s := defaults(2, 1, 6)
	s.Average = 0.8
	trainer := newTestTrainer(t, s)
	if !slices.Equal(trainer.Angles(), trainer.actor.angles) {
		t.Error("before the first step the average is not the start")
	}
	var past [][]float64
	for range s.Steps {
		run(t, trainer, 1)
		past = append(past, slices.Clone(trainer.actor.angles))
		for i, got := range trainer.Angles() {
			mean, total := 0.0, 0.0
			for step, angles := range past {
				weight := math.Pow(0.8, float64(len(past)-1-step))
				mean, total = mean+weight*angles[i], total+weight
			}
			if math.Abs(got-mean/total) > 1e-12 {
				t.Fatalf("step %d, angle %d: %v, want %v", len(past), i, got, mean/total)
			}
		}
	}
}

// TestAnglesAreACopy checks that the caller cannot modify the training.
func TestAnglesAreACopy(t *testing.T) {
	trainer := newTestTrainer(t, defaults(1, 1, 2))
	trainer.Angles()[0] = math.NaN()
	run(t, trainer, -1)
}

// TestAnyBatchSize trains with batch sizes around multiples of the lanes.
func TestAnyBatchSize(t *testing.T) {
	for _, size := range []int{1, 15, 16, 17, 33} {
		s := defaults(2, 2, 2)
		s.BatchSize, s.K = size, 1
		run(t, newTestTrainer(t, s), -1)
	}
}

// variants returns settings that together exercise every part of a training.
func variants(steps int) map[string]Settings {
	v := map[string]Settings{"standard": defaults(3, 2, steps), "many_outcomes": defaults(6, 2, steps)}
	for _, gradient := range []Gradient{Local, Expectation, StraightThrough, Reinforce, ParameterShift} {
		s := defaults(2, 2, steps)
		s.Gradient, s.K, s.BatchSize = gradient, 1, 20
		v[string(gradient)] = s
	}
	for _, form := range kLosses {
		s := defaults(2, 3, steps)
		s.KLoss, s.K, s.Average = form, 1, 0.9
		v[string(form)] = s
	}
	for _, constraint := range []Constraint{TwoSided, NoConstraint, Clip} {
		s := defaults(2, 2, steps)
		s.Constraint, s.Beta1, s.Beta2, s.Schedule = constraint, 0.5, 0.99, Constant
		v[string(constraint)] = s
	}
	s := defaults(2, 2, steps)
	s.Schedule = Cosine
	v["cosine"] = s
	s = defaults(2, 2, steps)
	s.NoisePerPatch, s.Ansatz.NoisePerLayer, s.Ansatz.Noise, s.NoiseHigh, s.InitialAngles = true, true, "per_qubit", 1, Uniform1
	v["noisy"] = s
	for _, model := range []circuit.Model{circuit.Mixture, circuit.RBM} {
		s = defaults(3, 2, steps)
		s.Ansatz.Model, s.NoiseHigh = model, 1
		v[string(model)] = s
	}
	maps.Copy(v, objectiveVariants(steps))
	return v
}

// objectiveVariants returns settings that exercise the objectives without a critic.
func objectiveVariants(steps int) map[string]Settings {
	v := map[string]Settings{}
	add := func(name string, o Objective, neurons, timesteps, restarts int, change func(*Settings)) {
		s := defaults(neurons, timesteps, steps)
		s.Objective, s.Restarts = o, restarts
		change(&s)
		v[name] = s
	}
	add("likelihood", Likelihood, 3, 2, 3, func(s *Settings) { s.Average = 0.9 })
	add("likelihood_batch", Likelihood, 3, 9, 3, func(s *Settings) { s.BatchSize, s.Schedule = 5, Constant })
	add("likelihood_per_patch", Likelihood, 2, 2, 1, func(s *Settings) { s.NoisePerPatch, s.Ansatz.FinalEncoding = true, true })
	add("likelihood_no_noise", Likelihood, 5, 2, 2, func(s *Settings) { s.Ansatz.Noise = circuit.NoNoise })
	add("likelihood_rbm", Likelihood, 3, 2, 2, func(s *Settings) { s.Ansatz.Model, s.NoiseHigh = circuit.RBM, 1 })
	add("mmd", MMD, 3, 2, 3, func(s *Settings) { s.BatchSize = 20 })
	add("mmd_per_qubit", MMD, 2, 3, 2, func(s *Settings) { s.Ansatz.Noise = circuit.PerQubit })
	add("mmd_long", MMD, 5, 4, 2, func(s *Settings) { s.Beta1, s.InitialAngles = 0.5, Uniform1 })
	return v
}

func TestStepDoesNotAllocate(t *testing.T) {
	for name, s := range variants(1000) {
		t.Run(name, func(t *testing.T) {
			trainer := newTestTrainer(t, s)
			if n := testing.AllocsPerRun(10, func() { run(t, trainer, 1) }); n != 0 {
				t.Errorf("%v allocations a step", n)
			}
		})
	}
}

// TestLargestConfigurationFitsInMemory checks that n = 10, t = 30 takes only a few
// megabytes, and that n = 16 does not multiply its weights by the number of nodes.
func TestLargestConfigurationFitsInMemory(t *testing.T) {
	for _, test := range []struct {
		objective          Objective
		neurons, timesteps int
		megabytes          float64
	}{{WGAN, 10, 30, 20}, {Likelihood, 10, 30, 40}, {MMD, 10, 30, 20}, {Likelihood, 16, 2, 100}} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		s := defaults(test.neurons, test.timesteps, 1000)
		s.Objective = test.objective
		trainer := newTestTrainer(t, s)
		run(t, trainer, 1)
		runtime.GC()
		runtime.ReadMemStats(&after)
		megabytes := float64(after.HeapAlloc-before.HeapAlloc) / 1e6
		t.Logf("%s, n = %d, t = %d: %.1f MB", test.objective, test.neurons, test.timesteps, megabytes)
		if megabytes > test.megabytes {
			t.Errorf("%s, n = %d, t = %d: a training holds %.1f MB", test.objective, test.neurons, test.timesteps, megabytes)
		}
		runtime.KeepAlive(trainer)
	}
}

// TestPartsOfTheBatch checks that a gradient has the same bits whether the blocks of a
// batch are differentiated together or one after another, and however many of their
// states are kept.
func TestPartsOfTheBatch(t *testing.T) {
	for _, gradient := range []Gradient{Local, Expectation, StraightThrough, Reinforce} {
		for _, neurons := range []int{3, 5} {
			s := defaults(neurons, 4, 2)
			s.Gradient, s.BatchSize = gradient, 2*lanes+3
			trainer := newTestTrainer(t, s)
			run(t, trainer, 1)
			if err := trainer.draw(actorBatch); err != nil {
				t.Fatal(err)
			}
			a, whole := trainer.actor, trainer.batch.blocks()
			a.measures = true
			var want []float64
			var loss float64
			for _, blocks := range []int{whole, 2, 1} {
				for kept := range s.Timesteps + 1 {
					a.parts = trainer.batch.parts(blocks)
					a.states = newStates(trainer.sampler, trainer.plain, blocks, kept*blocks*trainer.sampler.circuit.StateBytes())
					clear(trainer.batch.drawn) // of the last differentiation
					if a.differentiate(); want == nil {
						want, loss = slices.Clone(a.gradient), a.loss
					}
					if !slices.Equal(a.gradient, want) || a.loss != loss {
						t.Errorf("%s, %d neurons, %d blocks together, %d steps kept: another gradient or loss", gradient, neurons, blocks, kept)
					}
				}
			}
		}
	}
}

// TestBatchesThatDoNotFit checks that trainings whose states do not fit in memory end in
// the same state as others, whether their batches are split or not.
func TestBatchesThatDoNotFit(t *testing.T) {
	for name, s := range variants(3) {
		s.BatchSize = 2*lanes + 3
		var ends [2][]byte
		for i := range ends {
			trainer := newTestTrainer(t, s)
			if i == 1 {
				trainer.actor.keep(trainer.batch, trainer.plain, 1)
				if split := len(trainer.actor.parts) > 1; split != (s.Objective == WGAN && s.K == 0 && s.Gradient != ParameterShift) {
					t.Errorf("%s: split is %v", name, split)
				}
			}
			run(t, trainer, 3)
			ends[i], _ = trainer.MarshalBinary()
		}
		if !slices.Equal(ends[0], ends[1]) {
			t.Errorf("%s: another state", name)
		}
	}
}
