package baseline_test

import (
	"fmt"

	"spiqsweep/simulator/baseline"
	"spiqsweep/simulator/random"
	"spiqsweep/simulator/recording"
	"spiqsweep/simulator/statistics"
)

// The example compares models with the four most active neurons of the surrogate.
func Example() {
	r := recording.Surrogate(1)
	ids, err := r.Select(recording.Selection{}, 4, 0)
	if err != nil {
		fmt.Println(err)
		return
	}
	windows, err := r.Raster(ids).Windows(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	data := statistics.NewData(windows, statistics.FloorSplits, random.Training{Seed: 1}.Stream("floors"))
	for _, name := range []string{"independent", "pairwise", "k_pairwise"} {
		model, err := baseline.Fit(name, windows)
		if err != nil {
			fmt.Println(err)
			return
		}
		fitted, err := model.Statistics()
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s, %d parameters: %.4f bits\n", name, model.Parameters(), statistics.Errors(fitted, data.Statistics, windows.BinMS())["js_bits"])
	}
	// Output:
	// independent, 4 parameters: 0.0233 bits
	// pairwise, 10 parameters: 0.0010 bits
	// k_pairwise, 12 parameters: 0.0003 bits
}
