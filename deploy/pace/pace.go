package pace

import (
	"time"

	"spiqsweep/simulator/circuit"
	"spiqsweep/sweep"
	"spiqsweep/worker/runner"
)

// Steps returns the number of training steps, with so many neurons and time steps, that take a duration
// on one core of this machine.
func Steps(neurons, timesteps int, duration time.Duration) (int, error) {
	c := sweep.Default()
	c.Neurons, c.Timesteps = neurons, timesteps
	seconds, err := runner.StepSeconds(c, circuit.DefaultKernel())
	if err != nil {
		return 0, err
	}
	return int(duration.Seconds() / seconds), nil
}
