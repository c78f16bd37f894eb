package figure

import (
	"fmt"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// Training is one finished training, which [Training.Panels] draws by itself.
type Training struct {
	Configuration sweep.Configuration
	Result        sweep.Result
	// Windows are those of the recording and BinMS the width of a bin, as from
	// [Source.Excerpt]. Windows may be nil.
	Windows [][]uint32
	BinMS   float64
}

// Panel is a small figure with words for a page that shows several.
type Panel struct {
	Name  string // unique within a training
	Title string
	// Text explains what is drawn or, if there is nothing to draw, the reason.
	Text string
	// Figure is nil if there is nothing to draw. Its layout suits [PanelWidthCM].
	*Figure
}

// PanelWidthCM is the width, in centimetres, for which a [Panel] is laid out. Pages show
// it enlarged, so that its text is as large as theirs.
const PanelWidthCM = 7.2

const panelHeight = 4.4 * vg.Centimeter

// Panels draws how the training went, and its model beside the recording: losses, gradient
// and divergence by step, the paper's statistics, and spikes. The size of each is bounded,
// whatever the number of steps and bins.
func (t Training) Panels() []Panel {
	all := []Panel{t.lossPanel(), t.gradientPanel()}
	one, at := t.alone()
	all = append(all, t.divergencePanel(one, at), t.wordsPanel(one, at))
	for _, s := range shownStatistics {
		all = append(all, t.statisticPanel(one, at, s))
	}
	return append(all, t.spikesPanel(one, at))
}

// alone returns the training as those of the paper's figures are held, and its place. Its
// windows are cut to at most binsDrawn bins, or to the length of those of the recording.
func (t Training) alone() (*trainings, place) {
	c := t.Configuration
	state := placeOf(table.Row{Configuration: c})
	c.Timesteps = min(c.Timesteps, binsDrawn)
	if len(t.Windows) > 0 {
		c.Timesteps = min(c.Timesteps, len(t.Windows[0]))
	}
	row := table.Row{Configuration: c}
	at := placeOf(row)
	one := &trainings{
		standard: c.K == 0, k: c.K, rows: []table.Row{row}, binMS: t.BinMS,
		results: map[sweep.TaskID]*trained{row.Task: {
			model: drawnVectors(t.Result.Model, state), history: atMost(t.Result.History, maxPoints),
		}},
		recorded: map[place]map[string][]float64{at: drawnVectors(t.Result.Data, state)},
		windows:  map[place][][]uint32{}, samples: map[variant][][]uint32{},
	}
	count := windowsDrawn(at.timesteps)
	for i := range min(count, len(t.Windows)) {
		window := t.Windows[i*len(t.Windows)/min(count, len(t.Windows))]
		one.windows[at] = append(one.windows[at], window[:at.timesteps])
	}
	v := variantOf(row)
	for _, window := range t.Result.Samples[:min(count, len(t.Result.Samples))] {
		one.samples[v] = append(one.samples[v], window[:at.timesteps])
	}
	return one, at
}

// maxPoints bounds the points of a curve.
const maxPoints = 1000

// atMost returns at most so many elements at equal distances, and the last.
func atMost[T any](all []T, most int) []T {
	if len(all) <= most {
		return all
	}
	some := make([]T, most)
	for i := range some {
		some[i] = all[i*(len(all)-1)/(most-1)]
	}
	return some
}

// figureOf lays out rows of panels below each other.
func figureOf(name string, numbers [][]string, l legend, rows func() ([]panel, error)) *Figure {
	return &Figure{Name: name, Numbers: numbers, layout: func(width vg.Length) (*page, error) {
		panels, err := rows()
		if err != nil {
			return nil, err
		}
		b := block{share: 1}
		for _, p := range panels {
			b.panels = append(b.panels, []panel{p})
		}
		return &page{width: width, legend: l, unlettered: true, bands: []band{{panelHeight, []block{b}}}}, nil
	}}
}

// modelLegend explains the recording and the model of one training.
func (t Training) modelLegend() legend {
	var l legend
	add := func(label string, colour color.Color) {
		l.add(label, &plotter.Line{LineStyle: draw.LineStyle{Color: colour, Width: 1.2}})
	}
	add("recording", color.Black)
	add("model", lossColour(t.Configuration.K))
	return l
}

// series is a number by the step of the training.
type series struct {
	name, title string
	logarithmic bool
	of          func(sweep.TrainingPoint) (value float64, known bool)
}

// plotted returns the points that can be drawn.
func (s series) plotted(points []sweep.TrainingPoint) plotter.XYs {
	var drawn plotter.XYs
	for _, p := range points {
		v, known := s.of(p)
		if known && math.Abs(v) <= largestDrawn && (!s.logarithmic || v >= smallestDrawn) {
			drawn = append(drawn, plotter.XY{X: float64(p.Step), Y: v})
		}
	}
	return drawn
}

// seriesFigure draws series below each other, or returns nil if none has a point.
func (t Training) seriesFigure(name string, all []series) *Figure {
	points := atMost(t.Result.Training, maxPoints)
	numbers := [][]string{{"series", "step", "value"}}
	var curves []plotter.XYs
	var drawn []series
	for _, s := range all {
		curve := s.plotted(points)
		if len(curve) == 0 {
			continue
		}
		curves, drawn = append(curves, curve), append(drawn, s)
		for _, at := range curve {
			numbers = append(numbers, []string{s.name, strconv.Itoa(int(at.X)), number(at.Y)})
		}
	}
	if len(drawn) == 0 {
		return nil
	}
	return figureOf(name, numbers, nil, func() ([]panel, error) {
		var panels []panel
		for i, s := range drawn {
			p := newPlot()
			p.Title.Text, p.X.Label.Text = s.title, "step of the training"
			p.X.Tick.Marker, p.Y.Tick.Marker = fewTicks{3}, fewTicks{3}
			line, err := plotter.NewLine(curves[i])
			if err != nil {
				return nil, err
			}
			line.LineStyle = draw.LineStyle{Color: lossColour(t.Configuration.K), Width: 0.7}
			p.Add(line)
			if s.logarithmic {
				setLogarithmic(&p.Y)
				widen(&p.Y)
			}
			panels = append(panels, panel{Plot: p})
		}
		return panels, nil
	})
}

// noTraining is the reason why nothing by the step of the training is drawn.
func (t Training) noTraining() string {
	if t.Configuration.IsFitted() {
		return "This model is fitted, not trained step by step."
	}
	return "The result has no curves: an earlier version computed it."
}

func (t Training) lossPanel() Panel {
	loss := func(of func(sweep.TrainingPoint) *float64) func(sweep.TrainingPoint) (float64, bool) {
		return func(p sweep.TrainingPoint) (float64, bool) {
			if v := of(p); v != nil {
				return *v, true
			}
			return 0, false
		}
	}
	p := Panel{Name: "losses", Title: "Losses", Text: "Losses of the batches of a step, by the step of the training: the critic's with its penalty, the generator's with the K-term."}
	p.Figure = t.seriesFigure(p.Name, []series{
		{"critic_loss", "critic", false, loss(func(p sweep.TrainingPoint) *float64 { return p.CriticLoss })},
		{"generator_loss", "generator", false, loss(func(p sweep.TrainingPoint) *float64 { return p.GeneratorLoss })},
	})
	switch {
	case p.Figure != nil:
	case len(t.Result.Training) > 0:
		p.Text = fmt.Sprintf("The objective %q has no loss of a batch.", t.Configuration.Objective)
	default:
		p.Text = t.noTraining()
	}
	return p
}

func (t Training) gradientPanel() Panel {
	p := Panel{Name: "gradient", Title: "Gradient", Text: "Norm of the generator's gradient, by the step of the training: its mean and its variance over the steps since the point before. Zeros are not drawn."}
	p.Figure = t.seriesFigure(p.Name, []series{
		{"gradient_norm", "norm", true, func(p sweep.TrainingPoint) (float64, bool) { return p.GradientNorm, true }},
		{"gradient_norm_variance", "variance of the norm", true, func(p sweep.TrainingPoint) (float64, bool) { return p.GradientNormVariance, true }},
	})
	switch {
	case p.Figure != nil:
	case len(t.Result.Training) > 0:
		p.Text = "The gradient is 0 at every point, which a logarithmic axis cannot show."
	default:
		p.Text = t.noTraining()
	}
	return p
}

func (t Training) divergencePanel(one *trainings, at place) Panel {
	p := Panel{Name: "divergence", Title: "Divergence", Text: "Jensen–Shannon divergence between the words of the model and of the recording, by the step of the training."}
	switch {
	case len(t.Result.History) > 0:
		history := one.results[""].history
		numbers := [][]string{{"series", "step", "value"}}
		for _, h := range history {
			numbers = append(numbers, []string{"js_bits", strconv.Itoa(h.Step), number(h.JSBits)})
		}
		p.Figure = figureOf(p.Name, numbers, nil, func() ([]panel, error) {
			drawn, err := one.historyPanel(at)
			return []panel{drawn}, err
		})
	case t.Configuration.IsFitted():
		p.Text = t.noTraining()
	default:
		p.Text = fmt.Sprintf("There is none above %d bits a window (neurons × time steps).", sweep.MaxStateBits)
	}
	return p
}

func (t Training) wordsPanel(one *trainings, at place) Panel {
	p := Panel{Name: "words", Title: "Words", Text: "Probabilities of the words of one bin, neuron 0 first, in binary order. Probabilities below 0.00001 are not drawn."}
	if len(one.recorded[at]["state"]) == 0 || len(one.results[""].model["state"]) == 0 {
		p.Text = "The probabilities of words are kept for one time step and at most 10 neurons."
		return p
	}
	p.Figure = figureOf(p.Name, one.stateNumbers([]place{at}), t.modelLegend(), func() ([]panel, error) {
		drawn, err := one.statePanel(at)
		return []panel{drawn}, err
	})
	return p
}

// panelWords are the titles and the explanations of the statistics.
var panelWords = map[string][2]string{
	"covariance":      {"Covariances", "Covariance of each pair of neurons: the model's (upwards) against the recording's. The grey line is equality."},
	"k_probability":   {"Population activity", "Probability that k neurons spike in one bin. Probabilities below 0.00001 are not drawn."},
	"firing_rate_hz":  {"Firing rates", "Rate of each neuron: the model's (upwards) against the recording's. The grey line is equality."},
	"autocorrelogram": {"Autocorrelogram", "Probability that a neuron spikes again after a lag."},
}

func (t Training) statisticPanel(one *trainings, at place, s shownStatistic) Panel {
	words := panelWords[s.name]
	p := Panel{Name: s.name, Title: words[0], Text: words[1]}
	if len(one.recorded[at][s.name]) == 0 {
		p.Text = "This statistic needs two neurons."
		if s.name == "autocorrelogram" {
			p.Text = "A window of one time step has no lags."
		}
		return p
	}
	l := t.modelLegend()
	if s.scatter {
		l = nil // the axes say it
	}
	p.Figure = figureOf(p.Name, append([][]string{paperHeader()}, one.numbersOf(s, at)...), l, func() ([]panel, error) {
		drawn, err := one.statisticPanel(s, at)
		if err == nil {
			drawn.Title.Text = s.label
			if s.scatter {
				drawn.Y.Label.Text = "model"
			}
		}
		return []panel{drawn}, err
	})
	return p
}

func (t Training) spikesPanel(one *trainings, at place) Panel {
	p := Panel{Name: "spikes", Title: "Spikes", Text: "Windows of the recording, spread over its repeats and their time, and the first that the model generated. Rows are neurons, columns bins; grey lines separate windows of five bins or more."}
	if at.timesteps < t.Configuration.Timesteps {
		p.Text += fmt.Sprintf(" The first %d bins of a window are drawn.", at.timesteps)
	}
	p.Figure = figureOf(p.Name, one.rasterNumbers([]place{at}), nil, func() ([]panel, error) {
		var panels []panel
		for _, s := range one.rasterRows() {
			windows := s.windows(at)
			if len(windows) == 0 {
				panels = append(panels, panel{note: "no excerpt of the recording is kept here"})
				continue
			}
			drawn := newPlot()
			drawn.Add(raster{windows, at, s.colour})
			drawn.Title.Text, drawn.X.Label.Text = "model", "bin"
			if s.k == "" {
				drawn.Title.Text = "recording"
			}
			drawn.X.Tick.Marker, drawn.Y.Tick.Marker = fewTicks{3}, fewTicks{2}
			panels = append(panels, panel{Plot: drawn})
		}
		return panels, nil
	})
	return p
}
