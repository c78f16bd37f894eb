package plan

import (
	"errors"
	"math"
	"testing"

	"spiqsweep/sweep"
)

// TestMeasure has a machine that is twice as fast as the cost model for small circuits, and three
// times as slow for large ones. It cannot measure those of eight neurons, which take the ratio of the
// nearest cost, nor any if there is no time.
func TestMeasure(t *testing.T) {
	const source = `sweep "a" {
		grid {
			neurons = [2, 3, 8, 9]
		}
	}`
	stepCost := func(c sweep.Configuration) float64 { return model{c, ratesOf(portableClass)}.iteration() * 1e-9 }
	ratio := map[int]float64{2: 0.5, 3: 0.5, 8: 3, 9: 3}
	step := func(c sweep.Configuration) (float64, error) {
		if c.Neurons == 8 {
			return 0, errors.New("it fails")
		}
		return ratio[c.Neurons] * stepCost(c), nil
	}
	p, unmeasured := plan(t, source), plan(t, source)
	unmeasured.Measure(func(sweep.Configuration) (float64, error) { return 0, errors.New("no time is left") })
	p.Measure(step)
	for i := range p.Len() {
		c := p.Row(i).Configuration
		model := Cost(c, portableClass)
		training := float64(c.Training.Steps) * stepCost(c)
		if got := unmeasured.costOf(i); got != model {
			t.Errorf("%s: %v without time to measure, want %v", c.Label(), got, model)
		}
		if got, want := p.costOf(i), model-training+ratio[c.Neurons]*training; math.Abs(got-want) > 1e-9*want {
			t.Errorf("%s: %v, want %v", c.Label(), got, want)
		}
	}
}
