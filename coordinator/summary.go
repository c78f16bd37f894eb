package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"gonum.org/v1/gonum/stat"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

// summarise prints, for each number of neurons and each K, the geometric mean
// over everything else of the errors that Fig. S1 shows, and of their floors.
func summarise(out io.Writer, rows []table.Row) error {
	type kind struct {
		neurons int
		k       float64
	}
	models := map[kind][]*sweep.Result{}
	for _, row := range rows {
		if row.Result != nil {
			of := kind{row.Configuration.Neurons, row.Configuration.K}
			models[of] = append(models[of], row.Result)
		}
	}
	if len(models) == 0 {
		return nil
	}
	kinds := slices.SortedFunc(maps.Keys(models), func(a, b kind) int {
		return cmp.Or(cmp.Compare(a.neurons, b.neurons), cmp.Compare(a.k, b.k))
	})
	fmt.Fprintln(out, "geometric means over everything but neurons and K (summary.csv has them cell by cell):")
	columns := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(columns, "neurons\tK\tmodels\tMSE of P(k)\tfloor\tMSE of rates (Hz²)\tfloor\t")
	for _, of := range kinds {
		fmt.Fprintf(columns, "%d\t%s\t%d\t", of.neurons, sweep.Format(of.k), len(models[of]))
		for _, name := range []string{"k_probability", "firing_rate_hz2"} {
			errors, floors := make([]float64, len(models[of])), make([]float64, len(models[of]))
			for i, r := range models[of] {
				errors[i], floors[i] = r.Errors[name], r.Floors[name]
			}
			fmt.Fprintf(columns, "%.2g\t%.2g\t", stat.GeometricMean(errors, nil), stat.GeometricMean(floors, nil))
		}
		fmt.Fprintln(columns)
	}
	return columns.Flush()
}
