package figure

import (
	"cmp"
	"fmt"
	"image/color"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// Source reads what the paper's figures show beyond the tables.
type Source interface {
	// Result returns the result of a finished row; found is false if the stored one is
	// unusable.
	Result(table.Row) (result sweep.Result, found bool, err error)
	// Excerpt returns the recording that a configuration is trained on: windows that are
	// spread over it, [window][bin], bit i = neuron i, each of at least the
	// configuration's time steps, and the width of a bin in milliseconds.
	Excerpt(sweep.Configuration) (windows [][]uint32, binMS float64, err error)
}

// The configurations of the paper's figures.
var (
	paperNeurons   = []int{2, 4, 6, 8, 10}
	paperTimesteps = []int{1, 2, 5, 10, 20, 30}
)

// kind is one of the figures that Paper draws.
type kind struct {
	name   string
	places func(*trainings) []place // the configurations that it shows
	draw   func(*trainings, []place) *Figure
}

// kinds lists the figures that Paper draws.
var kinds = func() []kind {
	all := []kind{
		{"1", (*trainings).largest, (*trainings).ansatzFigure},
		{"2", only([]int{2, 4, 6, 8}, []int{1}), (*trainings).stateFigure},
		{"3", only([]int{2, 10}, []int{1, 5, 10, 30}), (*trainings).statisticsAndRasters},
	}
	for i, draw := range []func(*trainings, []place) *Figure{(*trainings).statisticsFigure, (*trainings).rasterFigure} {
		for j, n := range paperNeurons {
			all = append(all, kind{"S" + strconv.Itoa(2+len(paperNeurons)*i+j), only([]int{n}, paperTimesteps), draw})
		}
	}
	return all
}()

// only returns the combinations of numbers of neurons and of time steps.
func only(neurons, timesteps []int) func(*trainings) []place {
	var all []place
	for _, n := range neurons {
		for _, t := range timesteps {
			all = append(all, place{n, t})
		}
	}
	return func(*trainings) []place { return all }
}

// largest returns the finished configuration with the most neurons, and of those the most
// time steps.
func (t *trainings) largest() []place {
	var largest place
	for _, r := range t.rows {
		at := placeOf(r)
		if at.neurons > largest.neurons || at.neurons == largest.neurons && at.timesteps > largest.timesteps {
			largest = at
		}
	}
	return []place{largest}
}

// Numbers lists the figures of the paper in its order, as [Paper] and [S1] name them.
func Numbers() []string {
	all := []string{}
	for _, k := range kinds {
		all = append(all, k.name)
		if k.name == "3" {
			all = append(all, "S1")
		}
	}
	return all
}

// FindNumber returns the number of [Numbers] that a user may have meant: "s1", " S1" and
// "Fig. S1" are S1. known is false if there is none.
func FindNumber(text string) (number string, known bool) {
	folded := strings.ToLower(strings.TrimSpace(text))
	for _, prefix := range []string{"figure", "fig.", "fig"} {
		if rest, cut := strings.CutPrefix(folded, prefix); cut {
			folded = strings.TrimSpace(rest)
			break
		}
	}
	for _, number := range Numbers() {
		if strings.EqualFold(number, folded) {
			return number, true
		}
	}
	return "", false
}

// Paper holds the finished trainings that the paper's figures 1–3 and S2–S11 show
// (DESIGN.md, section 2.5).
type Paper struct {
	Omitted int // combinations of further axes that are not drawn
	facets  []*trainings
}

// Draw draws the figures whose numbers are in chosen. A nil chosen stands for those that
// the grid has all configurations of, and Fig. 1 if there is any. Like [S1], it draws a
// figure for each combination of the values of further axes, for the first maxPaperFacets
// of them. A figure draws a configuration of the grid without a result as missing, and has
// no place for one that the grid does not have. A figure without any result is left out.
func (p *Paper) Draw(source Source, chosen []string) (figures []*Figure, err error) {
	for _, t := range p.facets {
		if chosen == nil && !slices.ContainsFunc(kinds[1:], t.isComplete) {
			continue
		}
		for _, k := range kinds {
			if chosen == nil && !t.isComplete(k) || chosen != nil && !slices.Contains(chosen, k.name) {
				continue
			}
			var places []place
			// Reading drops unusable results, after which Fig. 1 shows another place.
			for next := t.shown(k); !slices.Equal(places, next); next = t.shown(k) {
				places = next
				if err := t.read(source, places); err != nil {
					return nil, err
				}
			}
			if !t.any(places) {
				continue
			}
			f := k.draw(t, places)
			f.Name, f.Missing = fileName(k.name, t.name), t.missing(places)
			figures = append(figures, f)
		}
	}
	return figures, nil
}

// isComplete reports whether the grid has all configurations of a figure.
func (t *trainings) isComplete(k kind) bool { return len(t.shown(k)) == len(k.places(t)) }

// shown returns those of a figure's places that the grid has.
func (t *trainings) shown(figure kind) []place {
	var all []place
	for _, at := range figure.places(t) {
		if slices.ContainsFunc(t.ks(), func(k float64) bool { return t.planned[variant{at, k}] }) {
			all = append(all, at)
		}
	}
	return all
}

// Bounds of the number of files, and of the trainings of a configuration that are held in
// memory and drawn.
const (
	maxPaperFacets = 10
	maxTrainings   = 100
)

// trainings are the finished trainings of one facet (see facets) that the paper's figures
// show.
type trainings struct {
	name     string
	data     string
	seed     uint64
	standard bool             // whether the grid has the standard loss
	k        float64          // of the K-loss that is drawn: the smallest k ≠ 0 of the grid, 0 without any
	planned  map[variant]bool // the configurations of the grid
	rows     []table.Row      // of the losses that are drawn, up to maxTrainings of each variant
	finished map[variant]int
	results  map[sweep.TaskID]*trained
	recorded map[place]map[string][]float64 // statistics of the recording
	windows  map[place][][]uint32           // of the recording
	samples  map[variant][][]uint32         // the first windows of the first training
	binMS    float64
}

// place is a configuration within a facet, but for k.
type place struct{ neurons, timesteps int }

func placeOf(r table.Row) place { return place{r.Configuration.Neurons, r.Configuration.Timesteps} }

// variant is a configuration within a facet.
type variant struct {
	place
	k float64
}

func variantOf(r table.Row) variant { return variant{placeOf(r), r.Configuration.K} }

// trained is the part of a result that is drawn for each training.
type trained struct {
	model   map[string][]float64
	history []sweep.HistoryPoint // at one time step
}

// drawnVectors returns those of a result's statistics that are drawn at a place. The state,
// which may be as large as all else, is drawn at one time step.
func drawnVectors(all map[string][]float64, at place) map[string][]float64 {
	drawn := map[string][]float64{}
	for _, s := range shownStatistics {
		drawn[s.name] = all[s.name]
	}
	if at.timesteps == 1 {
		drawn["state"] = all["state"]
	}
	return drawn
}

// Gather collects what the paper's figures show, in grid order.
func Gather(shape table.Shape, rows table.Rows) (*Paper, error) {
	p := &Paper{}
	index := map[string]*trainings{}
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		c := row.Configuration
		if c.IsBaseline() || !slices.Contains(paperNeurons, c.Neurons) || !slices.Contains(paperTimesteps, c.Timesteps) {
			continue
		}
		name := shape.Facet(c)
		t, known := index[name]
		if !known {
			if len(p.facets) < maxPaperFacets {
				t = &trainings{
					name: name, data: row.Data, seed: c.Seed,
					planned: map[variant]bool{}, finished: map[variant]int{}, results: map[sweep.TaskID]*trained{},
					recorded: map[place]map[string][]float64{}, windows: map[place][][]uint32{}, samples: map[variant][][]uint32{},
				}
				p.facets = append(p.facets, t)
			} else {
				p.Omitted++
			}
			index[name] = t
		}
		if t != nil {
			t.add(row)
		}
	}
	return p, nil
}

// add adds a row of the grid.
func (t *trainings) add(row table.Row) {
	k := row.Configuration.K
	t.planned[variantOf(row)] = true
	switch {
	case k == 0:
		t.standard = true
	case t.k == 0 || k < t.k:
		t.k = k
		t.rows = slices.DeleteFunc(t.rows, func(r table.Row) bool { return r.Configuration.K != 0 })
	case k > t.k:
		return
	}
	if row.Measures == nil {
		return
	}
	if t.finished[variantOf(row)]++; t.finished[variantOf(row)] <= maxTrainings {
		t.rows = append(t.rows, row)
	}
}

func (t *trainings) any(places []place) bool {
	return slices.ContainsFunc(t.rows, func(r table.Row) bool { return slices.Contains(places, placeOf(r)) })
}

// read reads the results that a figure shows, unless an earlier one has. It drops rows
// with an unusable result.
func (t *trainings) read(source Source, places []place) error {
	var usable []table.Row
	for _, row := range t.rows {
		c, at := row.Configuration, placeOf(row)
		if !slices.Contains(places, at) || t.results[row.Task] != nil {
			usable = append(usable, row)
			continue
		}
		result, found, err := source.Result(row)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		usable = append(usable, row)
		drawn := &trained{model: drawnVectors(result.Model, at)}
		if at.timesteps == 1 {
			drawn.history = result.History
		}
		t.results[row.Task] = drawn
		if v := variantOf(row); t.samples[v] == nil {
			t.samples[v] = slices.Clone(result.Samples[:min(windowsDrawn(at.timesteps), len(result.Samples))])
		}
		if t.recorded[at] == nil {
			t.recorded[at] = drawnVectors(result.Data, at)
		}
		if t.windows[at] == nil {
			excerpt, binMS, err := source.Excerpt(c)
			if err != nil {
				return err
			}
			t.binMS = binMS
			count := min(windowsDrawn(at.timesteps), len(excerpt))
			for i := range count {
				t.windows[at] = append(t.windows[at], excerpt[i*len(excerpt)/count][:at.timesteps])
			}
		}
	}
	t.rows = usable
	return nil
}

// ks returns the k of the losses that are drawn: 0 and that of the K-loss, if the grid has
// them.
func (t *trainings) ks() []float64 {
	var ks []float64
	if t.standard {
		ks = append(ks, 0)
	}
	if t.k != 0 {
		ks = append(ks, t.k)
	}
	return ks
}

// of returns the trainings at a place with one k, by replicate.
func (t *trainings) of(at place, k float64) []*trained {
	var all []*trained
	for _, r := range t.rows {
		if placeOf(r) == at && r.Configuration.K == k {
			all = append(all, t.results[r.Task])
		}
	}
	return all
}

// at returns the trainings at a place with any k.
func (t *trainings) at(at place) []*trained {
	var all []*trained
	for _, k := range t.ks() {
		all = append(all, t.of(at, k)...)
	}
	return all
}

// missing lists the configurations of a figure that the grid has and that have no result.
func (t *trainings) missing(places []place) []string {
	var all []string
	for _, at := range places {
		for _, k := range t.ks() {
			if t.planned[variant{at, k}] && len(t.of(at, k)) == 0 {
				all = append(all, fmt.Sprintf("n=%d t=%d k=%v", at.neurons, at.timesteps, k))
			}
		}
	}
	return all
}

// spread is a number of the trainings of one configuration: mean, smallest and largest
// over the replicates.
type spread struct{ mean, low, high float64 }

// spreads returns an element of a vector of every training, as a spread for each element.
func spreads(all []*trained, of func(*trained) []float64) []spread {
	var elements []spread
	for i := range of(all[0]) {
		values := make([]float64, len(all))
		for j, t := range all {
			values[j] = of(t)[i]
		}
		elements = append(elements, spread{stat.Mean(values, nil), slices.Min(values), slices.Max(values)})
	}
	return elements
}

// paperColumns are those of the CSV of the figures of Paper. sweep/table/README.md repeats
// them.
var paperColumns = []struct{ name, meaning string }{
	{"statistic", "what is drawn: covariance, k_probability, firing_rate_hz, autocorrelogram, state, js_bits, raster or circuit"},
	{"neurons", "n"},
	{"timesteps", "t"},
	{"k", "k of the trainings; empty for the recording"},
	{"item", "a pair of neurons, a neuron, a word (neuron 0 first), a window or a gate; empty where x says it"},
	{"x", "as drawn: the recording's value (covariance, firing_rate_hz), k, the lag in ms, the position of the word, the step of the training, the bin, or the column of the circuit"},
	{"y", "as drawn: the recording's value, or the mean of the trainings; in a raster the neuron, in the circuit the qubit"},
	{"y_minimum", "smallest value of a training"},
	{"y_maximum", "largest value of a training"},
	{"trainings", "number of trainings in the row"},
}

func paperHeader() []string {
	names := make([]string, len(paperColumns))
	for i, c := range paperColumns {
		names[i] = c.name
	}
	return names
}

// recorded returns a row of numbers of the recording.
func recorded(statistic string, at place, item string, x, y float64) []string {
	return []string{statistic, strconv.Itoa(at.neurons), strconv.Itoa(at.timesteps), "", item, number(x), number(y), "", "", ""}
}

// modelled returns a row of numbers of trainings with one k.
func modelled(statistic string, at place, k float64, item string, x float64, y spread, count int) []string {
	return []string{
		statistic, strconv.Itoa(at.neurons), strconv.Itoa(at.timesteps), number(k), item, number(x),
		number(y.mean), number(y.low), number(y.high), strconv.Itoa(count),
	}
}

// describe returns what the captions of all the paper's figures begin with.
func (t *trainings) describe(places []place) []string {
	words := fmt.Sprintf("Data: %s, bins of %s ms, seed %d.", t.data, number(t.binMS), t.seed)
	if t.name != "" {
		words += " " + t.name + "."
	}
	sentences := []string{drawable(words)}
	if missing := t.missing(places); len(missing) > 0 {
		sentences = append(sentences, drawable("Not finished: "+strings.Join(missing, ", ")+"."))
	}
	return sentences
}

// replicates says what lines and bands are.
func (t *trainings) replicates(places []place) string {
	least, most := 0, 0
	for _, at := range places {
		for _, k := range t.ks() {
			if n := len(t.of(at, k)); n > 0 {
				least, most = min(cmp.Or(least, n), n), max(most, n)
			}
		}
	}
	count := strconv.Itoa(most)
	if least < most {
		count = fmt.Sprintf("%d to %d", least, most)
	}
	if most == 1 {
		return "One training of each configuration."
	}
	words := "Lines and points: means over " + count + " trainings of each configuration"
	if slices.ContainsFunc(places, t.hasMore) {
		words += fmt.Sprintf(", at most the first %d", maxTrainings)
	}
	return words + "; bands and bars: from the smallest to the largest."
}

// hasMore reports whether a configuration at a place has more trainings than are drawn.
func (t *trainings) hasMore(at place) bool {
	return slices.ContainsFunc(t.ks(), func(k float64) bool { return t.finished[variant{at, k}] > maxTrainings })
}

// legend explains the recording and the losses.
func (t *trainings) legend() legend {
	var l legend
	add := func(label string, colour color.Color) {
		l.add(label, &plotter.Line{LineStyle: draw.LineStyle{Color: colour, Width: 1.2}})
	}
	add("recording", color.Black)
	for _, k := range t.ks() {
		add(lossLabel(k), lossColour(k))
	}
	return l
}

// lossLabel returns the name of a loss in a legend.
func lossLabel(k float64) string {
	if k == 0 {
		return "standard loss"
	}
	return "K-loss, K = " + strconv.FormatFloat(k, 'g', -1, 64)
}
