package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/sweep"
	"spiqsweep/sweep/figure"
	"spiqsweep/worker/program"
)

// The bounds of --width, in centimetres.
const (
	minWidth = figure.ColumnWidthCM
	maxWidth = 60
)

func figuresCommand(t *terminal) *cobra.Command {
	var stored storedFlags
	var only []string
	var width float64
	var asJSON bool
	c := &cobra.Command{
		Use:        "figures",
		SuggestFor: []string{"draw", "plot", "plots", "figure"},
		Short:      "Draw the paper's figures from the stored results of a sweep",
		Long: `Draws figures 1 to 3 and S1 to S11 of the paper into the folder figures of a sweep's
output folder, as SVG, PDF, PNG and CSV, and trains nothing. A configuration of the grid
without a result is drawn as missing and listed; one that the grid does not have, and a
figure without any result, are left out. The coordinator may be running. A run draws
Fig. S1 while it goes on, and in the end the figures whose configurations its grid has.

Exit codes: 0 the figures are drawn; 1 a file could not be written in its place; 2 bad
usage or input; 3 stored results are corrupt: they are named, and drawn as missing.`,
		Example: `  coordinator figures --out runs/figure-s1
  coordinator figures --out runs/figure-s1 --only 2,S1 --width 8.6`,
		Args: program.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			numbers, err := figureNumbers(only)
			if err != nil {
				return err
			}
			if !(width >= minWidth && width <= maxWidth) {
				return usage("--width %v: must be %v to %v (cm)", width, minWidth, maxWidth)
			}
			return stored.read(c, func(ctx context.Context, s *app.Stored) error {
				drawn, err := s.DrawFigures(ctx, numbers, width)
				if err != nil {
					return err
				}
				if asJSON {
					err = printJSON(c.OutOrStdout(), figureReports(drawn))
				} else {
					err = printFigures(c.OutOrStdout(), drawn)
				}
				if err != nil {
					return err
				}
				if drawn.Omitted > 0 {
					t.say("not drawn: %s of further axes, of which there are too many: see summary.csv", count(drawn.Omitted, "combination"))
				}
				t.printIntegrityErrors(stored.out, drawn.Corrupt)
				if t.printProblems(drawn.Problems) {
					return &endError{exitFault}
				}
				if len(drawn.Corrupt) > 0 {
					return &endError{exitIncomplete}
				}
				if len(drawn.Figures) == 0 {
					return usage("output folder %s: none of the paper's configurations (n = 2, 4, 6, 8, 10; t = 1, 2, 5, 10, 20, 30) that these figures show has a result", stored.out)
				}
				t.say("%s in %s drawn in %s", count(len(drawn.Figures), "figure"), count(len(figure.Formats), "format"), drawn.Folder)
				if width == figure.FullWidthCM && !asJSON {
					hint(c, "draw them for a column of a journal", "figures", "--out", stored.out, "--width", formatNumber(figure.ColumnWidthCM))
				}
				return nil
			})
		},
	}
	stored.add(c)
	flags := c.Flags()
	flags.StringSliceVar(&only, "only", nil, "`NUMBERS` of the figures, such as 2,S1 (default: all)")
	flags.Float64Var(&width, "width", figure.FullWidthCM, "width in `CENTIMETRES`: 18 for a page, 8.6 for a column")
	flags.BoolVar(&asJSON, "json", false, "print one JSON array")
	return c
}

// printFigures prints the files of each figure, and the configurations that it lacks.
func printFigures(out io.Writer, drawn app.Drawn) error {
	var lines strings.Builder
	for _, f := range drawn.Figures {
		fmt.Fprintf(&lines, "%s.{%s}\n", filepath.Join(drawn.Folder, f.Name), strings.Join(figure.Formats, ","))
		if len(f.Missing) > 0 {
			fmt.Fprintf(&lines, "  without %s\n", sweep.Printable(strings.Join(f.Missing, ", ")))
		}
	}
	_, err := io.WriteString(out, lines.String())
	return err
}

// figureReport is a figure that was drawn, as JSON.
type figureReport struct {
	Name    string   `json:"name"`
	Files   []string `json:"files"`
	Missing []string `json:"missing"` // labels of configurations without a result
}

func figureReports(drawn app.Drawn) []figureReport {
	reports := []figureReport{}
	for _, f := range drawn.Figures {
		report := figureReport{Name: f.Name, Files: []string{}, Missing: append([]string{}, f.Missing...)}
		for _, format := range figure.Formats {
			report.Files = append(report.Files, filepath.Join(drawn.Folder, f.Name+"."+format))
		}
		reports = append(reports, report)
	}
	return reports
}

// figureNumbers returns the numbers of the figures that a user names, each once.
func figureNumbers(names []string) (numbers []string, err error) {
	for _, name := range names {
		number, known := figure.FindNumber(name)
		if !known {
			return nil, usage("--only %s: the paper's figures are %s", strings.TrimSpace(name), strings.Join(figure.Numbers(), ", "))
		}
		if !slices.Contains(numbers, number) {
			numbers = append(numbers, number)
		}
	}
	return numbers, nil
}
