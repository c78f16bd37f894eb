package runner

import (
	"testing"

	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
)

func TestStepSeconds(t *testing.T) {
	for _, objective := range []string{"wgan", "likelihood", "mmd"} {
		c := sweep.Default()
		c.Objective, c.Training.Restarts = objective, 1
		if s, err := StepSeconds(c, circuit.DefaultKernel()); err != nil || !(s > 0 && s < 60) {
			t.Errorf("%s: a step of %v s (%v)", objective, s, err)
		}
	}
	invalid := sweep.Default()
	invalid.Neurons = 0
	if s, err := StepSeconds(invalid, circuit.DefaultKernel()); err == nil {
		t.Errorf("no neurons: a step of %v s", s)
	}
}

// TestSparseWindows counts the spikes.
func TestSparseWindows(t *testing.T) {
	const neurons, steps = 10, 8
	windows, words, spikes := sparseWindows(neurons), make([]uint32, steps), 0
	for i := range windows.Len() {
		windows.Copy(words, []int{i})
		for _, word := range words {
			if word>>neurons != 0 {
				t.Fatalf("window %d has a word %b of %d neurons", i, word, neurons)
			}
			for ; word > 0; word &= word - 1 {
				spikes++
			}
		}
	}
	if share := float64(spikes) / float64(windows.Len()*steps*neurons); share < 0.04 || share > 0.09 {
		t.Errorf("a share of %v of the bins has a spike, want about 1/16", share)
	}
}
