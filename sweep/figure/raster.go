package figure

import (
	"fmt"
	"image/color"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// binsDrawn is the number of bins of a raster, but for windows that are longer.
const binsDrawn = 60

// windowsDrawn returns the number of windows in a raster.
func windowsDrawn(timesteps int) int { return max(1, binsDrawn/timesteps) }

const rasterCaption = "Rasters: rows are neurons, consecutive columns the bins of a window, grey lines separate windows of five bins or more; the recording's are spread over its repeats and their time, the generated ones are the first of the first training."

// rasterFigure draws spikes of the recording and of both losses for one number of
// neurons, a column for each number of time steps (Figs. S7–S11).
func (t *trainings) rasterFigure(places []place) *Figure {
	return &Figure{Numbers: t.rasterNumbers(places), layout: func(width vg.Length) (*page, error) {
		p := &page{width: width, caption: append(t.describe(places), rasterCaption)}
		b := t.rasterBlock(places)
		b.widest = widestPanel
		for j, at := range places {
			b.title(j, "t = "+strconv.Itoa(at.timesteps))
		}
		p.bands = p.split(b, 2.5*vg.Centimeter+vg.Length(places[0].neurons)*0.08*vg.Centimeter)
		return p, nil
	}}
}

// rasterBlock returns a row of panels for the recording and for each loss, with a column
// for each place.
func (t *trainings) rasterBlock(places []place) block {
	b := block{share: 1}
	for _, s := range t.rasterRows() {
		var row []panel
		for _, at := range places {
			windows := s.windows(at)
			if windows == nil {
				words := "not finished"
				if s.k == "" && len(t.at(at)) > 0 {
					words = "no excerpt kept"
				}
				row = append(row, panel{note: words})
				continue
			}
			p := newPlot()
			p.Add(raster{windows, at, s.colour})
			p.X.Label.Text = "bin"
			p.X.Tick.Marker, p.Y.Tick.Marker = fewTicks{2}, fewTicks{2}
			row = append(row, panel{Plot: p})
		}
		b.panels, b.labels = append(b.panels, row), append(b.labels, s.label)
	}
	return b
}

// rasterRow is the source of a row of rasters.
type rasterRow struct {
	label   string
	k       string // of the trainings, "" for the recording
	colour  color.Color
	windows func(place) [][]uint32 // nil if there are none
}

func (t *trainings) rasterRows() []rasterRow {
	rows := []rasterRow{{"recording", "", color.Black, func(at place) [][]uint32 { return t.windows[at] }}}
	for _, k := range t.ks() {
		label := "standard"
		if k != 0 {
			label = fmt.Sprintf("K = %v", k)
		}
		rows = append(rows, rasterRow{label, number(k), lossColour(k), func(at place) [][]uint32 { return t.samples[variant{at, k}] }})
	}
	return rows
}

// rasterNumbers returns the drawn spikes, with a header.
func (t *trainings) rasterNumbers(places []place) [][]string {
	rows := [][]string{paperHeader()}
	for _, at := range places {
		for _, s := range t.rasterRows() {
			for window, bins := range s.windows(at) {
				for bin, word := range bins {
					for neuron := range at.neurons {
						if word>>neuron&1 == 1 {
							rows = append(rows, []string{
								"raster", strconv.Itoa(at.neurons), strconv.Itoa(at.timesteps), s.k, strconv.Itoa(window),
								strconv.Itoa(window*at.timesteps + bin), strconv.Itoa(neuron), "", "", "",
							})
						}
					}
				}
			}
		}
	}
	return rows
}

// raster draws the spikes of windows as small bars, neuron 0 at the bottom.
type raster struct {
	windows [][]uint32
	at      place
	colour  color.Color
}

// DataRange implements plot.DataRanger.
func (r raster) DataRange() (xmin, xmax, ymin, ymax float64) {
	return -0.5, float64(len(r.windows)*r.at.timesteps) - 0.5, -0.5, float64(r.at.neurons) - 0.5
}

// Plot implements plot.Plotter.
func (r raster) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	if r.at.timesteps >= 5 { // lines between shorter windows would hide the spikes
		for window := 1; window < len(r.windows); window++ {
			edge := x(float64(window*r.at.timesteps) - 0.5)
			c.StrokeLines(draw.LineStyle{Color: pale(grey, 0.5), Width: 0.4}, []vg.Point{{X: edge, Y: c.Min.Y}, {X: edge, Y: c.Max.Y}})
		}
	}
	for window, bins := range r.windows {
		for bin, word := range bins {
			at := float64(window*r.at.timesteps + bin)
			for neuron := range r.at.neurons {
				if word>>neuron&1 == 1 {
					c.FillPolygon(r.colour, corners(vg.Rectangle{
						Min: vg.Point{X: x(at - 0.35), Y: y(float64(neuron) - 0.35)},
						Max: vg.Point{X: x(at + 0.35), Y: y(float64(neuron) + 0.35)},
					}))
				}
			}
		}
	}
}
