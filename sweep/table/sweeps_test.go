package table

import (
	"math"
	"testing"
)

// TestCompareSweeps compares the example with itself, with a sweep that has one setting more
// as an axis, and with a sweep without some of its configurations.
func TestCompareSweeps(t *testing.T) {
	gather := func(shape Shape, change func(*Row) (kept bool)) *Trainings {
		all, err := Gather(shape, func(yield func(Row, error) bool) {
			for row, err := range example() {
				if change(&row) && !yield(row, err) {
					return
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	same := func(*Row) bool { return true }
	first := gather(Shape{}, same)
	matches, onlyFirst, onlySecond := CompareSweeps(first, gather(Shape{Holdout: true}, same))
	if len(matches) != 4 || len(onlyFirst)+len(onlySecond) > 0 {
		t.Fatalf("%d matches, %v, %v", len(matches), onlyFirst, onlySecond)
	}
	for _, m := range matches {
		for _, e := range m.Errors {
			if e.Difference != 0 || e.Low != 0 || e.High != 0 || e.First != e.Second || e.Pairs < 3 {
				t.Errorf("%s of %s: %+v", e.Error, m.First.Task, e)
			}
		}
	}
	// replicate r has r+1 times the errors of replicate 0: with twice the errors, the
	// differences are 1, 2, 3 and 4 times the first error
	double := gather(Shape{}, func(row *Row) bool {
		if row.Measures != nil {
			doubled := *row.Measures
			doubled.Errors = map[string]float64{}
			for name, v := range row.Measures.Errors {
				doubled.Errors[name] = 2 * v
			}
			row.Measures = &doubled
		}
		row.Configuration.Training.Steps = 3000
		return row.Configuration.K == 0
	})
	matches, onlyFirst, onlySecond = CompareSweeps(first, double)
	if len(matches) != 2 || len(onlyFirst) != 2 || len(onlySecond) != 0 {
		t.Fatalf("%d matches, %v, %v", len(matches), onlyFirst, onlySecond)
	}
	e, unit := matches[0].Errors[0], 1e-3
	// Student's t at 0.975 with 3 degrees of freedom is 3.182446; the standard deviation of
	// 1, 2, 3 and 4 is 1.290994.
	half := 3.182446 * 1.290994 / 2
	for what, pair := range map[string][2]float64{
		"difference": {e.Difference, 2.5 * unit}, "low": {e.Low, (2.5 - half) * unit}, "high": {e.High, (2.5 + half) * unit},
		"first": {e.First, 2.5 * unit}, "second": {e.Second, 5 * unit}, "floor": {e.FirstFloor, 1e-7},
	} {
		if math.Abs(pair[0]-pair[1]) > 1e-6*unit {
			t.Errorf("%s of %s is %v, want %v", what, e.Error, pair[0], pair[1])
		}
	}
	if e.Pairs != 4 || e.Error != "mse_k_probability" {
		t.Errorf("%+v", e)
	}
	// an axis of one sweep counts in both
	matches, _, onlySecond = CompareSweeps(first, gather(Shape{Axes: []string{"entangler"}}, func(row *Row) bool {
		row.Configuration.Circuit.Entangler = "chain"
		return true
	}))
	if len(matches) != 0 || len(onlySecond) != 4 {
		t.Errorf("%d matches of other entanglers, %d only in the second", len(matches), len(onlySecond))
	}
}
