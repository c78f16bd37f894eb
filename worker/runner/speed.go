package runner

import (
	"math"
	"time"

	"spiqsweep/simulator/circuit"
	"spiqsweep/simulator/gan"
	"spiqsweep/sweep"
)

const (
	// timings is the number of timings, of which the shortest counts, and timing the duration of each.
	timings = 3
	timing  = 2 * time.Millisecond
)

// StepSeconds measures the duration of a training step of a configuration that is not fitted, on
// sparse windows that it draws.
func StepSeconds(c sweep.Configuration, kernel circuit.Kernel) (float64, error) {
	s := settingsOf(c, kernel)
	s.Steps = math.MaxInt32
	t, err := gan.NewTrainer(s, addressOf(c), sparseWindows(c.Neurons))
	if err != nil {
		return 0, err
	}
	shortest := math.Inf(1)
	for range timings {
		steps, start := 0, time.Now()
		for steps == 0 || time.Since(start) < timing {
			if err := t.Step(); err != nil {
				return 0, err
			}
			steps++
		}
		shortest = min(shortest, time.Since(start).Seconds()/float64(steps))
	}
	return shortest, nil
}

// sparseWindows generates windows of n neurons with a spike in about one bin of sixteen.
type sparseWindows int

func (sparseWindows) Len() int { return 1 << 10 }

func (neurons sparseWindows) Copy(words []uint32, windows []int) {
	timesteps := len(words) / len(windows)
	for i := range words {
		window, step := windows[i/timesteps], i%timesteps
		words[i] = 1<<neurons - 1
		for draw := range uint32(4) {
			words[i] &= scrambled(uint32(window)<<12 + uint32(step)<<2 + draw)
		}
	}
}

// scrambled maps a number to bits that look random (Wellons' lowbias32).
func scrambled(x uint32) uint32 {
	x = (x ^ x>>16) * 0x7feb352d
	x = (x ^ x>>15) * 0x846ca68b
	return x ^ x>>16
}
