package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"spiqsweep/coordinator/app"
	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// summarise prints, for each number of neurons and each K, the geometric mean
// over everything else of the errors that Fig. S1 shows, and of their floors.
func summarise(out io.Writer, means []app.Mean) error {
	if len(means) == 0 {
		return nil
	}
	fmt.Fprintln(out, "geometric means over everything but neurons and K (summary.csv has them cell by cell):")
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(columns, "neurons\tK\tmodels\tMSE of P(k)\tfloor\tMSE of rates (Hz²)\tfloor\t")
	for _, m := range means {
		fmt.Fprintf(columns, "%d\t%s\t%d\t", m.Neurons, sweep.Format(m.K), m.Models)
		for i := range app.MeanErrors {
			fmt.Fprintf(columns, "%.2g\t%.2g\t", m.Errors[i], m.Floors[i])
		}
		fmt.Fprintln(columns)
	}
	return columns.Flush()
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
