package claims_test

import (
	"fmt"
	"strings"

	"spiqsweep/sweep"
	"spiqsweep/sweep/claims"
	"spiqsweep/sweep/table"
)

// Errors of P(k) that are halved whenever n is doubled, in four replicates.
func ExampleJudge() {
	rows := func(yield func(table.Row, error) bool) {
		for _, n := range []int{2, 4, 8} {
			for replicate := range 4 {
				c := sweep.Default()
				c.Neurons, c.Replicate = n, replicate
				m := sweep.Measures{Errors: map[string]float64{"k_probability": (1 + 0.01*float64(replicate)) / float64(n)}}
				if !yield(table.Row{State: sweep.Done, Configuration: c, Measures: &m}, nil) {
					return
				}
			}
		}
	}
	report, err := claims.Judge(table.Shape{}, rows)
	if err != nil {
		panic(err)
	}
	for _, c := range report.Claims {
		if strings.HasSuffix(c.Name, "falls_with_neurons") && c.Verdict != table.Undecided {
			fmt.Printf("%s, %s: %s %.2f, %s\n", c.Name, c.Scope, c.Statistic, c.Effect, c.Verdict)
		}
	}
	// Output:
	// k_probability_error_falls_with_neurons, k=0: slope of ln(error) against ln(n) -1.00, holds
	// k_probability_error_falls_with_neurons, k=0: slope of ln((n + 1) error) against ln(n) -0.21, holds
}
