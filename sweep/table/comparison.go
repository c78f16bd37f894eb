package table

import (
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/stat"

	"spiqsweep/sweep"
)

// Cells are the finished errors of a sweep by cell and replicate: what
// comparisons between cells are made of.
type Cells struct {
	shape    Shape
	measures []measure
	cells    []*cell // in grid order
}

// cell is what a comparison keeps of a cell.
type cell struct {
	row        Row
	replicates []int     // the finished ones, rising
	errors     []float64 // of each of them, by measure; NaN is missing
	floors     []float64 // by measure, the same for all replicates; NaN is missing
}

// Gather reads the rows of a sweep.
func Gather(shape Shape, rows Rows) (*Cells, error) {
	all := &Cells{shape: shape, measures: measures(shape.Holdout)}
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		if len(all.cells) == 0 || all.cells[len(all.cells)-1].row.ConfigurationIndex != row.ConfigurationIndex {
			all.cells = append(all.cells, &cell{row: row})
			all.cells[len(all.cells)-1].row.Measures = nil
		}
		if row.Measures != nil {
			all.cells[len(all.cells)-1].add(all.measures, row)
		}
	}
	return all, nil
}

func (c *cell) add(all []measure, row Row) {
	c.replicates = append(c.replicates, row.Configuration.Replicate)
	c.floors = c.floors[:0]
	for _, m := range all {
		c.errors = append(c.errors, orNaN(m.value(*row.Measures)))
		c.floors = append(c.floors, orNaN(m.floor(*row.Measures)))
	}
}

func orNaN(v float64, ok bool) float64 {
	if !ok {
		return math.NaN()
	}
	return v
}

// WriteComparison writes comparison.csv: for each error and each pair of cells
// that differ only in k, the standard loss (k = 0) against the K-loss
// (DESIGN.md, section 2.3). Replicate r of one cell is paired with replicate r
// of the other, which shares its random draws; the correlation says how much
// that helped.
func (c *Cells) WriteComparison(w io.Writer) error {
	return write(w, comparisonColumns(c.shape), func(yield func(pair, error) bool) {
		for p := range c.pairs() {
			if !yield(p, nil) {
				return
			}
		}
	})
}

func comparisonColumns(shape Shape) []column[pair] {
	return slices.Concat(ofCell(shape, func(p pair) Row { return p.row }), []column[pair]{
		{"error", text, "which error, by its column in results.csv", func(p pair) string { return p.measure }},
		{"pairs", number, "replicates that are finished with both losses", func(p pair) string { return strconv.Itoa(len(p.first)) }},
		{"mean_standard", number, "mean error of these with the standard loss (k = 0)", func(p pair) string { return optional(p.first.mean()) }},
		{"mean_k", number, "mean error of these with the K-loss, of this row's k", func(p pair) string { return optional(p.second.mean()) }},
		{"difference", number, "mean of standard minus K: positive where the K-loss is better", func(p pair) string { return optional(p.differences().mean()) }},
		{"difference_ci95_low", number, "lower end of its 95 % interval by Student's t; from three pairs on. Below 0 and above 0 at the ends: undecided", func(p pair) string { low, _, ok := Interval(p.differences()); return optional(low, ok) }},
		{"difference_ci95_high", number, "its upper end", func(p pair) string { _, high, ok := Interval(p.differences()); return optional(high, ok) }},
		{"log_ratio", number, "mean of ln(standard / K): positive where the K-loss is better; empty if an error is 0", func(p pair) string { return optional(p.logRatios().mean()) }},
		{"log_ratio_ci95_low", number, "lower end of its 95 % interval; from three pairs on", func(p pair) string { low, _, ok := Interval(p.logRatios()); return optional(low, ok) }},
		{"log_ratio_ci95_high", number, "its upper end", func(p pair) string { _, high, ok := Interval(p.logRatios()); return optional(high, ok) }},
		{"share_won_by_k", number, "share of pairs in which the K-loss has the smaller error", func(p pair) string { return optional(p.shareWon()) }},
		{"log_correlation", number, "Pearson's correlation of the logarithms of the paired errors; from three pairs on", func(p pair) string { return optional(p.correlation()) }},
	})
}

// pair is one error of two cells, or of more cells of two values of an axis, by
// shared replicate.
type pair struct {
	row           Row // of the second cell
	measure       string
	first, second sample
}

// pairs compares every cell of k ≠ 0 with its standard cell, in grid order.
func (c *Cells) pairs() iter.Seq[pair] {
	return func(yield func(pair) bool) {
		k, _ := sweep.Lookup("k")
		standard := map[string]*cell{}
		for _, one := range c.cells {
			if one.row.Configuration.K == 0 {
				standard[butFor(one, k)] = one
			}
		}
		for _, one := range c.cells {
			s := standard[butFor(one, k)]
			if s == nil || one.row.Configuration.K == 0 {
				continue
			}
			for i, m := range c.measures {
				p := pair{row: one.row, measure: m.name}
				p.first, p.second = shared(s, one, i, len(c.measures))
				if len(p.first) > 0 && !yield(p) {
					return
				}
			}
		}
	}
}

// butFor names what a cell shares with those that differ from it in one setting
// alone. The canonical form leaves the data to its digest, so the data is named
// beside it, unless the setting chooses it.
func butFor(one *cell, axis sweep.Setting) string {
	c := one.row.Configuration
	c.Replicate = 0
	if err := axis.Set(&c, axis.Default); err != nil {
		panic(err) // a default is allowed
	}
	name := sweep.Canonical(c)
	if axis.Block == "recording" {
		return string(name)
	}
	cells := one.row.NeuronIDs
	if axis.Name == "neurons" {
		cells = nil
	}
	return fmt.Sprintf("%q %t %v %s", one.row.Data, c.Recording.Clip, cells, name)
}

// shared collects one of the measures over the replicates that both cells have finished.
func shared(a, b *cell, measure, measures int) (x, y sample) {
	for i, replicate := range a.replicates {
		j, both := slices.BinarySearch(b.replicates, replicate)
		if !both {
			continue
		}
		u, v := a.errors[i*measures+measure], b.errors[j*measures+measure]
		if !math.IsNaN(u) && !math.IsNaN(v) {
			x, y = append(x, u), append(y, v)
		}
	}
	return x, y
}

func (p pair) differences() sample {
	d := make(sample, len(p.first))
	for i := range d {
		d[i] = p.first[i] - p.second[i]
	}
	return d
}

// logRatios is empty unless every error is positive.
func (p pair) logRatios() sample {
	ratios := make(sample, len(p.first))
	for i := range ratios {
		if p.first[i] <= 0 || p.second[i] <= 0 {
			return nil
		}
		ratios[i] = math.Log(p.first[i] / p.second[i])
	}
	return ratios
}

// shareWon is the share of pairs in which the second has the smaller error.
func (p pair) shareWon() (float64, bool) {
	won := 0
	for i := range p.first {
		if p.second[i] < p.first[i] {
			won++
		}
	}
	return float64(won) / float64(len(p.first)), len(p.first) > 0
}

// correlation is Pearson's, between the logarithms of the paired errors.
func (p pair) correlation() (float64, bool) {
	if len(p.logRatios()) < fewest {
		return 0, false
	}
	x, _ := p.first.logs()
	y, _ := p.second.logs()
	r := stat.Correlation(x, y, nil)
	return r, !math.IsNaN(r)
}

// Level is an error of all finished trainings of one value of a swept setting and
// one K, over everything else.
type Level struct {
	Axis, Value string
	K           float64
	Error       string  // by its column in results.csv
	Models      int     // trainings whose error is known
	Mean        float64 // geometric; NaN if an error is 0
	Floor       float64 // geometric mean; NaN where there is none
	Reference   string  // the axis's first value
	pair        pair    // that value against this one
}

// WriteAxes writes axes.csv: the levels of every swept setting but k, with each
// value compared with the first one of its axis.
func WriteAxes(w io.Writer, levels []Level) error {
	return write(w, axesColumns(), func(yield func(Level, error) bool) {
		for _, level := range levels {
			if !yield(level, nil) {
				return
			}
		}
	})
}

func axesColumns() []column[Level] {
	return []column[Level]{
		{"axis", text, "a swept setting other than k", func(l Level) string { return l.Axis }},
		{"value", text, "one of its values", func(l Level) string { return l.Value }},
		{"k", number, "the K of these trainings", func(l Level) string { return Number(l.K) }},
		{"error", text, "which error, by its column in results.csv", func(l Level) string { return l.Error }},
		{"models", number, "finished trainings of this value and k, over every other axis and all replicates, whose error is known", func(l Level) string { return strconv.Itoa(l.Models) }},
		{"geometric_mean", number, "of their errors; empty if one is 0", func(l Level) string { return optional(l.Mean, true) }},
		{"floor", number, "geometric mean of their floors", func(l Level) string { return optional(l.Floor, true) }},
		{"reference", text, "the first value of the axis, which this one is compared with", func(l Level) string { return l.Reference }},
		{"pairs", number, "trainings of both values that agree in everything else, the replicate included", func(l Level) string { return strconv.Itoa(len(l.pair.first)) }},
		{"log_ratio", number, "mean over pairs of ln(error of the reference / error of this value): positive where this value is better", func(l Level) string { return optional(l.pair.logRatios().mean()) }},
		{"log_ratio_ci95_low", number, "lower end of its 95 % interval by Student's t, pairs taken as independent; from three pairs on", func(l Level) string { low, _, ok := Interval(l.pair.logRatios()); return optional(low, ok) }},
		{"log_ratio_ci95_high", number, "its upper end", func(l Level) string { _, high, ok := Interval(l.pair.logRatios()); return optional(high, ok) }},
		{"share_won", number, "share of pairs in which this value has the smaller error", func(l Level) string { return optional(l.pair.shareWon()) }},
	}
}

// Levels are the levels of every swept setting but k, in grid order; of neurons
// alone if there is none. Values without a finished training are left out.
func (c *Cells) Levels() []Level {
	axes := slices.DeleteFunc(slices.Clone(c.shape.Axes), func(axis string) bool { return axis == "k" })
	if len(axes) == 0 {
		axes = []string{"neurons"}
	}
	var all []Level
	for _, axis := range axes {
		if s, known := sweep.Lookup(axis); known {
			all = append(all, c.along(s)...)
		}
	}
	return all
}

// along makes the levels of one axis.
func (c *Cells) along(axis sweep.Setting) []Level {
	if len(c.cells) == 0 {
		return nil
	}
	type key struct {
		value string
		k     float64
	}
	members := map[key][]*cell{}
	var values []string
	var ks []float64
	for _, one := range c.cells {
		at := key{valueOf(axis, one.row.Configuration), one.row.Configuration.K}
		if members[at] == nil {
			values, ks = append(values, at.value), append(ks, at.k)
		}
		members[at] = append(members[at], one)
	}
	values, ks = distinct(values), distinct(ks)
	slices.Sort(ks)
	var all []Level
	for _, value := range values {
		for _, k := range ks {
			for i, m := range c.measures {
				level := Level{Axis: axis.Name, Value: value, K: k, Error: m.name, Reference: values[0]}
				if level.fill(members[key{value, k}], i, len(c.measures)); level.Models == 0 {
					continue
				}
				if value != values[0] {
					level.pair = c.between(axis, members[key{values[0], k}], members[key{value, k}], i)
				}
				all = append(all, level)
			}
		}
	}
	return all
}

// distinct keeps the first of equal values.
func distinct[V comparable](all []V) []V {
	seen := map[V]bool{}
	return slices.DeleteFunc(all, func(v V) bool {
		again := seen[v]
		seen[v] = true
		return again
	})
}

// fill takes the means over cells of one of the measures.
func (l *Level) fill(cells []*cell, measure, measures int) {
	var errors, floors sample
	for _, one := range cells {
		for i := range one.replicates {
			if v := one.errors[i*measures+measure]; !math.IsNaN(v) {
				errors = append(errors, v)
				if f := one.floors[measure]; !math.IsNaN(f) {
					floors = append(floors, f)
				}
			}
		}
	}
	l.Models = len(errors)
	l.Mean, l.Floor = orNaN(errors.geometricMean()), orNaN(floors.geometricMean())
}

// between pairs the cells of two values of an axis.
func (c *Cells) between(axis sweep.Setting, first, second []*cell, measure int) (p pair) {
	partner := map[string]*cell{}
	for _, one := range first {
		partner[butFor(one, axis)] = one
	}
	for _, one := range second {
		if other := partner[butFor(one, axis)]; other != nil {
			x, y := shared(other, one, measure, len(c.measures))
			p.first, p.second = append(p.first, x...), append(p.second, y...)
		}
	}
	return p
}
