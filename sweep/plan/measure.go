package plan

import (
	"cmp"
	"slices"

	"spiqsweep/sweep"
)

const (
	// longStep is the estimate in seconds from which a training step is not measured.
	longStep = 0.03
	// rounds is the number of rounds in which the configurations are measured, so that those for
	// which there is time lie everywhere in the grid.
	rounds = 8
)

// measured is the ratio of a measured training step to its estimate.
type measured struct{ estimate, ratio float64 }

// Measure replaces the cost model's estimates of the training steps by what step measures on this
// machine, in seconds. For configurations that step cannot measure, or not in time, and for those
// whose steps are long, it takes the ratio to the estimate of the measured one whose step costs the
// nearest. It leaves the order of the tasks, and configurations that are fitted.
func (p *Plan) Measure(step func(sweep.Configuration) (float64, error)) {
	estimates, ratios := make([]float64, len(p.configurations)), make([]float64, len(p.configurations))
	var sample []measured
	for round := range rounds {
		for i := round; i < len(ratios); i += rounds {
			c := p.grid.Configuration(i)
			if c.IsFitted() {
				continue
			}
			estimates[i] = model{c, ratesOf(p.kernelClass)}.iteration() * 1e-9
			if estimates[i] > longStep {
				continue
			}
			if seconds, err := step(c); err == nil {
				ratios[i] = seconds / estimates[i]
				sample = append(sample, measured{estimates[i], ratios[i]})
			}
		}
	}
	if len(sample) == 0 {
		return
	}
	slices.SortFunc(sample, func(a, b measured) int { return cmp.Compare(a.estimate, b.estimate) })
	for i := range p.configurations {
		if ratios[i] == 0 {
			ratios[i] = nearest(sample, estimates[i]).ratio
		}
		p.configurations[i].cost += float64(p.grid.Configuration(i).Training.Steps) * estimates[i] * (ratios[i] - 1)
	}
}

// nearest returns the measured step whose estimate has the smallest ratio to the given one.
func nearest(sorted []measured, estimate float64) measured {
	i, _ := slices.BinarySearchFunc(sorted, estimate, func(m measured, e float64) int { return cmp.Compare(m.estimate, e) })
	if i == len(sorted) || i > 0 && estimate/sorted[i-1].estimate < sorted[i].estimate/estimate {
		i--
	}
	return sorted[i]
}
