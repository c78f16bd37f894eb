package table_test

import (
	"os"

	"spiqsweep/sweep"
	"spiqsweep/sweep/table"
)

func ExampleWriteSummary() {
	rows := func(yield func(table.Row, error) bool) {
		for replicate, js := range []float64{0.002, 0.003, 0.004} {
			c := sweep.Default()
			c.Replicate = replicate
			m := sweep.Measures{Errors: map[string]float64{"js_bits": js}, Floors: map[string]float64{"js_bits": 1e-5}, RatesHz: []float64{8.1, 7.9}}
			if !yield(table.Row{Configuration: c, Data: "surrogate", NeuronIDs: []int{0, 1}, Measures: &m}, nil) {
				return
			}
		}
	}
	if err := table.WriteSummary(os.Stdout, table.Shape{}, rows); err != nil {
		panic(err)
	}
	// Output:
	// model,neurons,timesteps,k,data,neuron_ids,trainable_parameters,steps,error,replicates_planned,replicates,mean,standard_deviation,geometric_mean,geometric_mean_ci95_low,geometric_mean_ci95_high,minimum,maximum,floor,rates_hz,note
	// spiqgan,2,1,0,surrogate,0 1,16,2000,js_bits,3,3,0.0030000000000000005,0.001,0.002884499140614818,0.0012144380831264601,0.006851181141147747,0.002,0.004,1e-05,8.1 7.9,
}
