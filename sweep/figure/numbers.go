package figure

import (
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/stat"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// columns are those of a figure's CSV. sweep/table/README.md repeats them.
var columns = []struct{ name, meaning string }{
	{"panel", "against_n, against_t, or standard_minus_k (the heat map)"},
	{"error", "k_probability or firing_rate_hz2, both mean square errors"},
	{"model", "`spiqgan`, or the name of a baseline"},
	{"k", "k of the trainings, empty for a fitted model; in the heat map, k of those compared with the standard loss"},
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

// numbers returns the plotted numbers of S1 in tidy form, with a header: a row for
// each point and each difference.
func (f *facet) numbers() [][]string {
	rows := [][]string{make([]string, len(columns))}
	for i, c := range columns {
		rows[0][i] = c.name
	}
	for i, s := range s1Rows {
		for _, k := range values(f.runs, kOf) {
			for _, p := range errorsBy(f.runs, i, k, neuronsOf) {
				rows = append(rows, p.row("against_n", i, sweep.ModelSpiQGAN, number(k), p.x, 0))
			}
			for _, p := range errorsBy(f.runs, i, k, timestepsOf) {
				rows = append(rows, p.row("against_t", i, sweep.ModelSpiQGAN, number(k), 0, p.x))
			}
		}
		for _, b := range f.baselines {
			rows = append(rows, b.numbers(i)...)
		}
		if k, ok := f.comparedK(); ok {
			for _, d := range differences(f.runs, i, k) {
				rows = append(rows, []string{
					"standard_minus_k", s.error, sweep.ModelSpiQGAN, number(k), strconv.Itoa(d.neurons), strconv.Itoa(d.timesteps), strconv.Itoa(d.pairs),
					"", "", "", "", number(d.mean), strconv.FormatBool(d.undecided),
				})
			}
		}
	}
	return rows
}

// row returns the numbers of a point of a panel. neurons or timesteps is 0 where all are
// taken together.
func (p point) row(panel string, statistic int, model, k string, neurons, timesteps int) []string {
	return []string{
		panel, s1Rows[statistic].error, model, k, positive(neurons), positive(timesteps), strconv.Itoa(len(p.errors)),
		number(p.geometric), number(p.low), number(p.high), number(p.floor), "", "",
	}
}

// positive formats a whole number; "" for 0.
func positive(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// number formats as the tables do. NaN, a missing value, is empty.
func number(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return table.Number(v)
}

// point summarises one error at one value of n or t, over the replicates and
// everything else that varies within a figure.
type point struct {
	x                    int
	errors               []float64 // of every run
	geometric, low, high float64   // geometric mean, smallest, largest
	floor                float64   // geometric mean of the floors; NaN if there is none
}

// errorsBy returns the points of one k against n or t, for a statistic of s1Rows.
// It omits values that a logarithmic axis cannot show.
func errorsBy(runs []run, statistic int, k float64, of func(run) int) []point {
	var points []point
	for _, x := range values(runs, of) {
		var errors, floors []float64
		for _, r := range runs {
			if r.k != k || of(r) != x {
				continue
			}
			errors = appendDrawn(errors, r.errors[statistic])
			floors = appendDrawn(floors, r.floors[statistic])
		}
		if len(errors) > 0 {
			points = append(points, point{x, errors, stat.GeometricMean(errors, nil), slices.Min(errors), slices.Max(errors), stat.GeometricMean(floors, nil)})
		}
	}
	return points
}

// smallestDrawn and largestDrawn bound the values on a logarithmic axis, which has
// no zero and must end above the largest value.
const smallestDrawn, largestDrawn = 1e-100, 1e100

func appendDrawn(to []float64, v float64) []float64 {
	if smallestDrawn <= v && v <= largestDrawn {
		return append(to, v)
	}
	return to
}

// difference is MSE standard − MSE K at one (n, t): positive where the K-loss is
// better.
type difference struct {
	neurons, timesteps int
	pairs              int
	mean               float64
	undecided          bool // whether the 95 % interval covers 0; false below three pairs, which have none
}

// differences compares the errors of k with those of the standard loss, paired by
// replicate, for a statistic of s1Rows.
func differences(runs []run, statistic int, k float64) []difference {
	type place struct{ neurons, timesteps, replicate int32 }
	standard := map[place]float64{}
	for _, r := range runs {
		if v := r.errors[statistic]; math.Abs(v) <= largestDrawn && r.k == 0 {
			standard[place{r.neurons, r.timesteps, r.replicate}] = v
		}
	}
	var all []difference
	for _, n := range values(runs, neuronsOf) {
		for _, t := range values(runs, timestepsOf) {
			var pairs []float64
			for _, r := range runs {
				v := r.errors[statistic]
				s, both := standard[place{r.neurons, r.timesteps, r.replicate}]
				if r.k == k && neuronsOf(r) == n && timestepsOf(r) == t && math.Abs(v) <= largestDrawn && both {
					pairs = append(pairs, s-v)
				}
			}
			if len(pairs) > 0 {
				all = append(all, difference{n, t, len(pairs), stat.Mean(pairs, nil), coversZero(pairs)})
			}
		}
	}
	return all
}

func coversZero(pairs []float64) bool {
	low, high, ok := table.Interval(pairs)
	return ok && low <= 0 && high >= 0
}
