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

// position is where a value stands on an axis whose values are evenly spaced.
func position(values []int, v int) float64 { return float64(slices.Index(values, v)) }

// positions labels such an axis.
func positions(values []int) plot.ConstantTicks {
	ticks := make(plot.ConstantTicks, len(values))
	for i, v := range values {
		ticks[i] = plot.Tick{Value: float64(i), Label: strconv.Itoa(v)}
	}
	return ticks
}

// powersOfTen marks 10ⁱ and, without labels, its multiples.
type powersOfTen struct{}

// Ticks implements plot.Ticker; both ends are positive.
func (powersOfTen) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for i := math.Floor(math.Log10(low)); i <= math.Ceil(math.Log10(high)); i++ {
		label := strconv.FormatFloat(i, 'f', 0, 64)
		ticks = append(ticks, plot.Tick{Value: math.Pow(10, i), Label: "1e" + label})
		for multiple := 2.0; multiple < 10; multiple++ {
			ticks = append(ticks, plot.Tick{Value: multiple * math.Pow(10, i)})
		}
	}
	return ticks
}

// maxDots bounds the runs that are drawn at one value: more would only be a bar,
// which the band is already, in a file of gigabytes.
const maxDots = 1000

// addErrors draws one loss: the runs as faint points, the geometric mean as a
// line, and the band from the smallest to the largest error.
func addErrors(p *plot.Plot, points []point, xs []int, series series) error {
	var runs, means, band plotter.XYs
	for _, pt := range points {
		x := position(xs, pt.x)
		means = append(means, plotter.XY{X: x, Y: pt.geometric})
		band = append(band, plotter.XY{X: x, Y: pt.high})
		for _, e := range pt.errors[:min(len(pt.errors), maxDots)] {
			runs = append(runs, plotter.XY{X: x + series.shift, Y: e})
		}
	}
	for _, pt := range slices.Backward(points) {
		band = append(band, plotter.XY{X: position(xs, pt.x), Y: pt.low})
	}
	area, err := plotter.NewPolygon(band)
	if err != nil {
		return err
	}
	area.Color, area.Width = faint(series.colour, 0x30), 0
	dots, err := plotter.NewScatter(runs)
	if err != nil {
		return err
	}
	dots.GlyphStyle = draw.GlyphStyle{Color: faint(series.colour, 0x90), Radius: vg.Points(1.2), Shape: draw.CircleGlyph{}}
	line, marks, err := plotter.NewLinePoints(means)
	if err != nil {
		return err
	}
	line.LineStyle = draw.LineStyle{Color: series.colour, Width: vg.Points(1.2)}
	marks.GlyphStyle = draw.GlyphStyle{Color: series.colour, Radius: vg.Points(2.2), Shape: draw.CircleGlyph{}}
	p.Add(area, dots, line, marks)
	p.Legend.Add(series.label, line, marks)
	return nil
}

// addFloor draws the floor as a dashed line, where there is one.
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
