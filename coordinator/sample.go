package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"spiqsweep/coordinator/app"
	"spiqsweep/simulator/inputfile"
	"spiqsweep/sweep/atomicfile"
	"spiqsweep/sweep/model"
	"spiqsweep/worker/program"
)

// maxSampledWindows bounds --windows.
const maxSampledWindows = 10_000_000

// sampleFlags are the flags of the command sample.
type sampleFlags struct {
	selected selectionFlags
	windows  int
	seed     uint64
	format   string
	to       string
	asJSON   bool
}

// sampleReport is a sample that was written, as JSON.
type sampleReport struct {
	model.SampleMeta
	File string `json:"file"`
}

func sampleCommand(t *terminal) *cobra.Command {
	var stored storedFlags
	var f sampleFlags
	c := &cobra.Command{
		Use:        "sample [TASK]",
		SuggestFor: []string{"draw-windows", "generate", "windows"},
		Short:      "Draw windows of activity from the trained model of a stored result",
		Long: `Draws windows from the model of one finished task of a sweep: the named task, or the
only one of the configurations with some settings. The same seed gives the same bits
on every machine and kernel, and fewer windows are the beginning of more. A task may
be named by the beginning of its ID, if no other ID begins so. The command trains
nothing, and the coordinator may be running. The models psth, markov and
time_independent cannot be sampled, since their results keep no law.

Formats, both of which "coordinator describe" and grid files read as a recording whose
repeats are the windows:
  npz  arrays for numpy.load: samples (uint8, windows × neurons × bins), neuron_ids,
       bin_ms, seed, and meta_json with the task, its settings and the versions
  csv  counts, one row for each window and neuron: repeat, neuron, one column for each
       bin, below a comment with the content of meta_json; a recording may have up to
       65,536 windows in this format`,
		Example: `  coordinator sample 3fa9c1 --out runs/figure-s1 --windows 10000 --format npz --to sample.npz
  coordinator sample 3fa9c1 --windows 300 --seed 2 --format csv`,
		Args: program.NamedArguments(1),
		RunE: func(c *cobra.Command, tasks []string) error {
			if err := f.check(); err != nil {
				return err
			}
			selection, err := f.selected.selection(tasks)
			if err != nil {
				return err
			}
			var sampler *model.Sampler
			var binMS float64
			err = stored.read(c, func(ctx context.Context, s *app.Stored) (err error) {
				sampler, binMS, err = s.Sampler(ctx, selection, f.seed, f.to)
				return err
			})
			if err != nil {
				return err
			}
			meta := sampler.Meta(f.windows, binMS, programVersion())
			write := func(w io.Writer) error {
				return model.WriteSample(w, f.format, sampler, meta, c.Context().Err)
			}
			if f.to == "" {
				return write(os.Stdout) // which the command's own writer would escape
			}
			atomicfile.RemoveDrafts(filepath.Dir(f.to), func(name string) bool { return name == filepath.Base(f.to) })
			if err := inputfile.ExplainWrite(f.to, atomicfile.Stream(f.to, 0o666, write)); err != nil {
				return err
			}
			if f.asJSON {
				return printJSON(c.OutOrStdout(), sampleReport{meta, f.to})
			}
			t.say("%s written to %s", count(f.windows, "window"), f.to)
			hint(c, "see their rates and statistics", "describe", f.to)
			return nil
		},
	}
	stored.add(c)
	flags := c.Flags()
	f.selected.addConfigurations(c)
	flags.IntVar(&f.windows, "windows", 1000, "number of windows")
	flags.StringVar(&f.format, "format", "npz", "npz or csv")
	flags.Uint64Var(&f.seed, "seed", 1, "seed of the windows: the same seed draws the same ones")
	flags.StringVar(&f.to, "to", "", "`FILE` to write or replace, outside of the output folder (default: standard output)")
	flags.BoolVar(&f.asJSON, "json", false, "print one JSON object that describes the file of --to")
	return c
}

// check refuses flags out of bounds, and binary data for a terminal.
func (f *sampleFlags) check() error {
	switch {
	case f.windows < 1 || f.windows > maxSampledWindows:
		return usage("--windows %d: must be 1 to %d", f.windows, maxSampledWindows)
	case !slices.Contains(model.SampleFormats, f.format):
		return usage("--format %q: must be %s", f.format, strings.Join(model.SampleFormats, " or "))
	case f.asJSON && f.to == "":
		return usage("--json describes the file of --to, and standard output has the windows without --to: name a file")
	case f.format == "npz" && f.to == "" && term.IsTerminal(int(os.Stdout.Fd())):
		return usage("--format npz is binary, and standard output is a terminal: name a file with --to, or take --format csv")
	}
	return nil
}
