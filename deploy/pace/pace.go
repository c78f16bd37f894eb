package pace

import (
	"testing"
	"time"

	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
	"spiqsweep/worker/runner"
)

// Steps returns the number of training steps, with so many neurons and time steps, that take a duration
// on one core of this machine.
func Steps(t testing.TB, neurons, timesteps int, duration time.Duration) int {
	t.Helper()
	c := sweep.Default()
	c.Neurons, c.Timesteps = neurons, timesteps
	seconds, err := runner.StepSeconds(c, circuit.DefaultKernel())
	if err != nil {
		t.Fatal(err)
	}
	return int(duration.Seconds() / seconds)
}
