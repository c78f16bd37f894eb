package figure

import (
	"image/color"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"spiqsweep/sweep/table"
)

// statistic is a row of Fig. S1.
type statistic struct{ error, title, unit string }

var s1Rows = [2]statistic{
	{"k_probability", "k-probability", "MSE"},
	{"firing_rate_hz2", "firing rate", "MSE (Hz²)"},
}

// series is how one k is drawn.
type series struct {
	k      float64
	label  string
	colour color.NRGBA
	shift  float64 // of the runs' points, so that losses do not cover each other
}

// S1 draws the paper's Fig. S1 (DESIGN.md, section 2.5): the errors of the
// k-probability and of the firing rate against n, against t, and the difference
// between the losses for each (n, t). A sweep of further axes gives one figure
// of their combinations: of the first maxFigures, and the others are counted as
// omitted. Sweeps without a finished task give none.
func S1(shape table.Shape, rows table.Rows) (figures []*Figure, omitted int, err error) {
	all, omitted, err := facets(shape, rows)
	if err != nil {
		return nil, 0, err
	}
	figures = make([]*Figure, len(all))
	for i, f := range all {
		if figures[i], err = f.s1(); err != nil {
			return nil, 0, err
		}
	}
	return figures, omitted, nil
}

// maxFigures bounds the figures of one sweep, and with them the time and memory
// that they take: nobody looks at thousands.
const maxFigures = 100

func (f *facet) s1() (*Figure, error) {
	panels := make([][]*plot.Plot, len(s1Rows))
	for i := range s1Rows {
		row, err := f.panels(i)
		if err != nil {
			return nil, err
		}
		panels[i] = row
	}
	const width, height, captionHeight = 34 * vg.Centimeter, 20 * vg.Centimeter, 2.4 * vg.Centimeter
	return &Figure{
		Name: fileName("S1", f.name), Numbers: f.numbers(), width: width, height: height,
		draw: func(c draw.Canvas) {
			c.SetColor(color.White)
			c.Fill(c.Path())
			drawPanels(draw.Crop(c, 0, 0, captionHeight, 0), panels)
			drawCaption(draw.Crop(c, 0.5*vg.Centimeter, 0, 0, captionHeight-height), f.caption())
		},
	}, nil
}

// fileName keeps to characters that every file system takes.
func fileName(figure, facet string) string {
	if facet == "" {
		return figure
	}
	return figure + "-" + strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>| `, r) {
			return '-'
		}
		return r
	}, facet)
}

// panels are the plots of a statistic of s1Rows: against n, against t, difference, colour scale.
func (f *facet) panels(s int) ([]*plot.Plot, error) {
	againstN, err := f.errorPanel(s, "neurons n", neuronsOf)
	if err != nil {
		return nil, err
	}
	againstT, err := f.errorPanel(s, "time steps t", timestepsOf)
	if err != nil {
		return nil, err
	}
	difference, scale := f.differencePanel(s)
	return []*plot.Plot{againstN, againstT, difference, scale}, nil
}

func (f *facet) errorPanel(s int, axis string, of func(run) int) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = s1Rows[s].title, axis, s1Rows[s].unit
	xs := values(f.runs, of)
	p.X.Min, p.X.Max = -0.4, float64(len(xs))-0.6
	p.X.Tick.Marker = positions(xs)
	p.Legend.Top = true
	p.Legend.TextStyle.Font.Size = 9
	var last []point
	for _, series := range f.series() {
		points := errorsBy(f.runs, s, series.k, of)
		if len(points) == 0 {
			continue
		}
		if err := addErrors(p, points, xs, series); err != nil {
			return nil, err
		}
		last = points
	}
	if last == nil {
		return p, nil
	}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, powersOfTen{}
	// The floor is the data's, so any loss may give it.
	if err := addFloor(p, last, xs); err != nil {
		return nil, err
	}
	p.Y.Max *= 6 // room for the legend
	return p, nil
}

func (f *facet) series() []series {
	ks := values(f.runs, kOf)
	all := make([]series, len(ks))
	position := 0
	for i, k := range ks {
		label := "standard loss"
		if k != 0 {
			label = "K-loss, K = " + strconv.FormatFloat(k, 'g', -1, 64)
		}
		all[i] = series{k: k, label: label, colour: colourOf(k, position), shift: 0.12 * (float64(i) - float64(len(ks)-1)/2)}
		if k != 0 {
			position++
		}
	}
	return all
}

// comparedK is the K-loss of the heat map: the smallest k ≠ 0 that there is.
func (f *facet) comparedK() (float64, bool) {
	ks := slices.DeleteFunc(values(f.runs, kOf), func(k float64) bool { return k == 0 })
	if len(ks) == 0 {
		return 0, false
	}
	return ks[0], true
}

func (f *facet) differencePanel(s int) (panel, scale *plot.Plot) {
	panel, scale = plot.New(), plot.New()
	k, ok := f.comparedK()
	var all []difference
	if ok {
		all = differences(f.runs, s, k)
	}
	if len(all) == 0 {
		panel.Title.Text = "no pairs of standard and K-loss yet"
		panel.HideAxes()
		scale.HideAxes()
		return panel, scale
	}
	h := heat{differences: all, neurons: values(f.runs, neuronsOf), timesteps: values(f.runs, timestepsOf)}
	for _, d := range all {
		h.colours.largest = max(h.colours.largest, d.mean, -d.mean)
	}
	panel.Title.Text = s1Rows[s].title + ": MSE standard − MSE K"
	panel.X.Label.Text, panel.Y.Label.Text = "time steps t", "neurons n"
	panel.X.Tick.Marker, panel.Y.Tick.Marker = positions(h.timesteps), positions(h.neurons)
	panel.Add(h)
	b := bar{h.colours}
	scale.HideX()
	scale.Y.Tick.Marker = b.ticks()
	scale.Y.Label.Text = "K worse        K better"
	scale.Add(b)
	return panel, scale
}
