// Command fitsurrogate fits the parameters of the surrogate to a recording and
// prints internal/surrogate/neurons.go (about three minutes):
//
//	go run ./simulator/recording/fitsurrogate bint_fishmovie32_100.mat > neurons.go
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"spiqsweep/simulator/recording"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: fitsurrogate RECORDING")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "fitsurrogate:", err)
		os.Exit(1)
	}
}

func run(path string, out, log io.Writer) error {
	r, err := recording.Open(context.Background(), path, recording.Options{})
	if err != nil {
		return err
	}
	neurons, err := choose(r)
	if err != nil {
		return err
	}
	fitted, err := fit(measure(r, neurons), sweeps, log)
	if err != nil {
		return err
	}
	return write(out, fitted)
}

// sweeps is the number of sweeps of fit; more do not lower the misfit further.
const sweeps = 10

// perSelection is the number of neurons taken from each selection.
const perSelection = 10

// choose returns the IDs of the first neurons, then of the most active neurons
// that are not among them.
func choose(r *recording.Recording) ([]int, error) {
	var neurons []int
	for _, name := range []string{"first", "most_active"} {
		selection, err := recording.ParseSelection(name)
		if err != nil {
			return nil, err
		}
		selected, err := r.Select(selection, perSelection, 0)
		if err != nil {
			return nil, err
		}
		for _, neuron := range selected {
			if !slices.Contains(neurons, neuron) {
				neurons = append(neurons, neuron)
			}
		}
	}
	return neurons, nil
}
