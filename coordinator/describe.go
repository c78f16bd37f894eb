package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"gonum.org/v1/gonum/stat"

	"spiqsweep/coordinator/app"
	"spiqsweep/coordinator/folder"
	"spiqsweep/simulator/recording"
	"spiqsweep/simulator/statistics"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// describeFlags select the part of a recording to describe.
type describeFlags struct {
	selection string
	neurons   int
	timesteps int
	seed      uint64
	clip      bool
	binMS     float64
	axes      string
	durationS float64
	reading   readingFlags
	converter bool
	json      bool
}

func describeCommand() *cobra.Command {
	var f describeFlags
	c := &cobra.Command{
		Use:        "describe FILE|surrogate",
		SuggestFor: []string{"inspect", "data", "recording", "head"},
		Short:      "Print the shape, neurons, rates and statistics of a recording",
		Example: `  coordinator describe bint_fishmovie32_100.mat
  coordinator describe surrogate --select first --neurons 4 --timesteps 10 --json
  coordinator describe spikes.npy --select 50,2,16
  coordinator describe --converter > convert_hdf5.py`,
		Annotations: readOnly,
		Args: func(_ *cobra.Command, arguments []string) error {
			if f.converter && len(arguments) > 0 {
				return fmt.Errorf("--converter prints a program and reads no recording: leave out %q", arguments[0])
			}
			if len(arguments) != 1 && !f.converter {
				return fmt.Errorf("describe one recording, not %d: name its FILE, .mat, .npy, .npz or .csv, or write surrogate", len(arguments))
			}
			return nil
		},
		RunE: func(c *cobra.Command, arguments []string) error {
			if f.converter {
				_, err := c.OutOrStdout().Write(recording.Converter)
				return err
			}
			selection, err := recording.ParseSelection(f.selection)
			if err != nil {
				return &folder.InputError{Err: err}
			}
			if selection.String() != "random" {
				if err := ignored(c, "--select "+selection.String(), "only --select random draws neurons", "seed"); err != nil {
					return err
				}
			}
			if arguments[0] == app.Surrogate().Name() {
				if err := ignored(c, "surrogate", "it is generated, and read from no file", "variable", "max-recording", "clip", "bin-ms", "axes", "duration-s"); err != nil {
					return err
				}
			}
			if err := checkRecording(arguments[0]); err != nil && arguments[0] != app.Surrogate().Name() {
				return err
			}
			r, err := f.open(c.Context(), arguments[0])
			if err != nil {
				return err
			}
			if listed, ok := sweep.NeuronIDList(selection.String()); ok && !c.Flags().Changed("neurons") {
				f.neurons = len(listed)
			} else if !c.Flags().Changed("neurons") {
				f.neurons = min(f.neurons, r.Neurons())
			}
			if !c.Flags().Changed("timesteps") {
				f.timesteps = min(f.timesteps, r.Bins())
			}
			return f.describe(c.OutOrStdout(), c.ErrOrStderr(), r, selection)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.selection, "select", "most_active", "neurons: most_active, first, random, or numbers counted from 0 such as 50,2,16")
	flags.IntVar(&f.neurons, "neurons", 10, "number of neurons (default: all of a list; at most all of the recording)")
	flags.IntVar(&f.timesteps, "timesteps", 5, "bins of a window of the autocorrelogram (default: at most a whole repeat)")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of --select random")
	flags.BoolVar(&f.clip, "clip", false, "accept counts above 1 as 1")
	flags.Float64Var(&f.binMS, "bin-ms", recording.DefaultBinMS, "width of a bin, `MS`")
	flags.StringVar(&f.axes, "axes", recording.DefaultAxes, "order of the axes in the file; neurons,bins for one repeat")
	flags.Float64Var(&f.durationS, "duration-s", 0, "length of every repeat in a file of spike times, `SECONDS` (default: up to the last spike)")
	f.reading.add(c)
	flags.BoolVar(&f.converter, "converter", false, "print the Python program that converts MATLAB v7.3, NWB and other HDF5 files, and nothing else")
	flags.BoolVar(&f.json, "json", false, "print one JSON object")
	return c
}

// open reads the recording, or returns the surrogate.
func (f *describeFlags) open(ctx context.Context, path string) (*recording.Recording, error) {
	options, err := f.reading.options()
	if err != nil {
		return nil, err
	}
	if surrogate := app.Surrogate(); path == surrogate.Name() {
		return surrogate, nil
	}
	for name, value := range map[string]any{"bin_ms": f.binMS, "axes": f.axes, "duration_s": f.durationS} {
		if err := checkSetting(name, value); err != nil {
			return nil, err
		}
	}
	options.Clip, options.BinMS, options.Axes, options.DurationS = f.clip, f.binMS, f.axes, f.durationS
	r, err := app.OpenRecording(ctx, path, options, app.Flags)
	if err != nil && ctx.Err() == nil {
		return nil, &folder.InputError{Err: err}
	}
	return r, err
}

// checkSetting returns an error, with the nearest allowed text, if a flag does not have an
// allowed value of the setting.
func checkSetting(name string, value any) error {
	setting, _ := sweep.Lookup(name)
	err := setting.Check(value)
	if err == nil {
		return nil
	}
	if text, ok := value.(string); ok {
		if nearest := sweep.Nearest(text, setting.Values); nearest != "" {
			err = fmt.Errorf("%w; did you mean %q?", err, nearest)
		}
	}
	return usage("--%s: %w", strings.ReplaceAll(name, "_", "-"), err)
}

// maxTimesteps is the largest value of the setting timesteps.
const maxTimesteps = 1000

func (f *describeFlags) describe(out, talk io.Writer, r *recording.Recording, selection recording.Selection) error {
	neurons, err := r.Select(selection, f.neurons, f.seed)
	if err == nil {
		err = recording.CheckWindows(f.timesteps, r.Bins())
	}
	if err == nil && f.timesteps > maxTimesteps {
		err = fmt.Errorf("windows of %d time steps: want 1 to %d", f.timesteps, maxTimesteps)
	}
	if err != nil {
		return &folder.InputError{Err: fmt.Errorf("%s: %s: %w", r.Name(), r.Shape(), err)}
	}
	notices := append(r.Notices(), r.Warnings(f.timesteps)...)
	switch {
	case r.Silent(nil):
		notices = append(notices, "no neuron has a spike in any repeat: is it the right file and, with --variable, the right variable?")
	case r.Silent(neurons):
		notices = append(notices, "the selected neurons have no spike in any repeat: choose others with --select")
	}
	for _, notice := range notices {
		fmt.Fprintf(talk, "%s: %s\n", r.Name(), notice)
	}
	windows, err := r.Raster(neurons).Windows(f.timesteps)
	if err != nil {
		return &folder.InputError{Err: err}
	}
	description := statistics.Describe(neurons, windows)
	if f.json {
		return printJSON(out, newDescribed(r, description))
	}
	return printDescription(out, r, description)
}

// described is a description with its recording, as JSON.
type described struct {
	File   string  `json:"file"`
	Format string  `json:"format,omitempty"`
	Axes   string  `json:"axes,omitempty"`
	Shape  shape   `json:"shape"`
	BinMS  float64 `json:"bin_ms"`
	statistics.Description
}

type shape struct {
	Repeats int `json:"repeats"`
	Neurons int `json:"neurons"`
	Bins    int `json:"bins"`
}

func newDescribed(r *recording.Recording, d statistics.Description) described {
	return described{r.Name(), r.Format(), r.Axes(), shape{r.Repeats(), r.Neurons(), r.Bins()}, r.BinMS(), d}
}

func printDescription(out io.Writer, r *recording.Recording, d statistics.Description) error {
	fmt.Fprintf(out, "%s: %s\n", r.Name(), r.Shape())
	if r.Format() != "" {
		fmt.Fprintf(out, "read as %s, axes %s\n", r.Format(), r.Axes())
	}
	fmt.Fprintln(out)
	table := program.NewTable(out, 2, tabwriter.AlignRight)
	row := func(columns ...any) {
		for _, column := range columns {
			fmt.Fprintf(table, "%v\t", column)
		}
		fmt.Fprintln(table)
	}
	row("", "neuron", "rate (Hz)")
	for i, id := range d.NeuronIDs {
		row(i, id, fmt.Sprintf("%.3f", d.RateHz[i]))
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
	if d.JSIndependentBits == nil {
		return nil
	}
	_, err := fmt.Fprintf(out, "independent neurons miss %.3g bits (Jensen–Shannon divergence of the words)\n", *d.JSIndependentBits)
	return err
}
