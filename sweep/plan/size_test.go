package plan

import (
	"testing"

	"spiqsweep/sweep"
)

// TestBytesAgreesWithMeasurements compares with the sizes of results and model files of a
// run of 50 steps, and 2 KB of measures and 3 KB of rows each.
func TestBytesAgreesWithMeasurements(t *testing.T) {
	for _, test := range []struct {
		model              string
		neurons, timesteps int
		result, file       float64
	}{
		{sweep.ModelSpiQGAN, 2, 1, 2734, 1575},
		{sweep.ModelSpiQGAN, 2, 8, 8364, 3824},
		{sweep.ModelSpiQGAN, 6, 1, 7954, 5387},
		{sweep.ModelSpiQGAN, 6, 8, 21174, 12072},
		{"independent", 6, 8, 12516, 370},
		{"independent", 2, 1, 2096, 278},
	} {
		c := sweep.Default()
		c.Model, c.Neurons, c.Timesteps, c.Training.Steps, c.Evaluation.HistoryEvery = test.model, test.neurons, test.timesteps, 50, 10
		measured := test.result + test.file + 5e3
		if ratio := Bytes(c) / measured; ratio < 0.6 || ratio > 1.8 {
			t.Errorf("%s n=%d t=%d: %.0f bytes, measured %.0f", test.model, test.neurons, test.timesteps, Bytes(c), measured)
		}
	}
}
