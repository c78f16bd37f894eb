package figure

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// bandShare is the share of the loss's colour in a band; the rest is white.
const bandShare = 0.19

// maxDots is the number of runs drawn at one value. More would be indistinguishable
// from a bar and make a file of gigabytes.
const maxDots = 1000

// addErrors draws each loss: its runs as pale points, their geometric mean as a
// line, and a band from the smallest to the largest error. The edges of all bands
// are above the bands, so that an edge stays visible where another band covers its
// own.
func addErrors(p *plot.Plot, losses []loss, xs []int, legend *legend) error {
	var areas, edges, dots, lines []plot.Plotter
	for _, l := range losses {
		var runs, geometricMeans, band plotter.XYs
		for _, pt := range l.points {
			x := position(xs, pt.x)
			geometricMeans = append(geometricMeans, plotter.XY{X: x, Y: pt.geometric})
			band = append(band, plotter.XY{X: x, Y: pt.high})
			for _, e := range pt.errors[:min(len(pt.errors), maxDots)] {
				runs = append(runs, plotter.XY{X: x + l.shift, Y: e})
			}
		}
		for _, pt := range slices.Backward(l.points) {
			band = append(band, plotter.XY{X: position(xs, pt.x), Y: pt.low})
		}
		area, err := plotter.NewPolygon(band)
		if err != nil {
			return err
		}
		edge := *area
		area.Color, area.Width = pale(l.colour, bandShare), 0
		edge.Color, edge.LineStyle = nil, draw.LineStyle{Color: pale(l.colour, 0.7), Width: vg.Points(0.6)}
		scatter, err := plotter.NewScatter(runs)
		if err != nil {
			return err
		}
		scatter.GlyphStyle = draw.GlyphStyle{Color: pale(l.colour, 0.56), Radius: vg.Points(1.2), Shape: draw.CircleGlyph{}}
		line, marks, err := plotter.NewLinePoints(geometricMeans)
		if err != nil {
			return err
		}
		line.LineStyle = draw.LineStyle{Color: l.colour, Width: vg.Points(1.2)}
		marks.GlyphStyle = draw.GlyphStyle{Color: l.colour, Radius: vg.Points(2.2), Shape: draw.CircleGlyph{}}
		areas, edges, dots, lines = append(areas, area), append(edges, &edge), append(dots, scatter), append(lines, line, marks)
		legend.add(l.label, line, marks)
	}
	p.Add(slices.Concat(areas, edges, dots, lines)...)
	return nil
}

// addFloor draws the floor as a dashed line where it is defined.
func addFloor(p *plot.Plot, points []point, xs []int, l *legend) error {
	var floors plotter.XYs
	for _, pt := range points {
		if !math.IsNaN(pt.floor) {
			floors = append(floors, plotter.XY{X: position(xs, pt.x), Y: pt.floor})
		}
	}
	if len(floors) == 0 {
		return nil
	}
	line, err := plotter.NewLine(floors)
	if err != nil {
		return err
	}
	line.LineStyle = draw.LineStyle{Color: grey, Width: vg.Points(1), Dashes: []vg.Length{vg.Points(4), vg.Points(3)}}
	p.Add(line)
	l.add("floor of the data", line)
	return nil
}
