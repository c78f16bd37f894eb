package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"spiqsweep/sweep"
)

// stateFigure draws the distributions of words, and their divergence from the recording's
// during training (Fig. 2).
func (t *trainings) stateFigure(places []place) *Figure {
	return &Figure{Numbers: t.stateNumbers(places), layout: func(width vg.Length) (*page, error) {
		caption := append(t.describe(places), t.replicates(places)+
			" Left: probabilities of the words of one bin, neuron 0 first, in binary order. Probabilities below 0.00001 are not drawn. Right: Jensen–Shannon divergence between the model's words and the recording's.")
		p := &page{width: width, legend: t.legend(), caption: caption}
		words, history := block{share: 0.62}, block{share: 0.38}
		for _, at := range places {
			left, err := t.statePanel(at)
			if err != nil {
				return nil, err
			}
			right, err := t.historyPanel(at)
			if err != nil {
				return nil, err
			}
			words.panels = append(words.panels, []panel{left})
			history.panels = append(history.panels, []panel{right})
		}
		p.bands = []band{{vg.Length(len(places)) * 3.6 * vg.Centimeter, []block{words, history}}}
		return p, nil
	}}
}

// reversed returns the position of a word when its bits are read with neuron 0 first.
func reversed(word, neurons int) (position int) {
	for range neurons {
		position = position<<1 | word&1
		word >>= 1
	}
	return position
}

// states returns a law of words in the order in which they are drawn.
func states(law []float64, neurons int) []float64 {
	ordered := make([]float64, len(law))
	for word, p := range law {
		ordered[reversed(word, neurons)] = p
	}
	return ordered
}

func (t *trainings) statePanel(at place) (panel, error) {
	if len(t.at(at)) == 0 {
		return panel{note: fmt.Sprintf("n = %d, t = %d: not finished", at.neurons, at.timesteps)}, nil
	}
	p := newPlot()
	p.Title.Text = fmt.Sprintf("n = %d, t = %d: probability", at.neurons, at.timesteps)
	p.X.Label.Text = "word"
	setLogarithmic(&p.Y)
	p.X.Tick.Marker = wordTicks{at.neurons}
	width := vg.Length(1) // of the recording's line; thick lines would hide many words
	if at.neurons > 4 {
		width = 0.6
	}
	curve := func(law []float64, style draw.LineStyle) (*plotter.Line, error) {
		var points plotter.XYs
		for i, v := range states(law, at.neurons) {
			points = append(points, plotter.XY{X: float64(i) - 0.5, Y: max(v, leastProbability)})
		}
		points = append(points, plotter.XY{X: float64(len(law)) - 0.5, Y: points[len(points)-1].Y})
		line, err := plotter.NewLine(points)
		if err != nil {
			return nil, err
		}
		line.StepStyle, line.LineStyle = plotter.PostStep, style
		return line, nil
	}
	data, err := curve(t.recorded[at]["state"], draw.LineStyle{Color: color.Black, Width: width})
	if err != nil {
		return panel{}, err
	}
	data.FillColor = pale(grey, 0.25)
	p.Add(data)
	for _, k := range t.ks() {
		trainings := t.of(at, k)
		if len(trainings) == 0 {
			continue
		}
		var means []float64
		for _, e := range spreads(trainings, func(t *trained) []float64 { return t.model["state"] }) {
			means = append(means, e.mean)
		}
		line, err := curve(means, draw.LineStyle{Color: lossColour(k), Width: 0.7 * width})
		if err != nil {
			return panel{}, err
		}
		p.Add(line)
	}
	p.X.Min, p.X.Max = -0.5, math.Pow(2, float64(at.neurons))-0.5
	p.Y.Min, p.Y.Max = leastProbability, 1
	return panel{Plot: p}, nil
}

// historyOf returns the divergences of a training.
func historyOf(t *trained) []float64 {
	values := make([]float64, len(t.history))
	for i, h := range t.history {
		values[i] = h.JSBits
	}
	return values
}

// histories returns the steps, and the divergences at them, of the trainings with the
// same steps as the first.
func histories(all []*trained) (steps []int, elements []spread, count int) {
	for _, h := range all[0].history {
		steps = append(steps, h.Step)
	}
	same := slices.DeleteFunc(slices.Clone(all), func(t *trained) bool {
		return !slices.EqualFunc(t.history, steps, func(h sweep.HistoryPoint, step int) bool { return h.Step == step })
	})
	return steps, spreads(same, historyOf), len(same)
}

func (t *trainings) historyPanel(at place) (panel, error) {
	if len(t.at(at)) == 0 {
		return panel{note: "not finished"}, nil
	}
	p := newPlot()
	p.Title.Text, p.X.Label.Text = "JS (bits)", "step of the training"
	p.X.Tick.Marker = fewTicks{2}
	var over []plot.Plotter
	for _, k := range t.ks() {
		trainings := t.of(at, k)
		if len(trainings) == 0 {
			continue
		}
		steps, elements, _ := histories(trainings)
		var means plotter.XYs
		var xs []float64
		var drawn []spread
		for i, e := range elements {
			if appendDrawn(nil, e.low) != nil {
				x := float64(steps[i])
				means, xs, drawn = append(means, plotter.XY{X: x, Y: e.mean}), append(xs, x), append(drawn, e)
			}
		}
		if len(means) == 0 {
			continue
		}
		area, err := newBand(xs, drawn, lossColour(k))
		if err != nil {
			return panel{}, err
		}
		line, err := plotter.NewLine(means)
		if err != nil {
			return panel{}, err
		}
		line.LineStyle = draw.LineStyle{Color: lossColour(k), Width: 0.8}
		p.Add(area)
		over = append(over, line)
	}
	if len(over) == 0 {
		return panel{note: "no history"}, nil
	}
	p.Add(over...)
	setLogarithmic(&p.Y)
	widen(&p.Y)
	return panel{Plot: p}, nil
}

// stateNumbers returns the plotted numbers of stateFigure, with a header.
func (t *trainings) stateNumbers(places []place) [][]string {
	rows := [][]string{paperHeader()}
	for _, at := range places {
		if len(t.at(at)) == 0 {
			continue
		}
		word := func(i int) string {
			bits := make([]byte, at.neurons)
			for q := range bits {
				bits[q] = '0' + byte(i>>(at.neurons-1-q)&1)
			}
			return string(bits)
		}
		for i, v := range states(t.recorded[at]["state"], at.neurons) {
			rows = append(rows, recorded("state", at, word(i), float64(i), v))
		}
		for _, k := range t.ks() {
			all := t.of(at, k)
			if len(all) == 0 {
				continue
			}
			for i, e := range spreads(all, func(t *trained) []float64 { return states(t.model["state"], at.neurons) }) {
				rows = append(rows, modelled("state", at, k, word(i), float64(i), e, len(all)))
			}
			steps, elements, count := histories(all)
			for i, e := range elements {
				rows = append(rows, modelled("js_bits", at, k, "", float64(steps[i]), e, count))
			}
		}
	}
	return rows
}
