package sweep_test

import (
	"fmt"

	"spiqsweep/sweep"
)

func Example() {
	c := sweep.Default()
	c.Neurons, c.Timesteps, c.K = 4, 5, 1
	fmt.Println(c.Label(), "has", c.TrainableParameters(), "parameters")

	// A weight that nothing reads does not make another task.
	other := c
	other.Training.ClipBound = 0.5
	digest := "0f1e2d3c"
	fmt.Println(sweep.NewTaskID(c, digest, sweep.Numerics, "portable/amd64") ==
		sweep.NewTaskID(other, digest, sweep.Numerics, "portable/amd64"))
	// Output:
	// n=4 t=5 k=1 replicate 0 has 160 parameters
	// true
}

// The table of settings documents itself.
func ExampleSettings() {
	for _, s := range sweep.Settings() {
		if s.Block == "evaluation" {
			fmt.Printf("%s (default %s): %s\n  must be %s\n", s.Name, sweep.Format(s.Default), s.Doc, s.Allowed())
		}
	}
	// Output:
	// method (default "exact"): statistics by quadrature if a patch has at most one noise angle, or by sampling
	//   must be "exact" or "samples"
	// samples (default 20000): windows to sample
	//   must be a whole number from 100 to 100000000
	// history_every (default 100): steps between two points of the Jensen–Shannon history
	//   must be a whole number from 1 to 1000000000
}
