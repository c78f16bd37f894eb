package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// shownStatistic is a row of panels.
type shownStatistic struct {
	name         string // in a result
	label, xAxis string
	scatter      bool // the model's values against the recording's
	logarithmic  bool
}

var shownStatistics = []shownStatistic{
	{name: "covariance", label: "covariance", xAxis: "recording", scatter: true},
	{name: "k_probability", label: "P(k)", xAxis: "spikes k", logarithmic: true},
	{name: "firing_rate_hz", label: "rate (Hz)", xAxis: "recording", scatter: true},
	{name: "autocorrelogram", label: "autocorr.", xAxis: "lag (ms)"},
}

// leastProbability is the end of logarithmic axes of probabilities.
const leastProbability = 1e-5

// statisticsFigure draws the four statistics of the paper for one number of neurons, a
// column for each number of time steps (Figs. S2–S6).
func (t *trainings) statisticsFigure(places []place) *Figure {
	return &Figure{Numbers: t.statisticNumbers(places), layout: func(width vg.Length) (*page, error) {
		p := &page{width: width, legend: t.legend(), caption: t.statisticsCaption(places)}
		b, err := t.statisticsBlock(places)
		if err != nil {
			return nil, err
		}
		for j, at := range places {
			b.title(j, "t = "+strconv.Itoa(at.timesteps))
		}
		height := 3.2 * vg.Centimeter
		if p.isNarrow() {
			height = 2.5 * vg.Centimeter
		}
		p.bands = p.split(b, height)
		return p, nil
	}}
}

// statisticsAndRasters draws the statistics and rasters for several numbers of neurons
// (Fig. 3).
func (t *trainings) statisticsAndRasters(places []place) *Figure {
	numbers := t.statisticNumbers(places)
	numbers = append(numbers, t.rasterNumbers(places)[1:]...)
	return &Figure{Numbers: numbers, layout: func(width vg.Length) (*page, error) {
		p := &page{width: width, legend: t.legend(), caption: append(t.statisticsCaption(places), rasterCaption)}
		var blocks []block
		for _, n := range distinct(places, func(at place) int { return at.neurons }) {
			some := slices.DeleteFunc(slices.Clone(places), func(at place) bool { return at.neurons != n })
			b, err := t.statisticsBlock(some)
			if err != nil {
				return nil, err
			}
			rasters := t.rasterBlock(some)
			b.panels, b.labels = append(b.panels, rasters.panels...), append(b.labels, rasters.labels...)
			b.share = float64(len(some)) / float64(len(places))
			for j, at := range some {
				b.title(j, fmt.Sprintf("n = %d, t = %d", n, at.timesteps))
			}
			blocks = append(blocks, b)
		}
		p.bands = p.beside(vg.Length(len(blocks[0].panels))*1.9*vg.Centimeter, blocks...)
		return p, nil
	}}
}

func distinct(places []place, of func(place) int) []int {
	var all []int
	for _, at := range places {
		all = append(all, of(at))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (t *trainings) statisticsCaption(places []place) []string {
	return append(t.describe(places), t.replicates(places)+
		" Covariances and rates: the model's (upwards) against the recording's, each point for a pair of neurons or a neuron; the grey line is equality. Autocorr.: autocorrelogram. Probabilities below 0.00001 are not drawn. Panels of a row share their scales, but for the lags.")
}

// statisticsBlock returns the panels of the four statistics, a row for each, with a
// column for each place.
func (t *trainings) statisticsBlock(places []place) (block, error) {
	b := block{share: 1, widest: widestPanel}
	for _, s := range shownStatistics {
		var row []panel
		var drawn []*plot.Plot
		for _, at := range places {
			p, err := t.statisticPanel(s, at)
			if err != nil {
				return block{}, err
			}
			if p.Plot != nil {
				drawn = append(drawn, p.Plot)
			}
			row = append(row, p)
		}
		shareRow(s, drawn)
		b.panels, b.labels = append(b.panels, row), append(b.labels, s.label)
	}
	return b, nil
}

// shareRow gives the panels of a row the same scales.
func shareRow(s shownStatistic, row []*plot.Plot) {
	x, y := [2]float64{math.Inf(1), math.Inf(-1)}, [2]float64{math.Inf(1), math.Inf(-1)}
	for _, p := range row {
		x = [2]float64{min(x[0], p.X.Min), max(x[1], p.X.Max)}
		y = [2]float64{min(y[0], p.Y.Min), max(y[1], p.Y.Max)}
	}
	if s.scatter { // one scale for both axes
		x = [2]float64{min(x[0], y[0]), max(x[1], y[1])}
		y = x
	}
	for _, p := range row {
		if s.name != "autocorrelogram" {
			p.X.Min, p.X.Max = x[0], x[1]
		}
		p.Y.Min, p.Y.Max = y[0], y[1]
	}
}

// statisticPanel draws one statistic at a place, or says why it cannot.
func (t *trainings) statisticPanel(s shownStatistic, at place) (panel, error) {
	if len(t.at(at)) == 0 {
		return panel{note: "not finished"}, nil
	}
	data := t.recorded[at][s.name]
	if len(data) == 0 {
		return panel{note: "not defined"}, nil
	}
	p := newPlot()
	p.X.Label.Text = s.xAxis
	p.X.Tick.Marker, p.Y.Tick.Marker = fewTicks{2}, fewTicks{3}
	if s.logarithmic {
		setLogarithmic(&p.Y)
	}
	if s.scatter {
		return panel{Plot: p}, t.addScatter(p, s, at, data)
	}
	return panel{Plot: p}, t.addCurves(p, s, at, data)
}

// of returns the model's values of a statistic.
func (s shownStatistic) of(t *trained) []float64 { return t.model[s.name] }

// x returns the place of an element on the horizontal axis.
func (s shownStatistic) x(i int, binMS float64) float64 {
	if s.name == "autocorrelogram" {
		return float64(i+1) * binMS
	}
	return float64(i)
}

// addCurves draws the recording and the trainings as lines.
func (t *trainings) addCurves(p *plot.Plot, s shownStatistic, at place, data []float64) error {
	curve := func(values []float64, colour color.Color, width vg.Length) (*plotter.Line, *plotter.Scatter, error) {
		var points plotter.XYs
		for i, v := range values {
			if !s.logarithmic || v >= leastProbability {
				points = append(points, plotter.XY{X: s.x(i, t.binMS), Y: v})
			}
		}
		line, marks, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, nil, err
		}
		line.LineStyle = draw.LineStyle{Color: colour, Width: width}
		marks.GlyphStyle = draw.GlyphStyle{Color: colour, Radius: width * 1.3, Shape: draw.CircleGlyph{}}
		return line, marks, nil
	}
	line, marks, err := curve(data, color.Black, 1)
	if err != nil {
		return err
	}
	over := []plot.Plotter{line, marks}
	for _, k := range t.ks() {
		all := t.of(at, k)
		if len(all) == 0 {
			continue
		}
		least := math.Inf(-1)
		if s.logarithmic {
			least = leastProbability
		}
		var means, xs []float64
		elements := spreads(all, s.of)
		for i, e := range elements {
			means, xs = append(means, e.mean), append(xs, s.x(i, t.binMS))
			elements[i].low, elements[i].high = max(e.low, least), max(e.high, least)
		}
		area, err := newBand(xs, elements, lossColour(k))
		if err != nil {
			return err
		}
		line, marks, err := curve(means, lossColour(k), 0.8)
		if err != nil {
			return err
		}
		p.Add(area)
		over = append(over, line, marks)
	}
	p.Add(over...)
	if s.logarithmic {
		p.Y.Min, p.Y.Max = leastProbability, 1
	} else {
		p.X.Min, p.Y.Min = 0, min(p.Y.Min, 0)
	}
	return nil
}

// newBand returns the area from the smallest to the largest values.
func newBand(xs []float64, elements []spread, colour color.NRGBA) (*plotter.Polygon, error) {
	var edge plotter.XYs
	for i, e := range elements {
		edge = append(edge, plotter.XY{X: xs[i], Y: e.high})
	}
	for i, e := range slices.Backward(elements) {
		edge = append(edge, plotter.XY{X: xs[i], Y: e.low})
	}
	area, err := plotter.NewPolygon(edge)
	if err != nil {
		return nil, err
	}
	area.Color, area.Width = pale(colour, bandShare), 0
	return area, nil
}

func lossColour(k float64) color.NRGBA { return colourOf(k, 0) }

// addScatter draws the trainings' values against the recording's.
func (t *trainings) addScatter(p *plot.Plot, s shownStatistic, at place, data []float64) error {
	p.Add(equality{})
	for _, k := range t.ks() {
		all := t.of(at, k)
		if len(all) == 0 {
			continue
		}
		var means plotter.XYs
		for i, e := range spreads(all, s.of) {
			means = append(means, plotter.XY{X: data[i], Y: e.mean})
			bar, err := plotter.NewLine(plotter.XYs{{X: data[i], Y: e.low}, {X: data[i], Y: e.high}})
			if err != nil {
				return err
			}
			bar.LineStyle = draw.LineStyle{Color: pale(lossColour(k), 0.5), Width: 0.5}
			p.Add(bar)
		}
		marks, err := plotter.NewScatter(means)
		if err != nil {
			return err
		}
		marks.GlyphStyle = draw.GlyphStyle{Color: lossColour(k), Radius: 1.2, Shape: draw.CircleGlyph{}}
		p.Add(marks)
	}
	low, high := min(p.X.Min, p.Y.Min, 0), max(p.X.Max, p.Y.Max)
	room := 0.06 * (high - low)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low-room, high+room, low-room, high+room
	return nil
}

// equality draws the diagonal.
type equality struct{}

// Plot implements plot.Plotter.
func (equality) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	low, high := max(p.X.Min, p.Y.Min), min(p.X.Max, p.Y.Max)
	c.StrokeLines(draw.LineStyle{Color: pale(grey, 0.7), Width: 0.5}, []vg.Point{{X: x(low), Y: y(low)}, {X: x(high), Y: y(high)}})
}

// statisticNumbers returns the plotted numbers of all statistics, with a header.
func (t *trainings) statisticNumbers(places []place) [][]string {
	rows := [][]string{paperHeader()}
	for _, at := range places {
		for _, s := range shownStatistics {
			rows = append(rows, t.numbersOf(s, at)...)
		}
	}
	return rows
}

// numbersOf returns the plotted numbers of a statistic at a place, without a header.
func (t *trainings) numbersOf(s shownStatistic, at place) (rows [][]string) {
	if len(t.at(at)) == 0 {
		return nil
	}
	data := t.recorded[at][s.name]
	items := s.items(at, len(data))
	x := func(i int) float64 {
		if s.scatter {
			return data[i]
		}
		return s.x(i, t.binMS)
	}
	for i, v := range data {
		rows = append(rows, recorded(s.name, at, items[i], x(i), v))
	}
	for _, k := range t.ks() {
		all := t.of(at, k)
		if len(all) == 0 || len(data) == 0 {
			continue
		}
		for i, e := range spreads(all, s.of) {
			rows = append(rows, modelled(s.name, at, k, items[i], x(i), e, len(all)))
		}
	}
	return rows
}

// items names the elements of a statistic.
func (s shownStatistic) items(at place, count int) []string {
	items := make([]string, count)
	switch s.name {
	case "firing_rate_hz":
		for i := range items {
			items[i] = strconv.Itoa(i)
		}
	case "covariance":
		i := 0
		for a := range at.neurons {
			for b := a + 1; b < at.neurons; b++ {
				items[i] = fmt.Sprintf("%d-%d", a, b)
				i++
			}
		}
	}
	return items
}
