package table

import (
	"io"
	"slices"
	"strconv"
	"strings"
)

// undersampledAbove is the number of bits of a window, n·t, above which most
// words are too rare for a divergence between them to be trusted (DESIGN.md,
// section 2.2).
const undersampledAbove = 10

// summary is one error of one cell over its replicates.
type summary struct {
	group   *group
	measure string
	values  sample
	floor   sample
}

// WriteSummary writes summary.csv in tidy form: a row for each cell and error,
// with the number of finished replicates, mean, standard deviation, geometric
// mean and its 95 % interval (from three replicates on), smallest, largest, and
// the floor, without which an error means nothing. rates_hz are the cells'
// own firing rates, in their order.
func WriteSummary(w io.Writer, shape Shape, rows Rows) error {
	all := measures(shape.Holdout)
	return write(w, summaryColumns(shape), func(yield func(summary, error) bool) {
		for g, err := range groups(all, rows) {
			if err != nil {
				yield(summary{}, err)
				return
			}
			for i, m := range all {
				if g.done > 0 && len(g.values[i]) == 0 {
					continue // undefined for this cell: no lags at t = 1, say
				}
				if !yield(summary{g, m.name, g.values[i], g.floors[i]}, nil) {
					return
				}
			}
		}
	})
}

func summaryColumns(shape Shape) []column[summary] {
	return slices.Concat(ofCell(shape, func(s summary) Row { return s.group.first }), []column[summary]{
		{"error", text, "which error, by its column in results.csv", func(s summary) string { return s.measure }},
		{"replicates_planned", number, "replicates of the configuration", func(s summary) string { return strconv.Itoa(s.group.rows) }},
		{"replicates", number, "of them, those whose error is known", func(s summary) string { return strconv.Itoa(len(s.values)) }},
		{"mean", number, "mean of the error over replicates", func(s summary) string { return optional(s.values.mean()) }},
		{"standard_deviation", number, "of the error over replicates, n − 1 in the denominator; from two replicates on", func(s summary) string { return optional(s.values.deviation()) }},
		{"geometric_mean", number, "of the error over replicates; empty if one is 0", func(s summary) string { return optional(s.values.geometricMean()) }},
		{"geometric_mean_ci95_low", number, "lower end of the 95 % interval of the geometric mean: Student's t on the logarithms; from three replicates on", func(s summary) string { low, _, ok := s.values.geometricInterval(); return optional(low, ok) }},
		{"geometric_mean_ci95_high", number, "its upper end", func(s summary) string { _, high, ok := s.values.geometricInterval(); return optional(high, ok) }},
		{"minimum", number, "smallest error of a replicate", func(s summary) string { return extreme(s.values, slices.Min[sample]) }},
		{"maximum", number, "largest error of a replicate", func(s summary) string { return extreme(s.values, slices.Max[sample]) }},
		{"floor", number, "what the true law would show by chance against this recording; js_k_probability_bits has none", func(s summary) string { return optional(s.floor.mean()) }},
		{"rates_hz", text, "firing rates of `neuron_ids` in the recording, Hz, separated by spaces", func(s summary) string { return joined(s.group.rates) }},
		{"note", text, "a warning about the error", summary.note},
	})
}

// ofCell are the columns of the cell that a summary's row belongs to.
func ofCell[S any](shape Shape, row func(S) Row) []column[S] {
	columns := slices.Concat(configured(shape.Axes), described())
	lifted := make([]column[S], len(columns))
	for i, c := range columns {
		lifted[i] = column[S]{c.name, c.kind, c.meaning, func(s S) string { return c.cell(row(s)) }}
	}
	return lifted
}

func (s summary) note() string {
	c := s.group.first.Configuration
	if strings.HasSuffix(s.measure, "js_bits") && c.Neurons*c.Timesteps > undersampledAbove {
		return "undersampled: the words are too rare for this recording and the floor comes out too low"
	}
	return ""
}

func extreme(s sample, of func(sample) float64) string {
	if len(s) == 0 {
		return ""
	}
	return Number(of(s))
}
