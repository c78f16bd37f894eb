package gan

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

// Windows provides the real samples. At copies window i of Len into words, one
// word per time step, bit q = neuron q.
type Windows interface {
	Len() int
	At(i int, words []uint32)
}

// ErrNotFinite reports that an update of Step overflowed. The failure depends only
// on the settings, data and random address: a repetition fails in the same way.
var ErrNotFinite = errors.New("infinite or not a number")

// Trainer is one training. It is not safe for concurrent use.
type Trainer struct {
	settings Settings
	address  random.Training
	windows  Windows
	draws    draws

	sampler *sampler
	critic  *critic
	actor   *actor
	plain   circuit.Tile // for the critic's batches
	batch   *batch
	real    []uint32 // [sample][time]
	steps   int      // training steps done
}

// NewTrainer returns a training at step 0. It fails if the settings are invalid,
// if there are no windows, or if the Neurons and Timesteps of the random address r
// differ from the generator's.
func NewTrainer(s Settings, r random.Training, real Windows) (*Trainer, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if r.Neurons != s.Ansatz.Neurons || r.Timesteps != s.Timesteps {
		return nil, fmt.Errorf("start training: the random address is of %d neurons and %d time steps, the generator of %d and %d",
			r.Neurons, r.Timesteps, s.Ansatz.Neurons, s.Timesteps)
	}
	if real.Len() < 1 {
		return nil, fmt.Errorf("start training: there are no real windows")
	}
	m, err := newSampler(s.Generator)
	if err != nil {
		return nil, fmt.Errorf("start training: %w", err)
	}
	d := newDraws(r)
	c := newCritic(s, d.startCritic())
	plain := m.circuit.NewTile(false)
	return &Trainer{
		settings: s, address: r, windows: real, draws: d,
		sampler: m, critic: c, actor: newActor(s, m, plain, c.weights, s.startAngles(d.startAngles()), d.shift),
		plain: plain, batch: m.newBatch(s.BatchSize), real: make([]uint32, s.BatchSize*s.Timesteps),
	}, nil
}

// Step makes CriticUpdates critic updates and one generator update, each with
// newly drawn noise, measurements and windows. It fails after Settings.Steps
// steps, on a window with bits beyond the neurons, and, with ErrNotFinite, if a
// weight or an angle becomes infinite or NaN. After an error the trainer must not
// be used.
func (t *Trainer) Step() error {
	if t.steps >= t.settings.Steps {
		return fmt.Errorf("train: all %d steps are done", t.settings.Steps)
	}
	generatorFactor, criticFactor := t.settings.Schedule.factors(t.steps, t.settings.Steps)
	for u := range t.settings.CriticUpdates {
		if err := t.updateCritic(firstCriticBatch+uint64(u), criticFactor*t.settings.CriticLearningRate); err != nil {
			return fmt.Errorf("train: step %d: %w", t.steps, err)
		}
	}
	if err := t.updateActor(generatorFactor * t.settings.GeneratorLearningRate); err != nil {
		return fmt.Errorf("train: step %d: %w", t.steps, err)
	}
	t.steps++
	return nil
}

// updateCritic makes one critic update.
func (t *Trainer) updateCritic(index uint64, rate float64) error {
	if err := t.sample(index); err != nil {
		return err
	}
	t.draws.drawInterpolation(t.critic.interpolation, t.steps, index)
	return t.critic.update(t.real, t.batch.words, rate)
}

// updateActor makes the generator update.
func (t *Trainer) updateActor(rate float64) error {
	if t.settings.K != 0 && t.settings.KLoss == AbsoluteIndependent {
		if err := t.sample(independentBatch); err != nil {
			return err
		}
		t.actor.k.observeIndependent(t.real, t.batch.words)
	}
	if err := t.draw(actorBatch); err != nil {
		return err
	}
	return t.actor.update(t.batch, t.real, rate)
}

// sample draws a batch of real windows and one of generated windows.
func (t *Trainer) sample(index uint64) error {
	if err := t.draw(index); err != nil {
		return err
	}
	t.sampler.sample(t.plain, t.batch)
	return nil
}

// draw draws the noise and measurements of generated windows, and real windows. It
// draws real windows for the generator's batch only if the K-term needs them.
func (t *Trainer) draw(index uint64) error {
	t.draws.drawSamples(t.sampler, t.batch, t.steps, index)
	if index == actorBatch && t.settings.K == 0 {
		return nil
	}
	return t.draws.drawWindows(t.windows, t.settings.Ansatz.Neurons, t.real, t.settings.Timesteps, t.steps, index)
}

// Steps returns the number of steps done.
func (t *Trainer) Steps() int { return t.steps }

// Angles returns a copy of the angles, [time][layer][qubit][RY, RZ], in radians.
// If the decay d = Settings.Average is above 0 and a step was made, they are the
// moving average Σ (1−d)·d^age·angles/(1 − d^steps) over the steps done; otherwise
// the current angles.
func (t *Trainer) Angles() []float64 {
	if t.actor.average == nil || t.steps == 0 {
		return slices.Clone(t.actor.angles)
	}
	angles := slices.Clone(t.actor.average)
	for i := range angles {
		angles[i] /= 1 - math.Pow(t.settings.Average, float64(t.steps))
	}
	return angles
}
