package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/sweep"
	"spiqsweep/sweep/export"
	"spiqsweep/worker/program"
)

func exportCommand(t *terminal) *cobra.Command {
	var stored storedFlags
	var format, path string
	var noise uint64
	options := export.Options{Software: programVersion()}
	c := &cobra.Command{
		Use:        "export",
		SuggestFor: []string{"convert", "save", "dump"},
		Short:      "Write the stored results of a sweep for other programs",
		Long: `Writes the stored results of a sweep's output folder in a format of other programs, and
trains nothing. The coordinator may be running: the results that it has at the beginning
are written. The same results give the same bytes.

  csv      results.csv, for spreadsheets and data frames
  parquet  the columns of results.csv with their types
  jsonl    one JSON object a line and row: settings, errors, floors, the vectors of all
           statistics, and the history of the training
  optuna   a journal for optuna-dashboard and Optuna's JournalStorage: a study for each
           error, and one with the errors of P(k) and of the firing rates
  npz      a folder: windows drawn from each model, as "coordinator sample" draws them
  qasm2    a folder: the circuit of each task and time step as OpenQASM 2, with the noise
           bound to the angles of the model file's first test vector, or drawn by --noise
  qasm3    the same as OpenQASM 3: qiskit/ includes stdgates.inc; plain/ includes nothing
           and defines its gates, for PennyLane
  html     a report of one file: methods, claims, tables, figures, digests
  bundle   a zip archive to publish or keep: sweep.hcl, tables, figures, models, digests
           for sha256sum -c, RO-Crate metadata and CITATION.cff

Exit codes: 0 the export is written; 1 a file could not be written; 2 bad usage or input;
3 it is written, but results in the store were altered or lost, and are left out.`,
		Example: `  coordinator export --out runs/figure-s1 --format jsonl --to results.jsonl`,
		Args:    program.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case !slices.Contains(export.Formats(), format):
				return usage("--format %q: must be %s", format, sweep.Alternatives(export.Formats()))
			case path == "":
				return usage("--to is missing: name the file, or the folder for a format of several files, to write")
			case options.Windows < 1 || options.Windows > maxSampledWindows:
				return usage("--windows %d: must be 1 to %d", options.Windows, maxSampledWindows)
			}
			for flag, reads := range map[string][]string{"noise": {"qasm2", "qasm3"}, "windows": {"npz"}, "seed": {"npz"}} {
				if c.Flags().Changed(flag) && !slices.Contains(reads, format) {
					return usage("--%s has no effect on --format %s: leave it out", flag, format)
				}
			}
			if c.Flags().Changed("noise") {
				options.Noise = &noise
			}
			options.Interrupted = c.Context().Err
			return stored.read(c, func(ctx context.Context, s *app.Stored) error {
				corrupt, err := s.Export(ctx, format, path, options)
				if err != nil {
					return err
				}
				if t.printIntegrityErrors(stored.out, corrupt); len(corrupt) > 0 {
					return &endError{exitIncomplete}
				}
				hintExport(c, stored.out, format, path)
				return nil
			})
		},
	}
	stored.add(c)
	flags := c.Flags()
	flags.StringVar(&format, "format", "", "`FORMAT` of the list above")
	flags.StringVar(&path, "to", "", "`PATH` of the file or folder to write, outside of the output folder")
	flags.Uint64Var(&noise, "noise", 0, "`SEED` that draws the noise of circuits")
	flags.IntVar(&options.Windows, "windows", 1000, "number of windows of each model, for npz")
	flags.Uint64Var(&options.Seed, "seed", 1, "seed of the windows, for npz")
	return c
}

// hintExport suggests what to do with an export.
func hintExport(c *cobra.Command, out, format, path string) {
	pandas := func(read string) string {
		return commandLine("python3", "-c", fmt.Sprintf("import pandas; print(pandas.%s)", fmt.Sprintf(read, path)))
	}
	switch format {
	case "csv":
		hintAt(c, "read it", pandas("read_csv(%q)"))
	case "parquet":
		hintAt(c, "read it", pandas("read_parquet(%q)"))
	case "jsonl":
		hintAt(c, "read it", pandas("read_json(%q, lines=True)"))
	case "optuna":
		hintAt(c, "browse it", commandLine("optuna-dashboard", path))
	case "npz":
		hint(c, "see the rates and statistics of a model's windows", "describe", filepath.Join(path, "TASK.npz"))
	case "bundle":
		hintAt(c, "check it after a copy", commandLine("unzip", path, "-d", "FOLDER")+" && cd FOLDER && sha256sum -c manifest.sha256")
	default:
		hint(c, "write an archive to publish or keep", "export", "--out", out, "--format", "bundle", "--to", "bundle.zip")
	}
}
