package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/stat"

	"spiqsweep/coordinator/app"
	"spiqsweep/simulator/recording"
	"spiqsweep/simulator/statistics"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// describeFlags choose what of a recording is described.
type describeFlags struct {
	selection string
	neurons   int
	timesteps int
	seed      uint64
	clip      bool
	variable  string
	json      bool
}

func describeCommand() *cobra.Command {
	var f describeFlags
	c := &cobra.Command{
		Use:        "describe FILE|surrogate",
		SuggestFor: []string{"inspect", "data", "recording", "head"},
		Short:      "Print shape, cells, rates and statistics of a recording",
		Example: `  coordinator describe bint_fishmovie32_100.mat
  coordinator describe surrogate --select first --neurons 4 --timesteps 10 --json
  coordinator describe spikes.npy --select 50,2,16`,
		Args: func(_ *cobra.Command, arguments []string) error {
			if len(arguments) != 1 {
				return fmt.Errorf("describe one recording, not %d: name its FILE, .mat or .npy, or write surrogate", len(arguments))
			}
			return nil
		},
		RunE: func(c *cobra.Command, arguments []string) error {
			selection, err := f.parse(c.Flags().Changed("neurons"))
			if err != nil {
				return err
			}
			return f.describe(c.OutOrStdout(), c.ErrOrStderr(), arguments[0], selection)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.selection, "select", "most_active", "cells: most_active, first, random, or numbers counted from 0 such as 50,2,16")
	flags.IntVar(&f.neurons, "neurons", 10, "how many cells (default with a list: all of it)")
	flags.IntVar(&f.timesteps, "timesteps", 5, "bins of a window, for the autocorrelogram")
	flags.Uint64Var(&f.seed, "seed", 1, "of --select random")
	flags.BoolVar(&f.clip, "clip", false, "accept counts above 1 as 1")
	flags.StringVar(&f.variable, "variable", "", "variable of a MATLAB file (default: the only one with three dimensions)")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")
	return c
}

func (f *describeFlags) parse(neuronsGiven bool) (recording.Selection, error) {
	selection, err := recording.ParseSelection(f.selection)
	if err != nil {
		return selection, &app.InputError{Err: err}
	}
	if listed, ok := sweep.CellList(selection.String()); ok && !neuronsGiven {
		f.neurons = len(listed)
	}
	return selection, nil
}

func (f *describeFlags) describe(out, talk io.Writer, path string, selection recording.Selection) error {
	r := app.Surrogate()
	if path != r.Name() {
		var err error
		if r, err = recording.Open(path, recording.Options{Clip: f.clip, Variable: f.variable}); err != nil {
			return &app.InputError{Err: err}
		}
	}
	for _, notice := range r.Notices() {
		fmt.Fprintf(talk, "%s: %s\n", r.Name(), notice)
	}
	cells, err := r.Select(selection, f.neurons, f.seed)
	if err != nil {
		return &app.InputError{Err: err}
	}
	windows, err := r.Raster(cells).Windows(f.timesteps)
	if err != nil {
		return &app.InputError{Err: err}
	}
	description := statistics.Describe(cells, windows)
	if f.json {
		return printJSON(out, description)
	}
	return printDescription(out, r, description)
}

// printJSON prints one value as indented JSON.
func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(program.JSONWriter{Writer: out})
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

func printDescription(out io.Writer, r *recording.Recording, d statistics.Description) error {
	fmt.Fprintf(out, "%s: %d repeats × %d neurons × %d bins of %g ms\n\n",
		r.Name(), r.Repeats(), r.Neurons(), r.Bins(), r.BinMS())
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(columns ...any) {
		for _, column := range columns {
			fmt.Fprintf(table, "%v\t", column)
		}
		fmt.Fprintln(table)
	}
	row("neuron", "cell", "rate (Hz)")
	for i, cell := range d.Cells {
		row(i, cell, fmt.Sprintf("%.3f", d.RateHz[i]))
	}
	fmt.Fprintln(table)
	row("k", "P(k) per bin")
	for k, p := range d.KProbability {
		row(k, fmt.Sprintf("%.6f", p))
	}
	for t, lags := range d.Autocorrelogram {
		fmt.Fprintln(table)
		row("lag", fmt.Sprintf("autocorrelogram, t = %d", t))
		for i, share := range lags {
			row(i+1, fmt.Sprintf("%.5f", share))
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if len(d.Covariance) > 0 {
		fmt.Fprintf(out, "\nmean covariance of the pairs: %.3g\n", stat.Mean(d.Covariance, nil))
	}
	_, err := fmt.Fprintf(out, "independent neurons miss %.3g bits (Jensen–Shannon divergence of the words)\n", d.JSIndependentBits)
	return err
}
