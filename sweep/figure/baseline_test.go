package figure

import (
	"fmt"
	"testing"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// TestBaselinesAreInTheFiguresOfTheirData sweeps a setting that chooses the data and
// one that does not.
func TestBaselinesAreInTheFiguresOfTheirData(t *testing.T) {
	fittedTo := map[string][]string{"first": {"psth"}, "most_active": {"independent", "psth"}}
	rows := func(yield func(table.Row, error) bool) {
		for _, selection := range []string{"first", "most_active"} {
			for _, entangler := range []string{"chain", "none"} {
				c := sweep.Default()
				c.Recording.Select, c.Circuit.Entangler = selection, entangler
				yield(row(c), nil)
			}
		}
		for _, selection := range []string{"first", "most_active"} {
			for _, model := range fittedTo[selection] {
				c := sweep.Default()
				c.Recording.Select = selection
				b, err := c.Baseline(model)
				if err != nil {
					t.Fatal(err)
				}
				yield(row(b), nil)
			}
		}
	}
	figures, _, err := S1(table.Shape{Axes: []string{"select", "entangler"}}, rows)
	if err != nil || len(figures) != 4 {
		t.Fatalf("%d figures, %v: want one for each selection and entangler", len(figures), err)
	}
	for i, want := range []int{1, 1, 2, 2} {
		models := map[string]bool{}
		for _, line := range figures[i].Numbers[1:] {
			models[line[2]] = true
			if line[2] != sweep.ModelSpiQGAN && line[3] != "" {
				t.Errorf("%s: a baseline with a k: %v", figures[i].Name, line)
			}
		}
		if len(models) != 1+want {
			t.Errorf("%s has %v, want %d baselines", figures[i].Name, models, want)
		}
	}
}

// TestBaselinesHaveDifferentDashes checks that a legend tells all baselines apart.
func TestBaselinesHaveDifferentDashes(t *testing.T) {
	models := map[string]string{}
	for i, model := range sweep.Baselines {
		pattern := fmt.Sprint(dashes[i])
		if other, taken := models[pattern]; taken {
			t.Errorf("%s and %s have the pattern %s", other, model, pattern)
		}
		models[pattern] = model
	}
}

// TestBaselinesFarBelowTheFloorAreNotDrawn checks that they do not stretch the axis.
func TestBaselinesFarBelowTheFloorAreNotDrawn(t *testing.T) {
	lowest := func(error float64) float64 {
		c := sweep.Default()
		b, err := c.Baseline("population_tracking")
		if err != nil {
			t.Fatal(err)
		}
		fitted := row(b)
		fitted.Measures.Errors["k_probability"] = error
		f := facet{runs: []run{runOf(row(c))}, baselines: []baseline{{model: b.Model, runs: []run{runOf(fitted)}}}}
		p, err := f.errorPanel(0, "neurons n", neuronsOf, new(legend))
		if err != nil {
			t.Fatal(err)
		}
		return p.Y.Min
	}
	none := lowest(1)
	if floor := row(sweep.Default()).Measures.Floors["k_probability"]; lowest(floor/50) >= none || lowest(floor/200) != none {
		t.Errorf("the axis begins at %v, %v and %v", none, lowest(floor/50), lowest(floor/200))
	}
}
