package spiqsweep_test

import (
	"fmt"

	"spiqsweep"
	"spiqsweep/sweep/grid"
)

func Example() {
	g, diagnostics := grid.Parse("sweep.hcl", spiqsweep.DefaultGrid, map[string]string{"replicates": "5"})
	if diagnostics.HasErrors() {
		panic(diagnostics)
	}
	fmt.Printf("%s: %d configurations, %d trainings\n", g.Name, g.Len(), g.Rows())
	for _, axis := range g.Axes {
		fmt.Println(axis.Setting.Name, axis.Values)
	}
	// Output:
	// figure-s1: 120 configurations, 600 trainings
	// preset [paper population]
	// neurons [2 4 6 8 10]
	// timesteps [1 2 5 10 20 30]
	// k [0 1]
}
