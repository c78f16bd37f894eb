package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"spiqsweep/coordinator/app"
	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
	"spiqsweep/worker/program"
)

// resultsFlags select rows and columns of stored results.
type resultsFlags struct {
	storedFlags
	configurations []string
	state          string
	columns        []string
	summary        bool
	asCSV, asJSON  bool
}

// anyState is the value of --state that selects every row.
const anyState = "any"

func resultsCommand() *cobra.Command {
	var f resultsFlags
	c := &cobra.Command{
		Use:        "results",
		SuggestFor: []string{"result", "table", "summary", "errors", "rows"},
		Short:      "Print the stored results of a sweep as a table, CSV or JSON",
		Long: `Prints results.csv, or with --summary summary.csv, from what is stored now, whether the
coordinator runs or not: all rows, or those of some configurations or in some state.
The table for people shows the settings and the two errors of Fig. S1; --columns
chooses others. CSV and JSON have all columns, under the same names.
sweep/table/README.md defines every column.`,
		Example: `  coordinator results --out runs/figure-s1 --config n=4,k=1
  coordinator results --summary --config preset=paper,k=1 --columns neurons,error,geometric_mean,floor
  coordinator results --state failed --json`,
		Annotations: readOnly,
		Args:        program.NoArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if f.asCSV && f.asJSON {
				return usage("--csv and --json: give one of them")
			}
			return f.read(c, func(ctx context.Context, s *app.Stored) error {
				records, err := f.records(ctx, s)
				if err != nil {
					return err
				}
				switch out := c.OutOrStdout(); {
				case f.asJSON:
					return records.WriteJSON(program.JSONWriter{Writer: out})
				case f.asCSV:
					return records.WriteCSV(out)
				default:
					if err := printRecords(out, records); err != nil {
						return err
					}
					hint(c, "write them for another program", "export", "--out", f.out, "--format", "csv", "--to", "results.csv")
					return nil
				}
			})
		},
	}
	f.add(c)
	c.Flags().StringArrayVar(&f.configurations, "config", nil, "rows of the configurations with these `SETTINGS`, such as n=8,t=4 or model=psth; may be given more than once")
	f.state = anyState
	c.Flags().Var(&program.Choice{Target: &f.state, Allowed: []string{anyState, "done", "pending", "failed", "diverged"}}, "state", "rows in this state alone: done, pending, failed or diverged")
	c.Flags().StringSliceVar(&f.columns, "columns", nil, "`NAMES` of the columns to print, in this order")
	c.Flags().BoolVar(&f.summary, "summary", false, "a row for each configuration and error, over the replicates")
	c.Flags().BoolVar(&f.asCSV, "csv", false, "print CSV")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print one JSON array")
	return c
}

// records returns the selected rows and columns.
func (f *resultsFlags) records(ctx context.Context, s *app.Stored) (table.Records, error) {
	selection := selectionFlags{configurations: f.configurations}
	selected, err := selection.selection(nil)
	if err != nil {
		return table.Records{}, err
	}
	if err := s.CheckFilters(selected.Configurations); err != nil {
		return table.Records{}, err
	}
	rows := func(yield func(table.Row, error) bool) {
		for row, err := range s.Rows(ctx) {
			kept := (f.state == anyState || string(row.State) == f.state) &&
				(len(selected.Configurations) == 0 || slices.ContainsFunc(selected.Configurations, func(filter sweep.ConfigurationFilter) bool { return filter.Has(row.Configuration) }))
			if (kept || err != nil) && !yield(row, err) {
				return
			}
		}
	}
	records := table.ResultRecords(s.Shape(), rows)
	if f.summary {
		records = table.SummaryRecords(s.Shape(), rows)
	}
	columns := f.columns
	if columns == nil && !f.asCSV && !f.asJSON {
		columns = f.shown(s.Shape())
	}
	if columns == nil {
		return records, nil
	}
	if records, err = records.Select(columns); err != nil {
		return records, usage("--columns: %w", err)
	}
	return records, nil
}

// shown are the columns of the table for people.
func (f *resultsFlags) shown(shape table.Shape) []string {
	columns := []string{"model", "neurons", "timesteps", "k"}
	for _, axis := range shape.Axes {
		if !slices.Contains(columns, axis) {
			columns = append(columns, axis)
		}
	}
	if f.summary {
		return append(columns, "error", "replicates", "geometric_mean", "geometric_mean_ci95_low", "geometric_mean_ci95_high", "floor")
	}
	columns = append([]string{"task"}, columns...)
	return append(columns, "replicate", "state", summaryErrors[0], "floor_k_probability", summaryErrors[1], "floor_firing_rate_hz2")
}

// printRecords prints a table. On a terminal, numbers have three digits and IDs are short;
// in a pipe, both are whole.
func printRecords(out io.Writer, r table.Records) error {
	o, ok := out.(*program.Output)
	brief := ok && o.IsTerminal
	lines := program.NewTable(out, 2, 0)
	var names []string
	for _, c := range r.Columns {
		names = append(names, c.Name)
	}
	fmt.Fprintln(lines, strings.Join(names, "\t"))
	cells := make([]string, len(names))
	for row, err := range r.Rows {
		if err != nil {
			return err
		}
		for i, cell := range row {
			cells[i] = sweep.Printable(cell)
			switch {
			case !brief:
			case names[i] == "task":
				cells[i] = sweep.ShortID(cell)
			case r.Columns[i].IsNumber():
				cells[i] = threeDigits(cell)
			}
		}
		if _, err := fmt.Fprintln(lines, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return lines.Flush()
}

// threeDigits shortens a number to three digits; whole numbers stay.
func threeDigits(text string) string {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v == math.Trunc(v) {
		return text
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
