package gan

import (
	"math"
	"strings"
	"testing"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

// defaults returns the settings of DESIGN.md, section 1, with fewer steps.
func defaults(neurons, timesteps, steps int) Settings {
	return Settings{
		Generator: Generator{
			Ansatz: circuit.Ansatz{
				Neurons: neurons, Layers: 4, Order: circuit.EncodeFirst,
				Entangler: circuit.Chain, Readout: circuit.Trace, Noise: circuit.Shared,
			},
			Timesteps: timesteps, NoiseLow: 0, NoiseHigh: math.Pi, Kernel: circuit.DefaultKernel(),
		},
		InitialAngles: Uniform2Pi, Objective: WGAN, Restarts: 1,
		Steps: steps, BatchSize: 32, CriticUpdates: 2, HiddenUnits: 64,
		GeneratorLearningRate: 0.05, CriticLearningRate: 0.002, Beta1: 0, Beta2: 0.9,
		Schedule: CosineGenerator, Constraint: OneSided, PenaltyWeight: 10, ClipBound: 0.01,
		Gradient: Local, KLoss: Absolute,
	}
}

// address returns the random address of a test's training.
func (s Settings) address(replicate int) random.Training {
	return random.Training{Seed: 1, Neurons: s.Ansatz.Neurons, Timesteps: s.Timesteps, Replicate: replicate}
}

// fixedWindows is a list of real windows, [window][time].
type fixedWindows [][]uint32

func (w fixedWindows) Len() int { return len(w) }

func (w fixedWindows) Copy(words []uint32, windows []int) {
	for _, i := range windows {
		words = words[copy(words, w[i]):]
	}
}

// testWindows returns windows whose neurons fire in a quarter of the bins.
func testWindows(neurons, timesteps, count int) fixedWindows {
	g := random.Training{}.Stream("test windows").At(0, 0)
	w := make(fixedWindows, count)
	for i := range w {
		w[i] = make([]uint32, timesteps)
		for s := range w[i] {
			a, b := g.IntN(1<<neurons), g.IntN(1<<neurons)
			w[i][s] = uint32(a & b)
		}
	}
	return w
}

// setWords sets the measured words of a batch, [sample][time].
func (s *sampler) setWords(b *batch, words []uint32) {
	copy(b.drawn, byLane(words, s.generator.Timesteps))
}

// byLane returns words, [sample][time], as [block][time][lane].
func byLane(words []uint32, timesteps int) []uint32 {
	blocks := (len(words)/timesteps + lanes - 1) / lanes
	drawn := make([]uint32, blocks*timesteps*lanes)
	for i, word := range words {
		j, step := i/timesteps, i%timesteps
		drawn[(j/lanes*timesteps+step)*lanes+j%lanes] = word
	}
	return drawn
}

func newTestTrainer(t testing.TB, s Settings) *Trainer {
	t.Helper()
	trainer, err := NewTrainer(s, s.address(0), testWindows(s.Ansatz.Neurons, s.Timesteps, 100))
	if err != nil {
		t.Fatal(err)
	}
	return trainer
}

func TestSettingsValidate(t *testing.T) {
	tests := map[string]struct {
		change func(*Settings)
		want   []string
	}{
		"neurons":        {func(s *Settings) { s.Ansatz.Neurons = 0 }, []string{"neurons is 0"}},
		"timesteps":      {func(s *Settings) { s.Timesteps = 0 }, []string{"timesteps is 0"}},
		"noise order":    {func(s *Settings) { s.NoiseLow = 4 }, []string{"noise is from 4 to 3.14"}},
		"noise infinite": {func(s *Settings) { s.NoiseHigh = math.Inf(1) }, []string{"noise is from 0 to +Inf"}},
		"initial angles": {func(s *Settings) { s.InitialAngles = "zero" }, []string{`initial_angles is "zero"`}},
		"steps":          {func(s *Settings) { s.Steps = 0 }, []string{"steps is 0"}},
		"batch":          {func(s *Settings) { s.BatchSize = -1 }, []string{"batch_size is -1"}},
		"critic updates": {func(s *Settings) { s.CriticUpdates = 0 }, []string{"critic_updates is 0"}},
		"hidden":         {func(s *Settings) { s.HiddenUnits = 0 }, []string{"hidden_units is 0"}},
		"rates": {
			func(s *Settings) { s.GeneratorLearningRate, s.CriticLearningRate = math.NaN(), math.Inf(1) },
			[]string{"generator_learning_rate is NaN", "critic_learning_rate is +Inf"},
		},
		"betas":      {func(s *Settings) { s.Beta1, s.Beta2 = -0.1, 1 }, []string{"beta1 is -0.1", "beta2 is 1"}},
		"average":    {func(s *Settings) { s.Average = 1 }, []string{"average is 1"}},
		"schedule":   {func(s *Settings) { s.Schedule = "linear" }, []string{`schedule is "linear"`}},
		"constraint": {func(s *Settings) { s.Constraint = "" }, []string{`constraint is ""`}},
		"penalty":    {func(s *Settings) { s.PenaltyWeight = -1 }, []string{"penalty_weight is -1"}},
		"clip":       {func(s *Settings) { s.Constraint, s.ClipBound = Clip, 0 }, []string{"clip_bound is 0"}},
		"gradient":   {func(s *Settings) { s.Gradient = "adjoint" }, []string{`gradient is "adjoint"`}},
		"k":          {func(s *Settings) { s.K = -1 }, []string{"k is -1"}},
		"k_loss":     {func(s *Settings) { s.KLoss = "mean" }, []string{`k_loss is "mean"`, `"absolute"`}},
		"shift of a postselected law": {
			func(s *Settings) { s.Gradient, s.Ansatz.Readout = ParameterShift, circuit.Postselect },
			[]string{"no parameter-shift rule"},
		},
		"shift of an RBM": {
			func(s *Settings) { s.Gradient, s.Ansatz.Model = ParameterShift, circuit.RBM },
			[]string{`gradient is "parameter_shift", want another for model "rbm"`},
		},
		"objective": {func(s *Settings) { s.Objective = "vae" }, []string{`objective is "vae"`}},
		"likelihood of several angles": {
			func(s *Settings) { s.Objective, s.Ansatz.Noise = Likelihood, circuit.PerQubit },
			[]string{"at most one noise angle"},
		},
		"likelihood of an angle per layer": {
			func(s *Settings) { s.Objective, s.Ansatz.NoisePerLayer = Likelihood, true },
			[]string{"at most one noise angle"},
		},
		"likelihood of a postselected law": {
			func(s *Settings) {
				s.Objective, s.Ansatz.Auxiliary, s.Ansatz.Readout = Likelihood, 1, circuit.Postselect
			},
			[]string{"no postselection"},
		},
		"one sample": {func(s *Settings) { s.Objective, s.BatchSize = MMD, 1 }, []string{"batch_size is 1, want 2 or more"}},
		"restarts":   {func(s *Settings) { s.Objective, s.Restarts = MMD, 11 }, []string{"restarts is 11"}},
		"no start":   {func(s *Settings) { s.Objective, s.Restarts = Likelihood, 0 }, []string{"restarts is 0"}},
		"two faults": {func(s *Settings) { s.Steps, s.BatchSize = 0, 0 }, []string{"steps is 0", "batch_size is 0"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := defaults(2, 1, 10)
			test.change(&s)
			err := s.Validate()
			if err == nil {
				t.Fatal("accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			if _, err := NewTrainer(s, s.address(0), testWindows(2, 1, 5)); err == nil {
				t.Error("a trainer was made")
			}
		})
	}
	if err := defaults(2, 1, 10).Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	for _, o := range []Objective{Likelihood, MMD} {
		s := defaults(9, 2, 10) // one start, whatever Restarts
		s.Objective, s.Restarts = o, 0
		s.CriticUpdates, s.HiddenUnits, s.CriticLearningRate, s.Constraint, s.Gradient, s.K, s.KLoss = 0, 0, 0, "", "", -1, ""
		if err := s.Validate(); err != nil {
			t.Errorf("%s without a critic: %v", o, err)
		}
	}
}

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

// TestSchedulesApplyToTheirOptimisers checks that generator and critic each move by
// their own rate. With β₁ = β₂ = 0 every parameter that has a gradient moves by
// exactly the rate.
func TestSchedulesApplyToTheirOptimisers(t *testing.T) {
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
