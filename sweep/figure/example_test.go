package figure_test

import (
	"fmt"

	"spiqsweep/sweep"
	"spiqsweep/sweep/figure"
	"spiqsweep/sweep/table"
)

func ExampleS1() {
	c := sweep.Default()
	m := sweep.Measures{Errors: map[string]float64{"k_probability": 1, "firing_rate_hz2": 0.5}}
	rows := func(yield func(table.Row, error) bool) { yield(table.Row{Configuration: c, Measures: &m}, nil) }
	figures, _, err := figure.S1(table.Shape{}, rows)
	if err != nil {
		panic(err)
	}
	fmt.Println(figures[0].Name, figures[0].Numbers[1])
	// Output: S1 [against_n k_probability spiqgan 0 2  1 1 1 1   ]
}
