package main

import (
	"bytes"
	"strings"
	"testing"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// TestTheClosingTableComparesAlongEveryAxis, and shows an undefined floor as –.
func TestTheClosingTableComparesAlongEveryAxis(t *testing.T) {
	rows := func(floor bool) table.Rows {
		return func(yield func(table.Row, error) bool) {
			for i, entangler := range []string{"chain", "none"} {
				c := sweep.Default()
				c.Circuit.Entangler = entangler
				m := sweep.Measures{Errors: map[string]float64{"k_probability": 0.25 * float64(i+1), "firing_rate_hz2": 3}}
				if floor {
					m.Floors = map[string]float64{"k_probability": 1e-7, "firing_rate_hz2": 1e-4}
				}
				if !yield(table.Row{ConfigurationIndex: i, Configuration: c, Measures: &m}, nil) {
					return
				}
			}
		}
	}
	for _, floor := range []bool{true, false} {
		trainings, err := table.Gather(table.Shape{Axes: []string{"neurons", "entangler"}}, rows(floor))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := summarise(&out, trainings.Levels()); err != nil {
			t.Fatal(err)
		}
		var lines []string
		for line := range strings.Lines(out.String()) {
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
		want := []string{"2 0 2 0.35 1e-07 3 0.0001", "chain 0 1 0.25 1e-07 3 0.0001", "none 0 1 0.5 1e-07 3 0.0001"}
		if !floor {
			want = []string{"2 0 2 0.35 – 3 –", "chain 0 1 0.25 – 3 –", "none 0 1 0.5 – 3 –", "–: not defined. A floor needs a recording of two repeats or more; a geometric mean, errors above 0."}
		}
		for _, line := range want {
			if !strings.Contains(strings.Join(lines, "\n"), line) {
				t.Errorf("the closing table lacks %q:\n%s", line, out.String())
			}
		}
	}
}
