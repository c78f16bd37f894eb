package gan

import (
	"fmt"

	"spiqsweep/simulator/random"
)

// The index of a batch within a step, the third part of its address. It does not
// depend on the number of critic updates.
const (
	actorBatch       uint64 = iota // the generator update
	independentBatch               // D′ of AbsoluteIndependent
	firstCriticBatch               // the critic updates, from this index on
)

// draws holds the training's random streams. Their addresses contain neither K nor
// its form: two trainings that differ only in these share every draw.
type draws struct {
	angles, critic, noise, measurement, windows, interpolation, shift, evaluation random.Stream
}

func newDraws(r random.Training) draws {
	return draws{
		angles: r.Stream("starting angles"), critic: r.Stream("starting critic"),
		noise: r.Stream("noise"), measurement: r.Stream("measurement"),
		windows: r.Stream("real windows"), interpolation: r.Stream("interpolation"),
		shift: r.Stream("measurement of shifted circuits"), evaluation: r.Stream("evaluation of starts"),
	}
}

// startAngles returns the generator of the initial angles of a start.
func (d *draws) startAngles(start int) random.Generator { return d.angles.At(0, uint64(start)) }

func (d *draws) startCritic() random.Generator { return d.critic.At(0, 0) }

// drawSamples draws the noise and the measurements of a batch.
func (d *draws) drawSamples(m *sampler, b *batch, step int, index uint64) {
	noise, measurement := d.noise.At(uint64(step), index), d.measurement.At(uint64(step), index)
	m.draw(b, &noise, &measurement)
}

// drawWindows draws which of the real windows are in a batch, uniformly with
// replacement.
func (d *draws) drawWindows(windows []int, count, step int, index uint64) {
	g := d.windows.At(uint64(step), index)
	g.Ints(windows, count)
}

// checkWord returns an error if a word of a real window has bits beyond the neurons.
func checkWord(word uint32, neurons int) error {
	if word>>neurons != 0 {
		return fmt.Errorf("draw windows: their words have the bits %#x, more than %d neurons", word, neurons)
	}
	return nil
}

// drawInterpolation draws the u of the penalty's interpolates.
func (d *draws) drawInterpolation(c *critic, step int, index uint64) {
	g := d.interpolation.At(uint64(step), index)
	g.Fill(c.interpolation, c.weights.loops.float32s)
}
