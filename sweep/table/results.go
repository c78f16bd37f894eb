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
	columns := slices.Concat(
		[]column[Row]{
			{"task", func(r Row) string { return string(r.Task) }},
			{"state", func(r Row) string { return string(r.State) }},
		},
		withReplicate(configured(shape.Axes)),
		described(),
	)
	for _, m := range measures(shape.Holdout) {
		columns = append(columns, column[Row]{m.name, resulting(m.value)})
		if name := floorName(m.name); name != "" {
			columns = append(columns, column[Row]{name, resulting(m.floor)})
		}
	}
	return write(w, columns, rows)
}

// withReplicate puts the replicate's column behind k, where a reader expects it.
func withReplicate(columns []column[Row]) []column[Row] {
	const afterK = 4 // model, neurons, timesteps, k
	replicate := column[Row]{"replicate", func(r Row) string { return strconv.Itoa(r.Configuration.Replicate) }}
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
