package main

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/simulator/inputfile"
)

func initCommand() *cobra.Command {
	var recording string
	var reading readingFlags
	c := &cobra.Command{
		Use:        "init [FILE]",
		SuggestFor: []string{"new", "create", "template", "example", "scaffold"},
		Short:      "Write a commented grid file to begin with",
		Long: `Writes a grid file of a small sweep that runs unchanged, in about a minute, and that has
the settings used most, each with its meaning and its allowed values. It is named
sweep.hcl unless FILE is given, and the sweep after it. No file is replaced.

With --recording, the sweep trains on that recording, and no configuration has more
neurons than it.`,
		Example: `  coordinator init
  coordinator init retina.hcl --recording bint_fishmovie32_100.mat`,
		Args: func(_ *cobra.Command, arguments []string) error {
			if len(arguments) > 1 {
				return fmt.Errorf("write one grid file, not %d: give one FILE", len(arguments))
			}
			for _, path := range arguments {
				if err := inputfile.NotFile(path); err != nil {
					return err
				}
				if filepath.Ext(path) != ".hcl" {
					return fmt.Errorf("%s: a grid file ends in .hcl: did you mean %s.hcl?", path, strings.TrimSuffix(path, filepath.Ext(path)))
				}
			}
			return nil
		},
		RunE: func(c *cobra.Command, arguments []string) error {
			path := "sweep.hcl"
			if len(arguments) > 0 {
				path = arguments[0]
			}
			if recording == "" {
				if err := ignored(c, "the surrogate", "give the recording's file with --recording", "variable", "max-recording"); err != nil {
					return err
				}
			}
			if err := checkRecording(recording); err != nil {
				return err
			}
			in, err := reading.input(recording)
			if err != nil {
				return err
			}
			if in.Kernel, err = chooseKernel(""); err != nil {
				return err
			}
			prepared, err := app.WriteStarter(c.Context(), path, in)
			if err != nil {
				return err
			}
			for _, notice := range prepared.Notices {
				fmt.Fprintln(c.ErrOrStderr(), notice)
			}
			g := prepared.Grid
			_, err = fmt.Fprintf(c.OutOrStdout(), "%s: sweep %s, %s × %s and %s on %s\n",
				path, g.Name, count(g.Len()-g.Baselines(), "configuration"), replicatesText(g.Replicates), count(g.Baselines(), "baseline"), prepared.Data())
			suggest(c, "see what it would train", append([]string{"plan", "--grid", path}, reading.arguments()...)...)
			return err
		},
	}
	c.Flags().StringVar(&recording, "recording", "", "recording `FILE`, .mat, .npy, .npz or .csv, to train on")
	reading.add(c)
	return c
}
