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
// mean, smallest, largest, the 95 % interval of the mean (from three replicates
// on), and the floor, without which an error means nothing. rates_hz are the cells'
// own firing rates, in their order.
func WriteSummary(w io.Writer, shape Shape, rows Rows) error {
	columns := slices.Concat(ofCell(shape, func(s summary) Row { return s.group.first }), []column[summary]{
		{"error", func(s summary) string { return s.measure }},
		{"replicates_planned", func(s summary) string { return strconv.Itoa(s.group.rows) }},
		{"replicates", func(s summary) string { return strconv.Itoa(len(s.values)) }},
		{"mean", func(s summary) string { return optional(s.values.mean()) }},
		{"standard_deviation", func(s summary) string { return optional(s.values.deviation()) }},
		{"geometric_mean", func(s summary) string { return optional(s.values.geometricMean()) }},
		{"minimum", func(s summary) string { return extreme(s.values, slices.Min[sample]) }},
		{"maximum", func(s summary) string { return extreme(s.values, slices.Max[sample]) }},
		{"ci95_low", func(s summary) string { low, _, ok := Interval(s.values); return optional(low, ok) }},
		{"ci95_high", func(s summary) string { _, high, ok := Interval(s.values); return optional(high, ok) }},
		{"floor", func(s summary) string { return optional(s.floor.mean()) }},
		{"rates_hz", func(s summary) string { return joined(s.group.rates) }},
		{"note", summary.note},
	})
	all := measures(shape.Holdout)
	return write(w, columns, func(yield func(summary, error) bool) {
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

// ofCell are the columns of the cell that a summary's row belongs to.
func ofCell[S any](shape Shape, row func(S) Row) []column[S] {
	columns := slices.Concat(configured(shape.Axes), described())
	lifted := make([]column[S], len(columns))
	for i, c := range columns {
		lifted[i] = column[S]{c.name, func(s S) string { return c.cell(row(s)) }}
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
