package figure

import (
	"fmt"
	"strings"
)

// caption returns the sentences below the figure: data, neurons, seed, replicates, and
// the meaning of the line and band.
func (f *facet) caption() []string {
	replicates := values(f.runs, replicateOf)
	data := fmt.Sprintf("Data: %s.", f.data)
	if len(f.neuronIDs) > 0 { // a coordinator that serves others' sweeps does not know them
		data += fmt.Sprintf(" Neurons (numbered from 0; %s), rates in Hz: %s.", f.selection(), f.neuronsAndRates())
	}
	setting := fmt.Sprintf("Seed %d, replicates: %d, %d finished trainings.", f.seed, len(replicates), len(f.runs))
	if f.name != "" {
		setting += " " + f.name + "."
	}
	return []string{
		drawable(data + " " + setting),
		"Line: geometric mean. Band: smallest to largest, over replicates and over everything not on the axis. Dashed: floor, the expected error of the true law, against which errors must be read." + f.baselineNote(),
		"The k-probability's error is a mean over n + 1 values of k, which explains part of its decrease with n. Differences are means over pairs of replicates; " + f.hatching() + ".",
	}
}

// baselineNote explains the lines of the baselines, if there are any.
func (f *facet) baselineNote() string {
	if len(f.baselines) == 0 {
		return ""
	}
	return " Thin lines: other models of the same data, to compare with; an error below a hundredth of the floor is not drawn."
}

// hatching explains the hatching of the heat map, or why there is none.
func (f *facet) hatching() string {
	if len(values(f.runs, replicateOf)) < 3 {
		return "with fewer than 3 replicates there is no interval, so their signs may be chance"
	}
	return "hatched where the 95 % interval covers 0"
}

func (f *facet) selection() string {
	if f.sameNeurons {
		return "a smaller n takes the first of them"
	}
	return "of the largest n; a smaller n has others"
}

func (f *facet) neuronsAndRates() string {
	words := make([]string, len(f.neuronIDs))
	for i, id := range f.neuronIDs {
		words[i] = fmt.Sprint(id)
		if i < len(f.rates) {
			words[i] += fmt.Sprintf(" (%.2f)", f.rates[i])
		}
	}
	return strings.Join(words, ", ")
}
