package figure

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot/vg"
)

// caption says what a reader must know to trust the figure: data, cells, seeds,
// and what the band is.
func (f *facet) caption(width vg.Length) []string {
	replicates := values(f.runs, replicateOf)
	data := fmt.Sprintf("Data: %s. Cells (counted from 0; %s), rates in Hz: %s.", f.data, f.rule(), f.cellsAndRates())
	setting := fmt.Sprintf("Seed %d, replicates: %d, %d finished trainings.", f.seed, len(replicates), len(f.runs))
	if f.name != "" {
		setting += " " + f.name + "."
	}
	var lines []string
	for _, text := range []string{
		drawable(data + " " + setting),
		"Line: geometric mean. Band: smallest to largest, over replicates and over everything not on the axis. Dashed: floor, the expected error of the true law; an error means nothing without it.",
		"A mean over k falls like 1/(n+1) by itself: part of the k-probability's decrease with n. Differences are means over pairs of replicates; " + f.hatching() + ".",
	} {
		lines = append(lines, wrap(text, captionSize, width)...)
	}
	return lines
}

// hatching says when differences are hatched, or why none is.
func (f *facet) hatching() string {
	if len(values(f.runs, replicateOf)) < 3 {
		return "below 3 replicates there is no interval, so their signs may be chance"
	}
	return "hatched where the 95 % interval covers 0"
}

func (f *facet) rule() string {
	if f.sameCells {
		return "a smaller n takes the first of them"
	}
	return "of the largest n; a smaller n has others"
}

func (f *facet) cellsAndRates() string {
	words := make([]string, len(f.cells))
	for i, c := range f.cells {
		words[i] = fmt.Sprint(c)
		if i < len(f.rates) {
			words[i] += fmt.Sprintf(" (%.2f)", f.rates[i])
		}
	}
	return strings.Join(words, ", ")
}
