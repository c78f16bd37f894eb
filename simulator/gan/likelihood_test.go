package gan

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"

	"spiqsweep/simulator/circuit"
)

// referenceLoss returns −Σ_w c_w·ln p(w) by the definition of p, in float64 with many
// nodes and sums of logarithms.
func referenceLoss(s Settings, angles []float64, windows [][]uint32, shares []float64) float64 {
	const nodes = 120
	gamma, weight := make([]float64, nodes), make([]float64, nodes)
	if s.Ansatz.Model != circuit.Quantum { // a step function of γ, with steps of equal width
		for j := range gamma {
			gamma[j], weight[j] = (float64(j)+0.5)/nodes, 1.0/nodes
		}
	} else {
		quad.Legendre{}.FixedLocations(gamma, weight, s.NoiseLow, s.NoiseHigh)
	}
	laws := make([][][]float64, nodes) // [node][step][word]
	exact := s.Ansatz.NewExact()
	for j, g := range gamma {
		for step := range s.Timesteps {
			law := make([]float64, s.Ansatz.Words())
			exact.Probabilities(law, s.patchAngles(angles, step), slices.Repeat([]float64{g}, s.Ansatz.NoiseRows()))
			laws[j] = append(laws[j], law)
		}
	}
	mean := func(logarithm func(node int) float64) float64 {
		terms, most := make([]float64, nodes), math.Inf(-1)
		for j := range terms {
			terms[j] = math.Log(weight[j]/(s.NoiseHigh-s.NoiseLow)) + logarithm(j)
			most = max(most, terms[j])
		}
		sum := 0.0
		for _, term := range terms {
			sum += math.Exp(term - most)
		}
		return most + math.Log(sum)
	}
	loss := 0.0
	for w, window := range windows {
		if s.NoisePerPatch {
			for step, word := range window {
				loss -= shares[w] * mean(func(j int) float64 { return math.Log(laws[j][step][word]) })
			}
			continue
		}
		loss -= shares[w] * mean(func(j int) float64 {
			sum := 0.0
			for step, word := range window {
				sum += math.Log(laws[j][step][word])
			}
			return sum
		})
	}
	return loss
}

// likelihoodOf returns a training's estimator with its windows and their shares, after
// it has observed a batch.
func likelihoodOf(t testing.TB, trainer *Trainer) (e *likelihood, windows [][]uint32) {
	t.Helper()
	if err := trainer.draw(actorBatch); err != nil {
		t.Fatal(err)
	}
	e = trainer.actor.estimator.(*likelihood)
	e.begin(trainer.real)
	for w := range e.windows {
		window := make([]uint32, e.timesteps)
		for step := range window {
			window[step] = e.words[step][e.slot(w, step)]
		}
		windows = append(windows, window)
	}
	trainer.actor.differentiate()
	return e, windows
}

// TestLikelihoodGradient compares the loss with its definition and the gradient with
// finite differences of it.
func TestLikelihoodGradient(t *testing.T) {
	tests := map[string]struct {
		neurons, timesteps int
		change             func(*Settings)
	}{
		"one step":      {3, 1, func(*Settings) {}},
		"steps share γ": {3, 2, func(*Settings) {}},
		"narrow noise":  {2, 2, func(s *Settings) { s.NoiseLow, s.NoiseHigh = -1, 1 }},
		"γ per patch":   {3, 2, func(s *Settings) { s.NoisePerPatch = true }},
		"no noise":      {3, 2, func(s *Settings) { s.Ansatz.Noise = circuit.NoNoise }},
		"postselection without noise": {2, 2, func(s *Settings) {
			s.Ansatz.Noise, s.Ansatz.Auxiliary, s.Ansatz.Readout = circuit.NoNoise, 1, circuit.Postselect
		}},
		"final encoding":   {2, 2, func(s *Settings) { s.Ansatz.FinalEncoding = true }},
		"parameters first": {2, 1, func(s *Settings) { s.Ansatz.Order = circuit.ParametersFirst }},
		"traced auxiliary": {2, 2, func(s *Settings) { s.Ansatz.Auxiliary = 1 }},
		"ring":             {3, 1, func(s *Settings) { s.Ansatz.Entangler = circuit.Ring }},
		"mixture": {3, 2, func(s *Settings) {
			s.Ansatz.Model, s.Ansatz.Entangler, s.NoiseHigh = circuit.Mixture, circuit.NoCNOTs, 1
		}},
		"rbm": {3, 2, func(s *Settings) {
			s.Ansatz.Model, s.NoiseHigh = circuit.RBM, 1
		}},
		"batches":    {3, 6, func(s *Settings) { s.BatchSize = 7 }},
		"many steps": {1, 20, func(s *Settings) { s.BatchSize = 5 }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := defaults(test.neurons, test.timesteps, 10)
			s.Objective, s.Ansatz.Layers = Likelihood, 2
			test.change(&s)
			trainer := newTestTrainer(t, s)
			e, windows := likelihoodOf(t, trainer)
			if want := referenceLoss(s, trainer.actor.angles, windows, e.shares); math.Abs(e.loss-want) > 1e-5*want {
				t.Errorf("the loss is %v, want %v", e.loss, want)
			}
			want := finiteDifferences(trainer.actor.angles, func(angles []float64) float64 {
				return referenceLoss(s, angles, windows, e.shares)
			})
			if d := distance(trainer.actor.gradient, want); !(d < 2e-4) {
				t.Errorf("off by %.1e of the largest derivative", d)
			}
		})
	}
}

// TestLikelihoodOfLongWindows checks windows whose probability is below the smallest
// float64.
func TestLikelihoodOfLongWindows(t *testing.T) {
	s := defaults(2, 1000, 2)
	s.Objective, s.Ansatz.Layers, s.BatchSize, s.NoiseHigh = Likelihood, 1, 2, 0.1
	trainer := newTestTrainer(t, s)
	e, windows := likelihoodOf(t, trainer)
	want := referenceLoss(s, trainer.actor.angles, windows, e.shares)
	if want < 1000 {
		t.Fatalf("%v nats: the windows are likely", want)
	}
	if math.Abs(e.loss-want) > 1e-5*want {
		t.Errorf("the loss is %v, want %v", e.loss, want)
	}
	run(t, trainer, -1)
}

// TestLikelihoodOfAllWindowsCountsThem checks the shares of joint words.
func TestLikelihoodOfAllWindowsCountsThem(t *testing.T) {
	s := defaults(2, 2, 1)
	words, shares, err := s.wordShares(fixedWindows{{3, 1}, {0, 2}, {3, 1}, {1, 1}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(words, shares), "[1 1 3 1 0 2] [0.25 0.5 0.25]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, _, err := s.wordShares(fixedWindows{{4, 0}}); err == nil {
		t.Error("a word of three neurons is accepted")
	}
}

// fromTruth returns a training whose windows are distributed as the model that it
// starts from, and the entropy of that distribution in nats.
func fromTruth(t *testing.T, s Settings) (trainer *Trainer, entropy float64) {
	t.Helper()
	trainer = newTestTrainer(t, s)
	e := trainer.actor.estimator.(*likelihood)
	mix, err := newMixture(trainer.sampler, 1<<s.inputs())
	if err != nil {
		t.Fatal(err)
	}
	var words []uint32
	for joint := range 1 << s.inputs() {
		words = appendJoint(words, joint, s.Ansatz.Neurons, s.Timesteps)
	}
	mix.set(words)
	mix.run(trainer.sampler, trainer.plain)
	e.mixture, e.shares, e.pulls = mix, nil, nil
	for joint := range 1 << s.inputs() {
		p := mix.probability(joint)
		e.shares = append(e.shares, p)
		entropy -= p * math.Log(p)
	}
	for _, laws := range mix.laws {
		e.pulls = append(e.pulls, make([]float64, len(laws)))
	}
	trainer.batch = mix.nodes
	return trainer, entropy
}

// TestLikelihoodStaysAtTheTruth starts at the minimum: the gradient is 0 there, and a
// training ends where it began.
func TestLikelihoodStaysAtTheTruth(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"shared":    func(*Settings) {},
		"per patch": func(s *Settings) { s.NoisePerPatch = true },
		"rbm":       func(s *Settings) { s.Ansatz.Model, s.NoiseHigh = circuit.RBM, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			s := defaults(3, 2, 200)
			s.Objective, s.GeneratorLearningRate = Likelihood, 0.01
			change(&s)
			trainer, entropy := fromTruth(t, s)
			e := trainer.actor.estimator.(*likelihood)
			trainer.actor.differentiate()
			if math.Abs(e.loss-entropy) > 1e-6 {
				t.Errorf("the loss is %v at the truth, want the entropy %v", e.loss, entropy)
			}
			if most := slices.Max(trainer.actor.gradient); most > 1e-4 {
				t.Errorf("a derivative is %v at the truth, want 0", most)
			}
			run(t, trainer, -1)
			if excess := e.evaluate(trainer.sampler, trainer.plain) - entropy; !(excess < 1e-4 && excess > -1e-6) {
				t.Errorf("the training ends %v nats above the entropy", excess)
			}
		})
	}
}

// TestLikelihoodFindsAnRBM trains an RBM on the law of another, from other weights.
func TestLikelihoodFindsAnRBM(t *testing.T) {
	s := defaults(4, 2, 2000)
	s.Objective, s.Ansatz.Model, s.NoiseHigh = Likelihood, circuit.RBM, 1
	trainer, entropy := fromTruth(t, s)
	e := trainer.actor.estimator.(*likelihood)
	trainer.actor.restart(s.startAngles(trainer.draws.startAngles(1)))
	before := e.evaluate(trainer.sampler, trainer.plain) - entropy
	run(t, trainer, -1)
	after := e.evaluate(trainer.sampler, trainer.plain) - entropy
	t.Logf("from %.3f to %.6f nats", before, after)
	if before < 0.1 || !(after < 1e-3) {
		t.Errorf("the divergence from the truth goes from %v to %v nats, want at most 0.001", before, after)
	}
}

// TestLikelihoodFalls trains on windows with structure, of all joint words and in
// batches.
func TestLikelihoodFalls(t *testing.T) {
	for _, timesteps := range []int{2, 9} {
		s := defaults(2, timesteps, 300)
		s.Objective = Likelihood
		trainer := newTestTrainer(t, s)
		e := trainer.actor.estimator.(*likelihood)
		all, err := newMixture(trainer.sampler, 100)
		if err != nil {
			t.Fatal(err)
		}
		var words []uint32
		for _, window := range testWindows(2, timesteps, 100) {
			words = append(words, window...)
		}
		all.set(words)
		loss := func() float64 {
			all.run(trainer.sampler, trainer.plain)
			sum := 0.0
			for w := range 100 {
				sum -= all.joint(w).logarithm() / 100
			}
			return sum
		}
		before := loss()
		run(t, trainer, -1)
		if after := loss(); !(after < before-0.2*float64(timesteps)) {
			t.Errorf("t = %d, in batches %v: the loss goes from %.3f to %.3f nats", timesteps, e.batch, before, after)
		}
	}
}
