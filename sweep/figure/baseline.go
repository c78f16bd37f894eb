package figure

import (
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// baseline holds the errors of one of sweep.Baselines.
type baseline struct {
	model string
	runs  []run // one for each n and t
}

// addBaseline adds a finished row to the baselines of its data, which are in the order
// of the rows.
func addBaseline(all []baseline, row table.Row) []baseline {
	i := slices.IndexFunc(all, func(b baseline) bool { return b.model == row.Configuration.Model })
	if i < 0 {
		i, all = len(all), append(all, baseline{model: row.Configuration.Model})
	}
	all[i].runs = append(all[i].runs, runOf(row))
	return all
}

// dashes tell the baselines apart, in the order of sweep.Baselines.
var dashes = [][]vg.Length{
	{1, 1.5}, {6, 1.5}, {3, 1.5}, {3, 1.5, 1, 1.5}, {8, 2, 2, 2}, {1, 3}, {5, 3, 1, 3, 1, 3}, {2, 4},
}

// addBaselines draws the baselines as thin dark lines. It omits errors below a
// hundredth of the floor: a baseline that reproduces a statistic by construction has
// errors near 0, which would stretch the axis.
func (f *facet) addBaselines(p *plot.Plot, statistic int, xs []int, of func(run) int) (entries int, err error) {
	for _, b := range f.baselines {
		var points plotter.XYs
		for _, pt := range errorsBy(b.runs, statistic, 0, of) {
			if slices.Contains(xs, pt.x) && (math.IsNaN(pt.floor) || pt.geometric >= pt.floor/100) {
				points = append(points, plotter.XY{X: position(xs, pt.x), Y: pt.geometric})
			}
		}
		if len(points) == 0 {
			continue
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return entries, err
		}
		pattern := dashes[slices.Index(sweep.Baselines, b.model)%len(dashes)]
		line.LineStyle = draw.LineStyle{Color: dark, Width: vg.Points(0.8), Dashes: pattern}
		p.Add(line)
		p.Legend.Add(strings.ReplaceAll(b.model, "_", " "), line)
		entries++
	}
	return entries, nil
}

// numbers returns the plotted numbers of a baseline, in the form of facet.numbers.
func (b baseline) numbers(statistic int) [][]string {
	var rows [][]string
	for _, p := range errorsBy(b.runs, statistic, 0, neuronsOf) {
		rows = append(rows, p.row("against_n", statistic, b.model, "", p.x, 0))
	}
	for _, p := range errorsBy(b.runs, statistic, 0, timestepsOf) {
		rows = append(rows, p.row("against_t", statistic, b.model, "", 0, p.x))
	}
	return rows
}
