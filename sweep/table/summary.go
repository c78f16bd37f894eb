package table

import (
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// undersampledAbove is the number of bits of a window, n·t, above which most
// words are too rare for a reliable divergence (DESIGN.md, section 2.2).
const undersampledAbove = 10

// summary is one error of one configuration over its replicates.
type summary struct {
	group   *group
	measure string
	values  values
	floor   values
}

// WriteSummary writes summary.csv in tidy form: a row for each configuration and
// error, with the number of finished replicates, mean, standard deviation,
// geometric mean and its 95 % interval (from three replicates on), smallest,
// largest, and the floor, against which an error must be read. rates_hz are the
// neurons' firing rates, in the order of neuron_ids.
func WriteSummary(w io.Writer, shape Shape, rows Rows) error {
	return write(w, summaryColumns(shape), summaries(shape, rows))
}

// summaries summarises the rows of each configuration.
func summaries(shape Shape, rows Rows) iter.Seq2[summary, error] {
	all := measures(shape.Holdout)
	return func(yield func(summary, error) bool) {
		for g, err := range groups(all, rows) {
			if err != nil {
				yield(summary{}, err)
				return
			}
			for i, m := range all {
				if g.done > 0 && len(g.values[i]) == 0 {
					continue // undefined for this configuration, such as lags at t = 1
				}
				if !yield(summary{g, m.name, g.values[i], g.floors[i]}, nil) {
					return
				}
			}
		}
	}
}

func summaryColumns(shape Shape) []column[summary] {
	return slices.Concat(configurationColumns(shape, func(s summary) Row { return s.group.first }), []column[summary]{
		{"error", text, "which error, by its column in results.csv", func(s summary) string { return s.measure }},
		{"replicates_planned", number, "replicates of the configuration", func(s summary) string { return strconv.Itoa(s.group.rows) }},
		{"replicates", number, "of them, those whose error is known", func(s summary) string { return strconv.Itoa(len(s.values)) }},
		{"mean", number, "mean of the error over replicates", func(s summary) string { return optional(s.values.mean()) }},
		{"standard_deviation", number, "of the error over replicates, n − 1 in the denominator; from two replicates on", func(s summary) string { return optional(s.values.deviation()) }},
		{"geometric_mean", number, "of the error over replicates; empty if one is 0", func(s summary) string { return optional(s.values.geometricMean()) }},
		{"geometric_mean_ci95_low", number, "lower end of the 95 % interval of the geometric mean: Student's t on the logarithms; from three replicates on", func(s summary) string { low, _, ok := s.values.geometricInterval(); return optional(low, ok) }},
		{"geometric_mean_ci95_high", number, "its upper end", func(s summary) string { _, high, ok := s.values.geometricInterval(); return optional(high, ok) }},
		{"minimum", number, "smallest error of a replicate", func(s summary) string { return extreme(s.values, slices.Min[values]) }},
		{"maximum", number, "largest error of a replicate", func(s summary) string { return extreme(s.values, slices.Max[values]) }},
		{"floor", number, "the expected error of the true law against this recording; js_k_probability_bits and bits per bin have none", func(s summary) string { return optional(s.floor.mean()) }},
		{"rates_hz", text, "firing rates of `neuron_ids` in the recording, Hz, separated by spaces", func(s summary) string { return joined(s.group.rates) }},
		{"note", text, "a warning about the error", summary.note},
	})
}

// configurationColumns are the columns that identify the configuration of a
// summarised row.
func configurationColumns[S any](shape Shape, row func(S) Row) []column[S] {
	columns := slices.Concat(settingColumns(shape.Axes), dataColumns())
	lifted := make([]column[S], len(columns))
	for i, c := range columns {
		lifted[i] = column[S]{c.name, c.kind, c.meaning, func(s S) string { return c.field(row(s)) }}
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

func extreme(v values, of func(values) float64) string {
	if len(v) == 0 {
		return ""
	}
	return Number(of(v))
}

// group holds the replicates of one configuration.
type group struct {
	first  Row         // the first finished replicate, or else the first one
	values [][]float64 // by measure: the values of the finished replicates, without missing ones
	floors []values    // by measure: one value, the same for all replicates; empty if missing
	rates  []float64   // of the modelled neurons in the recording, Hz
	done   int
	rows   int
}

// groups collects consecutive rows of one configuration.
func groups(all []measure, rows Rows) iter.Seq2[*group, error] {
	return func(yield func(*group, error) bool) {
		var g *group
		for row, err := range rows {
			if err != nil {
				yield(nil, err)
				return
			}
			if g != nil && g.first.ConfigurationIndex != row.ConfigurationIndex {
				if !yield(g, nil) {
					return
				}
				g = nil
			}
			if g == nil {
				g = &group{first: row, values: make([][]float64, len(all)), floors: make([]values, len(all))}
			}
			g.add(all, row)
		}
		if g != nil {
			yield(g, nil)
		}
	}
}

func (g *group) add(all []measure, row Row) {
	g.rows++
	if row.Measures == nil {
		return
	}
	if g.done++; g.done == 1 {
		g.first = row
	}
	g.rates = row.Measures.RatesHz
	for i, m := range all {
		if v, ok := m.value(*row.Measures); ok {
			g.values[i] = append(g.values[i], v)
		}
		if v, ok := m.floor(*row.Measures); ok {
			g.floors[i] = values{v}
		}
	}
}
