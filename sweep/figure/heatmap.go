package figure

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// heatMap draws each difference as a coloured box, with timesteps to the right and
// neurons upwards. Boxes with an undecided sign are hatched.
type heatMap struct {
	differences        []difference
	neurons, timesteps []int // the values at positions 0, 1, …
	colours            signedLog
}

// DataRange implements plot.DataRanger.
func (h heatMap) DataRange() (xmin, xmax, ymin, ymax float64) {
	return -0.5, float64(len(h.timesteps)) - 0.5, -0.5, float64(len(h.neurons)) - 0.5
}

// Plot implements plot.Plotter.
func (h heatMap) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for _, d := range h.differences {
		column, row := position(h.timesteps, d.timesteps), position(h.neurons, d.neurons)
		box := vg.Rectangle{
			Min: vg.Point{X: x(column - 0.5), Y: y(row - 0.5)},
			Max: vg.Point{X: x(column + 0.5), Y: y(row + 0.5)},
		}
		background := h.colours.colour(d.mean)
		c.FillPolygon(background, corners(box))
		if d.undecided {
			hatch(c, box)
		}
		c.StrokeLines(draw.LineStyle{Color: color.White, Width: vg.Points(0.5)}, append(corners(box), box.Min))
		label := textStyle(6.5, text.XCenter, text.YCenter)
		label.Color = labelColour(background)
		c.FillText(label, vg.Point{X: x(column), Y: y(row)}, signed(d.mean))
	}
}

func corners(box vg.Rectangle) []vg.Point {
	return []vg.Point{box.Min, {X: box.Max.X, Y: box.Min.Y}, box.Max, {X: box.Min.X, Y: box.Max.Y}}
}

// hatch draws diagonals through a box.
func hatch(c draw.Canvas, box vg.Rectangle) {
	const lines = 5
	size := box.Size()
	style := draw.LineStyle{Color: pale(grey, 0.7), Width: vg.Points(0.5)}
	at := func(u, v float64) vg.Point {
		return vg.Point{X: box.Min.X + vg.Length(u)*size.X, Y: box.Min.Y + vg.Length(v)*size.Y}
	}
	for i := 1; i < 2*lines; i++ {
		d := float64(i) / lines // the line u + v = d within the unit square
		c.StrokeLines(style, []vg.Point{at(math.Min(1, d), math.Max(0, d-1)), at(math.Max(0, d-1), math.Min(1, d))})
	}
}

// colourScale draws the colour scale of the heat map.
type colourScale struct{ colours signedLog }

// DataRange implements plot.DataRanger.
func (colourScale) DataRange() (xmin, xmax, ymin, ymax float64) { return 0, 1, -1, 1 }

// Plot implements plot.Plotter.
func (b colourScale) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	const steps = 64
	for i := -steps; i < steps; i++ {
		low, high := float64(i)/steps, float64(i+1)/steps
		c.FillPolygon(b.colours.colour(b.invert((low+high)/2)), corners(vg.Rectangle{
			Min: vg.Point{X: x(0), Y: y(low)}, Max: vg.Point{X: x(1), Y: y(min(1, high+1.0/steps))}, // overlapping hides seams
		}))
	}
}

// invert returns the difference that signedLog maps to u.
func (b colourScale) invert(u float64) float64 {
	smallest := b.colours.smallest()
	if smallest == 0 {
		return 0
	}
	return math.Copysign(smallest*math.Expm1(math.Abs(u)*math.Log1p(b.colours.largest/smallest)), u)
}

// ticks marks 0, and the largest difference and the decades below it on both sides.
func (b colourScale) ticks() plot.ConstantTicks {
	ticks := plot.ConstantTicks{{Value: 0, Label: "0"}}
	for _, v := range []float64{1, 0.1, 0.01} {
		for _, sign := range []float64{-1, 1} {
			d := sign * v * b.colours.largest
			ticks = append(ticks, plot.Tick{Value: b.colours.scale(d), Label: fmt.Sprintf("%+.1g", d)})
		}
	}
	return ticks
}

// signed formats a difference with its sign and one digit.
func signed(v float64) string {
	if v == 0 {
		return "0"
	}
	return fmt.Sprintf("%+.0e", v)
}
