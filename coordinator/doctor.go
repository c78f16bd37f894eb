package main

import (
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/doctor"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

func doctorCommand() *cobra.Command {
	config := doctor.Config{Built: builtAt()}
	var asJSON bool
	c := &cobra.Command{
		Use:        "doctor",
		SuggestFor: []string{"diagnose", "selftest", "checkup"},
		Short:      "Check whether this machine can run sweeps, and print how to fix what it lacks",
		Long: `Checks the kernels against known answers, the clock, a test store in the output folder
(created, locked, made durable, removed), the disk space, the network, the folder for
temporary files and the limit of open files. Each line is a check, with the fix of a
problem. Run it on every machine, also on those of workers.

Exit codes: 0 no problem; 1 a problem; 2 bad usage.`,
		Example: `  coordinator doctor
  coordinator doctor --out /scratch/runs --listen 0.0.0.0:7473 --json`,
		Annotations: readOnly,
		Args:        program.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			config.Workers = defaultLocal()
			findings := doctor.Examine(c.Context(), config)
			if asJSON {
				if err := printJSON(c.OutOrStdout(), findings); err != nil {
					return err
				}
			} else if err := printFindings(c.OutOrStdout(), findings); err != nil {
				return err
			}
			for _, f := range findings {
				if !f.OK {
					return &endError{exitFault}
				}
			}
			if !asJSON {
				hint(c, "write a first grid", "init")
			}
			return nil
		},
	}
	c.Flags().StringVar(&config.Folder, "out", "runs", "`FOLDER` in which sweeps are to be, or a part of its path that exists")
	c.Flags().StringVar(&config.Listen, "listen", "", "`ADDRESS` on which a coordinator is to listen, such as 0.0.0.0:7473")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON array")
	return c
}

func printFindings(out io.Writer, findings []doctor.Finding) error {
	table := program.NewTable(out, 2, 0)
	for _, f := range findings {
		verdict, text := "ok", f.Detail
		if !f.OK {
			verdict, text = "problem", f.Detail+": "+f.Fix
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", verdict, f.Check, sweep.Printable(text))
	}
	return table.Flush()
}

// builtAt returns the time of the commit that the program was built from, or the zero time.
func builtAt() time.Time {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			at, err := time.Parse(time.RFC3339, s.Value)
			if err == nil {
				return at
			}
		}
	}
	return time.Time{}
}
