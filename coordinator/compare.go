package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/sweep"
	"spiqsweep/worker/program"
)

// allErrors is the value of --error that prints every error.
const allErrors = "all"

func compareCommand() *cobra.Command {
	var errors []string
	var asJSON bool
	c := &cobra.Command{
		Use:        "compare FOLDER FOLDER",
		SuggestFor: []string{"diff", "delta", "versus"},
		Short:      "Compare the errors of two sweeps, configuration by configuration",
		Long: `Compares the stored results of the sweeps in two output folders. Configurations match
if they agree in the model and in every setting that either sweep has as an axis. For
each of them and each error, it prints the means, the difference (second minus first:
below 0 where the second is better) with its 95 % interval over the replicates that
both have finished, paired by number, from three on, and the floors. It also prints the
settings that differ between configurations that match, and the configurations that one
sweep has alone. A coordinator may be running in either folder.`,
		Example: `  coordinator compare runs/figure-s1 runs/longer
  coordinator compare runs/a runs/b --error js_bits --error mse_covariance
  coordinator compare runs/a runs/b --json`,
		Annotations: readOnly,
		Args: func(_ *cobra.Command, arguments []string) error {
			if len(arguments) != 2 {
				return fmt.Errorf("compare two output folders, not %d: name both", len(arguments))
			}
			return nil
		},
		RunE: func(c *cobra.Command, arguments []string) error {
			for _, name := range errors {
				if known := sweep.ErrorColumns(); name != allErrors && !slices.Contains(known, name) && !strings.HasSuffix(name, "bits_per_bin") {
					if nearest := sweep.NearestColumn(name, known); nearest != "" {
						return usage("--error %s: there is no such error; did you mean %q?", name, nearest)
					}
					return usage("--error %s: there is no such error: the errors are %s", name, strings.Join(known, ", "))
				}
			}
			compared, err := app.CompareSweeps(c.Context(), arguments[0], arguments[1])
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(c.OutOrStdout(), compared)
			}
			if err := printComparison(c.OutOrStdout(), compared, errors); err != nil {
				return err
			}
			if !slices.Contains(errors, allErrors) {
				hint(c, "compare all errors", "compare", arguments[0], arguments[1], "--error", allErrors)
			}
			return nil
		},
	}
	c.Flags().StringSliceVar(&errors, "error", summaryErrors[:], "`NAMES` of the errors to print, by their columns in results.csv, or all; JSON has all of them")
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return c
}

func printComparison(out io.Writer, c app.SweepComparison, errors []string) error {
	for i, s := range []app.ComparedSweep{c.First, c.Second} {
		fmt.Fprintf(out, "%s: sweep %s in %s\n", []string{"first", "second"}[i], sweep.Printable(s.Name), sweep.Printable(s.Folder))
	}
	if len(c.Changed) > 0 {
		fmt.Fprintln(out, "\nwhat differs between configurations that match:")
	}
	changed := program.NewTable(out, 2, 0)
	for _, d := range c.Changed {
		fmt.Fprintf(changed, "%s\t%s\t%s\tin %d of %s\n", d.Name, sweep.Printable(formatPart(d.First)), sweep.Printable(formatPart(d.Second)),
			d.Configurations, count(len(c.Configurations), "configuration"))
	}
	if err := changed.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	table := program.NewTable(out, 2, 0)
	fmt.Fprintln(table, "configuration\terror\treplicates\tfirst\tsecond\tdifference\t95 % interval\tfloor")
	for _, configuration := range c.Configurations {
		for _, e := range configuration.Errors {
			if !slices.Contains(errors, allErrors) && !slices.Contains(errors, e.Error) {
				continue
			}
			interval := "–"
			if e.Low != nil && e.High != nil {
				interval = fmt.Sprintf("%s to %s", formatOptional(e.Low), formatOptional(e.High))
			}
			floor := formatOptional(e.FirstFloor)
			if other := formatOptional(e.SecondFloor); other != floor {
				floor += ", " + other
			}
			fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\n", sweep.Printable(configuration.Label), e.Error, e.Replicates,
				formatOptional(e.First), formatOptional(e.Second), formatOptional(e.Difference), interval, floor)
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for i, labels := range [][]string{c.OnlyFirst, c.OnlySecond} {
		if len(labels) == 0 {
			continue
		}
		fmt.Fprintf(out, "\nonly in the %s: %s\n", []string{"first", "second"}[i], count(len(labels), "configuration"))
		for _, label := range labels {
			fmt.Fprintf(out, "  %s\n", sweep.Printable(label))
		}
	}
	return nil
}

// formatOptional formats a number with three digits, or – for nil.
func formatOptional(v *float64) string {
	if v == nil {
		return "–"
	}
	return fmt.Sprintf("%.3g", *v)
}
