package gan

import (
	"errors"
	"fmt"
	"slices"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/random"
)

// Windows provides the real samples, numbered from 0 to Len − 1. Copy copies the given
// windows into words, [window][time], bit q = neuron q, which it fills.
type Windows interface {
	Len() int
	Copy(words []uint32, windows []int)
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
	critic  *critic // of WGAN, else nil
	actor   *actor
	best    *best        // with several starts, else nil
	plain   circuit.Tile // for the critic's batches, and to evaluate the objective
	batch   *batch       // of the generator; with WGAN, of the critic too
	drawn   []int        // [sample], number of the real window
	real    []uint32     // [sample][time]
	steps   int          // training steps done
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
	t := &Trainer{
		settings: s, address: r, windows: real, draws: newDraws(r),
		sampler: m, plain: m.circuit.NewTile(false),
		drawn: make([]int, s.BatchSize), real: make([]uint32, s.BatchSize*s.Timesteps),
	}
	switch s.Objective {
	case Likelihood:
		err = t.prepareLikelihood()
	case MMD:
		err = t.prepareMMD()
	default:
		t.prepareWGAN()
	}
	if err != nil {
		return nil, fmt.Errorf("start training: %w", err)
	}
	return t, nil
}

func (t *Trainer) prepareWGAN() {
	s, k := t.settings, newKTerm(t.settings)
	t.critic = newCritic(s, t.draws.startCritic())
	t.begin(newEstimator(s, t.sampler, t.critic.weights, k), t.sampler.newBatch(s.BatchSize))
	t.actor.k, t.actor.shifts = k, t.draws.shift
	if s.shifts() {
		t.actor.shifter = newShifter(t.sampler, s.blocks())
	}
}

func (t *Trainer) prepareLikelihood() error {
	e, err := newLikelihood(t.settings, t.sampler, t.windows)
	if err != nil {
		return err
	}
	t.begin(e, e.nodes)
	t.actor.share = 1 // the weights of all nodes add up
	if t.settings.starts() > 1 {
		t.best = newBest(e, t.settings.Parameters())
	}
	return nil
}

func (t *Trainer) prepareMMD() error {
	t.begin(newMMD(t.settings, t.sampler), t.sampler.newBatch(t.settings.BatchSize))
	if t.settings.starts() == 1 {
		return nil
	}
	d, err := newDiscrepancy(t.settings, t.sampler, t.windows, t.draws.evaluation)
	if err != nil {
		return err
	}
	t.best = newBest(d, t.settings.Parameters())
	return nil
}

// begin sets the generator's batch and the actor, with the initial angles of start 0.
func (t *Trainer) begin(e estimator, b *batch) {
	angles := t.settings.startAngles(t.draws.startAngles(0))
	t.batch, t.actor = b, newActor(t.settings, t.sampler, t.plain, e, b, angles)
}

// Step makes one generator update, with WGAN after CriticUpdates critic updates, each
// with newly drawn noise, measurements and windows. It fails after Settings.Steps
// steps, on a window with bits beyond the neurons, and, with ErrNotFinite, if a
// weight or an angle becomes infinite or NaN. After an error the trainer must not
// be used.
func (t *Trainer) Step() error {
	s := t.settings
	if t.steps >= s.Steps {
		return fmt.Errorf("train: all %d steps are done", s.Steps)
	}
	start := s.start(t.steps)
	if start.index > 0 && t.steps == start.first {
		t.actor.restart(s.startAngles(t.draws.startAngles(start.index)))
	}
	generatorFactor, criticFactor := s.Schedule.factors(t.steps-start.first, start.steps)
	if t.critic != nil {
		for u := range s.CriticUpdates {
			if err := t.updateCritic(firstCriticBatch+uint64(u), criticFactor*s.CriticLearningRate); err != nil {
				return fmt.Errorf("train: step %d: %w", t.steps, err)
			}
		}
	}
	if err := t.updateActor(generatorFactor * s.GeneratorLearningRate); err != nil {
		return fmt.Errorf("train: step %d: %w", t.steps, err)
	}
	t.steps++
	if t.best != nil && t.steps == start.first+start.steps {
		t.sampler.set(t.actor.averaged())
		t.best.offer(start.index, t.actor.averaged(), t.sampler, t.plain)
	}
	return nil
}

// updateCritic makes one critic update.
func (t *Trainer) updateCritic(index uint64, rate float64) error {
	if err := t.sample(index); err != nil {
		return err
	}
	t.draws.drawInterpolation(t.critic, t.steps, index)
	return t.critic.update(t.real, t.batch.drawn, rate)
}

// updateActor makes the generator update.
func (t *Trainer) updateActor(rate float64) error {
	if t.actor.k != nil && t.settings.K != 0 && t.settings.KLoss == AbsoluteIndependent {
		if err := t.sample(independentBatch); err != nil {
			return err
		}
		t.actor.k.observeIndependent(t.real, t.sampler.windows(t.batch))
	}
	if err := t.draw(actorBatch); err != nil {
		return err
	}
	return t.actor.update(t.real, rate)
}

// sample draws a batch of real windows and one of generated windows.
func (t *Trainer) sample(index uint64) error {
	if err := t.draw(index); err != nil {
		return err
	}
	t.sampler.sample(t.plain, t.batch)
	return nil
}

// draw draws the noise and measurements of generated windows, and real windows,
// where the objective needs them.
func (t *Trainer) draw(index uint64) error {
	if t.settings.Objective != Likelihood {
		t.draws.drawSamples(t.sampler, t.batch, t.steps, index)
	}
	if index == actorBatch && !t.settings.actorReadsWindows() {
		return nil
	}
	return t.drawWindows(index)
}

// drawWindows draws a batch of real windows.
func (t *Trainer) drawWindows(index uint64) error {
	t.draws.drawWindows(t.drawn, t.windows.Len(), t.steps, index)
	t.windows.Copy(t.real, t.drawn)
	all := uint32(0)
	for _, word := range t.real {
		all |= word
	}
	return checkWord(all, t.settings.Ansatz.Neurons)
}

// actorReadsWindows reports whether a generator update needs a batch of real windows:
// with WGAN for the K-term, with Likelihood unless it sums over all windows.
func (s Settings) actorReadsWindows() bool {
	switch s.Objective {
	case Likelihood:
		return !s.listsWords()
	case MMD:
		return true
	default:
		return s.K != 0
	}
}

// Steps returns the number of steps done.
func (t *Trainer) Steps() int { return t.steps }

// Angles returns a copy of the angles, [time][layer][qubit][RY, RZ], in radians: those
// of the current start or, after the last step, of the best start. With a decay
// Settings.Average above 0 they are moving averages over the updates of the start.
func (t *Trainer) Angles() []float64 {
	if t.best != nil && t.steps == t.settings.Steps {
		return slices.Clone(t.best.angles)
	}
	return t.actor.averaged()
}
