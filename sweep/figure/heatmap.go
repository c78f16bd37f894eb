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

// signed formats a difference with its sign and one digit.
func signed(v float64) string {
	if v == 0 {
		return "0"
	}
	return fmt.Sprintf("%+.0e", v)
}
