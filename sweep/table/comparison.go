package table

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/stat"

	"spiqsweep/sweep"
)

// WriteComparison writes comparison.csv: for each error and each pair of cells
// that differ only in k, the standard loss (k = 0) against the K-loss
// (DESIGN.md, section 2.3). Replicate r of one cell is paired with replicate r
// of the other, which shares its random draws; the correlation says how much
// that helped.
//
// difference is standard minus K, so positive means that the K-loss is better;
// log_ratio is ln(standard / K).
func WriteComparison(w io.Writer, shape Shape, rows Rows) error {
	columns := slices.Concat(ofCell(shape, func(p pair) Row { return p.row }), []column[pair]{
		{"error", func(p pair) string { return p.measure }},
		{"pairs", func(p pair) string { return strconv.Itoa(len(p.standard)) }},
		{"mean_standard", func(p pair) string { return optional(p.standard.mean()) }},
		{"mean_k", func(p pair) string { return optional(p.kLoss.mean()) }},
		{"difference", func(p pair) string { return optional(p.differences().mean()) }},
		{"difference_ci95_low", func(p pair) string { low, _, ok := Interval(p.differences()); return optional(low, ok) }},
		{"difference_ci95_high", func(p pair) string { _, high, ok := Interval(p.differences()); return optional(high, ok) }},
		{"log_ratio", func(p pair) string { return optional(p.logRatios().mean()) }},
		{"log_ratio_ci95_low", func(p pair) string { low, _, ok := Interval(p.logRatios()); return optional(low, ok) }},
		{"log_ratio_ci95_high", func(p pair) string { _, high, ok := Interval(p.logRatios()); return optional(high, ok) }},
		{"share_won_by_k", func(p pair) string { return optional(p.shareWon()) }},
		{"log_correlation", func(p pair) string { return optional(p.correlation()) }},
	})
	all := measures(shape.Holdout)
	return write(w, columns, func(yield func(pair, error) bool) {
		cells, err := finished(all, shape, rows)
		if err != nil {
			yield(pair{}, err)
			return
		}
		for p := range pairs(all, cells) {
			if !yield(p, nil) {
				return
			}
		}
	})
}

// cell is what a comparison keeps of a cell: the errors by replicate.
type cell struct {
	row        Row
	replicates []int     // the finished ones, rising
	errors     []float64 // of each of them, by measure; NaN is missing
}

// finished gathers the cells of a sweep in grid order: none if k is the same in
// all of them.
func finished(all []measure, shape Shape, rows Rows) ([]*cell, error) {
	var cells []*cell
	compares := slices.Contains(shape.Axes, "k")
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		if !compares {
			continue
		}
		if len(cells) == 0 || cells[len(cells)-1].row.Cell != row.Cell {
			cells = append(cells, &cell{row: row})
			cells[len(cells)-1].row.Measures = nil
		}
		if row.Measures != nil {
			last := cells[len(cells)-1]
			last.replicates = append(last.replicates, row.Configuration.Replicate)
			last.errors = appendValues(last.errors, all, *row.Measures)
		}
	}
	return cells, nil
}

func appendValues(values []float64, all []measure, m sweep.Measures) []float64 {
	for _, one := range all {
		v, ok := one.value(m)
		if !ok {
			v = math.NaN()
		}
		values = append(values, v)
	}
	return values
}

// pair is one error of two cells that differ only in k, by shared replicate.
type pair struct {
	row             Row // of the cell with the K-loss
	measure         string
	standard, kLoss sample
}

// pairs compares every cell of k ≠ 0 with its standard cell, in grid order.
func pairs(all []measure, cells []*cell) func(yield func(pair) bool) {
	return func(yield func(pair) bool) {
		standard := map[string]*cell{}
		for _, c := range cells {
			if c.row.Configuration.K == 0 {
				standard[butForK(c.row)] = c
			}
		}
		for _, c := range cells {
			s := standard[butForK(c.row)]
			if s == nil || c.row.Configuration.K == 0 {
				continue
			}
			for i, m := range all {
				p := pair{row: c.row, measure: m.name}
				p.standard, p.kLoss = shared(s, c, i, len(all))
				if len(p.standard) > 0 && !yield(p) {
					return
				}
			}
		}
	}
}

// butForK names what a cell shares with its standard cell. The canonical form
// leaves the data to its digest, so the data is named beside it.
func butForK(row Row) string {
	c := row.Configuration
	c.K, c.Replicate = 0, 0
	return fmt.Sprintf("%q %t %v %s", row.Data, c.Recording.Clip, row.Cells, sweep.Canonical(c))
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
	d := make(sample, len(p.standard))
	for i := range d {
		d[i] = p.standard[i] - p.kLoss[i]
	}
	return d
}

// logRatios is empty unless every error is positive.
func (p pair) logRatios() sample {
	ratios := make(sample, len(p.standard))
	for i := range ratios {
		if p.standard[i] <= 0 || p.kLoss[i] <= 0 {
			return nil
		}
		ratios[i] = math.Log(p.standard[i] / p.kLoss[i])
	}
	return ratios
}

// shareWon is the share of pairs in which the K-loss has the smaller error.
func (p pair) shareWon() (float64, bool) {
	won := 0
	for i := range p.standard {
		if p.kLoss[i] < p.standard[i] {
			won++
		}
	}
	return float64(won) / float64(len(p.standard)), len(p.standard) > 0
}

// correlation is Pearson's, between the logarithms of the paired errors.
func (p pair) correlation() (float64, bool) {
	if len(p.logRatios()) < fewest {
		return 0, false
	}
	x, y := make([]float64, len(p.standard)), make([]float64, len(p.standard))
	for i := range x {
		x[i], y[i] = math.Log(p.standard[i]), math.Log(p.kLoss[i])
	}
	r := stat.Correlation(x, y, nil)
	return r, !math.IsNaN(r)
}
