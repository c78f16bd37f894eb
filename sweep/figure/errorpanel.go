package figure

import (
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// position returns the place of a value on an axis with evenly spaced values.
func position(values []int, v int) float64 { return float64(slices.Index(values, v)) }

// maxLabels is the number of labels of an axis that do not overlap.
const maxLabels = 12

// positions returns the ticks of such an axis.
func positions(values []int) plot.ConstantTicks {
	ticks := make(plot.ConstantTicks, len(values))
	every := (len(values) + maxLabels - 1) / maxLabels
	for i, v := range values {
		ticks[i].Value = float64(i)
		if i%every == 0 {
			ticks[i].Label = strconv.Itoa(v)
		}
	}
	return ticks
}

// powersOfTen marks the powers of ten, and their multiples without labels. An axis of
// many decades has only some of the powers. An axis too short for two labels has
// labels at multiples.
type powersOfTen struct{}

// Ticks implements plot.Ticker; both ends are positive.
func (powersOfTen) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	first, last := math.Floor(math.Log10(low)), math.Ceil(math.Log10(high))
	every := max(1, math.Ceil((last-first)/maxLabels))
	for _, labelled := range [][]float64{{1}, {1, 2, 5}, {1, 2, 3, 4, 5, 6, 7, 8, 9}} {
		ticks = nil
		visible := 0
		for i := first; i <= last; i += every {
			for multiple := 1.0; multiple < 10 && (multiple == 1 || every == 1); multiple++ {
				tick := plot.Tick{Value: multiple * math.Pow(10, i)}
				if slices.Contains(labelled, multiple) {
					tick.Label = strconv.FormatFloat(multiple, 'f', 0, 64) + "e" + strconv.FormatFloat(i, 'f', 0, 64)
					if low <= tick.Value && tick.Value <= high {
						visible++
					}
				}
				ticks = append(ticks, tick)
			}
		}
		if visible >= 2 {
			break
		}
	}
	return ticks
}

// makeRoom raises the end of the error axis to leave room for the legend above the
// points.
func makeRoom(p *plot.Plot, entries int) {
	const share = 0.06 // of the axis, for each entry
	legend := min(share*float64(entries), 0.6)
	decades := math.Log10(p.Y.Max / p.Y.Min)
	p.Y.Max *= max(2, math.Pow(10, min(decades*legend/(1-legend), 200))) // finite: largestDrawn is far below
}

// bandShare is the share of the loss's colour in a band; the rest is white.
const bandShare = 0.19

// maxDots is the number of runs drawn at one value. More would be indistinguishable
// from a bar and make a file of gigabytes.
const maxDots = 1000

// addErrors draws each loss: its runs as pale points, their geometric mean as a
// line, and a band from the smallest to the largest error. The edges of all bands
// are above the bands, so that an edge stays visible where another band covers its
// own.
func addErrors(p *plot.Plot, losses []loss, xs []int) error {
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
		p.Legend.Add(l.label, line, marks)
	}
	p.Add(slices.Concat(areas, edges, dots, lines)...)
	return nil
}

// addFloor draws the floor as a dashed line where it is defined.
func addFloor(p *plot.Plot, points []point, xs []int) error {
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
	p.Legend.Add("floor of the data", line)
	return nil
}
