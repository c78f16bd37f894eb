package table

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"spiqsweep/sweep"
)

// Row is one planned task with its state and result.
type Row struct {
	Task               sweep.TaskID
	ConfigurationIndex int // position of the configuration in the grid, from 0
	State              sweep.State
	Configuration      sweep.Configuration
	Data               string          // "surrogate", or the recording's file name
	NeuronIDs          []int           // numbers of the modelled neurons in the recording, from 0
	Digest             string          // of the accepted result; "" without one
	Measures           *sweep.Measures // of the accepted result; nil without one
}

// Rows yields the rows of a sweep in grid order. The replicates of a
// configuration follow one another.
type Rows = iter.Seq2[Row, error]

// Shape lists the optional columns of a sweep's tables.
type Shape struct {
	Axes    []string // the swept settings, in the order of the grid
	Holdout bool     // whether any configuration holds a part of the recording out
}

// Facet names the values of a configuration's swept settings other than neurons,
// timesteps and k, as far as its model reads them, such as "entangler=none"; "" without other axes. Configurations of one
// facet are compared along these three; pooling over other axes would compare models that
// should not be compared.
func (s Shape) Facet(c sweep.Configuration) string {
	var words []string
	for _, axis := range s.Axes {
		if slices.Contains([]string{"neurons", "timesteps", "k"}, axis) {
			continue
		}
		if s, ok := sweep.Lookup(axis); ok && s.ReadByModel(c.Model) {
			words = append(words, fmt.Sprintf("%s=%v", axis, s.Value(c)))
		}
	}
	return strings.Join(words, " ")
}

// WriteResults writes results.csv: a row for each planned task, with empty
// errors where there is no result yet (DESIGN.md, section 6).
func WriteResults(w io.Writer, shape Shape, rows Rows) error {
	return write(w, resultColumns(shape), rows)
}

func resultColumns(shape Shape) []column[Row] {
	columns := slices.Concat(
		[]column[Row]{
			{"task", text, "SHA-256 of everything that decides the numbers; the model is models/TASK.json", func(r Row) string { return string(r.Task) }},
			{"state", text, "done, pending, failed (failed or cancelled) or diverged (two results differ); the errors are empty unless done", func(r Row) string { return string(r.State) }},
		},
		withReplicate(settingColumns(shape.Axes)),
		dataColumns(),
	)
	for _, m := range errorMeasures(shape.Holdout) {
		columns = append(columns, column[Row]{m.name, number, m.meaning, ofMeasures(m.value)})
		if name := floorName(m.name); name != "" {
			columns = append(columns, column[Row]{name, number, "the floor of " + m.name + ": the expected error of the true law against this recording", ofMeasures(m.floor)})
		}
		if m.interval != nil {
			columns = append(columns, intervalColumns(m)...)
		}
	}
	if shape.Holdout {
		columns = append(columns, likelihoodColumns()...)
	}
	return columns
}

// intervalColumns are the columns of the interval of an error over the repeats of the
// recording.
func intervalColumns(m measure) []column[Row] {
	end := func(i int) func(sweep.Measures) (float64, bool) {
		return func(r sweep.Measures) (float64, bool) { ends, ok := m.interval(r); return ends[i], ok }
	}
	return []column[Row]{
		{m.name + "_data_ci95_low", number, "lower end of the 95 % interval of the model's error against the true law: bootstrap over the recording's repeats, from three on", ofMeasures(end(0))},
		{m.name + "_data_ci95_high", number, "its upper end", ofMeasures(end(1))},
	}
}

// withReplicate inserts the replicate's column after k, where readers expect it.
func withReplicate(columns []column[Row]) []column[Row] {
	const afterK = 4 // model, neurons, timesteps, k
	replicate := column[Row]{"replicate", whole, "from 0; replicates differ only in their random draws", func(r Row) string { return strconv.Itoa(r.Configuration.Replicate) }}
	return slices.Concat(columns[:afterK:afterK], []column[Row]{replicate}, columns[afterK:])
}

// ofMeasures formats a number of the result; "" without a result.
func ofMeasures(value func(sweep.Measures) (float64, bool)) func(Row) string {
	return func(r Row) string {
		if r.Measures == nil {
			return ""
		}
		return optional(value(*r.Measures))
	}
}
