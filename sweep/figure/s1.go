package figure

import (
	"crypto/sha256"
	"encoding/hex"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

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

// loss is the style and the points of one k.
type loss struct {
	k      float64
	label  string
	colour color.NRGBA
	shift  float64 // of the runs along the axis, so that losses do not cover each other
	points []point
}

// S1 draws the paper's Fig. S1 (DESIGN.md, section 2.5): the errors of the
// k-probability and of the firing rate against n and against t, and the difference
// between the losses for each (n, t). It returns one figure for each combination of
// the values of any further axes, for the first maxFigures of them, and the number
// of those omitted. Without a finished task it returns none. See [Figure.Write] for
// panics.
func S1(shape table.Shape, rows table.Rows) (figures []*Figure, omitted int, err error) {
	all, omitted, err := facets(shape, rows)
	if err != nil {
		return nil, 0, err
	}
	panels := make([][][]*plot.Plot, len(all))
	largest := largestDifferences(all)
	for i, f := range all {
		if panels[i], err = f.panels(largest); err != nil {
			return nil, 0, err
		}
	}
	shareScales(panels)
	figures = make([]*Figure, len(all))
	for i, f := range all {
		figures[i] = f.s1(panels[i])
	}
	return figures, omitted, nil
}

// largestDifferences returns, for each statistic, the largest magnitude of a difference
// in the heat maps, which all figures share as the end of their colour scale.
func largestDifferences(all []*facet) (largest [len(s1Rows)]float64) {
	for _, f := range all {
		k, ok := f.comparedK()
		if !ok {
			continue
		}
		for i := range s1Rows {
			for _, d := range differences(f.runs, i, k) {
				largest[i] = max(largest[i], d.mean, -d.mean)
			}
		}
	}
	return largest
}

// shareScales gives the error axis of each panel the same ends in all figures, so that
// figures can be compared.
func shareScales(figures [][][]*plot.Plot) {
	for row := range s1Rows {
		for column := range 2 {
			low, high := math.Inf(1), math.Inf(-1)
			for _, panels := range figures {
				p := panels[row][column]
				low, high = min(low, p.Y.Min), max(high, p.Y.Max)
			}
			for _, panels := range figures {
				panels[row][column].Y.Min, panels[row][column].Y.Max = low, high
			}
		}
	}
}

// maxFigures bounds the time and memory that the figures of one sweep take.
const maxFigures = 100

// s1 returns the figure with these panels.
func (f *facet) s1(panels [][]*plot.Plot) *Figure {
	const width, panelsHeight, margin = 960, 500, 14 // points
	caption := f.caption(width - 2*margin)
	captionHeight := captionLine*vg.Length(len(caption)) + margin
	const whole = 72.0 / dotsPerInch * 25 // gives the PNG a whole number of dots
	height := vg.Length(math.Ceil(float64(panelsHeight+captionHeight)/whole) * whole)
	captionHeight = height - panelsHeight
	return &Figure{
		Name: fileName("S1", f.name), Numbers: f.numbers(), width: width, height: height, caption: caption,
		draw: func(c draw.Canvas) {
			c.SetColor(color.White)
			c.Fill(c.Path())
			drawPanels(draw.Crop(c, 0, 0, captionHeight, 0), panels)
			drawCaption(draw.Crop(c, margin, 0, 0, -panelsHeight), caption)
		},
	}
}

// maxFileName is the longest name of a figure's files. It leaves room below the
// limits of file systems for the extension, temporary names and long folders.
const maxFileName = 100

// fileName returns the name of a facet's files. A short facet with plain characters
// keeps its name, with - between the values. Any other name is shortened, has only
// characters that every file system accepts, and ends with a digest, so that no two
// names are equal even if the file system ignores case.
func fileName(figure, facet string) string {
	if facet == "" {
		return figure
	}
	const plain = "abcdefghijklmnopqrstuvwxyz0123456789=._"
	unchanged := true
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case strings.ContainsRune(plain, r):
			return r
		}
		unchanged = false
		if unicode.IsUpper(r) && r <= unicode.MaxASCII {
			return r
		}
		return '-'
	}, facet)
	name := figure + "-" + clean
	if unchanged && len(name) <= maxFileName {
		return name
	}
	digest := sha256.Sum256([]byte(facet))
	suffix := "-" + hex.EncodeToString(digest[:6])
	return name[:min(len(name), maxFileName-len(suffix))] + suffix
}

// panelShares are the shares of the width: against n, against t, difference, colour
// scale.
var panelShares = []float64{0.29, 0.29, 0.32, 0.10}

// drawPanels draws rows of panels from top to bottom.
func drawPanels(c draw.Canvas, rows [][]*plot.Plot) {
	size := c.Size()
	height := size.Y / vg.Length(len(rows))
	for i, row := range rows {
		left := vg.Length(0)
		for j, p := range row {
			width := size.X * vg.Length(panelShares[j])
			below := height * vg.Length(len(rows)-1-i)
			p.Draw(draw.Crop(c, left+padding, left+width-size.X-padding, below+padding, below+height-size.Y-padding))
			left += width
		}
	}
}

const padding = 0.25 * vg.Centimeter

// panels returns the plots of each statistic of s1Rows: against n, against t,
// difference, colour scale.
func (f *facet) panels(largest [len(s1Rows)]float64) ([][]*plot.Plot, error) {
	rows := make([][]*plot.Plot, len(s1Rows))
	for s := range s1Rows {
		againstN, err := f.errorPanel(s, "neurons n", neuronsOf)
		if err != nil {
			return nil, err
		}
		againstT, err := f.errorPanel(s, "time steps t", timestepsOf)
		if err != nil {
			return nil, err
		}
		difference, scale := f.differencePanel(s, largest[s])
		rows[s] = []*plot.Plot{againstN, againstT, difference, scale}
	}
	return rows, nil
}

func (f *facet) errorPanel(s int, axis string, of func(run) int) (*plot.Plot, error) {
	p := newPlot()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = s1Rows[s].title, axis, s1Rows[s].unit
	xs := values(f.runs, of)
	p.X.Min, p.X.Max = -0.4, float64(len(xs))-0.6
	p.X.Tick.Marker = positions(xs)
	p.Legend.Top = true
	losses := f.losses()
	for i := range losses {
		losses[i].points = errorsBy(f.runs, s, losses[i].k, of)
	}
	losses = slices.DeleteFunc(losses, func(l loss) bool { return len(l.points) == 0 })
	if len(losses) == 0 {
		return p, nil
	}
	if err := addErrors(p, losses, xs); err != nil {
		return nil, err
	}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, powersOfTen{}
	// The floor depends only on the data, so it is the same for every loss.
	if err := addFloor(p, losses[len(losses)-1].points, xs); err != nil {
		return nil, err
	}
	lines, err := f.addBaselines(p, s, xs, of)
	if err != nil {
		return nil, err
	}
	makeRoom(p, len(losses)+1+lines)
	return p, nil
}

func (f *facet) losses() []loss {
	ks := values(f.runs, kOf)
	all := make([]loss, len(ks))
	spread := min(0.12, 0.6/float64(len(ks))) // keeps the runs near their value
	position := 0
	for i, k := range ks {
		label := "standard loss"
		if k != 0 {
			label = "K-loss, K = " + strconv.FormatFloat(k, 'g', -1, 64)
		}
		all[i] = loss{k: k, label: label, colour: colourOf(k, position), shift: spread * (float64(i) - float64(len(ks)-1)/2)}
		if k != 0 {
			position++
		}
	}
	return all
}

// comparedK returns the k of the heat map: the smallest k ≠ 0.
func (f *facet) comparedK() (float64, bool) {
	ks := slices.DeleteFunc(values(f.runs, kOf), func(k float64) bool { return k == 0 })
	if len(ks) == 0 {
		return 0, false
	}
	return ks[0], true
}

func (f *facet) differencePanel(s int, largest float64) (panel, scale *plot.Plot) {
	panel, scale = newPlot(), newPlot()
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
	h := heatMap{differences: all, neurons: values(f.runs, neuronsOf), timesteps: values(f.runs, timestepsOf)}
	h.colours.largest = largest
	panel.Title.Text = s1Rows[s].title + ": MSE standard − MSE K"
	panel.X.Label.Text, panel.Y.Label.Text = "time steps t", "neurons n"
	panel.X.Tick.Marker, panel.Y.Tick.Marker = positions(h.timesteps), positions(h.neurons)
	panel.Add(h)
	b := colourScale{h.colours}
	scale.HideX()
	scale.Y.Tick.Marker = b.ticks()
	scale.Y.Label.Text = "K worse        K better"
	scale.Add(b)
	return panel, scale
}
