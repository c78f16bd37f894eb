package figure

import (
	"math"
	"strconv"

	"spiqsweep/sweep/table"
)

// numbers lists what S1 plots, in tidy form: a row for each point and each
// difference.
func (f *facet) numbers() [][]string {
	rows := [][]string{{
		"panel", "error", "k", "neurons", "timesteps", "trainings",
		"geometric_mean", "minimum", "maximum", "floor", "mean_difference", "interval_covers_zero",
	}}
	for i, s := range s1Rows {
		for _, k := range values(f.runs, kOf) {
			for _, p := range errorsBy(f.runs, i, k, neuronsOf) {
				rows = append(rows, p.row("against_n", s.error, k, strconv.Itoa(p.x), ""))
			}
			for _, p := range errorsBy(f.runs, i, k, timestepsOf) {
				rows = append(rows, p.row("against_t", s.error, k, "", strconv.Itoa(p.x)))
			}
		}
		if k, ok := f.comparedK(); ok {
			for _, d := range differences(f.runs, i, k) {
				rows = append(rows, []string{
					"standard_minus_k", s.error, number(k), strconv.Itoa(d.neurons), strconv.Itoa(d.timesteps), strconv.Itoa(d.pairs),
					"", "", "", "", number(d.mean), strconv.FormatBool(d.undecided),
				})
			}
		}
	}
	return rows
}

func (p point) row(panel, error string, k float64, neurons, timesteps string) []string {
	return []string{
		panel, error, number(k), neurons, timesteps, strconv.Itoa(len(p.errors)),
		number(p.geometric), number(p.low), number(p.high), number(p.floor), "", "",
	}
}

// number prints as the tables do; a missing value is empty.
func number(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return table.Number(v)
}
