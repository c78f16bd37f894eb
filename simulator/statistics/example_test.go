package statistics_test

import (
	"fmt"
	"math"

	"spiqsweep/simulator/random"
	"spiqsweep/simulator/recording"
	"spiqsweep/simulator/statistics"
)

// oneQubit is a model of one neuron: at each of two time steps, one qubit is
// rotated by RX(γ) and measured.
type oneQubit struct{}

func (oneQubit) Neurons() int   { return 1 }
func (oneQubit) Timesteps() int { return 2 }
func (oneQubit) Probabilities(_ int, gamma float64, dst []float64) {
	dst[0], dst[1] = math.Pow(math.Cos(gamma/2), 2), math.Pow(math.Sin(gamma/2), 2)
}

// The example compares a model with a recording, and an error with its floor.
func Example() {
	const binMS = 20
	model, err := statistics.Exact(oneQubit{}, statistics.Noise{
		Kind: statistics.Shared, Low: 0, High: math.Pi, Degree: 1, Polynomial: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("model: %.1f Hz, autocorrelogram %.3f\n", model.Rate[0]*1000/binMS, model.Autocorrelogram[0])

	raster := recording.Raster{
		Neurons: 1, Repeats: 4, Bins: 6, BinMS: binMS,
		Words: []uint32{
			1, 1, 0, 0, 1, 0,
			1, 1, 0, 1, 1, 0,
			0, 0, 0, 0, 1, 0,
			1, 0, 0, 0, 1, 0,
		},
	}
	windows, err := raster.Windows(2)
	if err != nil {
		fmt.Println(err)
		return
	}
	splits := random.Training{Seed: 1, Neurons: 1, Timesteps: 2}.Stream("floors")
	data := statistics.NewData(windows, statistics.FloorSplits, splits)
	fmt.Printf("data:  %.1f Hz, autocorrelogram %.3f\n", data.Statistics.Rate[0]*1000/binMS, data.Statistics.Autocorrelogram[0])

	errors := statistics.Errors(model, data.Statistics, binMS)
	fmt.Printf("mse of the rate: %.1f Hz², floor %.1f Hz²\n", errors["firing_rate_hz2"], data.Floors["firing_rate_hz2"])

	// Output:
	// model: 25.0 Hz, autocorrelogram 0.375
	// data:  21.2 Hz, autocorrelogram 0.176
	// mse of the rate: 14.1 Hz², floor 30.5 Hz²
}
