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

// Trainings holds the errors of the finished trainings of a sweep, to compare
// configurations with one another and with the baselines.
type Trainings struct {
	shape          Shape
	measures       []measure
	configurations []*configuration // in grid order
	baselines      []*configuration // in grid order
}

// configuration holds the finished trainings of one configuration.
type configuration struct {
	row        Row       // of its first replicate, without measures
	replicates []int     // the finished ones, ascending
	errors     []float64 // errors[i*len(measures)+m] is measure m of replicates[i]; NaN is missing
	floors     []float64 // by measure, the same for all replicates; NaN is missing
}

// Gather reads the rows of a sweep.
func Gather(shape Shape, rows Rows) (*Trainings, error) {
	all := &Trainings{shape: shape, measures: measures(shape.Holdout)}
	var last *configuration
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		if last == nil || last.row.ConfigurationIndex != row.ConfigurationIndex {
			last = &configuration{row: row}
			last.row.Measures = nil
			if row.Configuration.IsBaseline() {
				all.baselines = append(all.baselines, last)
			} else {
				all.configurations = append(all.configurations, last)
			}
		}
		if row.Measures != nil {
			last.add(all.measures, row)
		}
	}
	return all, nil
}

func (c *configuration) add(all []measure, row Row) {
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

// WriteComparison writes comparison.csv: for each error and each pair of
// configurations that differ only in k, the standard loss (k = 0) against the
// K-loss (DESIGN.md, section 2.3). Replicate r of one configuration is paired with
// replicate r of the other, which shares its random draws. The correlation shows
// how much the pairing reduces the variance.
func (t *Trainings) WriteComparison(w io.Writer) error {
	return write(w, comparisonColumns(t.shape), func(yield func(pair, error) bool) {
		for p := range t.pairs() {
			if !yield(p, nil) {
				return
			}
		}
	})
}

func comparisonColumns(shape Shape) []column[pair] {
	return slices.Concat(configurationColumns(shape, func(p pair) Row { return p.row }), []column[pair]{
		{"error", text, "which error, by its column in results.csv", func(p pair) string { return p.measure }},
		{"pairs", number, "replicates that have finished with both losses", func(p pair) string { return strconv.Itoa(len(p.first)) }},
		{"mean_standard", number, "mean error of these with the standard loss (k = 0)", func(p pair) string { return optional(p.first.mean()) }},
		{"mean_k", number, "mean error of these with the K-loss at this row's k", func(p pair) string { return optional(p.second.mean()) }},
		{"difference", number, "mean of standard minus K: positive where the K-loss is better", func(p pair) string { return optional(p.differences().mean()) }},
		{"difference_ci95_low", number, "lower end of its 95 % interval by Student's t; from three pairs on. undecided if it covers 0", func(p pair) string { low, _, ok := Interval(p.differences()); return optional(low, ok) }},
		{"difference_ci95_high", number, "its upper end", func(p pair) string { _, high, ok := Interval(p.differences()); return optional(high, ok) }},
		{"log_ratio", number, "mean of ln(standard / K): positive where the K-loss is better; empty if an error is 0", func(p pair) string { return optional(p.logRatios().mean()) }},
		{"log_ratio_ci95_low", number, "lower end of its 95 % interval; from three pairs on", func(p pair) string { low, _, ok := Interval(p.logRatios()); return optional(low, ok) }},
		{"log_ratio_ci95_high", number, "its upper end", func(p pair) string { _, high, ok := Interval(p.logRatios()); return optional(high, ok) }},
		{"share_won_by_k", number, "share of pairs in which the K-loss has the smaller error", func(p pair) string { return optional(p.shareWon()) }},
		{"log_correlation", number, "Pearson's correlation of the logarithms of the paired errors; from three pairs on", func(p pair) string { return optional(p.correlation()) }},
	})
}

// pair holds the paired values of one error: first[i] and second[i] are trainings
// of the same replicate that differ in one setting.
type pair struct {
	row           Row // of the second configuration
	measure       string
	first, second values
}

// pairs pairs every configuration of k ≠ 0 with the one of k = 0, in grid order. It
// leaves out objectives that do not read k, where both are the same trainings.
func (t *Trainings) pairs() iter.Seq[pair] {
	return func(yield func(pair) bool) {
		k, _ := sweep.Lookup("k")
		standard := map[string]*configuration{}
		all := slices.Concat(t.configurations, t.baselines)
		for _, c := range all {
			if c.row.Configuration.K == 0 {
				standard[keyWithout(k, c)] = c
			}
		}
		for _, c := range all {
			s := standard[keyWithout(k, c)]
			if s == nil || c.row.Configuration.K == 0 || !k.ReadBy(c.row.Configuration) {
				continue
			}
			for i, m := range t.measures {
				p := pair{row: c.row, measure: m.name}
				p.first, p.second = shared(s, c, i, len(t.measures))
				if len(p.first) > 0 && !yield(p) {
					return
				}
			}
		}
	}
}

// keyWithout returns a key that is equal for configurations that differ only in
// the given setting. The canonical form does not name the data, so the key names
// it too, unless the setting chooses the data.
func keyWithout(axis sweep.Setting, c *configuration) string {
	settings := c.row.Configuration
	settings.Replicate = 0
	if err := axis.Set(&settings, axis.Default); err != nil {
		panic(err) // a default is allowed
	}
	canonical := sweep.Canonical(settings)
	if axis.Block == "recording" {
		return string(canonical)
	}
	neurons := c.row.NeuronIDs
	if axis.Name == "neurons" {
		neurons = nil
	}
	return fmt.Sprintf("%q %t %v %s", c.row.Data, settings.Recording.Clip, neurons, canonical)
}

// shared returns one measure over the replicates that both configurations have
// finished.
func shared(a, b *configuration, measure, measures int) (x, y values) {
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

func (p pair) differences() values {
	d := make(values, len(p.first))
	for i := range d {
		d[i] = p.first[i] - p.second[i]
	}
	return d
}

// logRatios returns ln(first / second), nil unless every error is positive.
func (p pair) logRatios() values {
	ratios := make(values, len(p.first))
	for i := range ratios {
		if p.first[i] <= 0 || p.second[i] <= 0 {
			return nil
		}
		ratios[i] = math.Log(p.first[i] / p.second[i])
	}
	return ratios
}

// shareWon returns the share of pairs in which the second error is smaller.
func (p pair) shareWon() (float64, bool) {
	won := 0
	for i := range p.first {
		if p.second[i] < p.first[i] {
			won++
		}
	}
	return float64(won) / float64(len(p.first)), len(p.first) > 0
}

// correlation returns Pearson's correlation of the logarithms of the errors.
func (p pair) correlation() (float64, bool) {
	if len(p.logRatios()) < minReplicates {
		return 0, false
	}
	x, _ := p.first.logs()
	y, _ := p.second.logs()
	r := stat.Correlation(x, y, nil)
	return r, !math.IsNaN(r)
}
