package figure

import (
	"math"
	"strconv"

	"spiqsweep/sweep/table"
)

// columns are those of a figure's CSV; sweep/table/README.md has them, too.
var columns = []struct{ name, meaning string }{
	{"panel", "against_n, against_t, or standard_minus_k (the heat map)"},
	{"error", "k_probability or firing_rate_hz2, both mean square errors"},
	{"k", "k of the trainings; in the heat map, k of those compared with the standard loss"},
	{"neurons", "n; empty against t, where all n are taken together"},
	{"timesteps", "t; empty against n, where all t are taken together"},
	{"trainings", "number of finished trainings in the row; in the heat map, of pairs"},
	{"geometric_mean", "of the errors: the line"},
	{"minimum", "smallest error: the lower edge of the band"},
	{"maximum", "largest error: the upper edge of the band"},
	{"floor", "geometric mean of the floors: the dashed line"},
	{"mean_difference", "mean of standard minus K over pairs: positive where the K-loss is better"},
	{"interval_covers_zero", "true where the heat map is hatched: the 95 % interval of the difference covers 0"},
}

// numbers lists what S1 plots, in tidy form: a row for each point and each
// difference.
func (f *facet) numbers() [][]string {
	rows := [][]string{make([]string, len(columns))}
	for i, c := range columns {
		rows[0][i] = c.name
	}
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
