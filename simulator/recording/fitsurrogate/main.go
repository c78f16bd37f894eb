// Command fitsurrogate fits the law of the surrogate to a recording and prints
// internal/surrogate/cells.go (about three minutes):
//
//	go run ./simulator/recording/fitsurrogate bint_fishmovie32_100.mat > cells.go
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
	cells, err := choose(r)
	if err != nil {
		return err
	}
	fitted, err := fit(measure(r, cells), sweeps, log)
	if err != nil {
		return err
	}
	return write(out, fitted)
}

// sweeps is where more of them no longer lower the misfit.
const sweeps = 10

// perSelection is the number of first cells, and of most active ones.
const perSelection = 10

// choose returns the first cells, then those of the most active that are not
// among them.
func choose(r *recording.Recording) ([]int, error) {
	var cells []int
	for _, name := range []string{"first", "most_active"} {
		selection, err := recording.ParseSelection(name)
		if err != nil {
			return nil, err
		}
		selected, err := r.Select(selection, perSelection, 0)
		if err != nil {
			return nil, err
		}
		for _, cell := range selected {
			if !slices.Contains(cells, cell) {
				cells = append(cells, cell)
			}
		}
	}
	return cells, nil
}
