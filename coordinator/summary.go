package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// summarised are the errors of the closing table, those that Fig. S1 shows.
var summarised = [2]string{"mse_k_probability", "mse_firing_rate_hz2"}

// maxLevels bounds the lines of one swept setting.
const maxLevels = 40

// summarise prints, for each value of each swept setting and each K, the
// geometric means over everything else of two errors and of their floors.
func summarise(out io.Writer, levels []table.Level) error {
	if len(levels) == 0 {
		return nil
	}
	fmt.Fprintln(out, "geometric means over everything but the first two columns (axes.csv compares them, summary.csv has every configuration):")
	undefined := false
	for len(levels) > 0 {
		axis := levels[0].Axis
		end := slices.IndexFunc(levels, func(l table.Level) bool { return l.Axis != axis })
		if end < 0 {
			end = len(levels)
		}
		missing, err := printAxis(out, levels[:end])
		if err != nil {
			return err
		}
		undefined, levels = undefined || missing, levels[end:]
	}
	if undefined {
		fmt.Fprintln(out, "–: not defined. A floor needs a recording of two repeats or more; a geometric mean, errors above 0.")
	}
	return nil
}

// printAxis prints the levels of one setting, and reports whether a number is
// undefined.
func printAxis(out io.Writer, levels []table.Level) (undefined bool, err error) {
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(columns, "%s\tK\tmodels\tMSE of P(k)\tfloor\tMSE of rates (Hz²)\tfloor\t\n", levels[0].Axis)
	print := func(v float64) string {
		if math.IsNaN(v) {
			undefined = true
			return "–"
		}
		return fmt.Sprintf("%.2g", v)
	}
	lines := 0
	for i, l := range levels {
		if l.Error != summarised[0] {
			continue
		}
		if lines++; lines > maxLevels {
			continue
		}
		rates := table.Level{GeometricMean: math.NaN(), Floor: math.NaN()}
		for _, other := range levels[i:] {
			if other.Value == l.Value && other.K == l.K && other.Error == summarised[1] {
				rates = other
				break
			}
		}
		fmt.Fprintf(columns, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t\n", sweep.Printable(l.Value), sweep.Format(l.K), l.Models,
			print(l.GeometricMean), print(l.Floor), print(rates.GeometricMean), print(rates.Floor))
	}
	if err := columns.Flush(); err != nil {
		return undefined, err
	}
	if lines > maxLevels {
		fmt.Fprintf(out, "… and %d more in axes.csv\n", lines-maxLevels)
	}
	return undefined, nil
}

// prove says whether every cell and replicate has exactly one result, and names
// the set of them.
func prove(out io.Writer, c table.Completeness) {
	switch {
	case c.Format == "":
		// no table was written
	case c.Complete:
		fmt.Fprintf(out, "complete: %d of %d, digest %s\n", c.Done, c.Rows, c.ResultsSHA256)
	default:
		fmt.Fprintf(out, "not complete: %d of %d, digest %s\n", c.Done, c.Rows, c.ResultsSHA256)
	}
}
