package table

import (
	"io"
	"slices"
	"strconv"

	"spiqsweep/sweep"
)

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
		withReplicate(configured(shape.Axes)),
		described(),
	)
	for _, m := range measures(shape.Holdout) {
		columns = append(columns, column[Row]{m.name, number, m.meaning, resulting(m.value)})
		if name := floorName(m.name); name != "" {
			columns = append(columns, column[Row]{name, number, "the floor of " + m.name + ": what the true law would show by chance against this recording", resulting(m.floor)})
		}
	}
	return columns
}

// withReplicate puts the replicate's column behind k, where a reader expects it.
func withReplicate(columns []column[Row]) []column[Row] {
	const afterK = 4 // model, neurons, timesteps, k
	replicate := column[Row]{"replicate", number, "from 0; replicates differ in their random draws alone", func(r Row) string { return strconv.Itoa(r.Configuration.Replicate) }}
	return slices.Concat(columns[:afterK:afterK], []column[Row]{replicate}, columns[afterK:])
}

func resulting(value func(sweep.Measures) (float64, bool)) func(Row) string {
	return func(r Row) string {
		if r.Measures == nil {
			return ""
		}
		return optional(value(*r.Measures))
	}
}
