package figure

import (
	"fmt"
	"image/color"
	"math"
	"strconv"
	"strings"

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
	box := func(d difference) (r vg.Rectangle) {
		column, row := position(h.timesteps, d.timesteps), position(h.neurons, d.neurons)
		r.Min = vg.Point{X: x(column - 0.5), Y: y(row - 0.5)}
		r.Max = vg.Point{X: x(column + 0.5), Y: y(row + 0.5)}
		return r
	}
	for _, d := range h.differences {
		c.FillPolygon(h.colours.colour(d.mean), corners(box(d)))
		if d.undecided {
			hatch(c, box(d))
		}
		c.StrokeLines(draw.LineStyle{Color: color.White, Width: vg.Points(0.5)}, append(corners(box(d)), box(d).Min))
	}
	for _, d := range h.differences {
		background, words := h.colours.colour(d.mean), signed(d.mean)
		style := textStyle(tickSize, text.XCenter, text.YCenter)
		style.Color, style.Handler = labelColour(background), powers
		middle := vg.Point{X: (box(d).Min.X + box(d).Max.X) / 2, Y: (box(d).Min.Y + box(d).Max.Y) / 2}
		free := style.Rectangle(words) // of hatching
		c.FillPolygon(background, corners(vg.Rectangle{Min: free.Min.Add(middle), Max: free.Max.Add(middle)}))
		c.FillText(style, middle, words)
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
	rounded := fmt.Sprintf("%+.0e", v)
	digit, after, _ := strings.Cut(rounded, "e")
	exponent, err := strconv.Atoi(after)
	if err != nil { // infinite
		return rounded
	}
	if math.Abs(float64(exponent)) <= 2 {
		return strings.Replace(fmt.Sprintf("%+.*f", max(0, -exponent), v), "-", "−", 1)
	}
	return strings.Replace(fmt.Sprintf("%s×10^%d", digit, exponent), "-", "−", 1)
}
