package figure

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// baseline holds the errors of one of sweep.Baselines. A trained one has a baseline for
// each k.
type baseline struct {
	model string
	k     float64 // 0 of a fitted model
	runs  []run
}

// fitted holds the baselines of a sweep by the values of the axes that each reads.
type fitted map[string][]baseline

// add adds a finished row.
func (f fitted) add(shape table.Shape, row table.Row) {
	c := row.Configuration
	axes := shape.Facet(c)
	all := f[axes]
	i := slices.IndexFunc(all, func(b baseline) bool { return b.model == c.Model && b.k == c.K })
	if i < 0 {
		i, all = len(all), append(all, baseline{model: c.Model, k: c.K})
	}
	all[i].runs = append(all[i].runs, runOf(row))
	f[axes] = all
}

// of returns the baselines of a facet's configuration, in the order of sweep.Baselines.
func (f fitted) of(shape table.Shape, c sweep.Configuration) []baseline {
	var all []baseline
	for _, model := range sweep.Baselines {
		c.Model = model
		for _, b := range f[shape.Facet(c)] {
			if b.model == model {
				all = append(all, b)
			}
		}
	}
	return all
}

// label returns the name in a legend.
func (b baseline) label() string {
	name := strings.ReplaceAll(b.model, "_", " ")
	if b.k != 0 {
		name += ", K = " + strconv.FormatFloat(b.k, 'g', -1, 64)
	}
	return name
}

// dashes tell the baselines apart, in the order of sweep.Baselines.
var dashes = [][]vg.Length{
	{1, 1.5}, {6, 1.5}, {3, 1.5}, {3, 1.5, 1, 1.5}, {8, 2, 2, 2}, {1, 3}, {5, 3, 1, 3, 1, 3}, {2, 4}, {10, 2}, {6, 2, 1, 2, 1, 2},
}

// addBaselines draws the baselines as thin lines. It omits errors below a
// hundredth of the floor: a baseline that reproduces a statistic by construction has
// errors near 0, which would stretch the axis.
func (f *facet) addBaselines(p *plot.Plot, statistic int, xs []int, of func(run) int, l *legend) error {
	for _, b := range f.baselines {
		var points plotter.XYs
		for _, pt := range errorsBy(b.runs, statistic, b.k, of) {
			if slices.Contains(xs, pt.x) && (math.IsNaN(pt.floor) || pt.geometric >= pt.floor/100) {
				points = append(points, plotter.XY{X: position(xs, pt.x), Y: pt.geometric})
			}
		}
		if len(points) == 0 {
			continue
		}
		line, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return err
		}
		pattern := dashes[slices.Index(sweep.Baselines, b.model)]
		line.LineStyle = draw.LineStyle{Color: dark, Width: vg.Points(0.8), Dashes: pattern}
		if b.k != 0 {
			line.Color = orange
		}
		marks.GlyphStyle = draw.GlyphStyle{Color: line.Color, Radius: vg.Points(1), Shape: draw.CircleGlyph{}}
		p.Add(line, marks)
		l.add(b.label(), line, marks)
	}
	return nil
}

// numbers returns the plotted numbers of a baseline, in the form of facet.numbers.
func (b baseline) numbers(statistic int) [][]string {
	var rows [][]string
	k := "" // a fitted model has none
	if !(sweep.Configuration{Model: b.model}).IsFitted() {
		k = number(b.k)
	}
	for _, p := range errorsBy(b.runs, statistic, b.k, neuronsOf) {
		rows = append(rows, p.row("against_n", statistic, b.model, k, p.x, 0))
	}
	for _, p := range errorsBy(b.runs, statistic, b.k, timestepsOf) {
		rows = append(rows, p.row("against_t", statistic, b.model, k, 0, p.x))
	}
	return rows
}
