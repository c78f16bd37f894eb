package figure

import (
	"crypto/sha256"
	"encoding/hex"
	"image/color"
	"math"
	"slices"
	"strings"
	"unicode"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"spiqsweep/sweep/table"
)

// statistic is a row of Fig. S1.
type statistic struct{ error, title, unit string }

var s1Rows = [2]statistic{
	{"k_probability", "k-probability", ""},
	{"firing_rate_hz2", "firing rate", " (Hz²)"},
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
	panels := make([]*s1Panels, len(all))
	largest := largestDifferences(all)
	for i, f := range all {
		if panels[i], err = f.panels(largest); err != nil {
			return nil, 0, err
		}
	}
	shareScales(panels)
	figures = make([]*Figure, len(all))
	for i, f := range all {
		figures[i] = &Figure{
			Name: fileName("S1", f.name), Numbers: f.numbers(),
			layout: func(width vg.Length) (*page, error) { return f.page(panels[i], width), nil },
		}
	}
	return figures, omitted, nil
}

// s1Panels are the panels of Fig. S1, for each statistic.
type s1Panels struct {
	againstN, againstT [len(s1Rows)]*plot.Plot
	difference         [len(s1Rows)]panel
	legend             legend
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
func shareScales(figures []*s1Panels) {
	for statistic := range s1Rows {
		for _, of := range []func(*s1Panels) *plot.Plot{
			func(p *s1Panels) *plot.Plot { return p.againstN[statistic] },
			func(p *s1Panels) *plot.Plot { return p.againstT[statistic] },
		} {
			low, high := math.Inf(1), math.Inf(-1)
			for _, panels := range figures {
				low, high = min(low, of(panels).Y.Min), max(high, of(panels).Y.Max)
			}
			for _, panels := range figures {
				of(panels).Y.Min, of(panels).Y.Max = low, high
			}
		}
	}
}

// maxFigures bounds the time and memory that the figures of one sweep take.
const maxFigures = 100

// page lays the panels out: statistics below each other and, on a wide page, the
// difference beside the errors.
func (f *facet) page(panels *s1Panels, width vg.Length) *page {
	p := &page{width: width, legend: panels.legend, caption: f.caption()}
	const panelHeight = 4.2 * vg.Centimeter
	for i := range s1Rows {
		errors := block{share: 0.58, panels: [][]panel{{{Plot: panels.againstN[i]}, {Plot: panels.againstT[i]}}}}
		difference := block{share: 0.42, panels: [][]panel{{panels.difference[i]}}}
		p.bands = append(p.bands, p.beside(panelHeight, errors, difference)...)
	}
	return p
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

// panels returns the panels, with the same scale of differences in all figures.
func (f *facet) panels(largest [len(s1Rows)]float64) (*s1Panels, error) {
	p := &s1Panels{}
	for s := range s1Rows {
		var err error
		if p.againstN[s], err = f.errorPanel(s, "neurons n", neuronsOf, &p.legend); err != nil {
			return nil, err
		}
		if p.againstT[s], err = f.errorPanel(s, "time steps t", timestepsOf, &p.legend); err != nil {
			return nil, err
		}
		p.difference[s] = f.differencePanel(s, largest[s])
	}
	if _, ok := f.comparedK(); ok {
		p.legend.add("K-loss better", box{orange})
		p.legend.add("K-loss worse", box{blue})
	}
	return p, nil
}

func (f *facet) errorPanel(s int, axis string, of func(run) int, l *legend) (*plot.Plot, error) {
	p := newPlot()
	p.Title.Text, p.X.Label.Text = s1Rows[s].title+": MSE"+s1Rows[s].unit, axis
	xs := values(f.runs, of)
	p.X.Min, p.X.Max = -0.4, float64(len(xs))-0.6
	p.X.Tick.Marker = positions(xs)
	losses := f.losses()
	for i := range losses {
		losses[i].points = errorsBy(f.runs, s, losses[i].k, of)
	}
	losses = slices.DeleteFunc(losses, func(l loss) bool { return len(l.points) == 0 })
	if len(losses) == 0 {
		return p, nil
	}
	if err := addErrors(p, losses, xs, l); err != nil {
		return nil, err
	}
	setLogarithmic(&p.Y)
	// The floor depends only on the data, so it is the same for every loss.
	if err := addFloor(p, losses[len(losses)-1].points, xs, l); err != nil {
		return nil, err
	}
	err := f.addBaselines(p, s, xs, of, l)
	widen(&p.Y)
	return p, err
}

func (f *facet) losses() []loss {
	ks := values(f.runs, kOf)
	all := make([]loss, len(ks))
	spread := min(0.12, 0.6/float64(len(ks))) // keeps the runs near their value
	position := 0
	for i, k := range ks {
		all[i] = loss{k: k, label: lossLabel(k), colour: colourOf(k, position), shift: spread * (float64(i) - float64(len(ks)-1)/2)}
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

func (f *facet) differencePanel(s int, largest float64) panel {
	k, ok := f.comparedK()
	var all []difference
	if ok {
		all = differences(f.runs, s, k)
	}
	if len(all) == 0 {
		return panel{note: "no pairs of standard and K-loss yet"}
	}
	p := newPlot()
	h := heatMap{differences: all, neurons: values(f.runs, neuronsOf), timesteps: values(f.runs, timestepsOf)}
	h.colours.largest = largest
	p.Title.Text = s1Rows[s].title + ": MSE standard − MSE K"
	p.X.Label.Text, p.Y.Label.Text = "time steps t", "neurons n"
	p.X.Tick.Marker, p.Y.Tick.Marker = positions(h.timesteps), positions(h.neurons)
	p.Add(h)
	return panel{Plot: p}
}
