package plan

import (
	"math"

	"spiqsweep/sweep"
)

// Sizes of what a task leaves in a store and an output folder, in bytes, from single runs.
const (
	perNumber  = 20  // a decimal with all digits
	perTask    = 8e3 // its records, measures and rows of tables, and the rest of its result
	perPoint   = 50  // of the history
	drawnBits  = 60  // for each neuron and time step: samples in the result
	perModel   = 1e3 // a model file without angles and test vectors
	perWordSum = 60  // for each word of a bin: the test vectors

	testNeurons = 16 // whose words the test vectors have at most
)

// Bytes estimates what a finished task takes on disk, in the store and in its model file.
// The recording and the figures are not part of it.
func Bytes(c sweep.Configuration) float64 {
	n, t := float64(c.Neurons), float64(c.Timesteps)
	lags := min(4, t-1)
	statistics := n*t + n*n/2 + n*n*lags + n*n*n/6 + 3*n + t
	size := perTask + 2*perNumber*statistics + drawnBits*n*t
	if c.IsFitted() {
		return size + perModel + perNumber*math.Exp2(min(n, sweep.MaxEnumeratedNeurons))
	}
	if c.HasState() {
		size += perPoint * float64(c.Training.Steps) / float64(c.Evaluation.HistoryEvery)
	}
	angles := float64(c.TrainableParameters())
	return size + perModel + 2*perNumber*angles + perWordSum*math.Exp2(min(n, testNeurons))
}
