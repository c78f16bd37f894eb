package gan

import (
	"math"
	"testing"
)

// tinySettings returns a training whose outcomes can all be enumerated: two samples
// of two steps of two neurons have 256 batches.
func tinySettings(gradient Gradient, form KLoss, k float64) Settings {
	s := defaults(2, 2, 10)
	s.Ansatz.Layers, s.BatchSize, s.HiddenUnits = 2, 2, 7
	s.Gradient, s.KLoss, s.K = gradient, form, k
	return s
}

// enumeration evaluates a tiny training's expected loss for the noise and the
// real windows of one batch.
type enumeration struct {
	*Trainer
	reference *referenceCritic
	real      [][]uint32
}

func newEnumeration(t *testing.T, s Settings) *enumeration {
	e := &enumeration{Trainer: newTestTrainer(t, s)}
	if err := e.draw(actorBatch); err != nil {
		t.Fatal(err)
	}
	if e.critic != nil {
		for i := range e.critic.weights.all {
			e.critic.weights.all[i] *= 2
		}
		e.reference = e.critic.weights.reference()
	}
	e.real = split(e.Trainer.real, s.Timesteps)
	return e
}

// laws returns the conditional laws, [sample][time][word], at angles, in float64.
func (e *enumeration) laws(angles []float64) [][][]float64 {
	s := e.settings
	exact := s.Ansatz.NewExact()
	laws := make([][][]float64, s.BatchSize)
	for j := range laws {
		for step := range s.Timesteps {
			law := make([]float64, s.Ansatz.Words())
			exact.Probabilities(law, s.patchAngles(angles, step), e.noise(j, step))
			laws[j] = append(laws[j], law)
		}
	}
	return laws
}

// noise returns the noise of one patch of sample j, in radians.
func (e *enumeration) noise(j, step int) []float64 {
	rows := e.sampler.patchNoise(e.batch, j/lanes, step)
	noise := make([]float64, len(rows)/lanes)
	for r := range noise {
		noise[r] = float64(rows[r*lanes+j%lanes])
	}
	return noise
}

// outcomes calls visit with every batch of words and its probability.
func (e *enumeration) outcomes(angles []float64, visit func(words []uint32, probability float64)) {
	laws := e.laws(angles)
	words := make([]uint32, e.settings.BatchSize*e.settings.Timesteps)
	var place func(i int, probability float64)
	place = func(i int, probability float64) {
		if i == len(words) {
			visit(words, probability)
			return
		}
		for x, p := range laws[i/e.settings.Timesteps][i%e.settings.Timesteps] {
			words[i] = uint32(x)
			place(i+1, probability*p)
		}
	}
	place(0, 1)
}

// loss returns L_G of one batch, or an unbiased estimate of MMD.
func (e *enumeration) loss(words []uint32) float64 {
	s := e.settings
	if s.Objective == MMD {
		return referenceMMD(split(words, s.Timesteps), e.real, s.inputs())
	}
	loss := 0.0
	for _, window := range split(words, s.Timesteps) {
		loss -= e.reference.value(bitsOf(s.Ansatz.Neurons, window)) / float64(s.BatchSize)
	}
	if s.K != 0 {
		loss += s.K * referenceEll(s.KLoss, s.Ansatz.Neurons, split(words, s.Timesteps), e.real)
	}
	return loss
}

// trueGradient differentiates the expected loss by finite differences.
func (e *enumeration) trueGradient() []float64 {
	return finiteDifferences(e.actor.angles, func(angles []float64) float64 {
		mean := 0.0
		e.outcomes(angles, func(words []uint32, p float64) { mean += p * e.loss(words) })
		return mean
	})
}

// meanEstimate returns the mean of the estimator over all outcomes.
func (e *enumeration) meanEstimate() []float64 {
	mean := make([]float64, len(e.actor.angles))
	e.actor.observe(e.batch) // the forward pass; its measurements are overwritten
	if e.actor.k != nil {
		e.actor.k.independentSign = 1
	}
	e.outcomes(e.actor.angles, func(words []uint32, p float64) {
		e.sampler.setWords(e.batch, words)
		e.actor.estimator.begin(e.Trainer.real)
		clear(e.actor.gradient)
		e.actor.propagate(e.batch)
		for i, g := range e.actor.gradient {
			mean[i] += p * e.actor.share * g
		}
	})
	return mean
}

func finiteDifferences(at []float64, f func([]float64) float64) []float64 {
	const h = 1e-5
	x := append([]float64(nil), at...)
	gradient := make([]float64, len(x))
	for i := range x {
		x[i] = at[i] + h
		up := f(x)
		x[i] = at[i] - h
		down := f(x)
		x[i] = at[i]
		gradient[i] = (up - down) / (2 * h)
	}
	return gradient
}

// exactGradient returns (1/B) Σ_ij Σ_x ∂p_ij(x)·weight(j, i, x) in float64.
func (e *enumeration) exactGradient(weight func(j, step int, outcome uint32) float64) []float64 {
	s := e.settings
	exact := s.Ansatz.NewExact()
	gradient := make([]float64, s.Parameters())
	weights := make([]float64, s.Ansatz.Words())
	for j := range s.BatchSize {
		for step := range s.Timesteps {
			for x := range weights {
				weights[x] = weight(j, step, uint32(x)) / float64(s.BatchSize)
			}
			exact.Gradient(s.patchAngles(gradient, step), s.patchAngles(e.actor.angles, step), e.noise(j, step), weights)
		}
	}
	return gradient
}

// shifted returns the parameter-shift estimate for one angle, given the uniform
// number u of the measurements, and the measured words of both shifted circuits.
func (e *enumeration) shifted(u float32, step, angle int) (estimate float64, words [2]uint32) {
	s, angles := e.actor.shifter, e.settings.patchAngles(e.actor.angles, step)
	s.uniform[0] = laneRow{u}
	estimate = s.differentiate(e.batch, step, angles, angle, e.actor.weights)
	for i, shift := range []float64{math.Pi / 2, -math.Pi / 2} {
		moved := append([]float64(nil), angles...)
		moved[angle] += shift
		s.patch.Set(moved)
		s.tile.Forward(s.patch, e.sampler.patchNoise(e.batch, 0, step))
		s.tile.Sample(&s.uniform[0], &s.drawn)
		words[i] = s.drawn[0]
	}
	return estimate, words
}

// integrate integrates a step function over [a, b). The uniform numbers of a word
// form one interval, so the function is constant between equal words.
func integrate(f func(float32) (float64, [2]uint32), a, b float32) float64 {
	left, leftWords := f(a)
	_, rightWords := f(math.Nextafter32(b, a))
	if leftWords == rightWords || b-a < 1e-6 {
		return float64(b-a) * left
	}
	return integrate(f, a, (a+b)/2) + integrate(f, (a+b)/2, b)
}
